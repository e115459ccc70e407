//! The edges between the states. What a read of the pool leads to is in [`super::reading`].

use super::memory::{NOT_FOUND_MAX, ROLLBACK_TRIES_MAX};
use super::reading;
use super::state::{Effect, Event, Held, OwnView, Setup, State, Target, Want};
use super::ways::{
    Next, attach, await_nic, failed, give_up, pause, pause_briefly, read, roll_back, unsettled,
};
use super::{Doubt, Failure, Memory, lost};
use crate::cloud::{AttachmentStatus, CallError, InstanceState};
use crate::ids::{AttachmentId, EniId, InstanceId, SlotNumber};

/// An event that cannot happen in a state: a bug of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the claim cannot take the event {event} in the state {state}")]
pub struct Unexpected {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

/// The next state and what to do, or that this event cannot happen here.
///
/// # Errors
/// [`Unexpected`] names the pair; the state is not changed.
pub fn step(setup: &Setup, state: &State, event: Event) -> Result<Next, Unexpected> {
    let unexpected = Unexpected { state: state.name(), event: event.name() };
    Ok(match (state.clone(), event) {
        (State::Reading(memory), Event::PoolRead(Ok(view))) => {
            reading::decide(setup, memory, &view)
        }
        (State::Reading(memory), Event::PoolRead(Err(error))) => after_read_error(memory, error),
        (State::Reading(memory), Event::PoolInvalid(error)) => give_up(memory, error.into()),
        (State::Pausing(memory), Event::PauseOver) => read(memory),
        (State::Pausing(memory), Event::DeadlinePassed) => give_up(memory, Failure::NoSlot),
        (State::Pausing(memory), Event::Interrupted) => give_up(memory, Failure::Interrupted),
        (State::CheckingHolders { held, memory }, Event::HoldersRead(Ok(states))) => {
            let state_of = |id: &InstanceId| *states.get(id).unwrap_or(&InstanceState::Gone);
            take_over(memory, &held, state_of)
        }
        (State::CheckingHolders { memory, .. }, Event::HoldersRead(Err(error))) => {
            after_read_error(memory, error)
        }
        (State::Detaching { attachment, force, memory }, Event::Detached(outcome)) => {
            after_detach(memory, attachment, force, outcome)
        }
        (State::Attaching { target, .. }, Event::Attached(Ok(attachment))) => {
            let Target { slot, eni, index } = target;
            await_nic(Held { slot, eni, attachment, index, resumed: false })
        }
        (State::Attaching { target, rest, memory }, Event::Attached(Err(error))) => {
            after_refused_attach(memory, target, rest, error)
        }
        (State::Explaining { target, refusal, memory }, Event::OwnRead(Ok(own))) => {
            explain(setup, memory, &target, refusal, own)
        }
        (State::Explaining { memory, .. }, Event::OwnRead(Err(error))) => {
            after_read_error(memory, error)
        }
        (State::AwaitingNic(held), Event::NicAppeared) => {
            (State::Configuring(held.clone()), vec![Effect::Configure(held)])
        }
        (State::AwaitingNic(held), Event::NicMissing) => {
            let why = Failure::NoNic { slot: held.slot };
            roll_back(setup, held, why)
        }
        (State::AwaitingNic(held), Event::Interrupted) => {
            roll_back(setup, held, Failure::Interrupted)
        }
        (State::Configuring(held), Event::Configured(Ok(()))) => (State::Held(held), vec![]),
        (State::Configuring(held), Event::Configured(Err(error))) => {
            roll_back(setup, held, Failure::Host(error))
        }
        (State::Undoing(held, why), Event::Unconfigured) => detach_own(held, why, 0),
        (State::RollingBack(held, why, tries), Event::Detached(outcome)) => {
            after_rollback(held, why, tries, outcome)
        }
        (State::RollbackPausing(held, why, tries), Event::PauseOver) => {
            detach_own(held, why, tries)
        }
        _ => return Err(unexpected),
    })
}

fn after_read_error(memory: Memory, error: CallError) -> Next {
    match error {
        CallError::Throttled(_)
        | CallError::NoCredentials { .. }
        | CallError::Lost { .. }
        | CallError::InTransition { .. } => unsettled(memory),
        final_error => give_up(memory, Failure::Call(final_error)),
    }
}

/// Takes the first slot whose holder is known to be lost.
fn take_over(
    mut memory: Memory,
    held: &[(SlotNumber, AttachmentId, InstanceId)],
    state_of: impl Fn(&InstanceId) -> InstanceState,
) -> Next {
    let mut lost = None;
    for (_, attachment, holder) in held {
        let state = state_of(holder);
        let force = lost::takes_force(state);
        let confirmed = memory.confirms_loss(attachment, state);
        if confirmed && lost.is_none() && memory.is_to_ask(attachment, force) {
            lost = Some((attachment.clone(), force));
        }
    }
    match lost {
        None => pause(memory),
        Some((attachment, force)) => {
            // By attachment id: on a stale read it names an attachment that is gone, and fails
            // harmlessly.
            let effect = Effect::Detach { attachment: attachment.clone(), force };
            (State::Detaching { attachment, force, memory }, vec![effect])
        }
    }
}

fn after_detach(
    mut memory: Memory,
    attachment: AttachmentId,
    force: bool,
    outcome: Result<(), CallError>,
) -> Next {
    match outcome {
        Ok(()) | Err(CallError::AttachmentGone) => {
            memory.asked.insert(attachment, force);
            pause_briefly(memory)
        }
        Err(
            CallError::Throttled(_)
            | CallError::NoCredentials { .. }
            | CallError::Lost { .. }
            | CallError::InTransition { .. }
            | CallError::NotFound { .. },
        ) => pause(memory),
        Err(final_error) => give_up(memory, Failure::Call(final_error)),
    }
}

fn after_refused_attach(
    mut memory: Memory,
    target: Target,
    rest: Vec<(SlotNumber, EniId)>,
    error: CallError,
) -> Next {
    match error {
        // An attach of unknown outcome is repeated without other candidates: who has the slot,
        // perhaps this instance, only a read tells.
        CallError::InUse => next_candidate(memory, &target, rest),
        CallError::IndexTaken | CallError::NoRoom { .. } => {
            (State::Explaining { target, refusal: error, memory }, vec![Effect::ReadOwn])
        }
        CallError::Lost { .. } if memory.doubt.is_none() => {
            memory.doubt = Some(Doubt { slot: target.slot, elsewhere: 0 });
            read(memory)
        }
        CallError::Lost { .. }
        | CallError::Throttled(_)
        | CallError::NoCredentials { .. }
        | CallError::InTransition { .. } => pause(memory),
        CallError::NotFound { .. } if memory.not_found < NOT_FOUND_MAX => {
            memory.not_found += 1;
            pause(memory)
        }
        final_error => give_up(memory, Failure::Call(final_error)),
    }
}

/// Lost the race: the next candidate, and a fresh read only when none is left.
fn next_candidate(memory: Memory, lost: &Target, mut rest: Vec<(SlotNumber, EniId)>) -> Next {
    if rest.is_empty() {
        return pause(memory);
    }
    let (slot, eni) = rest.remove(0);
    attach(memory, Target { slot, eni, index: lost.index }, rest)
}

/// EC2 sees less room than we do. An interface outside the pool has the index, or an attach of
/// ours is under way that the pool's read did not show yet: going on to the next index unexplained
/// would end with two slots on one instance.
fn explain(
    setup: &Setup,
    mut memory: Memory,
    target: &Target,
    refusal: CallError,
    own: OwnView,
) -> Next {
    let ours = own.iter().find(|a| a.slot.is_some() && a.status != AttachmentStatus::Detaching);
    if let Some((found, held)) = ours.and_then(|a| Some((a, a.slot?))) {
        if let Want::Only(wanted) = setup.want
            && wanted != held
        {
            return failed(Failure::HoldsAnother { held, wanted }, &memory);
        }
        return await_nic(Held {
            slot: held,
            eni: found.eni.clone(),
            attachment: found.attachment.clone(),
            index: found.index,
            resumed: memory.doubt.is_none_or(|doubt| doubt.slot != held),
        });
    }
    if matches!(refusal, CallError::NoRoom { .. }) {
        return give_up(memory, Failure::Call(refusal));
    }
    if own.iter().any(|a| a.slot.is_none() && a.index == target.index) {
        memory.taken.insert(target.index);
        return read(memory);
    }
    pause(memory)
}

fn detach_own(held: Held, why: Failure, tries: u8) -> Next {
    let effect = Effect::Detach { attachment: held.attachment.clone(), force: false };
    (State::RollingBack(held, why, tries), vec![effect])
}

fn after_rollback(held: Held, why: Failure, tries: u8, outcome: Result<(), CallError>) -> Next {
    match outcome {
        Ok(()) | Err(CallError::AttachmentGone) => (State::Failed { why, left: None }, vec![]),
        Err(
            CallError::Throttled(_)
            | CallError::NoCredentials { .. }
            | CallError::Lost { .. }
            | CallError::InTransition { .. }
            | CallError::NotFound { .. },
        ) if tries < ROLLBACK_TRIES_MAX => {
            let pause = Effect::Pause { round: u32::from(tries), past_deadline: true };
            (State::RollbackPausing(held, why, tries + 1), vec![pause])
        }
        Err(_) => (State::Failed { why, left: Some(held.slot) }, vec![]),
    }
}
