//! How long a pause is: it doubles, to a limit, with jitter, so that agents that wait for one slot
//! do not read in step.

use std::time::Duration;

/// The first pause at its longest.
const FIRST: Duration = Duration::from_millis(500);
/// No pause is longer: a slot that comes free is seen within this time.
const LONGEST: Duration = Duration::from_secs(8);

/// The pause of a round, from 0; `luck` from 0 to 1 is the jitter, over its upper half.
pub fn pause(round: u32, luck: f64) -> Duration {
    let full = FIRST.saturating_mul(2_u32.saturating_pow(round.min(16))).min(LONGEST);
    full.mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_keep_half_of_their_length() {
        assert_eq!(pause(0, 1.0), FIRST);
        assert_eq!(pause(0, 0.0), FIRST / 2);
        assert_eq!(pause(2, 1.0), FIRST * 4);
        assert_eq!(pause(u32::MAX, 1.0), LONGEST);
    }
}
