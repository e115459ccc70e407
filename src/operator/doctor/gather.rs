//! Asks EC2, Auto Scaling and STS: what does not depend on another answer at once, each question
//! within a time of its own, so that one that hangs costs no other its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use futures_util::future::{join, join_all, join3};
use tokio::time::{Instant, timeout_at};

use super::facts::{Facts, Known, Missing};
use super::permissions::{self, Permitted, Role};
use crate::cloud::account::{Instance, Interface, NewEni, NewIpv6, Which};
use crate::cloud::{Account, Action, CallError, Mode, TAG_BOOTSTRAP, TAG_POOL, patience};
use crate::ids::{DeviceIndex, InstanceId, PoolName, SecurityGroupId, SubnetId};

/// How long a question may take, tries included: EC2 answers within a second, and a throttled call
/// is let through within some more.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The pool.
    pub pool: PoolName,
    /// Whose permissions.
    pub role: Role,
    /// Auto Scaling groups beside those that the instances' tags name.
    pub groups: Vec<String>,
    /// By when all is over.
    pub by: Instant,
}

/// Who asks, and the pool: what all else begins with.
pub async fn begin(account: &impl Account, wanted: &Wanted) -> Facts {
    let caller = ask(wanted, || account.caller());
    let interfaces = ask(wanted, || account.interfaces(Which::OfPool(&wanted.pool)));
    let (caller, interfaces) = join(caller, interfaces).await;
    Facts { caller, interfaces, ..Facts::none() }
}

/// The rest. `me` is this instance, if it is one.
pub async fn go_on(
    account: &impl Account,
    wanted: &Wanted,
    me: Option<InstanceId>,
    mut facts: Facts,
) -> Facts {
    facts.me = me;
    let Ok(interfaces) = &facts.interfaces else {
        facts.permitted = reads(account, wanted, &facts).await;
        return facts;
    };
    let ids = instances_of(interfaces, facts.me.as_ref());
    let groups: BTreeSet<_> = interfaces.iter().flat_map(|it| it.groups.iter().cloned()).collect();
    let groups: Vec<SecurityGroupId> = groups.into_iter().collect();
    let instances = ask_some(wanted, &ids, |ids| account.instances(ids));
    let groups = ask_some(wanted, &groups, |ids| account.security_groups(ids));
    let changes = changes(account, wanted, facts.me.as_ref(), interfaces);
    let (instances, groups, mut permitted) = join3(instances, groups, changes).await;

    let kinds = kinds(&instances);
    facts.scaling_names = scaling_names(&instances, &wanted.groups);
    let limits = ask_some(wanted, &kinds, |kinds| account.interface_limits(kinds));
    let scaling = ask_some(wanted, &facts.scaling_names, |names| account.scaling_groups(names));
    let (limits, scaling) = join(limits, scaling).await;

    let of_groups = scaling.iter().flatten().flat_map(|group| group.subnets.iter());
    let subnets: BTreeSet<_> =
        interfaces.iter().map(|it| &it.eni.subnet).chain(of_groups).collect();
    let subnets: Vec<SubnetId> = subnets.into_iter().cloned().collect();
    let subnets = ask_some(wanted, &subnets, |ids| account.subnets(ids)).await;
    facts = Facts { instances, groups, limits, scaling, subnets, ..facts };
    permitted.extend(reads(account, wanted, &facts).await);
    Facts { permitted, ..facts }
}

/// Until it is answered for good, or its time is over.
async fn ask<T, F>(wanted: &Wanted, call: impl Fn() -> F) -> Known<T>
where
    F: Future<Output = Result<T, CallError>>,
{
    answered(wanted, call).await?.map_err(Missing::from)
}

async fn answered<T, F>(
    wanted: &Wanted,
    call: impl Fn() -> F,
) -> Result<Result<T, CallError>, Missing>
where
    F: Future<Output = Result<T, CallError>>,
{
    let by = wanted.by.min(Instant::now() + PATIENCE);
    let late = || Missing::Failed("EC2 did not answer in time".to_owned());
    timeout_at(by, patience::retried(by, call)).await.map_err(|_| late())
}

/// The same, where there is something to ask for. EC2 takes an empty list for all there is.
async fn ask_some<'a, I, T, F>(
    wanted: &Wanted,
    ids: &'a [I],
    call: impl Fn(&'a [I]) -> F,
) -> Known<T>
where
    F: Future<Output = Result<T, CallError>>,
{
    match ids.is_empty() {
        true => Err(Missing::NotAsked),
        false => ask(wanted, || call(ids)).await,
    }
}

/// The holders, and this instance.
fn instances_of(interfaces: &[Interface], me: Option<&InstanceId>) -> Vec<InstanceId> {
    let holders = interfaces.iter().filter_map(holder);
    let all: BTreeSet<_> = holders.chain(me).cloned().collect();
    all.into_iter().collect()
}

fn holder(it: &Interface) -> Option<&InstanceId> {
    it.eni.attachment.as_ref()?.instance.as_ref()
}

