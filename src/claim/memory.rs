//! What a claim remembers between two reads of the pool.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::InstanceState;
use crate::ids::{AttachmentId, DeviceIndex, SlotNumber};

use super::{Failure, lost};

/// How often `NotFound` is read again before it is believed.
pub(super) const NOT_FOUND_MAX: u8 = 3;
/// How many reads in a row must show a slot elsewhere until an attach of it that got no answer is
/// known not to have been applied. One is not enough: a stale read shows the holder before us.
pub(super) const ELSEWHERE_READS: u8 = 3;
/// How often a claim that gives up reads to settle an attach of unknown outcome.
pub(super) const SETTLE_READS_MAX: u8 = 6;
/// How often a rollback's detach is tried.
pub(super) const ROLLBACK_TRIES_MAX: u8 = 8;

/// An attach that got no answer: it may have been applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// The slot.
    pub slot: SlotNumber,
    /// How many reads in a row showed it attached elsewhere.
    pub elsewhere: u8,
}

/// What a claim remembers between two reads of the pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Consecutive reads without progress: the backoff's exponent.
    pub idle_reads: u32,
    /// An attach of unknown outcome.
    pub doubt: Option<Doubt>,
    /// Device indexes that interfaces outside the pool have.
    pub taken: BTreeSet<DeviceIndex>,
    /// How often each attachment's holder was seen not running.
    pub sightings: BTreeMap<AttachmentId, u8>,
    /// The detaches asked for, and whether by force.
    pub asked: BTreeMap<AttachmentId, bool>,
    /// How often EC2 did not find what a read had shown.
    pub not_found: u8,
    /// The claim has failed and only settles its doubt: why, and how many reads it took so far.
    pub giving_up: Option<(Failure, u8)>,
}

impl Memory {
    /// Counts a sighting of a holder in this state; whether that is enough to take its slot over.
    pub(super) fn confirms_loss(&mut self, of: &AttachmentId, state: InstanceState) -> bool {
        let Some(needed) = lost::sightings(state) else {
            self.sightings.remove(of);
            return false;
        };
        let seen = self.sightings.entry(of.clone()).or_default();
        *seen = seen.saturating_add(1).min(needed);
        *seen == needed
    }

    /// Whether a detach is still to be asked for: not yet, or now by force.
    pub(super) fn is_to_ask(&self, attachment: &AttachmentId, force: bool) -> bool {
        self.asked.get(attachment).is_none_or(|&forced| force && !forced)
    }

    /// Another read without progress.
    pub(super) fn idle(mut self) -> Self {
        // Bounded, so that the states that a model checker sees are, too.
        self.idle_reads = (self.idle_reads + 1).min(IDLE_READS_MAX);
        self
    }
}

/// Where the backoff's exponent stops growing.
const IDLE_READS_MAX: u32 = 6;
