//! With the pool: three ZooKeeper servers in slots, three brokers in slots of their own pool, and every
//! server replaced by every kind of loss.

mod losses;
mod operators;
mod ready;

use super::brokers::{Brokers, registrations};
use super::interrupt;
use super::kafka::Kafka;
use super::region::Region;
use super::report::Kind;
use super::stage::{SERVERS, Stage};
use super::{Result, Script};

pub use ready::ready;

/// The pool of ZooKeeper's servers.
const ZOOKEEPER: &str = "zookeeper";
/// The pool of the brokers.
const KAFKA: &str = "kafka";
/// Where a broker's settings are in its instance.
const PROPERTIES: &str = "/run/server.properties";
/// How one server is lost.
const KINDS: [Kind; 4] = [Kind::Terminated, Kind::Stopped, Kind::Hung, Kind::CutOff];

/// What stays as it is for the pool's life.
pub struct Addresses {
    /// ZooKeeper's servers', in slot order.
    pub zookeeper: Vec<String>,
    /// What every broker is told, as `zookeeper.connect`.
    pub connect: String,
    /// The brokers', as clients are told.
    pub bootstrap: String,
}

/// Plays it. What it saw is in the stage, however far it came.
pub fn play(script: Script, addresses: &Addresses, stage: &mut Stage<'_>) -> Result<()> {
    let server = addresses.zookeeper.first().ok_or("no server")?;
    let server = format!("{server}:2181");
    let registered = registrations(&server, &stage.region)?;
    if registered.len() != usize::from(SERVERS) {
        return Err(format!(
            "{} brokers are registered with ZooKeeper, not {SERVERS}",
            registered.len()
        )
        .into());
    }
    for (kind, slot) in losses(script) {
        losses::one(kind, slot, addresses, stage)?;
    }
    losses::changes_meanwhile(addresses, stage)?;
    // Its own words say whether a broker's session expired; ZooKeeper's say it again.
    if registrations(&server, &stage.region)? != registered {
        return Err("a broker has registered anew, and none of their sessions was to expire".into());
    }
    if script == Script::Whole {
        losses::two_at_once(addresses, stage)?;
        losses::broker(addresses, stage)?;
    }
    let connects = stage.brokers.connects(PROPERTIES, &stage.region)?;
    stage.edits = Some(connects.iter().filter(|it| **it != addresses.connect).count() as u64);
    interrupt::check()
}

/// The single losses, in order. In the whole of it each way comes to one server after the other, so that it
/// comes to the leader, too: nobody else's loss makes another one lead.
pub fn losses(script: Script) -> Vec<(Kind, u8)> {
    match script {
        Script::Whole => {
            KINDS.into_iter().flat_map(|kind| (1..=SERVERS).map(move |slot| (kind, slot))).collect()
        }
        Script::Short => KINDS.into_iter().zip((1..=SERVERS).cycle()).collect(),
    }
}

/// Kafka, as its operators know it.
fn kafka<'a>(addresses: &'a Addresses, region: &'a Region) -> Kafka<'a> {
    Kafka { region, bootstrap: &addresses.bootstrap }
}

/// The brokers as the pool's holders are.
fn brokers(holders: Vec<String>, from: f64) -> Brokers {
    let mut brokers = Brokers::default();
    (1..).zip(holders).for_each(|(broker, instance)| brokers.begin(broker, instance, from));
    brokers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_server_is_lost_in_every_way() {
        let all = losses(Script::Whole);
        let different: BTreeSet<(String, u8)> =
            all.iter().map(|(kind, slot)| (format!("{kind:?}"), *slot)).collect();
        assert_eq!((all.len(), different.len()), (12, 12));
    }

    #[test]
    fn the_shorter_script_has_every_server_and_every_way() {
        let all = losses(Script::Short);
        let slots: BTreeSet<u8> = all.iter().map(|(_, slot)| *slot).collect();
        assert_eq!((all.len(), slots.len()), (4, 3));
        assert!(KINDS.iter().all(|kind| all.iter().any(|it| it.0 == *kind)));
    }
}
