//! Pure: where the slots that were asked for are to lie.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::super::{Members, listed};
use super::{Addresses, Layout, New, Seen, Wish};
use crate::cloud::account::Subnet;
use crate::ids::{SlotNumber, SubnetId, VpcId};

/// EC2 keeps the first four addresses of a subnet, and the last one.
const RESERVED_FIRST: u32 = 4;

/// Where a slot is wanted.
pub struct Wanted<'a> {
    pub number: SlotNumber,
    pub subnet: &'a Subnet,
    pub addresses: Option<Addresses>,
}

/// Each slot with its subnet; those without one are problems.
pub fn wanted<'a>(wish: &Wish, seen: &'a Seen, problems: &mut Vec<String>) -> Vec<Wanted<'a>> {
    match &wish.layout {
        Layout::Spread { subnets, count } => {
            let numbers = (1..=count.get()).filter_map(|n| SlotNumber::try_from(n).ok());
            let in_turn = numbers.zip(subnets.iter().cycle());
            let found = |id: &SubnetId| seen.subnets.iter().find(|it| it.id == *id);
            let wanted = in_turn.filter_map(|(number, id)| {
                Some(Wanted { number, subnet: found(id)?, addresses: None })
            });
            wanted.collect()
        }
        Layout::Addresses { addresses, .. } => {
            let mut wanted = Vec::new();
            let known = network(&seen.members);
            for (number, it) in addresses {
                match subnet_of(it, &seen.subnets, known) {
                    Ok(subnet) => {
                        wanted.push(Wanted { number: *number, subnet, addresses: Some(*it) });
                    }
                    Err(problem) => problems.push(format!("slot {number}: {problem}")),
                }
            }
            wanted
        }
    }
}

/// The VPC of the slots that there are.
fn network(members: &Members) -> Option<&VpcId> {
    members.slots.values().next().map(|it| &it.vpc)
}

fn subnet_of<'a>(
    wanted: &Addresses,
    subnets: &'a [Subnet],
    known: Option<&VpcId>,
) -> Result<&'a Subnet, String> {
    let Addresses { ipv4, ipv6 } = wanted;
    let contains = |it: &Subnet, address: IpAddr| it.networks.iter().any(|n| n.contains(&address));
    let fits = subnets.iter().filter(|it| known.is_none_or(|vpc| it.vpc == *vpc));
    let fits: Vec<&Subnet> = fits.filter(|it| contains(it, (*ipv4).into())).collect();
    let subnet = match fits[..] {
        [one] => one,
        [] => {
            return Err(format!(
                "no subnet has the address {ipv4}: give one that lies in a subnet of the pool's \
                 network in this region"
            ));
        }
        [..] => {
            let all: Vec<_> = fits.iter().map(|it| format!("{} of {}", it.id, it.vpc)).collect();
            return Err(format!(
                "{ipv4} lies in {}: name the subnets that are meant with --subnet",
                listed(&all)
            ));
        }
    };
    if is_reserved(*ipv4, subnet) {
        return Err(format!("{ipv4} is one that EC2 keeps for itself in {}", subnet.id));
    }
    match ipv6 {
        Some(it) if !contains(subnet, (*it).into()) => {
            Err(format!("{it} does not lie in {}, as {ipv4} does", subnet.id))
        }
        _ => Ok(subnet),
    }
}

fn is_reserved(address: Ipv4Addr, subnet: &Subnet) -> bool {
    subnet.networks.iter().any(|network| match network {
        IpNet::V4(it) if it.contains(&address) => {
            let number = u32::from(address) - u32::from(it.network());
            number < RESERVED_FIRST || address == it.broadcast()
        }
        _ => false,
    })
}

/// A pool is of one VPC, and so are its security groups.
pub fn one_network(wanted: &[Wanted<'_>], seen: &Seen) -> Vec<String> {
    let known = network(&seen.members).or(wanted.first().map(|it| &it.subnet.vpc));
    let Some(vpc) = known else { return Vec::new() };
    let mut subnets: BTreeMap<_, _> = BTreeMap::new();
    for it in wanted.iter().filter(|it| it.subnet.vpc != *vpc) {
        subnets.insert(&it.subnet.id, &it.subnet.vpc);
    }
    let subnets = subnets.into_iter().map(|(subnet, other)| {
        format!("{subnet} belongs to {other}, the pool to {vpc}: a pool lies in one network")
    });
    let groups = seen.groups.iter().filter(|it| it.vpc != *vpc);
    let groups = groups.map(|it| format!("{} belongs to {}, not to {vpc}", it.id, it.vpc));
    subnets.chain(groups).collect()
}

/// Subnets that have fewer free addresses than slots are to be made there.
pub fn full(new: &[New], subnets: &[Subnet]) -> Vec<String> {
    let wanted = |subnet: &Subnet| new.iter().filter(|it| it.eni.subnet == subnet.id).count();
    let is_full = |it: &&Subnet| wanted(it) > it.free_addresses.try_into().unwrap_or(usize::MAX);
    let told = |it: &Subnet| {
        format!(
            "{} has {} free addresses, but {} slots are to be made there",
            it.id,
            it.free_addresses,
            wanted(it)
        )
    };
    subnets.iter().filter(is_full).map(told).collect()
}
