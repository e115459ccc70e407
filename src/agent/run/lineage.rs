//! Pure: what becomes of a disk, by what it holds and by what the slot's tag remembers.
//!
//! A slot's data has a *lineage*: the name of the disk that the slot last served with, kept in the
//! ENI's tag and in a note on that disk. A disk whose note is another may lack what was acknowledged
//! since, so its vote is worth as little as an empty one's: an instance that lost its slot and comes
//! back to it later is the common case.

use crate::zookeeper::disk::Contents;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What the disk holds.
    pub contents: Contents,
    /// The note on the disk.
    pub note: Option<String>,
    /// The slot's tag; absent if no server was ever started on it.
    pub tag: Option<String>,
    /// Whether an operator lets an empty disk vote, under this very attachment.
    pub is_overridden: bool,
    /// Whether a peer says that it leads.
    pub a_peer_leads: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// The data is what the slot last served with.
    Keep,
    /// The slot has no memory, and the disk has data: an ensemble that is older than the tag.
    Adopt,
    /// The data is not what the slot last served with: set aside, and the server starts empty.
    SetAside,
    /// An empty disk, without a vote: the others' data is taken over.
    Fill,
    /// An empty disk that may vote: the first boot ever, or (`false`) an operator's word.
    Vote {
        /// Whether no server was ever started on the slot.
        is_first: bool,
    },
}

/// Decides.
pub fn decide(seen: &Seen) -> Course {
    let Seen { contents, note, tag, is_overridden, a_peer_leads } = seen;
    match (contents, tag) {
        (Contents::Data, None) => Course::Adopt,
        (Contents::Data, Some(_)) if note == tag => Course::Keep,
        (Contents::Data, Some(_)) => Course::SetAside,
        // Where a peer leads, an empty server joins without a vote as well as with one.
        (_, _) if *a_peer_leads => Course::Fill,
        (_, None) => Course::Vote { is_first: true },
        (_, Some(_)) if *is_overridden => Course::Vote { is_first: false },
        (_, Some(_)) => Course::Fill,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disk_has_its_course() {
        use Contents::{Data, NoTransactions, Nothing};
        let (first, again) = (Course::Vote { is_first: true }, Course::Vote { is_first: false });
        // contents, note, tag, overridden, a peer leads
        let cases = [
            ((Data, "a", "a", false, false), Course::Keep),
            ((Data, "a", "a", true, true), Course::Keep),
            ((Data, "a", "b", false, false), Course::SetAside),
            ((Data, "", "b", false, true), Course::SetAside),
            ((Data, "a", "b", true, false), Course::SetAside),
            ((Data, "", "", false, false), Course::Adopt),
            ((Data, "a", "", false, true), Course::Adopt),
            ((Nothing, "", "", false, false), first),
            ((NoTransactions, "a", "", false, false), first),
            ((Nothing, "", "", false, true), Course::Fill),
            ((Nothing, "", "a", false, false), Course::Fill),
            ((NoTransactions, "a", "a", false, false), Course::Fill),
            ((Nothing, "a", "a", true, false), again),
            ((NoTransactions, "", "a", true, false), again),
            ((Nothing, "", "a", true, true), Course::Fill),
        ];
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        for ((contents, note, tag, is_overridden, a_peer_leads), want) in cases {
            let (note, tag) = (some(note), some(tag));
            let seen = Seen { contents, note, tag, is_overridden, a_peer_leads };
            assert_eq!(decide(&seen), want, "{seen:?}");
        }
    }
}
