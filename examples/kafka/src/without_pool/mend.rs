//! What operators have to do in the end: ZooKeeper's servers are told each other's addresses, and every broker
//! theirs, one after the other.

use super::ready::PLAIN_PROPERTIES;
use super::servers::{SHELL, Server, Servers, has_data, start, stop};
use crate::brokers::{Life, START};
use crate::kafka::Kafka;
use crate::report::Kind;
use crate::stage::{IN_SYNC, Plan, SERVERS, Stage};
use crate::{Result, now};

/// A broker that cannot reach its controller does not end when it is asked to. It is killed after so many
/// tenths of a second: systemd would wait three times as long.
const PATIENCE: u32 = 300;

/// Every server is stopped, configured anew and started, those with data first: empty ones, first together,
/// would be an ensemble without it.
pub fn zookeeper(servers: &Servers, stage: &mut Stage<'_>) -> Result<()> {
    let ids = servers.all.iter().map(|it| it.id).collect();
    let label = "operators mend ZooKeeper".to_owned();
    let plan = Plan { kind: Kind::ZooKeeperMended, slots: ids, was_leader: false, label };
    stage.happen(plan, |stage, _, outcome| {
        let region = &stage.region;
        for server in &servers.all {
            stop(server, region)?;
            servers.configure(server, region)?;
        }
        let (full, empty) = by_data(servers, stage)?;
        full.iter().try_for_each(|server| start(server, region))?;
        if full.len() >= 2 {
            stage.wait_members(full.len())?;
        }
        empty.iter().try_for_each(|server| start(server, region))?;
        stage.wait_members(usize::from(SERVERS))?;
        outcome.full_at = Some(now());
        Ok(())
    })?;
    Ok(())
}

/// The servers with data, and the empty ones.
fn by_data<'a>(
    servers: &'a Servers,
    stage: &Stage<'_>,
) -> Result<(Vec<&'a Server>, Vec<&'a Server>)> {
    let (mut full, mut empty) = (Vec::new(), Vec::new());
    for server in &servers.all {
        match has_data(server, &stage.region)? {
            true => full.push(server),
            false => empty.push(server),
        }
    }
    stage.screen.say(&format!("{} of the servers have data", full.len()));
    Ok((full, empty))
}

/// The rolling restart: every broker is told the new addresses, and started again. One with an empty disk is the
/// last: ZooKeeper still counts it among the replicas in sync, so that it could lead without any data.
pub fn brokers(servers: &Servers, stage: &mut Stage<'_>) -> Result<()> {
    let connect = servers.connect_now();
    let label = "operators restart every broker".to_owned();
    let slots = (1..=SERVERS).collect();
    let plan = Plan { kind: Kind::BrokersRestarted, slots, was_leader: false, label };
    stage.happen(plan, |stage, _, outcome| {
        let mut in_turn: Vec<Life> = stage.brokers.living().cloned().collect();
        in_turn.sort_by(|a, b| a.from.total_cmp(&b.from));
        for life in &in_turn {
            restart(life, &connect, stage)?;
            stage.edits = Some(stage.edits.unwrap_or(0) + 1);
        }
        outcome.full_at = Some(stage.wait_in_sync(now(), IN_SYNC)?);
        let asker = Kafka { region: &stage.region, bootstrap: &servers.bootstrap };
        outcome.asked.push(asker.create_topic("after-all")?);
        stage.wait_messages()
    })?;
    Ok(())
}

/// One broker's turn. The next is not before this one serves.
fn restart(life: &Life, connect: &str, stage: &Stage<'_>) -> Result<()> {
    let since = now();
    let script = format!(
        "sed -i 's|^zookeeper.connect=.*|zookeeper.connect={connect}|' {PLAIN_PROPERTIES}\n\
         old=$(pgrep java)\n\
         kill $old\n\
         for _ in $(seq {PATIENCE}); do kill -0 $old 2>/dev/null || exit 0; sleep 0.1; done\n\
         kill -9 $old; echo killed"
    );
    let done = stage.region.shell(&life.instance, &script, SHELL)?;
    let said = done.succeeded("the stop of a broker")?;
    let started = stage.brokers.wait_one_started(life, since, START, &stage.region)?;
    let killed = if said.contains("killed") { ", killed since it did not end" } else { "" };
    stage.screen.say(&format!(
        "broker {} restarted after {:.1} s{killed}",
        life.broker,
        started - since
    ));
    Ok(())
}
