//! Makes a call again while that may help, and the pauses in between: they double, to a limit, with
//! jitter, so that agents that wait for one slot do not read in step.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

use super::{Action, CallError};

/// The first pause at its longest.
const FIRST: Duration = Duration::from_millis(500);
/// How long after the deadline what is half done may be taken back, and the state of things be read.
const SOON: Duration = Duration::from_secs(2);
/// No pause is longer: a slot that comes free is seen within this time.
const LONGEST: Duration = Duration::from_secs(8);

/// The pause of a round, from 0; `luck` from 0 to 1 is the jitter, over its upper half.
pub fn pause(round: u32, luck: f64) -> Duration {
    let full = FIRST.saturating_mul(2_u32.saturating_pow(round.min(16))).min(LONGEST);
    full.mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
}

/// Makes a call until it is answered for good, or the next try would come after the deadline.
///
/// # Errors
/// The last answer's.
pub async fn retried<T, F>(deadline: Instant, call: impl Fn() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut round = 0;
    loop {
        let error = match call().await {
            Err(error) if error.may_pass() => error,
            settled => return settled,
        };
        let until = Instant::now() + pause(round, fastrand::f64());
        if until > deadline {
            return Err(error);
        }
        warn!("{error}");
        sleep_until(until).await;
        round += 1;
    }
}

/// The same, and a call that is under way at the deadline is given up, too: whether it is carried out is
/// not known then.
///
/// # Errors
/// The last answer's, or [`CallError::Lost`].
pub async fn ended<T, F>(
    deadline: Instant,
    action: Action,
    call: impl Fn() -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let lost = |_| Err(CallError::Lost { action, cause: "timed out".to_owned() });
    timeout_at(deadline, retried(deadline, call)).await.unwrap_or_else(lost)
}

/// The deadline of what has to be tried however late it is, such as taking back what is half done.
pub fn or_soon(deadline: Instant) -> Instant {
    deadline.max(Instant::now() + SOON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_ends_at_the_deadline() {
        let started = Instant::now();
        let deadline = started + Duration::from_secs(3);
        let hangs = std::future::pending::<Result<(), CallError>>;
        let lost = ended(deadline, Action::CreateTags, hangs).await.unwrap_err();
        assert_eq!(lost.to_string(), "no answer from EC2 to CreateTags: timed out");
        assert_eq!(Instant::now(), deadline);
        assert_eq!(or_soon(started), deadline + SOON);
        assert_eq!(or_soon(deadline + SOON * 2), deadline + SOON * 2);
    }

    #[test]
    fn pauses_grow_to_a_limit_and_keep_half_of_their_length() {
        assert_eq!(pause(0, 1.0), FIRST);
        assert_eq!(pause(0, 0.0), FIRST / 2);
        assert_eq!(pause(2, 1.0), FIRST * 4);
        assert_eq!(pause(u32::MAX, 1.0), LONGEST);
    }
}
