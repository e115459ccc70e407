//! What may come of an agent's request: every answer that EC2, IMDS and the kernel could give.

use super::agent::{Answer, Ask};
use super::ec2::{Attached, HOSTS, History, Life, Name, Refusal, SLOTS};
use super::world::{AGENTS, Budget, Config, Flight, Kind, UNLIMITED, World};

/// An outcome: the world after it, the answer, and how it counts.
pub type Outcome = (World, Answer, Kind);

/// Every outcome of what the agent waits for.
pub fn outcomes(world: &World, config: &Config, who: usize, ask: Ask) -> Vec<Outcome> {
    match ask {
        Ask::ReadPool => read_pool(world, config, who),
        Ask::ReadHolders { hosts } => read_holders(world, config, hosts),
        Ask::ReadOwn => read_own(world, config),
        Ask::Attach { slot, index } => attach(world, config, who, slot, index),
        Ask::Detach { of, force } => detach(world, config, who, (of, force)),
        Ask::AwaitNic { of } => await_nic(world, who, of),
        Ask::Configure { of } => configure(world, who, of),
        Ask::Unconfigure => vec![(unconfigured(*world, who), Answer::Unconfigured, Kind::Due)],
        Ask::Pause { past_deadline } => pause(world, past_deadline),
        Ask::Hold { .. } | Ask::Fail { .. } => vec![],
    }
}

/// The world with one of something less, if there is one left.
fn spend(world: &World, of: impl Fn(&mut Budget) -> &mut u8) -> Option<World> {
    let mut world = *world;
    let left = of(&mut world.budget);
    *left = left.checked_sub(1)?;
    Some(world)
}

/// An answer that is a fault out of a budget.
fn fault(world: &World, of: impl Fn(&mut Budget) -> &mut u8, answer: Answer) -> Option<Outcome> {
    spend(world, of).map(|world| (world, answer, Kind::Fault))
}

/// Each slot in each version that a read may show: they need not fit together.
fn shown(world: &World, config: &Config) -> Vec<(World, [Option<Attached>; SLOTS])> {
    let now = world.ec2.slots.map(|slot| slot.now());
    let views = product(&world.ec2.slots, config.rules.slot_versions).into_iter();
    views
        .filter_map(|view| Some((pay(world, |b| &mut b.stale_reads, view != now)?, view)))
        .collect()
}

/// The world with one stale read less, if it was one, and if there was one left.
fn pay(world: &World, of: impl Fn(&mut Budget) -> &mut u8, is_stale: bool) -> Option<World> {
    match is_stale && *of(&mut world.budget.clone()) != UNLIMITED {
        true => spend(world, of),
        false => Some(*world),
    }
}

fn product<T: Copy + PartialEq, const N: usize>(of: &[History<T>; N], depth: usize) -> Vec<[T; N]> {
    let mut shown = vec![of.map(|history| history.now())];
    for (at, history) in of.iter().enumerate() {
        let older: Vec<_> = history.readable(depth).skip(1).collect();
        for base in shown.clone() {
            shown.extend(older.iter().map(|&version| {
                let mut view = base;
                view[at] = version;
                view
            }));
        }
    }
    shown
}

fn read_pool(world: &World, config: &Config, who: usize) -> Vec<Outcome> {
    let (mut macs, mut indexes) = (world.kernel[who], 1_u8);
    for (slot, &index) in world.imds[who].iter().enumerate().filter(|(_, index)| **index != 0) {
        indexes |= 1 << index;
        macs |= u8::from(!config.is_imds_ignored) << slot;
    }
    if let Some(index) = config.rules.foreign.filter(|_| config.is_foreign_known) {
        indexes |= 1 << index;
    }
    let views = shown(world, config).into_iter();
    let view = |(world, slots)| (world, Answer::Pool { slots, macs, indexes }, Kind::Due);
    let unread = fault(world, |b| &mut b.throttles, Answer::PoolUnread(Refusal::Throttled));
    views.map(view).chain(unread).collect()
}

fn read_own(world: &World, config: &Config) -> Vec<Outcome> {
    let views = shown(world, config).into_iter();
    let foreign = config.rules.foreign;
    let view = |(world, slots)| (world, Answer::Own { slots, foreign }, Kind::Due);
    let unread = fault(world, |b| &mut b.throttles, Answer::OwnUnread(Refusal::Throttled));
    views.map(view).chain(unread).collect()
}

fn read_holders(world: &World, config: &Config, hosts: u8) -> Vec<Outcome> {
    let is_asked = |host: usize| hosts & (1 << host) != 0;
    // What was not asked is not told.
    let asked: [History<Life>; HOSTS] = std::array::from_fn(|host| match is_asked(host) {
        true => world.ec2.lives[host],
        false => History::new(Life::Running),
    });
    let now = asked.map(|life| life.now());
    let views = product(&asked, config.rules.life_versions).into_iter();
    let views = views.filter_map(|lives| {
        let world = pay(world, |b| &mut b.stale_lives, lives != now)?;
        Some((world, Answer::Holders(lives), Kind::Due))
    });
    let unread = fault(world, |b| &mut b.throttles, Answer::HoldersUnread(Refusal::Throttled));
    views.chain(unread).collect()
}

