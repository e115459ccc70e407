//! What befalls plain instances.

use std::time::{Duration, Instant};

use super::ready::start_broker;
use super::servers::Servers;
use crate::brokers::registrations;
use crate::kafka::Kafka;
use crate::report::Kind;
use crate::stage::{Forgotten, Outcome, Plan, SERVERS, Stage};
use crate::{Result, interrupt, now, wait_for, words};

/// How long a replacement may take to be a member, a broker to find a server, and one to serve: with the pool
/// all are there in less than half of it.
const RETURN: Duration = Duration::from_secs(45);
/// From one look at who is connected and registered to the next, which reads logs and asks a server.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One server is lost and replaced; the answer is whether Kafka still does what it is asked for.
pub fn one(kind: Kind, id: u8, servers: &mut Servers, stage: &mut Stage<'_>) -> Result<bool> {
    let address = servers.get(id)?.address();
    let was_leader = stage.leader().is_some_and(|it| it == address);
    let label = words::loss(kind, id, was_leader);
    let plan = Plan { kind, slots: vec![id], was_leader, label };
    let topic = format!("after-{}", stage.events().len());
    let event = stage.happen(plan, |stage, _, outcome| {
        lose(kind, &servers.get(id)?.instance.id, stage)?;
        let new = servers.replace(id, &stage.region)?;
        let (instance, address) = (&new.instance.id, new.address());
        stage.screen.say(&format!("{instance} is server {id} now, at {address}"));
        stage.watch = servers.watch(&stage.region)?;
        see(outcome, stage)?;
        let asker = Kafka { region: &stage.region, bootstrap: &servers.bootstrap };
        outcome.asked.push(asker.create_topic(&topic)?);
        stage.wait_messages()
    })?;
    Ok(event.asked.iter().all(|it| it.is_done))
}

/// The broker that was elected controller last is lost with its disk, and replaced at once: the same id, what
/// all brokers were told, another address.
pub fn broker(servers: &Servers, stage: &mut Stage<'_>) -> Result<()> {
    let broker = stage.brokers.controller(&stage.region)?;
    let label = format!("broker {broker} terminated");
    let plan = Plan { kind: Kind::BrokerTerminated, slots: vec![broker], was_leader: true, label };
    stage.happen(plan, |stage, since, outcome| {
        let old = stage.brokers.living_one(broker)?.instance.clone();
        let zone = stage.region.instance(&old)?.zone;
        stage.region.local().terminate(&old)?;
        stage.brokers.lose(broker, since);
        start_broker(broker, zone, &servers.connect, &mut stage.brokers, &stage.region)?;
        let life = stage.brokers.living_one(broker)?;
        let started = stage.brokers.wait_one_started(life, since, RETURN, &stage.region);
        interrupt::check()?;
        if let Ok(started) = started {
            outcome.full_at = stage.wait_in_sync(started, RETURN).ok();
        }
        interrupt::check()
    })?;
    Ok(())
}

fn lose(kind: Kind, instance: &str, stage: &Stage<'_>) -> Result<()> {
    stage.region.lose(kind, instance)?;
    match kind {
        // Operators make sure that it does not come back beside its replacement.
        Kind::Hung | Kind::CutOff => Ok(stage.region.local().terminate(instance)?),
        _ => Ok(()),
    }
}

/// Looks until every server is a member and every broker has found one, or nobody waits any more.
fn see(outcome: &mut Outcome, stage: &Stage<'_>) -> Result<()> {
    let mut looked: Option<Instant> = None;
    let seen = wait_for("all as before", RETURN, || {
        let is_whole = stage.modes().len() == usize::from(SERVERS) && stage.leader().is_some();
        if is_whole && outcome.full_at.is_none() {
            outcome.full_at = Some(now());
        }
        if looked.is_some_and(|it| it.elapsed() < LOOK_AGAIN) {
            return Ok(None);
        }
        looked = Some(Instant::now());
        let count = forgotten(stage)?;
        if count > outcome.forgotten.map_or(0, |it| it.count) {
            outcome.forgotten = Some(Forgotten { count, at: now() });
        }
        Ok((is_whole && stage.brokers.are_connected(&stage.region)).then_some(()))
    });
    interrupt::check()?;
    // That it never was is what the record says.
    drop(seen);
    Ok(())
}

/// The living brokers that ZooKeeper has forgotten; without a leader it forgets none.
fn forgotten(stage: &Stage<'_>) -> Result<u64> {
    let Some(leader) = stage.leader() else { return Ok(0) };
    // A server that is about to follow another leader does not answer.
    let Ok(registered) = registrations(&leader, &stage.region) else { return Ok(0) };
    Ok(stage.brokers.living().count().saturating_sub(registered.len()) as u64)
}
