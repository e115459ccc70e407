//! Every step that the world may take next.

use super::agent::{Ask, Brain};
use super::ec2::{HOSTS, Life, Name, SLOTS};
use super::perform::{configured, detached, outcomes, unconfigured};
use super::world::{AGENTS, Agent, Config, Flight, Kind, Move, What, World};

/// The steps from a world; `Err` names an event that the claim refuses.
pub type Moves = Vec<(Move, Option<World>)>;

/// Every step from this world. A step without a world after it: the claim refuses the event.
pub fn moves(world: &World, config: &Config, brain: &mut Brain) -> Moves {
    let mut moves = vec![];
    for who in 0..config.agents {
        match world.agents[who].local {
            Some(_) => {
                act(world, config, brain, who, &mut moves);
                die(world, config, brain, who, &mut moves);
            }
            None => start(world, brain, who, &mut moves),
        }
        local_moves(world, config, who, &mut moves);
    }
    for host in 0..HOSTS {
        live_on(world, config, host, &mut moves);
    }
    for slot in 0..SLOTS {
        slot_moves(world, config, slot, &mut moves);
    }
    late_attach(world, config, &mut moves);
    moves
}

fn add(to: &mut Moves, who: usize, what: What, kind: Kind, world: World) {
    to.push((Move { who: who as u8, what, kind }, Some(world)));
}

/// The agent's request is carried out, or the answer to it arrives.
fn act(world: &World, config: &Config, brain: &mut Brain, who: usize, to: &mut Moves) {
    if let Some(answer) = world.agents[who].answer {
        let mv = Move { who: who as u8, what: What::Arrived(answer), kind: Kind::Due };
        to.push((mv, world.tell(who, answer, brain)));
        return;
    }
    let Some(ask) = world.ask(who, brain) else { return };
    for (mut after, answer, kind) in outcomes(world, config, who, ask) {
        if config.do_answers_travel {
            after.agents[who].answer = Some(answer);
            add(to, who, What::Done(answer), kind, after);
        } else {
            let mv = Move { who: who as u8, what: What::Answered(answer), kind };
            to.push((mv, after.tell(who, answer, brain)));
        }
    }
}

/// The agent dies, and forgets everything but its facts file.
fn die(world: &World, config: &Config, brain: &Brain, who: usize, to: &mut Moves) {
    let mut after = *world;
    let Some(left) = after.budget.crashes.checked_sub(1) else { return };
    after.budget.crashes = left;
    after.agents[who] = dead(after.agents[who]);
    add(to, who, What::Died, Kind::Fault, after);
    if world.agents[who].answer.is_some() {
        return;
    }
    let asked = match world.ask(who, brain) {
        Some(Ask::Attach { slot, index }) => {
            let run = world.agents[who].run;
            let flight = Flight { who: who as u8, run, slot: slot as u8, index };
            Some(World { flight: Some(flight), ..after })
        }
        Some(Ask::Detach { of, force }) => Some(detached(&after, config, Some(who), (of, force)).0),
        Some(Ask::Configure { of }) => Some(configured(after, who, of)),
        Some(Ask::Unconfigure) => Some(unconfigured(after, who)),
        _ => None,
    };
    if let Some(after) = asked {
        add(to, who, What::DiedAfterAsking, Kind::Fault, after);
    }
}

fn dead(agent: Agent) -> Agent {
    Agent { local: None, answer: None, in_use: None, ..agent }
}

fn start(world: &World, brain: &mut Brain, who: usize, to: &mut Moves) {
    if !world.is_up(who) {
        return;
    }
    let mut after = *world;
    let agent = &mut after.agents[who];
    agent.local = Some(brain.start());
    agent.run += 1;
    agent.in_use = agent.facts;
    add(to, who, What::Started, Kind::Fault, after);
}

