//! What must be there before the command can start: for ZooKeeper its configuration, its data
//! directory, a decision on its vote, and the right moment. For anything else nothing at all.
//!
//! What can be wrong without a slot is found before one is claimed.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use tracing::info;

use super::first_boot::{Boot, Vote};
use super::tell::Teller;
use super::{Agent, AgentError, Claimed, Job};
use crate::agent::Facts;
use crate::cloud::{Cloud, Metadata};
use crate::file::Owner;
use crate::ids::SlotNumber;
use crate::zookeeper::answer::{Silence, Srvr};
use crate::zookeeper::ask::srvr;
use crate::zookeeper::disk::Disk;
use crate::zookeeper::render::{Config, Ensemble, render};

/// The rendered configuration's name in the run directory.
pub const ZOO_CFG: &str = "zoo.cfg";

/// How long something on the slot's client port may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// All is there; the command may start.
pub struct Prepared {
    /// What the command is told by its environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Prepares what does not depend on the slot, and finds what would keep any slot from being used.
    pub(super) fn check(&self, job: &Job) -> Result<(), AgentError> {
        let Some(settings) = &job.zookeeper else { return Ok(()) };
        // Any slot will do: where the data lies does not depend on it.
        let me = SlotNumber::try_from(1)?;
        let servers = [(me, IpAddr::from(Ipv4Addr::LOCALHOST))].into();
        let disk = Disk::of(&render(settings, &Ensemble { me, servers })?, owner(job));
        for change in disk.prepare()? {
            info!("{change}");
        }
        disk.claim_for(&self.request.pool)?;
        disk.contents()?;
        Ok(())
    }

    /// Prepares the command and waits until it may start.
    pub(super) async fn prepare(
        &self,
        job: &Job,
        claimed: &Claimed,
        vote: &Vote,
        teller: &Teller,
    ) -> Result<Prepared, AgentError> {
        let facts = &claimed.facts;
        let mut environment = variables(facts);
        if let Some(settings) = &job.zookeeper {
            let config = render(settings, &ensemble(facts))?;
            let disk = Disk::of(&config, owner(job));
            disk.write_myid()?;
            let path = self.zoo_cfg();
            config.write(&path, owner(job))?;
            info!("rendered {}", path.display());
            refuse_another(&config).await?;
            environment.push(("STEADFAST_ZOO_CFG".into(), path.into()));
            match self.first_boot(claimed, disk, vote).await? {
                Boot::WithVote => {}
                Boot::WithoutVote => self.gate(facts, &config, teller).await,
            }
        }
        Ok(Prepared { environment })
    }

    fn zoo_cfg(&self) -> PathBuf {
        self.request.run_dir.join(ZOO_CFG)
    }
}

/// Two servers on one address: the other's answers would be taken for ours.
async fn refuse_another(config: &Config) -> Result<(), AgentError> {
    let server = config.client;
    match srvr(server, None, ANSWER_TIMEOUT).await {
        Srvr::Silent(Silence::Unreachable(_)) => Ok(()),
        answer => Err(AgentError::Occupied { server, answer: answer.to_string() }),
    }
}

/// The ensemble as the pool's slots make it.
pub fn ensemble(facts: &Facts) -> Ensemble {
    let servers = facts.peers.iter().map(|peer| (peer.slot, peer.address)).collect();
    Ensemble { me: facts.slot, servers }
}

fn owner(job: &Job) -> Option<Owner> {
    job.account.as_ref().map(|account| Owner { uid: account.uid, gid: account.gid })
}

/// The lines of `slot.env`, for the command.
fn variables(facts: &Facts) -> Vec<(OsString, OsString)> {
    let text = facts.env();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
}
