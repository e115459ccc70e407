//! The plan for a person: what is there, and what comes of it.

use std::fmt::Write;

use super::judge::Said;
use super::look::{Destination, Held, Holder, Seen, Task};
use super::{Order, utc};
use crate::claim::lost;
use crate::cloud::{AttachmentStatus, InstanceState};
use crate::operator::servers::{Server, Size};

/// What was seen and what is to be done, in lines.
pub fn plan(seen: &Seen, order: &Order) -> String {
    let slot = &seen.slot;
    let mut text = format!("{}\n", headline(seen));
    let mut line = |name: &str, said: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<10} {said}");
    };
    if let Some(held) = &seen.held {
        line("holder", &holder(held));
    }
    let (own, others): (Vec<&Server>, Vec<&Server>) =
        seen.servers.iter().partition(|server| server.slot == slot.number);
    if let [own] = own[..] {
        line("ZooKeeper", &format!("{} on {}", Said(own), own.address));
        for (place, other) in others.iter().enumerate() {
            let name = if place == 0 { "the others" } else { "" };
            line(name, &format!("slot {}: {} on {}", other.slot, Said(other), other.address));
        }
        line("quorum", &quorum(&others, seen.size));
    }
    if let Some(last) = &seen.last {
        line("last time", &format!("taken {last}"));
    }
    text + "What will happen:\n" + &listed(&next_steps(seen, order))
}

fn headline(seen: &Seen) -> String {
    let slot = &seen.slot;
    let what = match (seen.task(), &seen.to) {
        (Task::Nothing, _) => "is left as it is".to_owned(),
        (Task::Give, Some(to)) => format!("is to be attached to {}", to.id),
        (_, Some(to)) => format!("is to be taken from its holder and attached to {}", to.id),
        (_, None) => "is to be taken from its holder".to_owned(),
    };
    let address = slot.address();
    format!("Slot {} of pool {} ({address}, {}) {what}.", slot.number, seen.pool.name, slot.eni)
}

fn holder(held: &Held) -> String {
    let since = held.since.map(|since| format!(" since {}", utc(since))).unwrap_or_default();
    let attachment = &held.attachment;
    let leaving = match attachment.status {
        AttachmentStatus::Detaching => ", being detached",
        _ => "",
    };
    let attached = format!("attached{since}{leaving} ({})", attachment.id);
    match &held.holder {
        None => format!("no instance of this account; {attached}"),
        Some(Holder { id, state, group }) => {
            let group = group.as_ref().map(|it| format!(" of group {it}")).unwrap_or_default();
            format!("{id}{group}, {state}; {attached}")
        }
    }
}

fn quorum(others: &[&Server], size: Size) -> String {
    let needed = size.needed();
    let voting = others.iter().filter(|server| server.votes()).count();
    let verdict = match voting >= needed {
        true => "stays",
        false => "none can be seen",
    };
    let list = match size.ensemble {
        Some(servers) if servers != size.pool => {
            format!(" (the servers still go by a list of {servers})")
        }
        _ => String::new(),
    };
    format!(
        "{verdict} without it: {voting} of the other {} vote, {needed} must{list}",
        others.len()
    )
}

/// What comes of it, a sentence each.
pub fn next_steps(seen: &Seen, order: &Order) -> Vec<String> {
    let slot = seen.slot.number;
    let mut steps = Vec::new();
    if let (Task::Take, Some(held)) = (seen.task(), &seen.held) {
        steps.extend(of_holder(held, order));
    }
    match (seen.task(), &seen.to) {
        (Task::Nothing, Some(to)) => steps.push(format!("{} holds slot {slot} already", to.id)),
        (Task::Nothing, None) => steps.push(free(seen)),
        (_, Some(to)) => steps.push(given(seen, to)),
        (Task::Take | Task::Give, None) => steps.push(format!(
            "whichever instance in {} waits for a slot claims it; without one it stays free until \
             `steadfast claim` or `run` starts on one",
            seen.slot.zone
        )),
    }
    steps
}

fn free(seen: &Seen) -> String {
    format!("slot {} is held by no instance: there is nothing to take", seen.slot.number)
}

fn given(seen: &Seen, to: &Destination) -> String {
    format!(
        "slot {} is attached to {}: `steadfast run` there takes it up if it waits for a slot, else \
         start it",
        seen.slot.number, to.id
    )
}

fn of_holder(held: &Held, order: &Order) -> Vec<String> {
    let Some(Holder { id, state, .. }) = &held.holder else { return Vec::new() };
    let mut steps = Vec::new();
    if lost::sightings(*state).is_none() {
        steps.push(format!(
            "`steadfast run` on {id} kills its ZooKeeper when the slot goes, and ends; started again \
             it claims a free slot, this one too: stop it first if it is not to come back"
        ));
    }
    steps.push(match (order.force || lost::takes_force(*state), *state) {
        (true, _) => format!("EC2 takes it by force, and waits for nothing on {id}"),
        (false, InstanceState::ShuttingDown | InstanceState::Stopping) => {
            format!("EC2 takes it when {id} is down")
        }
        (false, _) => format!("EC2 takes it when the kernel of {id} lets go"),
    });
    if order.force && lost::sightings(*state).is_none() {
        // By EC2's reference of DetachNetworkInterface.
        steps.push(format!(
            "after that {id} may take no interface at that device index, and its IMDS may still list \
             this one, until it was stopped and started"
        ));
    }
    steps
}

fn listed(steps: &[String]) -> String {
    steps.iter().map(|step| format!("  - {step}\n")).collect()
}
