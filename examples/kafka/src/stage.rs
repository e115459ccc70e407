//! One part of the run: its region, what goes on in it all the time, and what happens in it.

mod record;
mod wait;

use std::collections::BTreeMap;
use std::time::Duration;

use super::brokers::Brokers;
use super::handle::Handle;
use super::region::Region;
use super::report::{Asked, Event, Kind};
use super::screen::Screen;
use super::timeline::Mark;
use super::watch::Watch;
use super::{Result, now};

/// The servers, and the brokers, of a part.
pub const SERVERS: u8 = 3;
/// How long servers may take to be an ensemble, on a busy machine.
pub const ENSEMBLE: Duration = Duration::from_secs(180);
/// How long it may take until every replica is in sync again: all data is to be copied.
pub const IN_SYNC: Duration = Duration::from_secs(240);
/// How old a server's last word may be: it is asked ten times a second.
const FRESH_S: f64 = 1.5;
/// How late an answer may be noted: a server is given half a second for it.
const LATE_S: f64 = 1.0;

/// One part.
pub struct Stage<'a> {
    /// What the visitor sees.
    pub screen: &'a Screen,
    /// Where all of it is.
    pub region: Region,
    /// Kafka's brokers.
    pub brokers: Brokers,
    /// Every ZooKeeper server, asked what it is.
    pub watch: Watch,
    /// Producer and consumer.
    pub client: Handle,
    /// When it began, in seconds since the epoch.
    pub began: f64,
    /// How many brokers were told other addresses, once that was looked at.
    pub edits: Option<u64>,
    events: Vec<Event>,
    marks: Vec<Mark>,
    /// Brokers that ZooKeeper was seen to know no more, and when.
    forgotten: Vec<Forgotten>,
}

/// What is going to happen.
pub struct Plan {
    /// What.
    pub kind: Kind,
    /// To whom.
    pub slots: Vec<u8>,
    /// Whether ZooKeeper's leader is among them, or Kafka's controller.
    pub was_leader: bool,
    /// In a few words.
    pub label: String,
}

/// How it ended, as far as it came.
#[derive(Default)]
pub struct Outcome {
    /// When all was as before, in seconds since the epoch.
    pub full_at: Option<f64>,
    /// What was asked of Kafka.
    pub asked: Vec<Asked>,
    /// Brokers whose sessions have expired, and who cannot hear of it.
    pub forgotten: Option<Forgotten>,
}

/// Living brokers that ZooKeeper knows no more.
#[derive(Debug, Clone, Copy)]
pub struct Forgotten {
    /// How many.
    pub count: u64,
    /// When that was seen, in seconds since the epoch.
    pub at: f64,
}

impl<'a> Stage<'a> {
    /// A part begins when all is in place: an ensemble, and messages that come through.
    pub fn begin(
        screen: &'a Screen,
        region: Region,
        brokers: Brokers,
        watch: Watch,
        client: Handle,
    ) -> Result<Self> {
        let mut this = Self {
            screen,
            region,
            brokers,
            watch,
            client,
            began: now(),
            edits: None,
            events: Vec::new(),
            marks: Vec::new(),
            forgotten: Vec::new(),
        };
        this.wait_members(usize::from(SERVERS))?;
        this.wait_messages()?;
        this.began = now();
        screen.say("three servers, three brokers; messages go through Kafka from now on");
        Ok(this)
    }

    /// Has something happen and records it, as far as it came; the answer is its record.
    pub fn happen(
        &mut self,
        plan: Plan,
        happen: impl FnOnce(&mut Self, f64, &mut Outcome) -> Result<()>,
    ) -> Result<&Event> {
        self.screen.say(&plan.label);
        let (since, mut outcome) = (now(), Outcome::default());
        let happened = happen(self, since, &mut outcome);
        self.record(plan, since, outcome);
        happened?;
        self.events.last().ok_or_else(|| "nothing has happened".into())
    }

    /// Each member's mode (`leader` or `follower`) by its `address:port`, as it was told just now.
    pub fn modes(&self) -> BTreeMap<String, String> {
        let fresh = now() - FRESH_S;
        let sightings = self.watch.sightings();
        // They are noted in the order of the answers, not of the questions.
        let last = sightings.iter().rev().take_while(|it| it.at > fresh - LATE_S);
        let mut modes = BTreeMap::new();
        for it in last.filter(|it| it.at > fresh) {
            modes.entry(it.server.clone()).or_insert_with(|| it.mode.clone());
        }
        modes
    }

    /// The leader's `address:port`.
    pub fn leader(&self) -> Option<String> {
        self.modes().into_iter().find(|(_, mode)| mode == "leader").map(|(server, _)| server)
    }

    /// ZooKeeper's version, by the leader's own word, if it can be had.
    pub fn version(&self) -> Option<String> {
        let leader = self.leader()?.replace(':', "/");
        let ask = format!("exec 3<>/dev/tcp/{leader}; echo srvr >&3; head -n 1 <&3");
        let said = self.region.shell(self.region.host(), &ask, ENSEMBLE).ok()?.said;
        // Such as `Zookeeper version: 3.9.5-abc, built on 2025-01-01`.
        let (_, version) = said.split_once("version: ")?;
        Some(version.split(['-', ',']).next()?.to_owned())
    }

    /// What happened so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
