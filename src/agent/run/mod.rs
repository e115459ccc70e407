//! `steadfast run`: claims a slot, starts a command on it at the right moment, and guards it.
//!
//! From its start to its end the command runs only while the slot is ours: the guard's word kills
//! all of it at once, and it never outlives the agent (see [`crate::supervise`]). For ZooKeeper,
//! the configuration is rendered, and an empty disk gets a vote on a slot's first boot alone.
//!
//! | module | what it does |
//! |---|---|
//! | `prepare` | configuration, data directory and account, before and after the claim |
//! | `first_boot` | whose data the disk may speak for, and whether it may vote while empty |
//! | `lineage` | pure: what becomes of a disk |
//! | `gate` | waits for the moment at which a replacement may start |
//! | `attend` | the running command: the guard, signals, its end |
//! | `readiness` | what ZooKeeper says of itself |
//! | `tell` | systemd's status and `slot.json` |
//! | `signals` | what the agent was sent |

mod attend;
mod first_boot;
mod gate;
mod lineage;
mod prepare;
mod readiness;
mod signals;
mod tell;

use std::ffi::OsString;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

pub use super::guard::Fenced;
use super::{Agent, AgentError, Claimed, Facts, Lock};
use crate::cloud::{Cloud, Metadata, Mode};
use crate::supervise::{Account, Ending, Program, Supervised, remains_gone};
use crate::zookeeper::settings::Settings;
use first_boot::Vote;
use prepare::Prepared;
pub use prepare::{ZOO_CFG, ensemble};
pub use signals::Signals;
pub use tell::{Teller, status};

/// What an earlier agent that was killed may take to die; what waits for a disk takes longer.
pub const REMAINS_TIMEOUT: Duration = Duration::from_secs(60);
/// By which a later agent finds what is left of this one's command.
pub const RECORD: &str = "keeper";
/// How long each change may take that is made when the command has ended, EC2's answers included.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// What is to be run.
#[derive(Debug)]
pub struct Job {
    /// The command: a path, or a name that PATH resolves.
    pub command: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Whom it runs as; as the agent itself if absent.
    pub account: Option<Account>,
    /// How long it may take to end after a signal asked it to, before it is killed.
    pub stop_timeout: Duration,
    /// Whether the slot is given back when `run` is told to stop.
    pub release_on_stop: bool,
    /// The user's ZooKeeper settings; absent for anything but ZooKeeper.
    pub zookeeper: Option<Settings>,
}

/// How it ended.
#[derive(Debug)]
pub enum Outcome {
    /// The command ended, by itself or because a signal asked for it.
    Ended(Ending),
    /// The slot was lost; the command, if it ran, was killed.
    Fenced(Fenced),
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Claims a slot, runs the job on it, and returns when nothing of it is left. The lock is the
    /// caller's word that no other agent works on this instance; the teller's heartbeat is the
    /// caller's, too, since it is to be heard before there is an agent.
    ///
    /// # Errors
    /// As [`Agent::claim`]'s, and what keeps the command from being started. A slot that this very
    /// call has attached has then been given back.
    pub async fn run(
        &mut self,
        job: &Job,
        _lock: &Lock,
        signals: &mut Signals,
        teller: &Teller,
    ) -> Result<Outcome, AgentError> {
        self.check(job)?;
        remains_gone(&self.request.run_dir.join(RECORD), REMAINS_TIMEOUT).await?;
        teller.say(&format!("claiming a slot of pool {}", self.request.pool));
        let claimed = tokio::select! {
            claimed = self.claim() => claimed?,
            () = signals.urgent_stop() => return Err(AgentError::Interrupted),
        };
        let facts = &claimed.facts;
        info!(
            slot = facts.slot.get(), address = %facts.address, resumed = claimed.resumed,
            ec2_calls = claimed.ec2_calls,
            "holds slot {} of pool {}: {} on {}",
            facts.slot, facts.pool, facts.address, facts.nic.name
        );
        teller.holds(facts);
        // What is left to be done has a time of its own, however long the claim has taken.
        self.request.deadline = self.request.deadline.max(Instant::now() + END_TIMEOUT);
        let vote = Vote::default();
        let outcome = self.protect(job, &claimed, &vote, signals, teller).await;
        // What has answered has served, whatever its marker says.
        if !matches!(outcome, Ok(Outcome::Fenced(_))) && !teller.has_heard() {
            self.request.deadline = Instant::now() + END_TIMEOUT;
            if let Err(error) = self.take_back(&vote, &claimed.facts).await {
                warn!("slot {} counts as one that has served: {error}", claimed.facts.slot);
            }
        }
        match &outcome {
            Ok(outcome) => self.wind_up(job, &claimed, outcome, signals, teller).await,
            Err(error) => self.give_up(&claimed, error, teller).await,
        }
        outcome
    }

