//! The ways on that several edges share: each is the next state with the effect that it waits for.

use super::memory::SETTLE_READS_MAX;
use super::state::{Effect, Held, Setup, State, Target};
use super::{Failure, Memory};
use crate::ids::{EniId, SlotNumber};

/// The next state, and what the agent is to do.
pub(super) type Next = (State, Vec<Effect>);

/// Reads the pool.
pub(super) fn read(memory: Memory) -> Next {
    (State::Reading(memory), vec![Effect::ReadPool])
}

/// No progress: waits, then reads again.
pub(super) fn pause(memory: Memory) -> Next {
    let settling = memory.giving_up.is_some();
    let effect = Effect::Pause { round: memory.idle_reads, past_deadline: settling };
    (State::Pausing(memory.idle()), vec![effect])
}

/// Something moves: waits as briefly as at first, then reads again.
pub(super) fn pause_briefly(memory: Memory) -> Next {
    pause(Memory { idle_reads: 0, ..memory })
}

/// Attached, says EC2: waits for the kernel to say so, too.
pub(super) fn await_nic(held: Held) -> Next {
    (State::AwaitingNic(held.clone()), vec![Effect::AwaitNic(held)])
}

/// Tries a slot, with the other candidates of the same read behind it.
pub(super) fn attach(memory: Memory, target: Target, rest: Vec<(SlotNumber, EniId)>) -> Next {
    let effect = Effect::Attach(target.clone());
    (State::Attaching { target, rest, memory }, vec![effect])
}

/// The end, with what is or may be left attached.
pub(super) fn failed(why: Failure, memory: &Memory) -> Next {
    let left = memory.doubt.as_ref().map(|doubt| doubt.slot);
    (State::Failed { why, left }, vec![])
}

/// Fails, but first settles an attach of unknown outcome, which is otherwise left behind.
pub(super) fn give_up(mut memory: Memory, why: Failure) -> Next {
    if let Some((first, _)) = memory.giving_up.take() {
        return failed(first, &memory);
    }
    if memory.doubt.is_none() {
        return failed(why, &memory);
    }
    memory.giving_up = Some((why, 0));
    memory.idle_reads = 0;
    read(memory)
}

/// A read that settled nothing. A claim that gives up reads a bounded number of times.
pub(super) fn unsettled(mut memory: Memory) -> Next {
    if let Some((why, reads)) = &mut memory.giving_up {
        *reads += 1;
        if *reads > SETTLE_READS_MAX {
            let why = why.clone();
            return give_up(memory, why);
        }
    }
    pause(memory)
}

/// Gives back what is attached, unless an earlier run brought it into use.
pub(super) fn roll_back(setup: &Setup, held: Held, why: Failure) -> Next {
    if setup.in_use.as_ref() == Some(&held.attachment) {
        return (State::Failed { why, left: Some(held.slot) }, vec![]);
    }
    let effect = Effect::Unconfigure(held.clone());
    (State::Undoing(held, why), vec![effect])
}
