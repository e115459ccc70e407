//! What must hold in every world, and after every step.

use super::agent::{Ask, Brain};
use super::ec2::Name;
use super::world::{AGENTS, Move, World};

/// A promise of the claim that a world breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Two agents have come to hold one slot, and each has its NIC.
    TwoHolders,
    /// An agent came to hold a slot that is not attached to its instance.
    HoldsNothing,
    /// One instance has two slots that its agent attached.
    TwoSlots,
    /// A running holder's slot was taken from it by another's agent.
    Robbed,
    /// A claim failed and says that it left nothing, but it left an attachment.
    LeftBehind,
    /// The claim refused an event that did happen.
    Refused,
    /// Some agent can come to no end any more.
    Stuck,
    /// An agent goes round without ever pausing.
    Hurried,
}

/// What this step breaks.
pub fn broken<'a>(
    before: &'a World,
    mv: Move,
    after: &'a World,
    brain: &'a Brain,
) -> impl Iterator<Item = Broken> + 'a {
    let who = usize::from(mv.who);
    let any = move |is: fn(&World, usize, &World, &Brain) -> bool| {
        (0..AGENTS).any(|who| is(before, who, after, brain))
    };
    let found = [
        (who < AGENTS && is_robbery(before, who, after, brain), Broken::Robbed),
        (has_two_holders(after, brain), Broken::TwoHolders),
        (any(holds_nothing), Broken::HoldsNothing),
        (any(|_, who, after, _| has_two_slots(after, who)), Broken::TwoSlots),
        (any(|_, who, after, brain| left_behind(after, who, brain)), Broken::LeftBehind),
    ];
    found.into_iter().filter(|(is, _)| *is).map(|(_, what)| what)
}

fn held(world: &World, who: usize, brain: &Brain) -> Option<Name> {
    match world.ask(who, brain) {
        Some(Ask::Hold { of }) => Some(of),
        _ => None,
    }
}

/// A detach by one agent that ends the attachment of another instance which always ran.
fn is_robbery(before: &World, who: usize, after: &World, brain: &Brain) -> bool {
    let Some(Ask::Detach { of, .. }) = before.ask(who, brain) else { return false };
    let Some(attached) = before.ec2.attached(of) else { return false };
    let is_touched = before.ec2.slots[of.at()].now() != after.ec2.slots[of.at()].now();
    is_touched
        && usize::from(attached.host) != who
        && !before.ec2.was_down[usize::from(attached.host)]
}

/// On arrival the slot is attached here, or was taken by an operator, or while the instance was
/// down, or is on its way out after this agent gave it back and then died: until the NIC goes,
/// neither a stale read nor the kernel can tell.
fn holds_nothing(before: &World, who: usize, after: &World, brain: &Brain) -> bool {
    let Some(name) = held(after, who, brain).filter(|_| held(before, who, brain).is_none()) else {
        return false;
    };
    let attached = after.ec2.attached(name);
    let is_here = attached.is_some_and(|a| usize::from(a.host) == who && !a.leaving);
    let is_leaving = after.agents[who].gave_back == Some(name) && attached.is_some();
    !is_here && !is_leaving && after.operated != Some(name) && !after.ec2.was_down[who]
}

/// Two that hold a slot and have its NIC. One whose instance was off, and who lost the slot for
/// that, does not count: by force EC2 takes it at once, and its NIC lingers, without a network.
fn has_two_holders(world: &World, brain: &Brain) -> bool {
    let has_lost = |who: usize, name| world.ec2.was_down[who] && world.ec2.attached(name).is_none();
    let holder = |who: usize| {
        let name = held(world, who, brain)?;
        (world.has_nic(who as u8, name.at()) && !has_lost(who, name)).then_some(name.slot)
    };
    let slots: Vec<_> = (0..AGENTS).filter_map(holder).collect();
    (1..slots.len()).any(|at| slots[..at].contains(&slots[at]))
}

fn has_two_slots(world: &World, who: usize) -> bool {
    world.attached_by(who as u8, None).nth(1).is_some()
}

fn left_behind(world: &World, who: usize, brain: &Brain) -> bool {
    let Some(Ask::Fail { left: None }) = world.ask(who, brain) else { return false };
    let of_this_run = world.attached_by(who as u8, Some(world.agents[who].run));
    let mut staying =
        of_this_run.filter(|&slot| world.ec2.slots[slot].now().is_some_and(|a| !a.leaving));
    staying.next().is_some()
}
