//! What befalls the pools, and how each is whole again.

use super::{Addresses, KAFKA, ZOOKEEPER, kafka, operators};
use crate::brokers::START;
use crate::report::Kind;
use crate::stage::{ENSEMBLE, IN_SYNC, Plan, SERVERS, Stage};
use crate::{Result, now, wait_for, words};

/// One server is lost, in one way, and replaced.
pub fn one(kind: Kind, slot: u8, addresses: &Addresses, stage: &mut Stage<'_>) -> Result<()> {
    let plan = plan(kind, slot, addresses, stage);
    let topic = format!("after-{}", stage.events().len());
    stage.happen(plan, |stage, _, outcome| {
        let old = lose(kind, slot, stage)?;
        operators::replace(kind, slot, &old, stage)?;
        outcome.full_at = Some(whole(&[(slot, old)], addresses, stage)?);
        outcome.asked.push(kafka(addresses, &stage.region).create_topic(&topic)?);
        settle(stage)
    })?;
    Ok(())
}

/// The leader's host hangs for as long as Kafka is asked for changes, and is replaced then. It is asked once
/// brokers have found another server: leaders that are elected before wait for that.
pub fn changes_meanwhile(addresses: &Addresses, stage: &mut Stage<'_>) -> Result<()> {
    let slot = leader(addresses, stage)?;
    let label = format!("changes while server {slot} hangs");
    let plan = Plan { kind: Kind::ChangesMeanwhile, slots: vec![slot], was_leader: true, label };
    stage.happen(plan, |stage, _, outcome| {
        let old = lose(Kind::Hung, slot, stage)?;
        operators::wait_others(stage)?;
        stage.wait_connected(ENSEMBLE)?;
        let asker = kafka(addresses, &stage.region);
        outcome.asked.push(asker.create_topic("meanwhile")?);
        outcome.asked.extend(asker.elect_leaders()?);
        operators::replace(Kind::Hung, slot, &old, stage)?;
        outcome.full_at = Some(whole(&[(slot, old)], addresses, stage)?);
        settle(stage)
    })?;
    Ok(())
}

/// Both followers are lost with their disks. What is left is the leader's, with every acknowledged write;
/// two empty disks of three wait for an operator's decision.
pub fn two_at_once(addresses: &Addresses, stage: &mut Stage<'_>) -> Result<()> {
    let leader = leader(addresses, stage)?;
    let slots: Vec<u8> = (1..=SERVERS).filter(|slot| *slot != leader).collect();
    let [first, second] = slots[..] else { return Err("two servers follow, of three".into()) };
    let label = format!("servers {first} and {second} terminated at once");
    let plan = Plan { kind: Kind::TwoTerminated, slots: slots.clone(), was_leader: false, label };
    stage.happen(plan, |stage, _, outcome| {
        let holder = |slot: &u8| Ok((*slot, stage.region.holder(ZOOKEEPER, *slot)?));
        let lost: Vec<(u8, String)> = slots.iter().map(holder).collect::<Result<_>>()?;
        for (_, instance) in &lost {
            stage.region.local().terminate(instance)?;
        }
        for (slot, old) in &lost {
            replaced(*slot, old, stage)?;
        }
        operators::bootstrap(first, stage)?;
        outcome.full_at = Some(whole(&lost, addresses, stage)?);
        outcome.asked.push(kafka(addresses, &stage.region).create_topic("after-two")?);
        settle(stage)
    })?;
    Ok(())
}

/// The broker that is the controller is lost with its disk; its replacement has its address and its id.
pub fn broker(addresses: &Addresses, stage: &mut Stage<'_>) -> Result<()> {
    let broker = stage.brokers.controller(&stage.region)?;
    let label = format!("broker {broker} terminated (controller)");
    let plan = Plan { kind: Kind::BrokerTerminated, slots: vec![broker], was_leader: true, label };
    stage.happen(plan, |stage, since, outcome| {
        let old = stage.region.holder(KAFKA, broker)?;
        let address = stage.region.slot(KAFKA, broker)?.ipv4;
        stage.region.local().terminate(&old)?;
        stage.brokers.lose(broker, since);
        let new = new_holder(KAFKA, broker, &old, stage)?;
        stage.brokers.begin(broker, new, now());
        if stage.region.slot(KAFKA, broker)?.ipv4 != address {
            return Err(format!("broker {broker} has another address").into());
        }
        let life = stage.brokers.living_one(broker)?;
        let started = stage.brokers.wait_one_started(life, since, START, &stage.region)?;
        stage.screen.say(&format!("broker {broker} serves again after {:.1} s", started - since));
        outcome.full_at = Some(stage.wait_in_sync(started, IN_SYNC)?);
        outcome.asked.push(kafka(addresses, &stage.region).create_topic("after-broker")?);
        settle(stage)
    })?;
    Ok(())
}

fn plan(kind: Kind, slot: u8, addresses: &Addresses, stage: &Stage<'_>) -> Plan {
    let was_leader = leader(addresses, stage).is_ok_and(|it| it == slot);
    let label = words::loss(kind, slot, was_leader);
    Plan { kind, slots: vec![slot], was_leader, label }
}

/// The leader's slot.
fn leader(addresses: &Addresses, stage: &Stage<'_>) -> Result<u8> {
    let leader = wait_for("a leader", ENSEMBLE, || Ok(stage.leader()))?;
    let is_it = |(_, address): &(u8, &String)| leader == format!("{address}:2181");
    let found = (1..).zip(&addresses.zookeeper).find(is_it).map(|(slot, _)| slot);
    found.ok_or_else(|| format!("{leader} leads, which is in no slot").into())
}

/// Loses a slot's holder; the answer is the instance.
fn lose(kind: Kind, slot: u8, stage: &Stage<'_>) -> Result<String> {
    let instance = stage.region.holder(ZOOKEEPER, slot)?;
    stage.region.lose(kind, &instance)?;
    Ok(instance)
}

/// Waits for a slot's next holder.
fn new_holder(pool: &str, slot: u8, old: &str, stage: &Stage<'_>) -> Result<String> {
    wait_for(&format!("the next holder of slot {slot}"), ENSEMBLE, || {
        let holder = stage.region.slot(pool, slot)?.instance;
        Ok(holder.filter(|it| it != old))
    })
}

fn replaced(slot: u8, old: &str, stage: &Stage<'_>) -> Result<()> {
    let new = new_holder(ZOOKEEPER, slot, old, stage)?;
    stage.screen.say(&format!("{new} has slot {slot}, and its address"));
    Ok(())
}

/// Waits until what was lost is replaced and every server is a member; the answer is when it was.
fn whole(lost: &[(u8, String)], addresses: &Addresses, stage: &Stage<'_>) -> Result<f64> {
    let mut full_at: f64 = 0.0;
    for (slot, old) in lost {
        new_holder(ZOOKEEPER, *slot, old, stage)?;
        let since = now();
        let address = addresses.zookeeper.get(usize::from(*slot) - 1).ok_or("no such slot")?;
        let member = wait_for(&format!("server {slot} a member again"), ENSEMBLE, || {
            Ok(stage.watch.member_after(&format!("{address}:2181"), since))
        })?;
        full_at = full_at.max(member.at);
    }
    match stage.modes().len() == usize::from(SERVERS) {
        true => Ok(full_at),
        // Another one was none meanwhile.
        false => stage.wait_members(usize::from(SERVERS)).map(|()| now()),
    }
}

/// Waits until what a loss did shows: to sessions, and to messages.
fn settle(stage: &Stage<'_>) -> Result<()> {
    stage.wait_connected(ENSEMBLE)?;
    stage.wait_messages()
}
