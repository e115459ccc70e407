//! Complaints that come again and again are told now and then: with a broker down, librdkafka
//! complains of each try to connect.

use std::collections::BTreeMap;
use std::io::Write;

/// Of one kind, one complaint in so many seconds.
const EVERY_S: f64 = 30.0;

/// What was told, and what was not. Pure: the caller tells the time, in seconds.
#[derive(Debug, Default)]
pub struct Quiet(BTreeMap<String, Kind>);

#[derive(Debug)]
struct Kind {
    told_at: f64,
    untold: u64,
}

impl Quiet {
    /// What to tell of a complaint, if anything.
    pub fn hear(&mut self, kind: &str, text: &str, now: f64) -> Option<String> {
        let Some(known) = self.0.get_mut(kind) else {
            self.0.insert(kind.to_owned(), Kind { told_at: now, untold: 0 });
            return Some(format!("{kind}: {text}"));
        };
        if now - known.told_at < EVERY_S {
            known.untold += 1;
            return None;
        }
        let untold = std::mem::take(&mut known.untold);
        known.told_at = now;
        Some(match untold {
            0 => format!("{kind}: {text}"),
            n => format!("{kind}: {text} (and {n} more of the kind)"),
        })
    }
}

/// A line on standard error, which nobody may be reading.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "steadfast-kafka client: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_now_and_then_and_counted() {
        let mut quiet = Quiet::default();
        assert_eq!(quiet.hear("FAIL", "refused", 0.0).unwrap(), "FAIL: refused");
        for second in 1..30 {
            assert_eq!(quiet.hear("FAIL", "refused", f64::from(second)), None);
        }
        assert_eq!(quiet.hear("REQTMOUT", "late", 1.0).unwrap(), "REQTMOUT: late");
        let next = quiet.hear("FAIL", "unreachable", 30.0).unwrap();
        assert_eq!(next, "FAIL: unreachable (and 29 more of the kind)");
        assert_eq!(quiet.hear("FAIL", "refused", 60.0).unwrap(), "FAIL: refused");
    }
}
