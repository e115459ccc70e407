//! What will happen when: a queue of events, each at a time in ms, in order.

use std::collections::BTreeMap;

use super::ids::{AttachmentId, EniId, InstanceId};

/// Something that time brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The NIC of an attachment appears in the instance.
    Plug(EniId, AttachmentId),
    /// An attachment becomes `attached`.
    Attached(EniId, AttachmentId),
    /// An attachment ends.
    Detached(EniId, AttachmentId),
    /// `pending`, `stopping` or `shutting-down` is over.
    Transition(InstanceId),
    /// A terminated instance is no longer shown.
    Forget(InstanceId),
    /// A group launches an instance in a zone.
    Launch { group: String, zone: String },
}

/// The queue; events of one instant come in the order in which they were set.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeMap<(u64, u64), Event>,
    set: u64,
}

impl Timers {
    pub fn at(&mut self, due_ms: u64, event: Event) {
        self.set += 1;
        self.queue.insert((due_ms, self.set), event);
    }

    /// When the next event is due.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.queue.keys().next().map(|(due, _)| *due)
    }

    /// The next event that is due by now, with its time.
    pub fn pop_due(&mut self, now_ms: u64) -> Option<(u64, Event)> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        let due = entry.key().0;
        Some((due, entry.remove()))
    }
}
