//! How a pool is: what EC2 says of its slots and their holders, what the servers say of themselves and
//! what a session shows, and what follows from it.
//!
//! [`look`] reads, at the price of two calls to EC2 and about one round trip; [`verdict()`] alone decides,
//! and is pure. What cannot be learnt is shown as such, and never taken for bad news: a place that
//! reaches no server knows nothing of them.
//!
//! | module | what it is |
//! |---|---|
//! | [`verdict`](mod@verdict) | whether there is a quorum, and how the pool is |
//! | [`odd`] | finds what is odd |
//! | [`oddity`] | what can be odd, in words, and what mends it |
//! | [`report`] | the result as plain data |

mod advice;
pub mod odd;
pub mod oddity;
pub mod report;
pub mod verdict;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::future::join3;
use tokio::time::{Instant, timeout_at};

use super::servers::{self, Server, Size};
use super::session::{self, Probe, Session};
use super::target::Target;
use crate::cloud::account::{Instance, Interface, Which};
use crate::cloud::{Account, CallError, patience};
use crate::ids::{EniId, InstanceId, PoolName, SlotNumber};
use crate::pool::{Pool, PoolError, Slot};

pub use verdict::verdict;

/// How long servers may take to answer: all of it together stays under 2 s however many are silent.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long EC2 may take to tell the holders' states: the servers' own words are known by then, and not
/// kept back for it.
const HOLDERS_TIMEOUT: Duration = Duration::from_secs(5);
/// Whatever is not answered is given up so long before the command's end: the rest is still told.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What was seen.
#[derive(Debug, Clone)]
pub struct View {
    /// When.
    pub at: SystemTime,
    /// Where EC2 was asked.
    pub region: String,
    /// The pool, without the ENIs that do not fit into it.
    pub pool: Pool,
    /// Why these do not.
    pub defects: Vec<PoolError>,
    /// The slots' ENIs in all detail.
    pub interfaces: BTreeMap<EniId, Interface>,
    /// The holders; one that EC2 does not describe is absent. Or why they are not known.
    pub holders: Result<BTreeMap<InstanceId, Instance>, String>,
    /// What each slot's server says, in slot order.
    pub servers: Vec<Server>,
    /// What a session shows.
    pub session: Session,
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// EC2 does not tell what the pool is.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no slot to show.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// Looks, by the deadline. The holders' states are asked while the servers are.
///
/// # Errors
/// EC2 does not tell the pool's ENIs, or no slot is among them. All else is part of the answer.
pub async fn look(
    account: &impl Account,
    target: &Target,
    probe: Probe,
    deadline: Instant,
) -> Result<View, StatusError> {
    let Target { pool: name, region } = target;
    let read = || account.interfaces(Which::OfPool(name));
    let found = patience::retried(deadline, read).await?;
    let at = SystemTime::now();
    let (pool, defects) = as_far_as_possible(name, &found)?;
    let end = deadline.checked_sub(LAST_WORDS).unwrap_or(deadline);
    let within = ANSWER_TIMEOUT.min(end.saturating_duration_since(Instant::now()));
    let (holders, servers, session) = join3(
        holders(account, &pool, end.min(Instant::now() + HOLDERS_TIMEOUT)),
        servers::ask(&pool, within),
        session::look(&pool, probe, within),
    )
    .await;
    let interfaces = found.into_iter().map(|it| (it.eni.id.clone(), it)).collect();
    let region = region.clone();
    Ok(View { at, region, pool, defects, interfaces, holders, servers, session })
}

/// A pool of the ENIs that fit, and why the others do not: in the middle of an incident one wrong tag
/// must not hide the rest.
fn as_far_as_possible(
    name: &PoolName,
    found: &[Interface],
) -> Result<(Pool, Vec<PoolError>), PoolError> {
    let mut enis: Vec<_> = found.iter().map(|it| it.eni.clone()).collect();
    let mut defects: Vec<PoolError> = Vec::new();
    loop {
        let error = match Pool::from_enis(name, enis.clone()) {
            Ok(pool) => return Ok((pool, defects)),
            Err(error) => error,
        };
        let Some(culprit) = error.eni().cloned() else {
            return Err(defects.into_iter().next().unwrap_or(error));
        };
        enis.retain(|eni| eni.id != culprit);
        defects.push(error);
    }
}

async fn holders(
    account: &impl Account,
    pool: &Pool,
    deadline: Instant,
) -> Result<BTreeMap<InstanceId, Instance>, String> {
    let mut ids: Vec<InstanceId> = pool.slots.values().filter_map(Slot::holder).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked = patience::retried(deadline, || account.instances(&ids));
    match timeout_at(deadline, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("no answer from EC2 to DescribeInstances in time".to_owned()),
    }
}

impl View {
    /// How many servers there are, by the pool and by the ensemble's own list.
    pub fn size(&self) -> Size {
        Size::of(self.servers.len(), Some(&self.session))
    }

    /// A slot's ENI in all detail.
    pub fn interface(&self, slot: &Slot) -> Option<&Interface> {
        self.interfaces.get(&slot.eni)
    }

    /// A slot's holder, where EC2 describes it.
    pub fn holder(&self, slot: &Slot) -> Option<&Instance> {
        self.holders.as_ref().ok()?.get(slot.holder()?)
    }

    /// A slot's server, asked.
    pub fn server(&self, slot: SlotNumber) -> Option<&Server> {
        self.servers.iter().find(|server| server.slot == slot)
    }

    /// How long a slot has been attached.
    pub fn attached_for(&self, slot: &Slot) -> Option<Duration> {
        let at = u64::try_from(self.interface(slot)?.attached_at?).ok()?;
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at))?;
        // A clock that is behind EC2's makes it no time at all.
        Some(self.at.duration_since(at).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
