//! `steadfast pool create`: shows what is to be made, asks, makes it, and shows the pool.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::super::args::CreateArgs;
use super::super::operator::{self, Operator};
use super::super::screen::{Cell, Table, Tone};
use super::super::{CliError, confirm, settings};
use super::{KeptSlot, notes, print, table, words};
use crate::cloud::account::NewIpv6;
use crate::ids::{PoolName, SecurityGroupId, SlotNumber, SubnetId};
use crate::operator::pool::create::{self, Layout, New, Plan, Wish};
use crate::operator::pool::show::{PoolView, SlotView};
use crate::operator::pool::{Members, PoolCommandError};
use crate::operator::target::Target;

/// For an ENI: a call to EC2 takes less than one second, and throttled ones come at five a second.
const EACH: Duration = Duration::from_secs(3);

/// What the JSON form says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolCreate {
    /// The pool.
    pub pool: PoolName,
    /// Whether anything was changed; a dry run changes nothing.
    pub changed: bool,
    /// The slots that were missing: made by now, or only planned by a dry run.
    pub missing: Vec<MissingSlot>,
    /// The slots that were there before.
    pub kept: Vec<KeptSlot>,
    /// What the operator should know of the pool, in words.
    pub notes: Vec<String>,
    /// The pool's slots after it; after a dry run, as they are.
    pub slots: Vec<SlotView>,
    /// What clients are given; absent as long as there is no slot.
    pub connect_string: Option<String>,
}

/// A slot that was missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MissingSlot {
    /// Its number.
    pub slot: SlotNumber,
    /// The addresses that were asked for; EC2 chooses the others.
    pub addresses: Vec<IpAddr>,
    /// Whether EC2 chooses an IPv6 address.
    pub ipv6_chosen: bool,
    /// Its availability zone.
    pub zone: String,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its security groups; the network's default one if there are none.
    pub security_groups: Vec<SecurityGroupId>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Does it.
pub async fn create(args: &CreateArgs) -> Result<(), CliError> {
    let seen = operator::within(&args.common, settings::TIMEOUT, async |it| {
        let wish = wish(args, it.target())?;
        let seen = create::look(&it.ec2, &wish, it.deadline).await?;
        Ok((create::plan(&wish, &seen)?, seen.members, it))
    });
    let (plan, members, Operator { ec2, file, .. }) = seen.await?;
    let usual = EACH.saturating_mul(plan.new.len().try_into().unwrap_or(u32::MAX));
    let limit = settings::timeout(&args.common, &file, usual.max(settings::TIMEOUT));
    if args.asked.change.dry_run {
        let asked = plan.ask(&ec2, Instant::now() + limit).await;
        asked.map_err(PoolCommandError::from)?;
        let told = |it: &PoolCreate| {
            format!("{}nothing was changed{}\n", planned(&plan), permitted(it.missing.is_empty()))
        };
        print("pool-create", report(&plan, &members, false), told, args.asked.change.output);
        return Ok(());
    }
    let (members, changed) = match plan.new.is_empty() {
        true => (members, false),
        false => {
            let question = format!("Make {}?", enis(plan.new.len()));
            confirm::yes(&planned(&plan), &question, args.asked.yes)?;
            (plan.carry_out(&ec2, Instant::now() + limit).await?, true)
        }
    };
    print("pool-create", report(&plan, &members, changed), told, args.asked.change.output);
    Ok(())
}

fn wish(args: &CreateArgs, target: Target) -> Result<Wish, CliError> {
    let twice = |what: &str| Err(CliError::Settings(format!("{what} is given twice")));
    let layout = match args.count {
        Some(count) => Layout::Spread { subnets: args.subnets.clone(), count },
        None => {
            let mut addresses = BTreeMap::new();
            for (number, it) in &args.addresses {
                let bears = |other: &create::Addresses| {
                    other.ipv4 == it.ipv4 || (it.ipv6.is_some() && other.ipv6 == it.ipv6)
                };
                if addresses.values().any(bears) {
                    return twice(&format!("an address of slot {number}"));
                }
                if addresses.insert(*number, *it).is_some() {
                    return twice(&format!("slot {number}"));
                }
            }
            Layout::Addresses { subnets: args.subnets.clone(), addresses }
        }
    };
    let mut tags = BTreeMap::new();
    for (key, value) in &args.tags {
        if tags.insert(key.clone(), value.clone()).is_some() {
            return twice(&format!("the tag {key}"));
        }
    }
    Ok(Wish {
        target,
        layout,
        ipv6: args.ipv6,
        groups: args.groups.clone(),
        tags,
        reuse_retired: args.reuse_retired,
    })
}

