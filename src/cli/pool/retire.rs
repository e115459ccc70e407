//! `steadfast pool retire`: says what it means, and does it only when that was typed back.

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::super::args::RetireArgs;
use super::super::operator::{self, Operator};
use super::super::{CliError, confirm, settings};
use super::print;
use crate::ids::{EniId, PoolName, SlotNumber};
use crate::operator::pool::PoolCommandError;
use crate::operator::pool::retire::{self, Outcome};

/// What the JSON form says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolRetire {
    /// The pool.
    pub pool: PoolName,
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// What became of it; a dry run says what would.
    pub outcome: Outcome,
    /// Whether anything was changed; a dry run changes nothing.
    pub changed: bool,
    /// The pool's other slots.
    pub rest: Vec<SlotNumber>,
}

/// Does it.
pub async fn retire(args: &RetireArgs) -> Result<(), CliError> {
    // A person who reads what it means takes the time that it takes: only the calls are limited.
    let plan = operator::within(&args.common, settings::TIMEOUT, async |it| {
        let plan = retire::plan(&it.ec2, &it.target(), args.slot, args.delete, it.deadline).await?;
        Ok((plan, it))
    });
    let (plan, Operator { ec2, file, pool, .. }) = plan.await?;
    let limit = settings::timeout(&args.common, &file, settings::TIMEOUT);
    let deadline = || Instant::now() + limit;
    let report = |outcome, changed| PoolRetire {
        pool: pool.clone(),
        slot: args.slot,
        eni: plan.eni().clone(),
        outcome,
        changed,
        rest: plan.rest().to_vec(),
    };
    if args.change.dry_run {
        plan.ask(&ec2, deadline()).await.map_err(PoolCommandError::from)?;
        let told = |_: &PoolRetire| format!("{plan}\nnothing was changed; EC2 permits it\n");
        print("pool-retire", report(plan.outcome(), false), told, args.change.output);
        return Ok(());
    }
    if !plan.is_done() {
        confirm::phrase(&plan.to_string(), &plan.phrase(), args.confirm.as_deref())?;
    }
    let outcome = plan.carry_out(&ec2, deadline()).await?;
    let told = |_: &PoolRetire| format!("{}\n", plan.next_step(outcome));
    print("pool-retire", report(outcome, outcome != Outcome::Nothing), told, args.change.output);
    Ok(())
}
