//! What speaks against taking a slot: pure, and all of it at once.

use std::fmt;

use super::look::{Destination, Seen, Task};
use super::{Holder, Override};
use crate::claim::lost;
use crate::cloud::account::Instance;
use crate::cloud::{InstanceState, TAG_SLOT};
use crate::ids::{InstanceId, SlotNumber};
use crate::operator::servers::{Server, Size};
use crate::zookeeper::answer::{Mode, Srvr};

/// A reason against it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No instance of this account has it.
    #[error(
        "it is attached to no instance of this account, so nobody here may detach it: look at `aws ec2 \
         describe-network-interfaces`, and remove its tag {TAG_SLOT} if it is no slot"
    )]
    Foreign,
    /// Nobody can detach it.
    #[error("it is the primary interface of {0}, which EC2 never detaches: it is no slot")]
    Primary(InstanceId),
    /// Clients would lose it.
    #[error("ZooKeeper on {holder} serves ({mode})")]
    Serving {
        /// The holder.
        holder: InstanceId,
        /// As what.
        mode: Mode,
    },
    /// Clients might lose it.
    #[error(
        "{holder} is {state}, and whether its ZooKeeper serves cannot be seen from here ({answer})"
    )]
    Unseen {
        /// The holder.
        holder: InstanceId,
        /// Its state.
        state: InstanceState,
        /// What came of asking.
        answer: String,
    },
    /// Its disk may be needed.
    #[error(
        "without it there is no quorum: {needed} votes are needed, and of the other slots {voting} \
         can be seen to vote ({others})"
    )]
    NoQuorum {
        /// How many votes are a majority.
        needed: usize,
        /// How many of the others vote.
        voting: usize,
        /// What the others say.
        others: String,
    },
    /// Little is left to lose.
    #[error("another slot is down: {0}")]
    AnotherDown(String),
    /// The instance that is to have it cannot.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Why an instance cannot have the slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// EC2 does not know it.
    #[error("EC2 knows no instance {0} in this region")]
    Unknown(InstanceId),
    /// It does not run.
    #[error("{0} is {1}: a slot is given to a running instance alone")]
    NotRunning(InstanceId, InstanceState),
    /// It lies elsewhere.
    #[error("{id} lies in {zone}, and the slot in {of_slot}: EC2 attaches within a zone alone")]
    OtherZone {
        /// The instance.
        id: InstanceId,
        /// Its zone.
        zone: String,
        /// The slot's.
        of_slot: String,
    },
    /// It has one.
    #[error("{0} holds slot {1} already: two slots on one instance are lost together")]
    Holds(InstanceId, SlotNumber),
    /// Its type takes no more.
    #[error("{id} is full: {kind} takes {limit} interfaces on network card 0")]
    Full {
        /// The instance.
        id: InstanceId,
        /// Its type.
        kind: String,
        /// The type's limit.
        limit: u32,
    },
}

impl Refusal {
    /// What a person may say against it; nothing helps against the others.
    pub fn overridden_by(&self) -> Option<Override> {
        match self {
            Self::Serving { .. } => Some(Override::Serving),
            Self::Unseen { .. } => Some(Override::Unseen),
            Self::NoQuorum { .. } => Some(Override::WithoutQuorum),
            Self::AnotherDown(_) => Some(Override::AnotherDown),
            Self::Foreign | Self::Primary(_) | Self::Misfit(_) => None,
        }
    }
}

/// Everything that speaks against it.
pub fn judge(seen: &Seen) -> Vec<Refusal> {
    let of_holder = || match (&seen.held, seen.holder()) {
        (Some(held), Some(holder)) if held.attachment.index.0 == 0 => {
            vec![Refusal::Primary(holder.id.clone())]
        }
        (Some(_), Some(holder)) => of_service(seen, holder),
        _ => vec![Refusal::Foreign],
    };
    let misfit = || seen.to.as_ref().and_then(|to| misfit(seen, to)).map(Refusal::from);
    match seen.task() {
        Task::Nothing => Vec::new(),
        Task::Give => misfit().into_iter().collect(),
        Task::Take => of_holder().into_iter().chain(misfit()).collect(),
    }
}

