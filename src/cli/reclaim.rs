//! `steadfast reclaim`: shows the plan, asks, and takes the slot that was shown or none.
//!
//! What was seen a moment ago is acted on. What a person has pondered is looked at anew, and an
//! attachment that is another by then is left alone.

mod report;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::future::join;
use tokio::time::Instant;

use super::args::{OutputFormat, ReclaimArgs};
use super::operator::{self, Operator};
use super::output::{self, Document};
use super::{CliError, confirm, settings};
use crate::cloud::patience::retried;
use crate::cloud::{Action, Cloud, Mode, TAG_RECLAIMED};
use crate::operator::reclaim::{
    Order, ReclaimError, Refusal, Seen, Task, Word, asker, give, judge, look, plan, take,
};
use report::Outcome;
pub use report::Reclaim;

/// The default of `--timeout` here: a holder that shuts down may take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The exit status if the slot was taken, but by somebody else.
const BY_ANOTHER: u8 = 1;

/// Does it.
pub async fn reclaim(args: &ReclaimArgs) -> Result<ExitCode, CliError> {
    let order = order(args);
    // The look has the time that every command's has, unless another was asked for.
    let looked = operator::within(&args.common, settings::TIMEOUT, async |it| {
        let seen = look(&it.ec2, &it.pool, &order, it.deadline);
        let (seen, asker) = join(seen, asker(&it.ec2)).await;
        Ok((seen?, asker, it))
    });
    let (seen, asker, it) = looked.await?;
    let refusals = judge(&seen);
    let told = plan(&seen, &order);
    let report = |outcome| Reclaim::of(&seen, &order, &refusals, outcome);
    if seen.task() == Task::Nothing {
        return Ok(told_as(args, report(Outcome::NothingToDo)));
    }
    show(args, &told);
    if let Err(error) = refused(&order, &refusals) {
        if args.asked.change.dry_run && args.asked.change.output == OutputFormat::Json {
            told_as(args, report(Outcome::Refused));
        }
        return Err(error);
    }
    let limit = settings::timeout(&args.common, &it.file, TIMEOUT);
    if args.asked.change.dry_run {
        let mut report = report(Outcome::WouldDo);
        report.permitted = permitted(&it, &seen, &order, Instant::now() + limit).await?;
        return Ok(told_as(args, report));
    }
    let seen = agreed(args, &it, &order, seen).await?;
    let Some(seen) = seen else { return by_another(args, &it, &order).await };
    carried_out(args, &it, &order, &seen, &asker, Instant::now() + limit).await
}

fn order(args: &ReclaimArgs) -> Order {
    Order {
        slot: args.slot,
        to: args.to.clone(),
        force: args.force,
        despite: args.despite.overrides(),
    }
}

/// The plan: what is asked about shows it by itself.
fn show(args: &ReclaimArgs, told: &str) {
    match (args.asked.change.dry_run, args.asked.change.output) {
        (true, OutputFormat::Text) => output::text(told),
        (true, OutputFormat::Json) => {}
        (false, _) => output::notice(told),
    }
}

fn refused(order: &Order, refusals: &[Refusal]) -> Result<(), CliError> {
    let is_meant =
        |it: &&Refusal| !it.overridden_by().is_some_and(|it| order.despite.contains(&it));
    let refusals: Vec<Refusal> = refusals.iter().filter(is_meant).cloned().collect();
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(ReclaimError::Refused { slot: order.slot, refusals }.into()),
    }
}

/// Asks a person, and looks anew if one was asked; none if the slot is nobody's any more.
async fn agreed(
    args: &ReclaimArgs,
    it: &Operator,
    order: &Order,
    seen: Seen,
) -> Result<Option<Seen>, CliError> {
    if args.asked.yes {
        return Ok(Some(seen));
    }
    let question = match (seen.task(), &seen.to) {
        (Task::Give, Some(to)) => format!("Attach slot {} to {}?", order.slot, to.id),
        _ => format!("Take slot {}?", order.slot),
    };
    confirm::yes("", &question, false)?;
    let deadline = Instant::now() + settings::TIMEOUT;
    let now = look(&it.ec2, &it.pool, order, deadline).await?;
    refused(order, &judge(&now))?;
    let attachment = |seen: &Seen| seen.held.as_ref().map(|held| held.attachment.id.clone());
    match (attachment(&seen), attachment(&now)) {
        (before, after) if before == after => Ok(Some(now)),
        (Some(_), None) => Ok(None),
        (_, _) => {
            let holder = now.holder().map(|it| format!("{} holds it", it.id));
            let now = holder.unwrap_or_else(|| "no instance of this account holds it".to_owned());
            Err(ReclaimError::Changed { slot: order.slot, now }.into())
        }
    }
}

/// The slot came free while a person was asked.
async fn by_another(
    args: &ReclaimArgs,
    it: &Operator,
    order: &Order,
) -> Result<ExitCode, CliError> {
    let deadline = Instant::now() + settings::TIMEOUT;
    let seen = look(&it.ec2, &it.pool, order, deadline).await?;
    let mut report = Reclaim::of(&seen, order, &[], Outcome::DoneByAnother);
    report.taken_by = seen.last;
    Ok(told_as(args, report))
}

/// What EC2 says it would permit.
async fn permitted(
    it: &Operator,
    seen: &Seen,
    order: &Order,
    deadline: Instant,
) -> Result<Vec<String>, CliError> {
    let mut permitted = Vec::new();
    if let (Task::Take, Some(held)) = (seen.task(), &seen.held) {
        let eni = &seen.slot.eni;
        let tag = || it.ec2.set_tag(eni, TAG_RECLAIMED, "dry run", Mode::DryRun);
        retried(deadline, tag).await.map_err(ReclaimError::from)?;
        let detach = || it.ec2.detach(&held.attachment.id, order.force, Mode::DryRun);
        retried(deadline, detach).await.map_err(ReclaimError::from)?;
        permitted.extend([Action::CreateTags, Action::DetachNetworkInterface]);
    }
    if let Some(to) = &seen.to {
        give(&it.ec2, seen, to, Mode::DryRun, deadline).await?;
        permitted.push(Action::AttachNetworkInterface);
    }
    Ok(permitted.into_iter().map(Action::iam).collect())
}

async fn carried_out(
    args: &ReclaimArgs,
    it: &Operator,
    order: &Order,
    seen: &Seen,
    asker: &str,
    deadline: Instant,
) -> Result<ExitCode, CliError> {
    let mut report = Reclaim::of(seen, order, &judge(seen), Outcome::Done);
    if let (Task::Take, Some(holder)) = (seen.task(), seen.holder()) {
        let word = Word::new(SystemTime::now(), asker, &holder.id, args.reason.as_deref());
        report.taken(take(&it.ec2, seen, order, &word, deadline).await?);
    }
    if let Some(to) = seen.to.as_ref().filter(|_| report.outcome == Outcome::Done) {
        report.given(give(&it.ec2, seen, to, Mode::Do, deadline).await?);
    }
    Ok(told_as(args, report))
}

fn told_as(args: &ReclaimArgs, report: Reclaim) -> ExitCode {
    let status = match report.outcome {
        Outcome::DoneByAnother => ExitCode::from(BY_ANOTHER),
        _ => ExitCode::SUCCESS,
    };
    output::text(&match args.asked.change.output {
        OutputFormat::Text => report.text(),
        OutputFormat::Json => Document::new("reclaim", report).json(),
    });
    status
}
