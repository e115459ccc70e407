//! Waiting for what is to come, and the clock that is shared.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Result;

/// Looks again and again, with so much time in between, until something is there.
pub fn wait_every<T>(
    pause: Duration,
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("{what}: not within {} s", deadline.as_secs()).into());
        }
        std::thread::sleep(pause);
    }
}

/// Seconds since the epoch: the one clock that instances, clients and demo share.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}
