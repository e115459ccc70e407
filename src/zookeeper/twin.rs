//! A second server with one id, seen by its leader: more followers in step than there are others.

use super::answer::Mntr;

/// A leader counts a server twice: the holder of a slot before this one is still alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the leader counts {synced} followers in step and the pool has {expected} other slots: an old \
     server with a slot's id is still alive, and may acknowledge what is lost with it: find and \
     stop it"
)]
pub struct Twin {
    /// Followers that the leader counts.
    pub synced: u64,
    /// How many it can have: one a slot, less itself.
    pub expected: u64,
}

impl Twin {
    /// Looks for a twin in what a server counts, in a pool of so many slots. A server that does not
    /// lead counts no followers, and sees none.
    pub fn seen(mntr: &Mntr, slots: usize) -> Option<Self> {
        let expected = (slots as u64).saturating_sub(1);
        let synced = mntr.synced_followers()?;
        (synced > expected).then_some(Self { synced, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::answer;

    #[test]
    fn a_twin_is_one_follower_too_many() {
        let leader = |n: u64| {
            let text = format!("zk_version\t3.8.0\nzk_synced_followers\t{n}\n");
            answer::mntr(text.as_bytes()).unwrap()
        };
        let cases = [(0, 1, false), (1, 1, true), (2, 3, false), (3, 3, true), (1, 3, false)];
        for (synced, slots, twin) in cases {
            assert_eq!(Twin::seen(&leader(synced), slots).is_some(), twin, "{synced} of {slots}");
        }
        assert_eq!(Twin::seen(&Mntr::default(), 3), None);
        let said = Twin::seen(&leader(3), 3).unwrap().to_string();
        assert!(said.contains("3 followers in step and the pool has 2 other slots"), "{said}");
    }
}
