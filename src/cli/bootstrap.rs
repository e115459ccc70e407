//! `steadfast pool bootstrap`: says what it risks, and does it only when that was typed back.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use super::args::BootstrapArgs;
use super::{CliError, file, operator, output};
use crate::cloud::Mode;
use crate::operator::bootstrap::{self, Plan};

/// Does it.
pub async fn bootstrap(args: &BootstrapArgs) -> Result<(), CliError> {
    let file = file::read(args.common.config.as_deref())?;
    let (pool, ec2) = operator::connect(&args.common, &file).await?;
    let plan = bootstrap::plan(&ec2, &pool, args.slot).await?;
    if args.dry_run {
        plan.carry_out(&ec2, Mode::DryRun).await?;
        output::text(&format!("{plan}\nnothing was changed; EC2 permits ec2:CreateTags\n"));
        return Ok(());
    }
    confirm(&plan, args.confirm.as_deref())?;
    plan.carry_out(&ec2, Mode::Do).await?;
    output::text(&format!("{}\n", plan.next_step()));
    Ok(())
}

/// Asks a person to type the slot's name; a script gives it as `--confirm`.
fn confirm(plan: &Plan, given: Option<&str>) -> Result<(), CliError> {
    let phrase = plan.phrase();
    let wrong = |typed: &str| {
        CliError::Settings(format!(
            "not confirmed: {typed:?} is not {phrase:?}; nothing was changed"
        ))
    };
    if let Some(given) = given {
        return if given == phrase { Ok(()) } else { Err(wrong(given)) };
    }
    if !stdin().is_terminal() {
        return Err(CliError::Settings(format!(
            "not confirmed: without a terminal, a person's word is to be given as --confirm \
             {phrase}; nothing was changed"
        )));
    }
    // A question that cannot be read cannot be answered either.
    let _ = write!(stderr(), "{plan}\n\nTo go on, type {phrase}: ");
    let mut typed = String::new();
    let _ = stdin().lock().read_line(&mut typed);
    if typed.trim() == phrase { Ok(()) } else { Err(wrong(typed.trim())) }
}
