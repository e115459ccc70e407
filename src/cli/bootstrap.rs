//! `steadfast pool bootstrap`: says what it risks, and does it only when that was typed back.

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::args::{BootstrapArgs, OutputFormat};
use super::operator::{self, Operator};
use super::output::Document;
use super::settings::TIMEOUT;
use super::{CliError, confirm, output};
use crate::cloud::Mode;
use crate::ids::{InstanceId, PoolName, SlotNumber};
use crate::operator::bootstrap::{self, Plan};

/// Does it.
pub async fn bootstrap(args: &BootstrapArgs) -> Result<(), CliError> {
    // A person who reads what it risks takes the time that it takes: only the calls are limited.
    let plan = operator::within(&args.common, TIMEOUT, async |it| {
        Ok((bootstrap::plan(&it.ec2, &it.pool, args.slot, it.deadline).await?, it))
    });
    let (plan, Operator { ec2, .. }) = plan.await?;
    let deadline = || Instant::now() + TIMEOUT;
    if args.change.dry_run {
        plan.carry_out(&ec2, Mode::DryRun, deadline()).await?;
        let text = format!("{plan}\nnothing was changed; EC2 permits ec2:CreateTags\n");
        tell(args, &plan, &text);
        return Ok(());
    }
    confirm::phrase(&plan.to_string(), &plan.phrase(), args.confirm.as_deref())?;
    plan.carry_out(&ec2, Mode::Do, deadline()).await?;
    tell(args, &plan, &format!("{}\n", plan.next_step()));
    Ok(())
}

/// What the JSON form says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolBootstrap {
    /// The pool.
    pool: PoolName,
    /// The slot whose empty disk may vote at its next start.
    slot: SlotNumber,
    /// The instance that holds it, for which alone that is.
    holder: InstanceId,
    /// Whether nothing was changed: it says what would be done.
    is_dry_run: bool,
    /// What a person had to type, or would have to.
    confirm: String,
    /// What is to be done now.
    next_step: String,
}

fn tell(args: &BootstrapArgs, plan: &Plan, text: &str) {
    let body = PoolBootstrap {
        pool: plan.pool().clone(),
        slot: args.slot,
        holder: plan.holder().clone(),
        is_dry_run: args.change.dry_run,
        confirm: plan.phrase(),
        next_step: plan.next_step(),
    };
    output::text(&match args.change.output {
        OutputFormat::Text => text.to_owned(),
        OutputFormat::Json => Document::new("pool-bootstrap", body).json(),
    });
}
