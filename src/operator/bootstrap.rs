//! The operator's override after disks were lost: one slot's empty disk may vote, once.
//!
//! It is a tag on the slot's ENI that names the attachment it is meant for. Only the instance that
//! holds the slot now can heed it, at its next start, and it uses the tag up before it does: an
//! override that was forgotten can never let a later replacement's empty disk vote.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::servers::{self, Server};
use crate::cloud::{CallError, Cloud, Mode, TAG_BOOTSTRAP, patience};
use crate::ids::{AttachmentId, EniId, InstanceId, PoolName, SlotNumber};
use crate::pool::{Pool, PoolError};

/// How long a server may take to say whether it serves.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What is to be done, and what was seen of the servers.
#[derive(Debug)]
pub struct Plan {
    pool: PoolName,
    slot: SlotNumber,
    eni: EniId,
    attachment: AttachmentId,
    holder: InstanceId,
    servers: Vec<Server>,
}

/// Why it is refused.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// EC2.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The pool's tags.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The override is for an instance that was looked at.
    #[error(
        "slot {slot} is held by no instance: start its replacement first (it will wait without a \
         vote), look at its disk, then bootstrap it"
    )]
    NotHeld {
        /// The slot.
        slot: SlotNumber,
    },
    /// Its first boot needs no override.
    #[error(
        "slot {slot} has never been started: its empty disk may vote at its first boot anyhow; \
         look at `journalctl` on {holder} for what keeps it from starting"
    )]
    NeverStarted {
        /// The slot.
        slot: SlotNumber,
        /// Its holder.
        holder: InstanceId,
    },
    /// There is a quorum, which fills an empty disk by itself.
    #[error(
        "{server} (slot {slot}) is a {mode}: there is a quorum, and an empty server joins it by \
         itself; to let its disk vote could only lose data"
    )]
    Quorum {
        /// Who serves.
        server: SocketAddr,
        /// Its slot.
        slot: SlotNumber,
        /// As what.
        mode: String,
    },
}

/// Looks at the pool and its servers; changes nothing.
///
/// # Errors
/// There is no reason to do it, or it cannot be done.
pub async fn plan(
    cloud: &impl Cloud,
    name: &PoolName,
    slot: SlotNumber,
    deadline: Instant,
) -> Result<Plan, BootstrapError> {
    let enis = patience::retried(deadline, || cloud.pool(name)).await?;
    let pool = Pool::from_enis(name, enis)?;
    let it = pool.slot(slot)?;
    let attachment = it.attachment.as_ref();
    let Some((attachment, holder)) = attachment.and_then(|a| Some((a, a.instance.clone()?))) else {
        return Err(BootstrapError::NotHeld { slot });
    };
    if it.initialized.is_none() {
        return Err(BootstrapError::NeverStarted { slot, holder });
    }
    let servers = servers::ask(&pool, ANSWER_TIMEOUT).await;
    for Server { slot, address, answer, .. } in &servers {
        if let Some(mode) = answer.mode() {
            let (slot, server, mode) = (*slot, *address, mode.to_string());
            return Err(BootstrapError::Quorum { server, slot, mode });
        }
    }
    Ok(Plan {
        pool: name.clone(),
        slot,
        eni: it.eni.clone(),
        attachment: attachment.id.clone(),
        holder,
        servers,
    })
}

impl Plan {
    /// The pool.
    pub fn pool(&self) -> &PoolName {
        &self.pool
    }

    /// The instance that holds the slot, for which alone it is.
    pub fn holder(&self) -> &InstanceId {
        &self.holder
    }

    /// What is to be typed: another word where a server that may serve could not be asked.
    pub fn phrase(&self) -> String {
        let unseen = if self.unseen().next().is_some() { "/unseen" } else { "" };
        format!("{}/{}{unseen}", self.pool, self.slot)
    }

    fn unseen(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| server.is_unseen())
    }

    /// Sets the tag, or asks EC2 whether it might be set.
    ///
    /// # Errors
    /// EC2's.
    pub async fn carry_out(
        &self,
        cloud: &impl Cloud,
        mode: Mode,
        deadline: Instant,
    ) -> Result<(), BootstrapError> {
        let set = || cloud.set_tag(&self.eni, TAG_BOOTSTRAP, self.attachment.as_str(), mode);
        Ok(patience::retried(deadline, set).await?)
    }

    /// What the operator has to do now.
    pub fn next_step(&self) -> String {
        format!(
            "slot {} of pool {} may vote with an empty disk at its next start on {}: restart \
             `steadfast run` there now, and look for \"override\" in its log",
            self.slot, self.pool, self.holder
        )
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pool, slot, holder, .. } = self;
        writeln!(
            f,
            "Slot {slot} of pool {pool}, held by {holder}, is to vote with an EMPTY disk."
        )?;
        writeln!(f, "\nNo server of the pool is known to serve:")?;
        for Server { slot, address, answer, .. } in &self.servers {
            writeln!(f, "  slot {slot:<3} {address:<21} {answer}")?;
        }
        if self.unseen().next().is_some() {
            write!(
                f,
                "\nNOT ALL COULD BE ASKED FROM HERE. If a leader serves after all, this can only lose \
                 data:\nask again from an instance that reaches them.\n"
            )?;
        }
        write!(
            f,
            "\nWhat this risks: every write that only lost disks held is gone for good, although \
             clients\nwere told that it is safe. Be sure that\n  - the lost disks cannot be brought \
             back (a stopped instance still has its own),\n  - the servers that still have data \
             run, the one with the newest among them,\n  - without this empty disk they are no \
             majority."
        )
    }
}
