//! What there is to be seen before a slot is taken; changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::Instant;

use super::{Order, ReclaimError};
use crate::cloud::account::{Instance, Interface, InterfaceLimits, Which};
use crate::cloud::patience::retried;
use crate::cloud::{
    Account, Attachment, AttachmentStatus, CallError, InstanceState, TAG_RECLAIMED,
};
use crate::ids::{InstanceId, PoolName, SlotNumber};
use crate::operator::servers::{self, Server, Size};
use crate::operator::session::{self, Probe};
use crate::pool::{Pool, Slot};

/// How long a server may take to say whether it serves.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The slot and what is around it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The pool.
    pub pool: Pool,
    /// The slot that is to be taken.
    pub slot: Slot,
    /// Who holds it, if anyone does.
    pub held: Option<Held>,
    /// Every server of the pool, asked; none if the slot is not held.
    pub servers: Vec<Server>,
    /// How many servers there are, by the pool and by the ensemble's own list.
    pub size: Size,
    /// The instance that is to have it, if one was named.
    pub to: Option<Destination>,
    /// What the ENI's tag says of the last time that an operator took it.
    pub last: Option<String>,
}

/// An attachment of the slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// It, by EC2's word.
    pub attachment: Attachment,
    /// Since when, in seconds since 1970.
    pub since: Option<i64>,
    /// The instance that has it; absent if that is no instance of this account.
    pub holder: Option<Holder>,
}

/// An instance that holds the slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub id: InstanceId,
    /// Its state.
    pub state: InstanceState,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
}

/// The instance that is to have the slot.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its id.
    pub id: InstanceId,
    /// As EC2 describes it; absent if it does not.
    pub instance: Option<Instance>,
    /// How many interfaces its type takes, as far as EC2 says.
    pub limits: Option<InterfaceLimits>,
    /// The pool's slots that it holds.
    pub holds: Vec<SlotNumber>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Nothing: the slot is free, or where it is to be.
    Nothing,
    /// To attach the slot, which is free.
    Give,
    /// To take the slot, and then to attach it if an instance was named.
    Take,
}

impl Seen {
    /// What is to be done.
    pub fn task(&self) -> Task {
        match (&self.held, &self.to) {
            (None, None) => Task::Nothing,
            (None, Some(_)) => Task::Give,
            (Some(held), Some(to)) if held.is_by(&to.id) => Task::Nothing,
            (Some(_), _) => Task::Take,
        }
    }

    /// The holder, if it is an instance of this account.
    pub fn holder(&self) -> Option<&Holder> {
        self.held.as_ref()?.holder.as_ref()
    }
}

impl Held {
    fn is_by(&self, instance: &InstanceId) -> bool {
        self.attachment.instance.as_ref() == Some(instance)
            && self.attachment.status != AttachmentStatus::Detaching
    }
}

/// Looks at the slot, its holder, every server, and the instance that is to have it: two calls to EC2,
/// three with an instance that is to have it.
///
/// # Errors
/// EC2's; the pool's tags are wrong, or there is no such slot.
pub async fn look(
    account: &impl Account,
    name: &PoolName,
    order: &Order,
    deadline: Instant,
) -> Result<Seen, ReclaimError> {
    let interfaces = retried(deadline, || account.interfaces(Which::OfPool(name))).await?;
    let pool = Pool::from_enis(name, interfaces.iter().map(|it| it.eni.clone()).collect())?;
    let slot = pool.slot(order.slot)?.clone();
    let holder = slot.holder().cloned();
    let asked: Vec<InstanceId> = holder.iter().chain(&order.to).cloned().collect();
    let (instances, (servers, session)) = join(described(account, &asked, deadline), async {
        match slot.attachment {
            Some(_) => {
                let session = session::look(&pool, Probe::Never, ANSWER_TIMEOUT);
                let (servers, session) = join(servers::ask(&pool, ANSWER_TIMEOUT), session).await;
                (servers, Some(session))
            }
            None => (Vec::new(), None),
        }
    })
    .await;
    let size = Size::of(pool.slots.len(), session.as_ref());
    let instances = instances?;
    let to = match &order.to {
        Some(id) => Some(destination(account, &pool, id, &instances, deadline).await?),
        None => None,
    };
    let interface = interfaces.into_iter().find(|it| it.eni.id == slot.eni);
    let last = interface.as_ref().and_then(|it| it.eni.tags.get(TAG_RECLAIMED).cloned());
    let held = interface.and_then(|it| held(it, &instances));
    Ok(Seen { pool, slot, held, servers, size, to, last })
}

async fn described(
    account: &impl Account,
    ids: &[InstanceId],
    deadline: Instant,
) -> Result<BTreeMap<InstanceId, Instance>, CallError> {
    match ids {
        [] => Ok(BTreeMap::new()),
        ids => retried(deadline, || account.instances(ids)).await,
    }
}

fn held(interface: Interface, instances: &BTreeMap<InstanceId, Instance>) -> Option<Held> {
    let attachment = interface.eni.attachment?;
    let holder = attachment.instance.clone().map(|id| {
        let instance = instances.get(&id);
        Holder {
            state: instance.map_or(InstanceState::Gone, |it| it.state),
            group: instance.and_then(|it| it.group().map(str::to_owned)),
            id,
        }
    });
    Some(Held { attachment, since: interface.attached_at, holder })
}

async fn destination(
    account: &impl Account,
    pool: &Pool,
    id: &InstanceId,
    instances: &BTreeMap<InstanceId, Instance>,
    deadline: Instant,
) -> Result<Destination, CallError> {
    let instance = instances.get(id).cloned();
    let limits = match &instance {
        Some(Instance { kind, .. }) => {
            let kinds = [kind.clone()];
            retried(deadline, || account.interface_limits(&kinds)).await?.remove(kind)
        }
        None => None,
    };
    let holds = pool.slots.values().filter(|slot| slot.is_held_by(id)).map(|slot| slot.number);
    Ok(Destination { id: id.clone(), instance, limits, holds: holds.collect() })
}
