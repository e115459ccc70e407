//! Performs what the claim decides: the effects against EC2, IMDS, the kernel and the clock.
//!
//! The agent holds no rule of the protocol. It feeds [`crate::claim::step`] with what happened,
//! does what that asks for, and tells what it does by `tracing` events whose message is a sentence
//! for people and whose fields are for machines.

mod configure;
mod dry_run;
mod error;
mod facts;
mod guard;
mod halt;
mod lock;
mod narrate;
mod perform;
mod release;
mod run;
mod survey;
mod systemd;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use dry_run::{DryRun, Would};
pub use error::AgentError;
pub use facts::{Facts, Peer, SlotNic, Status};
pub use guard::{Fenced, Guard, Standing};
pub use halt::{AtWork, Restarting};
pub use lock::{Lock, Purpose};
pub use release::Released;
pub use run::{Job, Outcome, Signals, Teller, ensemble, status};

use crate::claim::{Effect, Failure, Held, Setup, State, Want, step};
use crate::cloud::counted::Counted;
use crate::cloud::{Cloud, Identity, Metadata};
use crate::ids::{MacAddr, PoolName};
use crate::net::{Host, SlotNetwork};
use survey::Survey;

/// What the user asked for, resolved.
#[derive(Debug, Clone)]
pub struct Request {
    /// The pool.
    pub pool: PoolName,
    /// Which slot.
    pub want: Want,
    /// How long the whole may take.
    pub wait: Duration,
    /// When that time is over.
    pub deadline: Instant,
    /// How long an attached slot's NIC may take to appear in the kernel.
    pub nic_timeout: Duration,
    /// Where the facts files lie.
    pub run_dir: PathBuf,
}

/// Whether a signal has asked the agent to end.
pub type Interrupt = watch::Receiver<bool>;

/// The agent on one instance.
pub struct Agent<C, M> {
    cloud: Counted<C>,
    metadata: M,
    host: Host,
    me: Identity,
    request: Request,
    interrupt: Interrupt,
}

/// A slot that is ours and usable.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// What was written to the facts files.
    pub facts: Facts,
    /// The host's network as it was made.
    pub network: SlotNetwork,
    /// What the slot's tags remember.
    pub remembered: Remembered,
    /// Whether an earlier run had attached it.
    pub resumed: bool,
    /// Calls made to EC2.
    pub ec2_calls: u32,
}

/// What the tags of a slot's ENI remember, by the last read of the pool.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// The lineage of the slot's data; absent if no server was ever started on it.
    pub initialized: Option<String>,
    /// For which attachment an operator lets an empty disk vote.
    pub bootstrap: Option<String>,
    /// Whether that read shows our own attachment: then it is no older than that.
    pub shows_us: bool,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Puts an agent together.
    pub fn new(
        cloud: C,
        metadata: M,
        host: Host,
        me: Identity,
        request: Request,
        interrupt: Interrupt,
    ) -> Self {
        Self { cloud: Counted::new(cloud), metadata, host, me, request, interrupt }
    }

    /// Claims a slot, or finds that this instance has one.
    ///
    /// # Errors
    /// Says who holds what, which permission is missing, or what is wrong with the pool or host.
    /// What was attached and could not be used has been given back, unless the error says that
    /// it is left.
    pub async fn claim(&mut self) -> Result<Claimed, AgentError> {
        let earlier = self.earlier_facts().await?;
        if let Some(facts) = &earlier
            && !self.has_nic(facts.nic.mac).await?
        {
            // The slot was taken away: whatever comes of this claim, they are no longer true.
            Facts::remove(&self.request.run_dir)?;
        }
        let setup = self.setup(earlier);
        let mut survey = Survey::default();
        let mut state = State::start();
        let mut effects = vec![Effect::ReadPool];
        while let Some(effect) = effects.pop() {
            let event = self.perform(effect, &mut survey).await;
            self.narrate(&state, &event, &mut survey);
            // One effect at a time is under way: the machine never asks for two.
            (state, effects) = step(&setup, &state, event)?;
        }
        match state {
            State::Held(held) => self.claimed(&held, survey),
            State::Failed { why, left } => Err(self.failed(why, left, survey)),
            other => Err(AgentError::Stuck { state: other.name() }),
        }
    }

    fn setup(&self, earlier: Option<Facts>) -> Setup {
        Setup {
            me: self.me.instance.clone(),
            zone: self.me.zone.clone(),
            want: self.request.want,
            in_use: earlier.map(|facts| facts.attachment),
        }
    }

    /// What an earlier run on this instance has left.
    ///
    /// # Errors
    /// It holds a slot of another pool, which may serve right now: a claim would attach a second
    /// slot, and both a claim and a release take the first one's routes away.
    async fn earlier_facts(&self) -> Result<Option<Facts>, AgentError> {
        let facts = Facts::read(&self.request.run_dir)?;
        match facts.filter(|facts| facts.instance == self.me.instance) {
            Some(facts)
                if facts.pool != self.request.pool && self.has_nic(facts.nic.mac).await? =>
            {
                let (slot, held, wanted) = (facts.slot, facts.pool, self.request.pool.clone());
                Err(AgentError::OtherPool { slot, held, wanted })
            }
            facts => Ok(facts),
        }
    }

    /// Whether the kernel shows a NIC of that hardware address.
    async fn has_nic(&self, mac: MacAddr) -> Result<bool, AgentError> {
        Ok(self.host.nics().await?.iter().any(|nic| nic.mac == mac))
    }

    fn failed(
        &self,
        why: Failure,
        left: Option<crate::ids::SlotNumber>,
        survey: Survey,
    ) -> AgentError {
        let mut detail = survey.explain(&self.me.zone, &self.request, &why);
        if left.is_none() && !matches!(why, Failure::HoldsAnother { .. }) {
            detail = Some(detail.unwrap_or_else(|| why.to_string()) + &survey.given_back());
        }
        // Not for want of a slot: then to try again is worth it, which the exit status says.
        let blamed = match why {
            Failure::NoSlot => survey.to_blame(&self.me.zone, self.request.want).cloned(),
            _ => None,
        };
        let why = blamed.map_or(why, Failure::Call);
        AgentError::Failed { why, detail, left, instance: self.me.instance.clone() }
    }

    fn claimed(&self, held: &Held, survey: Survey) -> Result<Claimed, AgentError> {
        let slot = survey.pool.as_ref().and_then(|pool| pool.slots.get(&held.slot));
        let attached = slot.and_then(|slot| slot.attachment.as_ref()).map(|it| &it.id);
        let remembered = Remembered {
            initialized: slot.and_then(|slot| slot.initialized.clone()),
            bootstrap: slot.and_then(|slot| slot.bootstrap.clone()),
            shows_us: attached == Some(&held.attachment),
        };
        Ok(Claimed {
            facts: self.facts(held)?,
            network: survey.network.ok_or(AgentError::Stuck { state: "held" })?,
            remembered,
            resumed: held.resumed,
            ec2_calls: self.cloud.calls(),
        })
    }

    /// The facts of a slot that is held.
    fn facts(&self, held: &Held) -> Result<Facts, AgentError> {
        Facts::read(&self.request.run_dir)?
            .filter(|facts| facts.attachment == held.attachment)
            .ok_or_else(|| AgentError::FactsVanished {
                path: self.request.run_dir.join(facts::JSON),
            })
    }
}
