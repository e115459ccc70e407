//! Moderation: how often the host is looked at, and how often a thing is said, whatever others do.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

/// How many looks may follow each other without a pause: an event, the look that follows from our
/// own repair, and the same a few times more.
const BURST: u32 = 10;
/// Over time there is one look in that time, as long as something goes on changing.
const PERIOD: Duration = Duration::from_secs(1);

/// The looks' rate: some at once, then one a second (the generic cell rate algorithm).
#[derive(Debug)]
pub struct Pace {
    /// When the looks so far would be paid for.
    paid: Instant,
}

impl Pace {
    /// With none made yet.
    pub fn new(now: Instant) -> Self {
        Self { paid: now }
    }

    /// When the next look may be, from now on. It counts as made.
    pub fn next(&mut self, now: Instant) -> Instant {
        let credit = PERIOD * (BURST - 1);
        let at = self.paid.checked_sub(credit).map_or(now, |at| at.max(now));
        self.paid = self.paid.max(at) + PERIOD;
        at
    }
}

/// How long a thing that was said is not said again; then twice as long each time.
const QUIET_MIN: Duration = Duration::from_secs(60);
/// At the longest. What has not happened for that time is said at once again.
const QUIET_MAX: Duration = Duration::from_secs(3600);
/// How many things are remembered; beyond that all are forgotten, and may be said again.
const REMEMBERED_MAX: usize = 256;

/// What was said lately: another manager that fights ours must not flood the journal.
#[derive(Debug, Default)]
pub struct Said(HashMap<String, Saying>);

#[derive(Debug, Clone, Copy)]
struct Saying {
    /// Until when it is kept back.
    until: Instant,
    /// For how long it is.
    quiet: Duration,
    /// When it was last to be said.
    last: Instant,
    /// How often it was kept back.
    kept_back: u32,
}

impl Said {
    /// Warns, if it is time to say it (again).
    pub fn warn(&mut self, text: &str) {
        match self.anew(text, Instant::now()) {
            Some(0) => warn!("{text}"),
            Some(kept_back) => warn!(
                kept_back,
                "{text} ({kept_back} more times since it was last said; `ip monitor` shows what \
                 others change)"
            ),
            None => debug!("{text}"),
        }
    }

    /// Whether to say it now, and then how often it was kept back since it was last said.
    fn anew(&mut self, text: &str, now: Instant) -> Option<u32> {
        let earlier = self.0.get_mut(text);
        if let Some(saying) = earlier
            && now < saying.until
        {
            saying.last = now;
            saying.kept_back = saying.kept_back.saturating_add(1);
            return None;
        }
        let earlier = self.0.get(text).copied();
        let recent = earlier.filter(|saying| now < saying.last + QUIET_MAX);
        let quiet = recent.map_or(QUIET_MIN, |saying| QUIET_MAX.min(saying.quiet * 2));
        if self.0.len() >= REMEMBERED_MAX {
            self.0.clear();
        }
        let saying = Saying { until: now + quiet, quiet, last: now, kept_back: 0 };
        self.0.insert(text.to_owned(), saying);
        Some(earlier.map_or(0, |saying| saying.kept_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn some_looks_at_once_and_then_one_a_second() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        let times: Vec<Duration> = (0..13).map(|_| pace.next(begin) - begin).collect();
        assert_eq!(times[..10], [Duration::ZERO; 10]);
        assert_eq!(times[10..], [seconds(1), seconds(2), seconds(3)]);
        // After as long a rest as it takes to pay for them, all may be spent again.
        let later = begin + seconds(13);
        assert!((0..10).all(|_| pace.next(later) == later));
        assert_eq!(pace.next(later), later + seconds(1));
    }

    #[test]
    fn a_look_now_and_then_never_waits() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        for n in 0..100 {
            let now = begin + seconds(5 * n);
            assert_eq!(pace.next(now), now);
        }
    }

    #[test]
    fn what_goes_on_and_on_is_said_ever_less_often() {
        let begin = Instant::now();
        let mut said = Said::default();
        let day = (0..86_400).filter_map(|n| {
            let told = said.anew("x", begin + seconds(n))?;
            Some((n, told))
        });
        let day: Vec<_> = day.collect();
        assert_eq!(day[..4], [(0, 0), (60, 59), (180, 119), (420, 239)]);
        assert!(day.len() < 30, "{day:?}");
    }

    #[test]
    fn what_has_not_happened_for_long_is_news_again() {
        let begin = Instant::now();
        let mut said = Said::default();
        for day in 0..3 {
            let begin = begin + seconds(day * 86_400);
            assert_eq!(said.anew("x", begin), Some(0));
            assert_eq!(said.anew("y", begin), Some(0));
            assert_eq!(said.anew("x", begin + seconds(59)), None);
            assert_eq!(said.anew("x", begin + seconds(60)), Some(1));
            assert_eq!(said.anew("x", begin + seconds(179)), None);
            assert_eq!(said.anew("x", begin + seconds(180)), Some(1));
        }
    }
}