/// The kernel and IMDS come to show what EC2 has.
fn local_moves(world: &World, config: &Config, who: usize, to: &mut Moves) {
    for slot in (0..SLOTS).filter(|_| world.is_up(who)) {
        let attached = world.ec2.slots[slot].now().filter(|a| usize::from(a.host) == who);
        let staying = attached.filter(|a| !a.leaving);
        let (bit, small) = (1_u8 << slot, slot as u8);
        let has_nic = world.kernel[who] & bit != 0;
        let listed = world.imds[who][slot];
        let mut after = *world;
        if let Some(a) = staying.filter(|_| !has_nic) {
            after.kernel[who] |= bit;
            if !config.is_imds_late {
                after.imds[who][slot] = a.index;
            }
            add(to, who, What::NicAppears { slot: small }, Kind::Due, after);
        } else if staying.is_none() && has_nic {
            after.kernel[who] &= !bit;
            if !config.is_imds_late {
                after.imds[who][slot] = 0;
            }
            add(to, who, What::NicGoes { slot: small }, Kind::Due, after);
        }
        let mut after = *world;
        if let Some(a) = staying.filter(|_| config.is_imds_late && listed == 0) {
            after.imds[who][slot] = a.index;
            add(to, who, What::ImdsLearns { slot: small }, Kind::Due, after);
        } else if config.is_imds_late && attached.is_none() && listed != 0 {
            after.imds[who][slot] = 0;
            add(to, who, What::ImdsForgets { slot: small }, Kind::Due, after);
        }
    }
}

/// The next turn of an instance's fate.
fn live_on(world: &World, config: &Config, host: usize, to: &mut Moves) {
    let Some(&life) = config.fates[host].get(usize::from(world.fate[host])) else { return };
    let mut after = *world;
    after.fate[host] += 1;
    after.ec2.live(host, life, &config.rules);
    if host < AGENTS && !life.is_up() {
        // The facts file is in /run: a reboot loses it.
        after.agents[host] = Agent { facts: None, ..dead(after.agents[host]) };
        after.kernel[host] = 0;
        after.imds[host] = [0; SLOTS];
        after.flight = after.flight.filter(|flight| usize::from(flight.who) != host);
    }
    add(to, host, What::Becomes(life), Kind::Fault, after);
}

fn slot_moves(world: &World, config: &Config, slot: usize, to: &mut Moves) {
    let Some(attached) = world.ec2.slots[slot].now() else { return };
    let host = usize::from(attached.host);
    let small = slot as u8;
    let mut after = *world;
    // EC2 shows a detached interface as free only when the running holder's kernel let go of it.
    if attached.leaving && !(world.is_up(host) && world.has_nic(attached.host, slot)) {
        after.ec2.set(slot, None, &config.rules);
        add(to, host, What::DetachCompletes { slot: small }, Kind::Due, after);
        return;
    }
    if matches!(world.ec2.lives[host].now(), Life::Terminated | Life::Gone) {
        after.ec2.set(slot, None, &config.rules);
        add(to, host, What::ReleasedByDeath { slot: small }, Kind::Due, after);
    }
    if let Some(left) = world.budget.operator.checked_sub(1).filter(|_| !attached.leaving) {
        let name = Name { slot: small, serial: attached.serial };
        let (mut after, outcome) = detached(world, config, None, (name, false));
        after.budget.operator = left;
        after.operated = Some(name);
        if outcome.is_ok() {
            add(to, host, What::OperatorDetaches { slot: small }, Kind::Fault, after);
        }
    }
}

/// A dead agent's attach reaches EC2 after all.
fn late_attach(world: &World, config: &Config, to: &mut Moves) {
    let Some(Flight { who, run, slot, index }) = world.flight else { return };
    let mut after = World { flight: None, ..*world };
    // Refused or not, nobody is told.
    let _ = after.ec2.attach((who, run), slot.into(), index, &config.rules);
    add(to, who.into(), What::LateAttach { slot }, Kind::Fault, after);
}