fn of_service(seen: &Seen, holder: &Holder) -> Vec<Refusal> {
    let (own, others): (Vec<&Server>, Vec<&Server>) =
        seen.servers.iter().partition(|server| server.slot == seen.slot.number);
    let serving = own.first().and_then(|own| of_own(own, &others, holder, seen.size));
    // Of an instance that never runs again there is no vote and no disk to be lost.
    let of_others = match is_over(holder.state) {
        true => None,
        false => of_others(&others, seen.size),
    };
    serving.into_iter().chain(of_others).collect()
}

fn of_own(own: &Server, others: &[&Server], holder: &Holder, size: Size) -> Option<Refusal> {
    let (id, state) = (holder.id.clone(), holder.state);
    if let Some(mode) = own.answer.mode() {
        return Some(Refusal::Serving { holder: id, mode });
    }
    let is_up = lost::sightings(state).is_none();
    let unseen = is_up && own.is_unseen() && !is_left_out(others, size);
    let answer = || format!("{}: {}", own.address, own.answer);
    unseen.then(|| Refusal::Unseen { holder: id, state, answer: answer() })
}

/// Whether the quorum of the others works without it: their leader counts no follower but those that
/// were seen. What has no leader with a quorum serves nobody.
fn is_left_out(others: &[&Server], size: Size) -> bool {
    let leader = others.iter().find(|server| server.answer.mode() == Some(Mode::Leader));
    let seen = others.iter().filter(|server| server.answer.mode() == Some(Mode::Follower)).count();
    let counted = leader.and_then(|leader| leader.counts.as_ref().ok()?.synced_followers());
    seen + 1 >= size.needed() && counted.is_some_and(|counted| counted <= seen as u64)
}

fn of_others(others: &[&Server], size: Size) -> Option<Refusal> {
    let needed = size.needed();
    let voting = others.iter().filter(|server| server.votes()).count();
    if voting < needed {
        let others = match others {
            [] => "there are none".to_owned(),
            others => told(others.iter().copied()),
        };
        return Some(Refusal::NoQuorum { needed, voting, others });
    }
    let down = others.iter().copied().filter(|server| !server.votes());
    let down = told(down);
    (!down.is_empty()).then_some(Refusal::AnotherDown(down))
}

fn is_over(state: InstanceState) -> bool {
    matches!(state, InstanceState::ShuttingDown | InstanceState::Terminated | InstanceState::Gone)
}

fn told<'a>(servers: impl Iterator<Item = &'a Server>) -> String {
    let all: Vec<String> = servers.map(|it| format!("slot {}: {}", it.slot, Said(it))).collect();
    all.join(", ")
}

/// What a server says, or that there is none to say it.
pub(super) struct Said<'a>(pub &'a Server);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.answer, self.0.is_held) {
            (Srvr::Silent(_), false) => f.write_str("held by no instance"),
            (answer, _) => answer.fmt(f),
        }
    }
}

fn misfit(seen: &Seen, to: &Destination) -> Option<Misfit> {
    let id = to.id.clone();
    let Some(Instance { state, zone, kind, interfaces, .. }) = &to.instance else {
        return Some(Misfit::Unknown(id));
    };
    if *state != InstanceState::Running {
        return Some(Misfit::NotRunning(id, *state));
    }
    if *zone != seen.slot.zone {
        let (zone, of_slot) = (zone.clone(), seen.slot.zone.clone());
        return Some(Misfit::OtherZone { id, zone, of_slot });
    }
    if let Some(&slot) = to.holds.first() {
        return Some(Misfit::Holds(id, slot));
    }
    let on_card_0 = interfaces.iter().filter(|it| it.network_card == 0).count();
    let full = |limit: u32, there: usize| there >= limit as usize;
    let limits = to.limits?;
    let is_full = full(limits.on_card_0, on_card_0) || full(limits.total, interfaces.len());
    is_full.then(|| Misfit::Full { id, kind: kind.clone(), limit: limits.on_card_0 })
}

#[cfg(test)]
mod tests;