fn report(plan: &Plan, members: &Members, changed: bool) -> PoolCreate {
    let view = PoolView::of(members);
    let kept = plan.kept.iter().map(|it| KeptSlot {
        slot: it.number,
        eni: it.interface.eni.id.clone(),
        differs: it.differs.clone(),
    });
    PoolCreate {
        pool: plan.target.pool.clone(),
        changed,
        missing: plan.new.iter().map(missing).collect(),
        kept: kept.collect(),
        notes: plan.notes.clone(),
        slots: view.slots,
        connect_string: view.connect_string,
    }
}

fn missing(new: &New) -> MissingSlot {
    let eni = &new.eni;
    let mut addresses: Vec<IpAddr> = eni.ipv4.map(IpAddr::from).into_iter().collect();
    if let NewIpv6::These(these) = &eni.ipv6 {
        addresses.extend(these.iter().copied().map(IpAddr::from));
    }
    MissingSlot {
        slot: new.number,
        addresses,
        ipv6_chosen: eni.ipv6 == NewIpv6::Chosen,
        zone: new.zone.clone(),
        subnet: eni.subnet.clone(),
        security_groups: eni.groups.clone(),
        tags: eni.tags.clone(),
    }
}

/// The plan: what is there, and what is to be made.
fn planned(plan: &Plan) -> String {
    let mut table = Table::new(&["SLOT", "ADDRESS", "ZONE", "SUBNET", "ENI", "TAGS"]);
    let kept = plan.kept.iter().map(|it| (it.number, kept(it)));
    let new = plan.new.iter().map(|it| (it.number, to_be_made(it)));
    let mut rows: Vec<(SlotNumber, Vec<Cell>)> = kept.chain(new).collect();
    rows.sort_by_key(|(number, _)| *number);
    rows.into_iter().for_each(|(_, row)| table.row(row));
    format!("{plan}\n\n{table}{}{}\n", differences(plan), notes(&plan.notes))
}

fn kept(it: &create::Kept) -> Vec<Cell> {
    let eni = &it.interface.eni;
    let there = Cell::new(format!("{} (kept)", eni.id), Tone::Dim);
    let (zone, subnet) = (Cell::from(&eni.zone), Cell::from(&eni.subnet));
    vec![Cell::from(it.number), words(&eni.addresses), zone, subnet, there, Cell::from("")]
}

fn to_be_made(new: &New) -> Vec<Cell> {
    let it = missing(new);
    let mut addresses: Vec<String> = it.addresses.iter().map(ToString::to_string).collect();
    if new.eni.ipv4.is_none() {
        addresses.insert(0, "(IPv4)".to_owned());
    }
    if it.ipv6_chosen {
        addresses.push("(IPv6)".to_owned());
    }
    let tags: Vec<String> = it.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let (zone, subnet) = (Cell::from(it.zone), Cell::from(it.subnet));
    let made = Cell::new("to be made", Tone::Good);
    vec![Cell::from(new.number), words(&addresses), zone, subnet, made, words(&tags)]
}

fn differences(plan: &Plan) -> String {
    let differ = plan.kept.iter().filter(|it| !it.differs.is_empty());
    let told = differ.map(|it| {
        let mark = Tone::Warning.paint("kept as it is:");
        format!("{mark} slot {} is {}\n", it.number, it.differs.join(", "))
    });
    told.collect()
}

fn told(it: &PoolCreate) -> String {
    let done = match it.missing.len() {
        0 => format!("pool {} has every slot that was asked for", it.pool),
        made => format!("pool {}: {} made", it.pool, enis(made)),
    };
    let differ = it.kept.iter().filter(|it| !it.differs.is_empty());
    let differ: String = differ
        .map(|it| format!("kept as it is: slot {} is {}\n", it.slot, it.differs.join(", ")))
        .collect();
    let string = it.connect_string.as_deref().unwrap_or("-");
    format!(
        "{done}\n\n{}\nconnect string: {string}\n{differ}{}",
        table(&it.slots),
        notes(&it.notes)
    )
}

fn permitted(nothing: bool) -> &'static str {
    match nothing {
        true => "",
        false => "; EC2 permits ec2:CreateNetworkInterface",
    }
}

fn enis(count: usize) -> String {
    format!("{count} {}", if count == 1 { "ENI" } else { "ENIs" })
}
