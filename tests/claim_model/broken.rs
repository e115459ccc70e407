//! Claims and an EC2 that are wrong on purpose: each must be caught, or the checker checks nothing.

use std::collections::BTreeMap;

use steadfast::claim::{Effect, Event, Held, OwnAttachment, Setup, State, Target};
use steadfast::cloud::{AttachmentStatus, CallError, InstanceState};

use super::agent::honest;
use super::ec2::Name;
use super::names;

type Next = Option<(State, Vec<Effect>)>;

/// Forgets that an attach got no answer.
pub fn forgets_its_doubt(setup: &Setup, state: &State, event: Event) -> Next {
    let (mut state, effects) = honest(setup, state, event)?;
    if let State::Reading(memory) | State::Pausing(memory) = &mut state {
        memory.doubt = None;
    }
    Some((state, effects))
}

/// Never repeats an attach that got no answer.
pub fn waits_out_its_doubt(setup: &Setup, state: &State, event: Event) -> Next {
    let (next, effects) = honest(setup, state, event)?;
    match next {
        State::Attaching { memory, .. } if memory.doubt.is_some() => {
            Some((State::Pausing(memory), vec![Effect::Pause { round: 0, past_deadline: false }]))
        }
        _ => Some((next, effects)),
    }
}

/// Takes every holder for a lost one.
pub fn takes_everyone_for_dead(setup: &Setup, state: &State, event: Event) -> Next {
    let event = match event {
        Event::HoldersRead(Ok(states)) => {
            let dead = states.into_keys().map(|id| (id, InstanceState::Terminated));
            Event::HoldersRead(Ok(dead.collect::<BTreeMap<_, _>>()))
        }
        other => other,
    };
    honest(setup, state, event)
}

/// Takes whatever has a device index for an interface outside the pool.
pub fn goes_on_to_the_next_index(setup: &Setup, state: &State, event: Event) -> Next {
    let event = match (state, event) {
        (State::Explaining { target, .. }, Event::OwnRead(Ok(_))) => {
            Event::OwnRead(Ok(vec![OwnAttachment {
                eni: names::foreign_eni(),
                slot: None,
                attachment: names::foreign_attachment(),
                index: target.index,
                status: AttachmentStatus::Attached,
            }]))
        }
        (_, event) => event,
    };
    honest(setup, state, event)
}

/// Takes an attach that got no answer for one that was applied, and waits for no NIC.
pub fn takes_silence_for_success(setup: &Setup, state: &State, event: Event) -> Next {
    match (state, &event) {
        (State::Attaching { target, .. }, Event::Attached(Err(CallError::Lost { .. }))) => {
            let Target { slot, eni, index } = target.clone();
            let name = Name { slot: slot.get() - 1, serial: 1 };
            let attachment = names::attachment(name);
            Some((State::Held(Held { slot, eni, attachment, index, resumed: false }), vec![]))
        }
        _ => honest(setup, state, event),
    }
}

/// Reads again without a pause.
pub fn never_pauses(setup: &Setup, state: &State, event: Event) -> Next {
    match honest(setup, state, event)? {
        (State::Pausing(memory), _) => Some((State::Reading(memory), vec![Effect::ReadPool])),
        next => Some(next),
    }
}

/// Knows no signal.
pub fn refuses_a_signal(setup: &Setup, state: &State, event: Event) -> Next {
    if matches!(event, Event::Interrupted) { None } else { honest(setup, state, event) }
}
