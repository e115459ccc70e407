//! Pure: how a slot that was asked for fits what there is.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::{listed, slot_of};
use super::place::Wanted;
use super::{Seen, Wish};
use crate::cloud::account::Interface;

/// Server ids never move between addresses.
pub fn other_address(wanted: &Wanted<'_>, there: &Interface, wish: &Wish) -> Option<String> {
    let addresses = wanted.addresses?;
    let has = &there.eni.addresses;
    let missing: Vec<_> = addresses.list().into_iter().filter(|it| !has.contains(it)).collect();
    let is_first = has.first() == Some(&addresses.ipv4.into());
    (!missing.is_empty() || !is_first).then(|| {
        format!(
            "{} has the address {}, not {}: a server id never moves to another address (give the new \
             address a number of its own, or retire the slot)",
            slot_of(&wish.target.pool, wanted.number),
            listed(has),
            listed(&addresses.list()),
        )
    })
}

/// What is told of a slot that is there and stays as it is.
pub fn differences(wish: &Wish, wanted: &Wanted<'_>, there: &Interface) -> Vec<String> {
    let mut all = Vec::new();
    if there.eni.subnet != wanted.subnet.id {
        all.push(format!("in {}, not in {}", there.eni.subnet, wanted.subnet.id));
    }
    let (mut has, mut asked) = (there.groups.clone(), wish.groups.clone());
    has.sort();
    asked.sort();
    if !asked.is_empty() && has != asked {
        all.push(format!("in {}, not in {}", listed(&has), listed(&asked)));
    }
    if wish.ipv6 && there.eni.addresses.iter().all(IpAddr::is_ipv4) {
        all.push("without an IPv6 address".to_owned());
    }
    for (key, value) in &wish.tags {
        match there.eni.tags.get(key) {
            Some(has) if has == value => {}
            Some(has) => all.push(format!("tagged {key}={has}, not {value}")),
            None => all.push(format!("not tagged {key}={value}")),
        }
    }
    all
}

/// Why a slot that is not there cannot be made as it is wanted.
pub fn obstacles(wish: &Wish, wanted: &Wanted<'_>, seen: &Seen) -> Vec<String> {
    let (Wanted { number, subnet, addresses }, target) = (wanted, &wish.target);
    let mut all = Vec::new();
    if let Some(retired) = seen.members.retired_as(*number).filter(|_| !wish.reuse_retired) {
        let eni = &retired.interface.eni;
        all.push(format!(
            "slot {number} was retired ({}, {}, {}): bring it back with `steadfast pool adopt {target} \
             --eni {number}={}`, or say --reuse-retired to give its number to a new address",
            retired.when,
            eni.id,
            listed(&eni.addresses),
            eni.id
        ));
    }
    if wish.ipv6 && subnet.networks.iter().all(|it| matches!(it, IpNet::V4(_))) {
        all.push(format!("{} has no IPv6 network, as slot {number} would need", subnet.id));
    }
    let Some(addresses) = addresses.map(|it| it.list()) else { return all };
    let bears = |it: &&Interface| it.eni.addresses.iter().any(|a| addresses.contains(a));
    if let Some((other, it)) = seen.members.other_with_address(None, &addresses) {
        all.push(format!(
            "{} is the address of slot {other} ({}), so slot {number} cannot have it: a server id \
             never moves to another address",
            listed(&addresses),
            it.eni.id
        ));
    } else if let Some(it) = seen.bearers.iter().filter(|it| it.vpc == subnet.vpc).find(bears) {
        all.push(format!(
            "{} is in use by {} ({:?}): to make that ENI slot {number}, `steadfast pool adopt {target} \
             --eni {number}={}`",
            listed(&addresses),
            it.eni.id,
            it.description,
            it.eni.id
        ));
    }
    all
}
