//! `steadfast doctor`: gathers all facts at once, has them judged, and tells the worst first.

mod text;
mod this_host;

use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::{join, join3};
use tokio::time::Instant;

use super::args::{DoctorArgs, OutputFormat};
use super::operator::{self, Operator};
use super::output::{self, Document};
use super::{CliError, settings};
use crate::operator::doctor::ensemble::{self, Ensemble};
use crate::operator::doctor::gather::{self, Wanted};
use crate::operator::doctor::tags::Seen;
use crate::operator::doctor::{self, Area, Check, Finding, Report, Role, clock, tags};
use crate::operator::session::Probe;

const ZOOKEEPER: Check = Check::of(Area::Zookeeper, "servers");

/// How long ZooKeeper may take to say what it is, and again to serve a session.
const ZOOKEEPER_PATIENCE: Duration = Duration::from_secs(3);

/// Does it; the exit status says how bad it is.
pub async fn doctor(args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let report =
        operator::within(&args.common, settings::TIMEOUT, async |it| Ok(examine(args, it).await));
    let report = report.await?;
    let status = ExitCode::from(report.exit_status);
    match args.output {
        OutputFormat::Text => output::text(&text::of(&report, args.verbose)),
        OutputFormat::Json => output::text(&Document::new("doctor", report).json()),
    }
    Ok(status)
}

async fn examine(args: &DoctorArgs, it: Operator) -> Report {
    // Whatever hangs, there is time left to tell of the rest.
    let left = it.deadline.saturating_duration_since(Instant::now());
    let by = it.deadline - left / 10;
    let wanted =
        |role| Wanted { pool: it.pool.clone(), role, groups: args.auto_scaling_group.clone(), by };
    let first = wanted(Role::Operator);
    let begun = join(gather::begin(&it.ec2, &first), this_host::identify(args, &it)).await;
    let (facts, me) = begun;
    let usual = if me.is_some() { Role::Agent } else { Role::Operator };
    let role = args.role.unwrap_or(usual);
    let id = me.as_ref().and_then(|me| me.as_ref().ok()).map(|me| me.instance.clone());

    let interfaces = facts.interfaces.clone().unwrap_or_default();
    let (seen, _) = tags::slots(&it.pool, &interfaces);
    let wanted = wanted(role);
    let account = gather::go_on(&it.ec2, &wanted, id, facts);
    let ensemble = ask_zookeeper(args, &it, &seen, by);
    let host = this_host::examine(args, &it, &me, &seen);
    let (facts, ensemble, host) = join3(account, ensemble, host).await;

    let mut found = doctor::of_account(&it.target(), role, &facts);
    found.extend(ensemble);
    found.extend(host);
    found.push(clock::check(it.ec2.clock_ahead_seconds()));
    Report::new(it.pool, it.region, role, facts.caller.ok(), found)
}

async fn ask_zookeeper(
    args: &DoctorArgs,
    it: &Operator,
    seen: &[Seen<'_>],
    by: Instant,
) -> Vec<Finding> {
    if args.no_zookeeper || seen.is_empty() {
        return vec![ZOOKEEPER.skipped("ZooKeeper was not asked")];
    }
    let probe = if args.no_probe { Probe::Never } else { Probe::Write };
    let left = by.saturating_duration_since(Instant::now());
    let within = ZOOKEEPER_PATIENCE.min(left / 3);
    let asked: Ensemble = ensemble::ask(&it.pool, seen, probe, within).await;
    ensemble::check(&asked)
}
