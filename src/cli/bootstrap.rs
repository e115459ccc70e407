//! `steadfast pool bootstrap`: says what it risks, and does it only when that was typed back.

use tokio::time::Instant;

use super::args::BootstrapArgs;
use super::operator::{self, Operator};
use super::settings::TIMEOUT;
use super::{CliError, confirm, output};
use crate::cloud::Mode;
use crate::operator::bootstrap;

/// Does it.
pub async fn bootstrap(args: &BootstrapArgs) -> Result<(), CliError> {
    // A person who reads what it risks takes the time that it takes: only the calls are limited.
    let plan = operator::within(&args.common, TIMEOUT, async |it| {
        Ok((bootstrap::plan(&it.ec2, &it.pool, args.slot, it.deadline).await?, it))
    });
    let (plan, Operator { ec2, .. }) = plan.await?;
    let deadline = || Instant::now() + TIMEOUT;
    if args.dry_run {
        plan.carry_out(&ec2, Mode::DryRun, deadline()).await?;
        output::text(&format!("{plan}\nnothing was changed; EC2 permits ec2:CreateTags\n"));
        return Ok(());
    }
    confirm::phrase(&plan.to_string(), &plan.phrase(), args.confirm.as_deref())?;
    plan.carry_out(&ec2, Mode::Do, deadline()).await?;
    output::text(&format!("{}\n", plan.next_step()));
    Ok(())
}
