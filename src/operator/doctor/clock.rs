//! This host's clock against EC2's.

use super::{Area, Check, Finding};

const CLOCK: Check = Check::of(Area::Host, "clock");

/// The `Date` of an answer has whole seconds, and was written a while before it was read.
const SURE_SECONDS: u64 = 2;
/// AWS refuses what was signed more than five minutes ago, or later than now; before that a person
/// should look.
const BAD_SECONDS: u64 = 240;

/// The finding on the clock: by how many seconds EC2's is ahead, if EC2 answered.
pub fn check(ahead_seconds: Option<i64>) -> Finding {
    let Some(ahead) = ahead_seconds else {
        return CLOCK.unknown("this host's clock", "EC2 gave no answer to compare it with");
    };
    let off = ahead.unsigned_abs();
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    let what = format!("this host's clock is {off} s {direction} EC2's");
    let mend = |finding: Finding| {
        finding
            .hint("on EC2 the time service is at 169.254.169.123; see that chrony uses it")
            .command("systemctl restart chrony || systemctl restart chronyd")
    };
    match off {
        0..=SURE_SECONDS => CLOCK.ok("this host's clock agrees with EC2's"),
        BAD_SECONDS.. => mend(
            CLOCK
                .error(what)
                .why("AWS refuses every call whose signature is more than five minutes off"),
        ),
        _ => mend(CLOCK.warning(what).why(
            "times in logs do not fit together, and beyond five minutes AWS refuses every call",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off() {
        let of = |ahead| check(ahead).severity;
        assert_eq!(of(None), Severity::Unknown);
        for fine in [0, 2, -2] {
            assert_eq!(of(Some(fine)), Severity::Ok);
        }
        for off in [3, -3, 239] {
            assert_eq!(of(Some(off)), Severity::Warning);
        }
        for far in [240, -86_400, i64::MAX] {
            assert_eq!(of(Some(far)), Severity::Error);
        }
        assert_eq!(check(Some(7)).what, "this host's clock is 7 s behind EC2's");
        assert_eq!(check(Some(-7)).what, "this host's clock is 7 s ahead of EC2's");
    }
}
