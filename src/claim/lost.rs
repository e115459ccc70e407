//! When a holder counts as lost, and how its slot is taken: for the claim and for operators alike.

use crate::cloud::InstanceState;

/// How many reads must show a holder in this state before it counts as lost; none ever does for a
/// holder that is up.
///
/// `shutting-down` and `terminated` are never left, so one sighting is proof. The others may be stale
/// reads about an instance that runs again, or does not show yet, so they are confirmed by reads a
/// backoff apart.
pub fn sightings(state: InstanceState) -> Option<u8> {
    match state {
        InstanceState::ShuttingDown | InstanceState::Terminated => Some(1),
        InstanceState::Stopping | InstanceState::Stopped => Some(2),
        InstanceState::Gone => Some(3),
        InstanceState::Pending | InstanceState::Running => None,
    }
}

/// Whether the holder cannot answer a detach any more, so that an unforced one would wait for it.
pub fn takes_force(state: InstanceState) -> bool {
    matches!(state, InstanceState::Stopped | InstanceState::Terminated | InstanceState::Gone)
}
