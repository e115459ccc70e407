//! The region with plain instances: an ensemble, three brokers and the clients.

use super::servers::{SERVICE, Servers, USER_DATA};
use crate::brokers::{Brokers, LOG4J, SETTINGS};
use crate::handle::Handle;
use crate::kafka::{Kafka, bootstrap};
use crate::region::{JAVA, Region, Target};
use crate::screen::Screen;
use crate::stage::{ENSEMBLE, SERVERS, Stage};
use crate::{Result, now, wait_for};

/// Where a plain broker's settings are.
pub const PLAIN_PROPERTIES: &str = "/etc/server.properties";

/// Has all of it in place.
pub fn ready<'a>(target: &Target, screen: &'a Screen) -> Result<(Servers, Stage<'a>)> {
    screen.say("a new region: the same with plain instances, and addresses that change");
    let region = Region::up(target, "without-pool")?;
    let mut servers = Servers::start(&region)?;
    let connect = &servers.connect;
    screen.say(&format!("every broker is told: zookeeper.connect={connect}"));
    let watch = servers.watch(&region)?;
    wait_for("a leader", ENSEMBLE, || {
        Ok(watch.sightings().iter().any(|it| it.mode == "leader").then_some(()))
    })?;
    let began = now();
    let mut brokers = Brokers::default();
    let mut addresses = Vec::new();
    for broker in 1..=SERVERS {
        let zone = servers.get(broker)?.instance.zone.clone();
        addresses.push(start_broker(broker, zone, connect, &mut brokers, &region)?);
    }
    brokers.wait_started(began, &region)?;
    servers.bootstrap = bootstrap(&addresses);
    Kafka { region: &region, bootstrap: &servers.bootstrap }.create_main_topic()?;
    let client = Handle::start(region.client(&servers.bootstrap)?)?;
    let stage = Stage::begin(screen, region, brokers, watch, client)?;
    Ok((servers, stage))
}

/// Launches a broker's instance and has it start there; the answer is its address.
pub fn start_broker(
    broker: u8,
    zone: String,
    connect: &str,
    brokers: &mut Brokers,
    region: &Region,
) -> Result<String> {
    let instance = region.launch(Some(zone), USER_DATA)?;
    let address = instance.private_ip;
    let properties = format!(
        "broker.id={broker}\nzookeeper.connect={connect}\n\
         advertised.listeners=PLAINTEXT://{address}:9092\n{SETTINGS}"
    );
    let java =
        format!("#!/bin/sh\nexec {JAVA} -Xmx256m {} {PLAIN_PROPERTIES}\n", region.kafka_command());
    brokers.begin(broker, instance.id.clone(), now());
    region.write(&instance.id, "/run/log4j.properties", LOG4J, "644")?;
    region.write(&instance.id, PLAIN_PROPERTIES, &properties, "644")?;
    region.write(&instance.id, SERVICE, &java, "755")?;
    Ok(address)
}