fn kinds(instances: &Known<BTreeMap<InstanceId, Instance>>) -> Vec<String> {
    let kinds = instances.iter().flat_map(BTreeMap::values).map(|it| it.kind.clone());
    kinds.filter(|kind| !kind.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn scaling_names(
    instances: &Known<BTreeMap<InstanceId, Instance>>,
    named: &[String],
) -> Vec<String> {
    let tagged = instances.iter().flat_map(BTreeMap::values).filter_map(Instance::group);
    let all: BTreeSet<String> = tagged.map(str::to_owned).chain(named.iter().cloned()).collect();
    all.into_iter().collect()
}

/// Those reads that were not made for their own sake, and so told nothing.
async fn reads(
    account: &impl Account,
    wanted: &Wanted,
    facts: &Facts,
) -> BTreeMap<Action, Permitted> {
    let needed = permissions::needed(wanted.role);
    let not_made = |(action, missing, _): (Action, Option<&Missing>, _)| {
        (missing == Some(&Missing::NotAsked) && needed.contains(&action)).then_some(action)
    };
    let asked = facts.reads().into_iter().filter_map(not_made);
    let all = asked.map(|action| async move {
        (action, permitted(answered(wanted, || account.may_read(action)).await))
    });
    join_all(all).await.into_iter().collect()
}

fn permitted<T>(answer: Result<Result<T, CallError>, Missing>) -> Permitted {
    match answer {
        Ok(answer) => Permitted::by(answer.map(drop)),
        Err(Missing::Failed(because)) => Permitted::Unknown(because),
        Err(_) => Permitted::Unknown("it was not asked for".to_owned()),
    }
}

/// Each change that the role makes, by `DryRun` on what the pool has: what IAM says may depend on it.
async fn changes(
    account: &impl Account,
    wanted: &Wanted,
    me: Option<&InstanceId>,
    interfaces: &[Interface],
) -> BTreeMap<Action, Permitted> {
    let needed = permissions::needed(wanted.role).into_iter();
    let all = needed.filter(|action| !permissions::is_read(*action));
    let all = all
        .map(|action| async move { (action, may(account, wanted, me, interfaces, action).await) });
    join_all(all).await.into_iter().collect()
}

async fn may(
    account: &impl Account,
    wanted: &Wanted,
    me: Option<&InstanceId>,
    interfaces: &[Interface],
    action: Action,
) -> Permitted {
    const NO_SLOT: &str = "the pool has no ENI";
    let free = interfaces.iter().find(|it| it.eni.attachment.is_none());
    let mine = interfaces.iter().find(|it| me.is_some() && holder(it) == me);
    let Some(any) = mine.or(free).or(interfaces.first()) else {
        return Permitted::NothingToAsk(NO_SLOT);
    };
    let dry = Mode::DryRun;
    match action {
        Action::AttachNetworkInterface => {
            let Some(instance) = me.or_else(|| interfaces.iter().find_map(holder)) else {
                return Permitted::NothingToAsk("no instance is known to attach a slot to");
            };
            let eni = &free.or(mine).unwrap_or(any).eni.id;
            // EC2 judges the index only when it attaches.
            let call = || account.attach(eni, instance, DeviceIndex(1), dry);
            permitted(answered(wanted, call).await)
        }
        Action::DetachNetworkInterface => {
            let held = mine.or_else(|| interfaces.iter().find(|it| holder(it).is_some()));
            let Some(attachment) = held.and_then(|it| it.eni.attachment.as_ref()) else {
                return Permitted::NothingToAsk("no slot is attached");
            };
            permitted(answered(wanted, || account.detach(&attachment.id, false, dry)).await)
        }
        Action::CreateTags => {
            let call = || account.set_tag(&any.eni.id, crate::cloud::TAG_INITIALIZED, "0", dry);
            permitted(answered(wanted, call).await)
        }
        Action::DeleteTags => {
            let call = || account.remove_tag(&any.eni.id, TAG_BOOTSTRAP, "0", dry);
            permitted(answered(wanted, call).await)
        }
        Action::DeleteNetworkInterface => {
            permitted(answered(wanted, || account.delete(&any.eni.id, dry)).await)
        }
        Action::CreateNetworkInterface => {
            let new = like(any, &wanted.pool);
            permitted(answered(wanted, || account.create(&new, dry)).await)
        }
        _ => Permitted::NothingToAsk("it changes nothing"),
    }
}

/// An ENI as a further slot of the pool would be made.
fn like(slot: &Interface, pool: &PoolName) -> NewEni {
    NewEni {
        subnet: slot.eni.subnet.clone(),
        ipv4: None,
        ipv6: NewIpv6::None,
        groups: slot.groups.clone(),
        description: "steadfast doctor asks whether it might".to_owned(),
        tags: [(TAG_POOL.to_owned(), pool.to_string())].into(),
        client_token: format!("steadfast-doctor-{:016x}", fastrand::u64(..)),
    }
}
