//! The pipe that some regions hang on: when whoever holds its other end dies, however it dies, the
//! pipe ends, and the region with it.

use std::io::Read;

/// Resolves when standard input ends; never, for a region without a lifeline.
pub async fn ended(has_lifeline: bool) {
    if !has_lifeline {
        return std::future::pending().await;
    }
    // A thread of its own, since standard input may be of a kind that cannot be polled.
    let _ = tokio::task::spawn_blocking(wait_for_end).await;
}

fn wait_for_end() {
    let mut input = std::io::stdin().lock();
    let mut ignored = [0; 64];
    while input.read(&mut ignored).is_ok_and(|bytes| bytes > 0) {}
}
