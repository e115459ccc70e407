//! `steadfast doctor`: gathers all facts at once, has them judged, and tells the worst first.

mod text;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{Instant, timeout};

use super::args::{DoctorArgs, OutputFormat};
use super::operator::{self, Operator};
use super::output::{self, Document};
use super::{CliError, settings};
use crate::agent::Facts as AgentFacts;
use crate::cloud::imds::Imds;
use crate::cloud::{Identity, Metadata, MetadataError};
use crate::operator::doctor::ensemble::{self, Ensemble};
use crate::operator::doctor::gather::{self, Wanted};
use crate::operator::doctor::{self, Area, Check, Facts, Finding, Report, Role, clock, tags};
use crate::operator::session::Probe;

const METADATA: Check = Check::of(Area::Host, "metadata");
const ZOOKEEPER: Check = Check::of(Area::Zookeeper, "servers");

/// How long a host that is surely an instance waits for IMDS, whose client asks four times meanwhile.
const METADATA_PATIENCE: Duration = Duration::from_secs(5);
/// How long any other does: IMDS answers within milliseconds where there is one.
const METADATA_GLANCE: Duration = Duration::from_secs(2);
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
    let (facts, me) = join(gather::begin(&it.ec2, &first), this_instance(args, &it)).await;
    let usual = if me.is_some() { Role::Agent } else { Role::Operator };
    let role = args.role.unwrap_or(usual);
    let id = me.as_ref().and_then(|me| me.as_ref().ok()).map(|me| me.instance.clone());

    let wanted = wanted(role);
    let asked = ask_zookeeper(args, &it, &facts, by);
    let (facts, asked) = join(gather::go_on(&it.ec2, &wanted, id, facts.clone()), asked).await;

    let mut found = doctor::of_account(&it.pool, role, &facts);
    found.extend(asked);
    found.extend(me.iter().map(metadata));
    found.push(clock::check(it.ec2.clock_ahead_seconds()));
    Report::new(it.pool, it.region, role, facts.caller.ok(), found)
}

/// Who this is; none if it is no instance, or is to be left out.
async fn this_instance(
    args: &DoctorArgs,
    it: &Operator,
) -> Option<Result<Identity, MetadataError>> {
    if args.no_host {
        return None;
    }
    let run_dir = settings::run_dir(&args.common.target, &it.file);
    let is_sure = args.host || is_instance(&run_dir);
    let patience = if is_sure { METADATA_PATIENCE } else { METADATA_GLANCE };
    match timeout(patience, Imds::new().identity()).await {
        Ok(Ok(identity)) => Some(Ok(identity)),
        Ok(Err(error)) => is_sure.then_some(Err(error)),
        Err(_) => is_sure.then(|| {
            let cause = format!("no answer within {}", humantime::format_duration(patience));
            Err(MetadataError::Unreachable { cause })
        }),
    }
}

/// Whether the machine says by itself that it is one of EC2's, or a slot was claimed here.
fn is_instance(run_dir: &Path) -> bool {
    let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    vendor.trim() == "Amazon EC2" || matches!(AgentFacts::read(run_dir), Ok(Some(_)))
}

fn metadata(me: &Result<Identity, MetadataError>) -> Finding {
    match me {
        Ok(me) => METADATA.ok(format!("IMDS answers: this is {} in {}", me.instance, me.zone)),
        Err(error) => METADATA
            .error(error.to_string())
            .why("without it the agent does not know who it is, and its role has no credentials"),
    }
}

async fn ask_zookeeper(
    args: &DoctorArgs,
    it: &Operator,
    facts: &Facts,
    by: Instant,
) -> Vec<Finding> {
    let Ok(interfaces) = &facts.interfaces else { return Vec::new() };
    let (seen, _) = tags::slots(&it.pool, interfaces);
    if args.no_zookeeper || seen.is_empty() {
        return vec![ZOOKEEPER.skipped("ZooKeeper was not asked")];
    }
    let probe = if args.no_probe { Probe::Never } else { Probe::Write };
    let left = by.saturating_duration_since(Instant::now());
    let within = ZOOKEEPER_PATIENCE.min(left / 3);
    let asked: Ensemble = ensemble::ask(&it.pool, &seen, probe, within).await;
    ensemble::check(&asked)
}
