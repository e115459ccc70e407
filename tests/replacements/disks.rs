//! What may be lost at one time: so much that an ensemble comes back by itself. Pure.
//!
//! A server votes only with the data of its slot: an empty disk never does, however many there are.
//! So the ensemble has a quorum again, by itself, exactly as long as the disks that have their
//! slots' data, or will be back with it, are a majority of all slots. One more lost, and it stays
//! down until an operator's `pool bootstrap`, by design: nothing acknowledged is lost even then, for
//! nobody acknowledges anything.
//!
//! That says nothing about the time in between: a server that is stopped and started keeps its disk,
//! and while it is away there may be no quorum.

use crate::plan::Kind;

/// The disks of an ensemble's slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disks {
    /// How many slots there are.
    pub slots: u8,
    /// Of how many the disk has all that the slot's server has acknowledged, whether it runs now
    /// or will be started again. A replacement's disk has it from when its server is a member.
    pub with_data: u8,
}

impl Disks {
    /// Every server is a member.
    pub fn whole(slots: u8) -> Self {
        Self { slots, with_data: slots }
    }

    /// When these were lost, too, each of another slot that had its data.
    pub fn after(self, losses: &[Kind]) -> Self {
        let lost = losses.iter().filter(|kind| kind.loses_disk()).count();
        let with_data = usize::from(self.with_data).saturating_sub(lost);
        Self { with_data: u8::try_from(with_data).unwrap_or(0), ..self }
    }

    fn majority(self) -> u8 {
        self.slots / 2 + 1
    }
}

/// Whether these may be lost, all at once.
pub fn allowed(disks: Disks, losses: &[Kind]) -> bool {
    let after = disks.after(losses);
    after.with_data >= after.majority()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{Cut, Hang, PowerLoss, StopAndReplace, StopAndStart, Terminate};

    fn disks(slots: u8, with_data: u8) -> Disks {
        Disks { slots, with_data }
    }

    #[test]
    fn one_disk_of_three_and_two_of_five() {
        for kind in [Terminate, StopAndReplace, Hang, Cut, PowerLoss] {
            assert!(allowed(disks(3, 3), &[kind]), "{kind:?}");
            assert!(!allowed(disks(3, 3), &[kind, Terminate]), "{kind:?}");
            assert!(allowed(disks(5, 5), &[kind, Terminate]), "{kind:?}");
            assert!(!allowed(disks(5, 5), &[kind, Terminate, Terminate]), "{kind:?}");
        }
        assert!(!allowed(disks(1, 1), &[Terminate]));
        // An even number tolerates no more than the odd one below it.
        assert!(allowed(disks(4, 4), &[Terminate]));
        assert!(!allowed(disks(4, 4), &[Terminate, Terminate]));
    }

    #[test]
    fn a_replacement_that_syncs_has_no_data_yet() {
        assert!(allowed(disks(5, 4), &[Hang]));
        assert!(!allowed(disks(5, 4), &[Hang, Cut]));
        assert!(!allowed(disks(5, 3), &[Terminate]));
        assert!(!allowed(disks(3, 2), &[Terminate]));
    }

    #[test]
    fn a_disk_that_comes_back_is_not_lost() {
        assert!(allowed(disks(3, 3), &[StopAndStart; 3]));
        assert!(allowed(disks(3, 3), &[StopAndStart, Terminate]));
        assert!(allowed(disks(3, 2), &[StopAndStart]));
        assert!(!allowed(disks(3, 3), &[StopAndStart, Terminate, Terminate]));
        assert_eq!(disks(5, 5).after(&[StopAndStart, Cut]), disks(5, 4));
    }
}
