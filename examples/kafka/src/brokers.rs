//! Kafka's brokers: on which instances they lived, and what their logs say.

use std::time::Duration;

use super::broker_log::{self, Said, Word};
use super::region::Region;
use super::timeline::{Controller, Session};
use super::{Result, wait_every};

/// Kafka's port.
pub const PORT: u16 = 9092;
/// Settings that all brokers have, beside id and addresses.
pub const SETTINGS: &str = include_str!("user-data/server.properties");
/// What brokers log, and how.
pub const LOG4J: &str = include_str!("user-data/log4j.properties");
/// From one look at brokers' logs to the next: each is read whole.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long a JVM on a busy machine may take until its broker serves; one whose predecessor's session
/// lives on waits for its end first.
pub const START: Duration = Duration::from_secs(180);

/// A broker's time on one instance.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its `broker.id`.
    pub broker: u8,
    /// The instance.
    pub instance: String,
    /// From when on it was to be there, in seconds since the epoch.
    pub from: f64,
    /// When the instance was lost, if it was.
    pub lost: Option<f64>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Brokers {
    /// In the order in which they began.
    lives: Vec<Life>,
}

impl Brokers {
    /// A broker is to be on an instance from now on.
    pub fn begin(&mut self, broker: u8, instance: String, from: f64) {
        self.lives.push(Life { broker, instance, from, lost: None });
    }

    /// A broker's instance is lost.
    pub fn lose(&mut self, broker: u8, at: f64) {
        let lives = self.lives.iter_mut().filter(|it| it.broker == broker && it.lost.is_none());
        lives.for_each(|it| it.lost = Some(at));
    }

    /// Those that are not lost.
    pub fn living(&self) -> impl Iterator<Item = &Life> {
        self.lives.iter().filter(|it| it.lost.is_none())
    }

    /// The living one of this id.
    pub fn living_one(&self, broker: u8) -> Result<&Life> {
        let found = self.living().find(|it| it.broker == broker);
        found.ok_or_else(|| format!("broker {broker} is on no instance").into())
    }

    /// Waits until every living broker has said, since a moment, that it serves.
    pub fn wait_started(&self, since: f64, region: &Region) -> Result<()> {
        for life in self.living() {
            self.wait_one_started(life, since, START, region)?;
        }
        Ok(())
    }

    /// The same of one; the answer is when it said so.
    pub fn wait_one_started(
        &self,
        life: &Life,
        since: f64,
        deadline: Duration,
        region: &Region,
    ) -> Result<f64> {
        let what = format!("broker {} on {}", life.broker, life.instance);
        wait_every(LOOK_AGAIN, &what, deadline, || {
            let words = words(life, region);
            let started =
                words.into_iter().find(|(at, word)| *word == Word::Started && *at > since);
            Ok(started.map(|(at, _)| at))
        })
    }

    /// Whether every living broker has a session with ZooKeeper and is connected to a server, by its last word.
    pub fn are_connected(&self, region: &Region) -> bool {
        self.living().all(|life| broker_log::is_connected(&words(life, region)))
    }

    /// How many sessions with ZooKeeper expired in `from..to`.
    pub fn expired(&self, from: f64, to: f64, region: &Region) -> usize {
        self.lives.iter().map(|life| broker_log::expired(&words(life, region), from, to)).sum()
    }

    /// How many starts there were of a broker that had served before on the same instance.
    pub fn restarts(&self, region: &Region) -> usize {
        self.lives.iter().map(|life| broker_log::restarts(&words(life, region))).sum()
    }

    /// The broker that was elected controller last.
    pub fn controller(&self, region: &Region) -> Result<u8> {
        let last = self.controllers(region).pop();
        Ok(last.ok_or("no broker has said that it is the controller")?.broker)
    }

    /// Every election of a controller, in order.
    pub fn controllers(&self, region: &Region) -> Vec<Controller> {
        let mut elections: Vec<Controller> = self
            .lives
            .iter()
            .flat_map(|life| broker_log::elections(life.broker, &words(life, region)))
            .collect();
        elections.sort_by(|a, b| a.at.total_cmp(&b.at));
        elections
    }

    /// How they stood with ZooKeeper until a moment.
    pub fn sessions(&self, to: f64, region: &Region) -> Vec<Session> {
        let of = |life: &Life| {
            let to = life.lost.unwrap_or(to);
            broker_log::sessions(life.broker, &words(life, region), life.from, to)
        };
        self.lives.iter().flat_map(of).collect()
    }

    /// Kafka's version, as a broker tells it.
    pub fn version(&self, region: &Region) -> Option<String> {
        let console = region.console(&self.lives.first()?.instance);
        let (_, rest) = console.split_once("Kafka version: ")?;
        Some(rest.split_whitespace().next()?.to_owned())
    }

    /// `zookeeper.connect` of every living broker, as its settings have it now.
    pub fn connects(&self, properties: &str, region: &Region) -> Result<Vec<String>> {
        let read = |life: &Life| {
            let script = format!("sed -n 's/^zookeeper.connect=//p' {properties}");
            let done = region.shell(&life.instance, &script, START)?;
            Ok(done.succeeded(properties)?.trim().to_owned())
        };
        self.living().map(read).collect()
    }
}

/// The brokers' znodes at a server of ZooKeeper, each with the transaction that made it: with a session that
/// expires, its broker's goes.
pub fn registrations(server: &str, region: &Region) -> Result<Vec<String>> {
    let done = region.run_program("examples/workload", &["dump", "--server", server])?;
    let dumped = done.succeeded("workload dump")?;
    let brokers = dumped.lines().filter(|line| line.starts_with("/kafka/brokers/ids/"));
    // Path and transaction; what follows may change.
    let made = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(brokers.map(made).collect())
}

fn words(life: &Life, region: &Region) -> Vec<Said> {
    broker_log::words(&region.console(&life.instance))
}