fn attach(world: &World, config: &Config, who: usize, slot: usize, index: u8) -> Vec<Outcome> {
    let mut after = *world;
    let by = (who as u8, world.agents[who].run);
    let answers = match after.ec2.attach(by, slot, index, &config.rules) {
        Ok(serial) => vec![Answer::Attached(Ok(Name { slot: slot as u8, serial }))],
        Err(reasons) => reasons.into_iter().map(|why| Answer::Attached(Err(why))).collect(),
    };
    let answered = answers.into_iter().map(|answer| (after, answer, Kind::Due));
    let refusal = |why| Answer::Attached(Err(why));
    let flight = Flight { who: by.0, run: by.1, slot: slot as u8, index };
    let later = World { flight: Some(flight), ..*world };
    let later = (config.do_attaches_linger && world.flight.is_none())
        .then(|| fault(&later, |b| &mut b.losses, refusal(Refusal::Lost)));
    let faults = [
        later.flatten(),
        fault(&after, |b| &mut b.losses, refusal(Refusal::Lost)),
        fault(world, |b| &mut b.losses, refusal(Refusal::Lost)).filter(|_| after != *world),
        fault(world, |b| &mut b.throttles, refusal(Refusal::Throttled)),
        fault(world, |b| &mut b.denials, refusal(Refusal::Denied)),
    ];
    answered.chain(faults.into_iter().flatten()).collect()
}

/// The world after a detach by an agent or by the operator, and what EC2 says.
pub fn detached(
    world: &World,
    config: &Config,
    by: Option<usize>,
    (of, force): (Name, bool),
) -> (World, Result<(), Refusal>) {
    let mut after = *world;
    let holder = world.ec2.attached(of).map(|a| usize::from(a.host));
    // The kernels of instances without an agent are not modelled: theirs have what they hold.
    let is_plugged = |host| host >= AGENTS || world.has_nic(host as u8, of.at());
    let outcome = after.ec2.detach(of, force, holder.is_none_or(is_plugged), &config.rules);
    if let Some(who) = by.filter(|_| by == holder && outcome.is_ok()) {
        after.agents[who].gave_back = Some(of);
    }
    (after, outcome)
}

fn detach(world: &World, config: &Config, who: usize, what: (Name, bool)) -> Vec<Outcome> {
    let (after, outcome) = detached(world, config, Some(who), what);
    let refusal = |why| Answer::Detached(Err(why));
    let faults = [
        fault(&after, |b| &mut b.losses, refusal(Refusal::Lost)),
        fault(world, |b| &mut b.losses, refusal(Refusal::Lost)).filter(|_| after != *world),
        fault(world, |b| &mut b.throttles, refusal(Refusal::Throttled)),
        fault(world, |b| &mut b.denials, refusal(Refusal::Denied)),
    ];
    let answered = (after, Answer::Detached(outcome), Kind::Due);
    std::iter::once(answered).chain(faults.into_iter().flatten()).collect()
}

fn await_nic(world: &World, who: usize, of: Name) -> Vec<Outcome> {
    let ended = fault(world, |b| &mut b.ends, Answer::Interrupted);
    if world.has_nic(who as u8, of.at()) {
        let appeared = (*world, Answer::NicAppeared, Kind::Due);
        return std::iter::once(appeared).chain(ended).collect();
    }
    let is_coming =
        world.ec2.slots[of.at()].now().is_some_and(|a| usize::from(a.host) == who && !a.leaving);
    let missing = match is_coming {
        true => fault(world, |b| &mut b.missing, Answer::NicMissing),
        // It will never come: the wait does end.
        false => Some((*world, Answer::NicMissing, Kind::Due)),
    };
    missing.into_iter().chain(ended).collect()
}

fn configure(world: &World, who: usize, of: Name) -> Vec<Outcome> {
    let failed = Answer::Configured { is_ok: false };
    if !world.has_nic(who as u8, of.at()) {
        return vec![(*world, failed, Kind::Due)];
    }
    let configured = (configured(*world, who, of), Answer::Configured { is_ok: true }, Kind::Due);
    let failed = fault(world, |b| &mut b.host_errors, failed);
    std::iter::once(configured).chain(failed).collect()
}

/// The facts file is written.
pub fn configured(mut world: World, who: usize, of: Name) -> World {
    world.agents[who].facts = Some(of);
    world
}

/// The facts file is removed.
pub fn unconfigured(mut world: World, who: usize) -> World {
    world.agents[who].facts = None;
    world
}

fn pause(world: &World, past_deadline: bool) -> Vec<Outcome> {
    let over = (*world, Answer::PauseOver, Kind::Pause);
    let ends = [Answer::DeadlinePassed, Answer::Interrupted];
    let ends = ends.into_iter().filter(|_| !past_deadline);
    let ends = ends.filter_map(|answer| fault(world, |b| &mut b.ends, answer));
    std::iter::once(over).chain(ends).collect()
}
