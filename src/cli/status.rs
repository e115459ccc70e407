//! `steadfast status`: once, or again and again.

mod display;
mod text;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::args::{OutputFormat, StatusArgs};
use super::operator::{self, Operator};
use super::output::{self, Document};
use super::{CliError, settings};
use crate::agent::AgentError;
use crate::operator::session::Probe;
use crate::operator::status::report::Report;
use crate::operator::status::{self, StatusError};
use text::Steps;

/// Shows it; the exit status is the pool's.
pub async fn status(args: &StatusArgs) -> Result<ExitCode, CliError> {
    if let Some(every) = args.watch {
        let it = operator::within(&args.common, settings::TIMEOUT, async |it| Ok(it)).await?;
        let limit = settings::timeout(&args.common, &it.file, settings::TIMEOUT);
        return watch::watch(&Round { it, limit, probe: probe(args) }, every, args.output).await;
    }
    let once = async |it: Operator| look(&it, probe(args), it.deadline).await;
    let report = operator::within(&args.common, settings::TIMEOUT, once).await?;
    let code = report.health.exit_code().into();
    output::text(&match args.output {
        OutputFormat::Text => {
            text::text(&report, display::size().map(|it| it.columns), Steps::Whole)
        }
        OutputFormat::Json => Document::new("status", report).json(),
    });
    Ok(code)
}

fn probe(args: &StatusArgs) -> Probe {
    match args.no_probe {
        true => Probe::Never,
        false => Probe::Write,
    }
}

/// What each round of a watch does.
struct Round {
    it: Operator,
    limit: Duration,
    probe: Probe,
}

impl Round {
    async fn look(&self) -> Result<Report, CliError> {
        let deadline = Instant::now() + self.limit;
        let looked = timeout_at(deadline, look(&self.it, self.probe, deadline)).await;
        looked.unwrap_or(Err(CliError::Late(self.limit)))
    }
}

async fn look(it: &Operator, probe: Probe, deadline: Instant) -> Result<Report, CliError> {
    let view =
        status::look(&it.ec2, &it.target(), probe, deadline).await.map_err(
            |error| match error {
                StatusError::Call(error) => CliError::Agent(AgentError::from(error)),
                StatusError::Pool(error) => CliError::Pool(error),
            },
        )?;
    Ok(status::verdict(&view))
}