    /// The guard from the first moment on, and under it the preparation and the command.
    async fn protect(
        &self,
        job: &Job,
        claimed: &Claimed,
        vote: &Vote,
        signals: &mut Signals,
        teller: &Teller,
    ) -> Result<Outcome, AgentError> {
        let mut guard = pin!(self.guard(&claimed.network, &claimed.facts));
        let mut child = tokio::select! {
            biased;
            fenced = &mut guard => return Ok(Outcome::Fenced(fenced)),
            signal = signals.stop() => return Ok(Outcome::Ended(signals::ending(signal))),
            child = self.start(job, claimed, vote, teller) => child?,
        };
        info!(pid = child.pid(), "started {}", job.name());
        self.attend(job, claimed, &mut child, guard, signals, teller).await
    }

    /// Prepares the command and starts it when its moment has come. Dropped, it leaves nothing running.
    async fn start(
        &self,
        job: &Job,
        claimed: &Claimed,
        vote: &Vote,
        teller: &Teller,
    ) -> Result<Supervised, AgentError> {
        let prepared = self.prepare(job, claimed, vote, teller).await?;
        let program = program(job, prepared, self.request.run_dir.join(RECORD));
        Ok(Supervised::start(&program).await?)
    }

    /// What is left to do when the command has ended.
    async fn wind_up(
        &mut self,
        job: &Job,
        claimed: &Claimed,
        outcome: &Outcome,
        signals: &Signals,
        teller: &Teller,
    ) {
        match outcome {
            Outcome::Fenced(fenced) => {
                teller.say(&format!("fenced: {fenced}"));
                // The blackhole and the rules stay: they hold what else there may be back.
                if let Err(error) = Facts::remove(&self.request.run_dir) {
                    warn!("{error}");
                }
            }
            Outcome::Ended(ending) => {
                teller.ended(&told(job, *ending));
                if job.release_on_stop && signals.stop_was_asked() {
                    self.give_back(claimed).await;
                }
            }
        }
    }

    /// What cannot be used is not kept; what an earlier run had brought into use is.
    async fn give_up(&mut self, claimed: &Claimed, error: &AgentError, teller: &Teller) {
        // The command may have run: a server that stands alone is killed.
        teller.ended(&error.to_string());
        if !claimed.resumed {
            self.give_back(claimed).await;
        }
    }

    async fn give_back(&mut self, claimed: &Claimed) {
        self.request.deadline = Instant::now() + END_TIMEOUT;
        match self.release(Mode::Do).await {
            Ok(_) => info!("slot {} was given back", claimed.facts.slot),
            Err(error) => warn!("slot {} was not given back: {error}", claimed.facts.slot),
        }
    }
}

impl Job {
    /// The command as messages name it.
    pub fn name(&self) -> String {
        self.command.to_string_lossy().into_owned()
    }
}

fn told(job: &Job, ending: Ending) -> String {
    let name = job.name();
    match ending {
        Ending::Exited(status) => format!("{name} has ended with exit status {status}"),
        Ending::Signaled(signal) => format!("{name} was ended by signal {signal}"),
    }
}

fn program(job: &Job, prepared: Prepared, record: PathBuf) -> Program {
    Program {
        command: job.command.clone(),
        arguments: job.arguments.clone(),
        account: job.account.clone(),
        environment: prepared.environment,
        record: Some(record),
    }
}
