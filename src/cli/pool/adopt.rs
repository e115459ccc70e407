//! `steadfast pool adopt`: shows what is to be tagged, asks, tags it, and shows the pool.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::super::args::AdoptArgs;
use super::super::operator::{self, Operator};
use super::super::screen::{Cell, Table};
use super::super::{CliError, confirm, settings};
use super::{KeptSlot, notes, print, table, words};
use crate::ids::{EniId, PoolName, SlotNumber};
use crate::operator::pool::PoolCommandError;
use crate::operator::pool::adopt::{self, Plan, Wish};
use crate::operator::pool::show::{PoolView, SlotView};
use crate::operator::target::Target;

/// What the JSON form says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolAdopt {
    /// The pool.
    pub pool: PoolName,
    /// Whether anything was changed; a dry run changes nothing.
    pub changed: bool,
    /// The ENIs that were no slots: adopted by now, or only planned by a dry run.
    pub adopted: Vec<AdoptedSlot>,
    /// Those that were what was asked for before.
    pub kept: Vec<KeptSlot>,
    /// What the operator should know, in words.
    pub notes: Vec<String>,
    /// The pool's slots after it; absent from a dry run.
    pub slots: Option<Vec<SlotView>>,
    /// What clients are given; absent from a dry run.
    pub connect_string: Option<String>,
}

/// An ENI that was no slot before.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdoptedSlot {
    /// Its number.
    pub slot: SlotNumber,
    /// The ENI.
    pub eni: EniId,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its availability zone.
    pub zone: String,
    /// The tags that it gets.
    pub tags: BTreeMap<String, String>,
}

/// Does it.
pub async fn adopt(args: &AdoptArgs) -> Result<(), CliError> {
    let plan = operator::within(&args.common, settings::TIMEOUT, async |it| {
        Ok((adopt::plan(&it.ec2, &wish(args, it.target())?, it.deadline).await?, it))
    });
    let (plan, Operator { ec2, file, .. }) = plan.await?;
    let limit = settings::timeout(&args.common, &file, settings::TIMEOUT);
    let deadline = || Instant::now() + limit;
    let view = match (args.asked.change.dry_run, plan.new.is_empty()) {
        (true, _) => {
            plan.ask(&ec2, deadline()).await.map_err(PoolCommandError::from)?;
            None
        }
        (false, true) => None,
        (false, false) => {
            confirm::yes(&planned(&plan), "Tag them?", args.asked.yes)?;
            Some(PoolView::of(&plan.carry_out(&ec2, deadline()).await?))
        }
    };
    let told = |it: &PoolAdopt| match (&it.slots, args.asked.change.dry_run) {
        (Some(slots), _) => format!(
            "pool {}: {} adopted\n\n{}\nconnect string: {}\n{}",
            it.pool,
            it.adopted.len(),
            table(slots),
            it.connect_string.as_deref().unwrap_or("-"),
            notes(&it.notes)
        ),
        (None, true) if !it.adopted.is_empty() => {
            format!("{}nothing was changed; EC2 permits ec2:CreateTags\n", planned(&plan))
        }
        (None, _) => format!("pool {}: these ENIs are its slots already\n", it.pool),
    };
    print("pool-adopt", report(&plan, view), told, args.asked.change.output);
    Ok(())
}

fn wish(args: &AdoptArgs, target: Target) -> Result<Wish, CliError> {
    let mut enis = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (number, eni) in &args.enis {
        if enis.insert(*number, eni.clone()).is_some() {
            return Err(CliError::Settings(format!("slot {number} is given twice")));
        }
        if !seen.insert(eni) {
            return Err(CliError::Settings(format!("{eni} is given twice")));
        }
    }
    Ok(Wish { target, enis, reuse_retired: args.reuse_retired })
}

fn report(plan: &Plan, view: Option<PoolView>) -> PoolAdopt {
    let adopted = plan.new.iter().map(|it| AdoptedSlot {
        slot: it.number,
        eni: it.interface.eni.id.clone(),
        addresses: it.interface.eni.addresses.clone(),
        zone: it.interface.eni.zone.clone(),
        tags: it.tags.clone(),
    });
    let kept = plan.kept.iter().map(|(slot, it)| KeptSlot {
        slot: *slot,
        eni: it.eni.id.clone(),
        differs: Vec::new(),
    });
    let changed = view.is_some();
    let (slots, connect_string) = match view {
        Some(view) => (Some(view.slots), view.connect_string),
        None => (None, None),
    };
    PoolAdopt {
        pool: plan.target.pool.clone(),
        changed,
        adopted: adopted.collect(),
        kept: kept.collect(),
        notes: plan.notes.clone(),
        slots,
        connect_string,
    }
}

fn planned(plan: &Plan) -> String {
    let mut table = Table::new(&["SLOT", "ENI", "ADDRESS", "ZONE", "TAGS"]);
    for it in &plan.new {
        let (id, eni) = (&it.interface.eni.id, &it.interface.eni);
        let tags: Vec<String> =
            it.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let (number, id, zone) = (Cell::from(it.number), Cell::from(id), Cell::from(&eni.zone));
        table.row(vec![number, id, words(&eni.addresses), zone, words(&tags)]);
    }
    let count = plan.new.len();
    let noun = if count == 1 { "ENI" } else { "ENIs" };
    format!(
        "{count} {noun} to be tagged as slots of pool {}\n\n{table}{}\n",
        plan.target.pool,
        notes(&plan.notes)
    )
}
