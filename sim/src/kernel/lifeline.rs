//! What a region's life hangs on beside being asked to end.
//!
//! For some it is a pipe: when whoever holds its other end dies, however it dies, the pipe ends, and
//! the region with it. For all it is the record by which a person finds them.

use std::io::Read;
use std::time::Duration;

use super::state_dir::StateDir;

/// How often a region looks whether it can still be found.
const LOOK: Duration = Duration::from_secs(1);

/// Resolves when standard input ends; never, for a region without a lifeline.
pub async fn ended(has_lifeline: bool) {
    if !has_lifeline {
        return std::future::pending().await;
    }
    // A thread of its own, since standard input may be of a kind that cannot be polled.
    let _ = tokio::task::spawn_blocking(wait_for_end).await;
}

/// Resolves when the region's record is gone: someone removed the directory, and could not end the
/// region any more.
pub async fn forgotten(state: &StateDir) {
    loop {
        // First the wait: the record is written while the region starts.
        tokio::time::sleep(LOOK).await;
        if state.is_forgotten() {
            return;
        }
    }
}

fn wait_for_end() {
    let mut input = std::io::stdin().lock();
    let mut ignored = [0; 64];
    while input.read(&mut ignored).is_ok_and(|bytes| bytes > 0) {}
}
