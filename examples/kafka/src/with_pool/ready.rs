//! The region with both pools, an ensemble, three brokers and the clients.

use super::{Addresses, KAFKA, ZOOKEEPER, brokers};
use crate::brokers::{LOG4J, SETTINGS};
use crate::handle::Handle;
use crate::kafka::{Kafka, bootstrap};
use crate::region::{JAVA, Region, Target};
use crate::screen::Screen;
use crate::stage::{ENSEMBLE, SERVERS, Stage};
use crate::watch::{WATCH, Watch};
use crate::{PROGRAM, Result, now};

const ZOOKEEPER_USER_DATA: &str = include_str!("../user-data/zookeeper.sh");
const BROKER_USER_DATA: &str = include_str!("../user-data/broker.sh");

/// Has all of it in place.
pub fn ready<'a>(target: &Target, screen: &'a Screen) -> Result<(Addresses, Stage<'a>)> {
    screen.say("a region: three zones, three subnets, EC2's API and IMDS");
    let region = Region::up(target, "with-pool")?;
    let servers = u32::from(SERVERS);
    region.local().create_pool(ZOOKEEPER, servers, false)?;
    region.local().create_pool(KAFKA, servers, false)?;
    region.put_group(ZOOKEEPER, zookeeper_user_data(&region))?;
    let began = now();
    region.put_group(KAFKA, broker_user_data(&region))?;
    let args = ["connect-string", "--pool", ZOOKEEPER, "--chroot", "/kafka"];
    let connect = region.steadfast(&args)?.succeeded("steadfast connect-string")?.trim().to_owned();
    screen.say(&format!("every broker is told once: zookeeper.connect={connect}"));
    let servers = connect.trim_end_matches("/kafka").to_owned();
    let watch = Watch::start(region.program(PROGRAM, &[WATCH, &servers]))?;
    region.wait_holders(ZOOKEEPER, ENSEMBLE)?;
    let brokers = brokers(region.wait_holders(KAFKA, ENSEMBLE)?, began);
    brokers.wait_started(began, &region)?;
    let bootstrap = bootstrap(&addresses(&region, KAFKA)?);
    Kafka { region: &region, bootstrap: &bootstrap }.create_main_topic()?;
    let client = Handle::start(region.client(&bootstrap)?)?;
    let zookeeper = addresses(&region, ZOOKEEPER)?;
    let stage = Stage::begin(screen, region, brokers, watch, client)?;
    Ok((Addresses { zookeeper, connect, bootstrap }, stage))
}

/// The addresses of a pool, in slot order.
fn addresses(region: &Region, pool: &str) -> Result<Vec<String>> {
    let address = |slot| {
        let eni = region.slot(pool, slot)?;
        let address = eni.ipv4.into_iter().next();
        address.ok_or_else(|| format!("slot {slot} of pool {pool} has no address").into())
    };
    (1..=SERVERS).map(address).collect()
}

fn zookeeper_user_data(region: &Region) -> String {
    ZOOKEEPER_USER_DATA
        .replace("@BIN_DIR@", &region.target().bin_dir.display().to_string())
        .replace("@JAVA@", JAVA)
        .replace("@ZOOKEEPER@", &region.zookeeper_command())
}

fn broker_user_data(region: &Region) -> String {
    BROKER_USER_DATA
        .replace("@BIN_DIR@", &region.target().bin_dir.display().to_string())
        .replace("@LOG4J@", LOG4J.trim_end())
        .replace("@PROPERTIES@", SETTINGS.trim_end())
        .replace("@ZOOKEEPER_POOL@", ZOOKEEPER)
        .replace("@JAVA@", JAVA)
        .replace("@KAFKA@", &region.kafka_command())
}
