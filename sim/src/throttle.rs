//! EC2's token buckets: what an account may ask in a burst, and how fast that comes back.

/// The kinds of call that have a bucket of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// A read with a filter, or of one page.
    NarrowRead,
    /// Any other read.
    WideRead,
    /// Whatever changes something.
    Change,
}

/// The account's buckets.
#[derive(Debug)]
pub struct Throttle {
    pub enabled: bool,
    /// How many times EC2's own sizes and rates apply.
    pub scale: f64,
    narrow: Bucket,
    wide: Bucket,
    change: Bucket,
}

impl Default for Throttle {
    /// Sizes and rates as EC2 publishes them for an account in a region.
    fn default() -> Self {
        Self {
            enabled: true,
            scale: 1.0,
            narrow: Bucket::new(100.0, 20.0),
            wide: Bucket::new(50.0, 10.0),
            change: Bucket::new(50.0, 5.0),
        }
    }
}

impl Throttle {
    /// Whether a call of this kind may be made now; it then has been.
    pub fn admit(&mut self, kind: CallKind, now_ms: u64) -> bool {
        let bucket = match kind {
            CallKind::NarrowRead => &mut self.narrow,
            CallKind::WideRead => &mut self.wide,
            CallKind::Change => &mut self.change,
        };
        !self.enabled || bucket.take(self.scale, now_ms)
    }
}

/// A token bucket, as full as it can be at time 0.
#[derive(Debug)]
struct Bucket {
    size: f64,
    refill_per_s: f64,
    /// What has been taken and has not come back.
    taken: f64,
    at_ms: u64,
}

impl Bucket {
    fn new(size: f64, refill_per_s: f64) -> Self {
        Self { size, refill_per_s, taken: 0.0, at_ms: 0 }
    }

    fn take(&mut self, scale: f64, now_ms: u64) -> bool {
        let seconds = now_ms.saturating_sub(self.at_ms) as f64 / 1_000.0;
        self.taken = (self.taken - seconds * self.refill_per_s * scale).max(0.0);
        self.at_ms = now_ms;
        let admitted = self.taken + 1.0 <= self.size * scale;
        if admitted {
            self.taken += 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::{CallKind, Throttle};

    /// How many calls are admitted at once, and how many a second later.
    fn bursts(mut throttle: Throttle, kind: CallKind) -> (usize, usize) {
        let mut burst = |at_ms| (0..1_000).filter(|_| throttle.admit(kind, at_ms)).count();
        (burst(60_000), burst(61_000))
    }

    #[test]
    fn each_kind_has_ec2s_size_and_rate() {
        assert_eq!(bursts(Throttle::default(), CallKind::NarrowRead), (100, 20));
        assert_eq!(bursts(Throttle::default(), CallKind::WideRead), (50, 10));
        assert_eq!(bursts(Throttle::default(), CallKind::Change), (50, 5));
    }

    #[test]
    fn buckets_can_be_scaled_and_switched_off() {
        let scaled = Throttle { scale: 0.1, ..Throttle::default() };
        assert_eq!(bursts(scaled, CallKind::NarrowRead), (10, 2));
        let off = Throttle { enabled: false, ..Throttle::default() };
        assert_eq!(bursts(off, CallKind::Change), (1_000, 1_000));
    }

    #[test]
    fn one_kind_does_not_empty_anothers_bucket() {
        let mut throttle = Throttle::default();
        while throttle.admit(CallKind::Change, 0) {}
        assert!(throttle.admit(CallKind::NarrowRead, 0));
    }
}
