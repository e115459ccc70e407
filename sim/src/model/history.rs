//! What reads may still see of the past: EC2's reads are eventually consistent.

use std::collections::VecDeque;
use std::sync::Arc;

use super::world::World;

/// Past states, each with the time in ms at which it ceased to be true; oldest first.
#[derive(Debug, Default)]
pub struct History(VecDeque<(u64, Arc<World>)>);

impl History {
    /// Remembers the state that is about to change, for as long as a read may be behind.
    pub fn keep(&mut self, now_ms: u64, world: &Arc<World>, stale_ms: u64) {
        while self.0.front().is_some_and(|(until, _)| until + stale_ms < now_ms) {
            self.0.pop_front();
        }
        let first_of_this_instant = self.0.back().is_none_or(|(until, _)| *until != now_ms);
        if stale_ms > 0 && first_of_this_instant {
            self.0.push_back((now_ms, Arc::clone(world)));
        }
    }

    /// The state at a time, if it is not the present one.
    pub fn at(&self, time_ms: u64) -> Option<&Arc<World>> {
        self.0.iter().find(|(until, _)| *until > time_ms).map(|(_, world)| world)
    }
}
