//! Makes the slots of a pool that are not there yet.
//!
//! [`plan()`] is pure: what was asked for, against what there is. [`Plan::carry_out`] makes one ENI after
//! the other, each under a client token that follows from what it is to be: an answer that was lost,
//! or a second operator with the same wish, finds the ENI that is there. What cannot be prevented so
//! (two operators with different wishes for one number) is found by reading the pool afterwards.

mod carry_out;
mod collision;
mod fit;
mod place;
mod plan;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::future::try_join3;
use tokio::time::Instant;

use super::{Members, PoolCommandError};
use crate::cloud::account::{Account, Interface, SecurityGroup, Subnet, Which};
use crate::cloud::{CallError, patience};
use crate::ids::{SecurityGroupId, SlotNumber, SubnetId};
use crate::operator::target::Target;

pub use carry_out::Made;
pub use plan::{Kept, New, Plan, plan};

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The pool.
    pub target: Target,
    /// Which slots, and where.
    pub layout: Layout,
    /// Whether each gets an IPv6 address that EC2 chooses, unless it is given one.
    pub ipv6: bool,
    /// Their security groups; the network's default one if there are none.
    pub groups: Vec<SecurityGroupId>,
    /// Further tags of theirs.
    pub tags: BTreeMap<String, String>,
    /// Whether the number of a retired slot may be given to a new address.
    pub reuse_retired: bool,
}

/// Which slots, and where.
#[derive(Debug, Clone)]
pub enum Layout {
    /// 1 to `count`, one subnet after the other, with addresses that EC2 chooses.
    Spread {
        /// In turn; at least one.
        subnets: Vec<SubnetId>,
        /// How many.
        count: SlotNumber,
    },
    /// These, each in the subnet that its address belongs to.
    Addresses {
        /// In these subnets; if there are none, in any of the account's.
        subnets: Vec<SubnetId>,
        /// By slot.
        addresses: BTreeMap<SlotNumber, Addresses>,
    },
}

/// The addresses that a slot is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// By which peers and clients know it.
    pub ipv4: Ipv4Addr,
    /// Beside it.
    pub ipv6: Option<Ipv6Addr>,
}

impl Addresses {
    fn list(&self) -> Vec<IpAddr> {
        [Some(self.ipv4.into()), self.ipv6.map(IpAddr::from)].into_iter().flatten().collect()
    }
}

/// What there is.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The pool.
    pub members: Members,
    /// The subnets that come into question.
    pub subnets: Vec<Subnet>,
    /// The security groups that were asked for.
    pub groups: Vec<SecurityGroup>,
    /// ENIs, of any network, that have an address that was asked for.
    pub bearers: Vec<Interface>,
}

/// Looks at what there is: at most five calls, in one round trip or two.
///
/// # Errors
/// EC2's, also where it does not know a subnet or a security group.
pub async fn look(
    account: &impl Account,
    wish: &Wish,
    deadline: Instant,
) -> Result<Seen, PoolCommandError> {
    let Wish { layout, groups, .. } = wish;
    let ids = layout.subnets();
    let (members, subnets, groups) = try_join3(
        Members::read(account, &wish.target.pool, deadline),
        patience::retried(deadline, || account.subnets(&ids)),
        async {
            match groups.is_empty() {
                true => Ok(Vec::new()),
                false => patience::retried(deadline, || account.security_groups(groups)).await,
            }
        },
    )
    .await?;
    let bearers = bearers(account, layout, deadline).await?;
    Ok(Seen { members, subnets, groups, bearers })
}

async fn bearers(
    account: &impl Account,
    layout: &Layout,
    deadline: Instant,
) -> Result<Vec<Interface>, CallError> {
    let Layout::Addresses { addresses, .. } = layout else { return Ok(Vec::new()) };
    let wanted: Vec<IpAddr> = addresses.values().map(|it| it.ipv4.into()).collect();
    let mut found = Vec::new();
    // EC2's limit for the values of one filter.
    for some in wanted.chunks(200) {
        let with_addresses = || account.interfaces(Which::WithAddresses(some));
        found.extend(patience::retried(deadline, with_addresses).await?);
    }
    Ok(found)
}

impl Layout {
    /// The subnets that were named, each once.
    fn subnets(&self) -> Vec<SubnetId> {
        let (Self::Spread { subnets, .. } | Self::Addresses { subnets, .. }) = self;
        let each: BTreeSet<_> = subnets.iter().cloned().collect();
        each.into_iter().collect()
    }
}
