//! `steadfast render`: the configuration that `run` would write, printed.

use std::path::PathBuf;

use super::args::RenderArgs;
use super::{CliError, file, operator, output, run, settings};
use crate::agent::{AgentError, Facts, ensemble};
use crate::cloud::{Cloud, patience};
use crate::ids::SlotNumber;
use crate::pool::Pool;
use crate::zookeeper::render::{Ensemble, render as rendered};

/// Prints it. The pool is read from `slot.json` where this instance holds a slot of it, else from
/// EC2; nothing is changed anywhere.
pub async fn render(args: &RenderArgs) -> Result<(), CliError> {
    let file = file::read(args.common.target.config.as_deref())?;
    let fragment = args.zookeeper_config.as_ref().or(file.zookeeper_config.as_ref());
    let user = run::zookeeper_settings(fragment.map(PathBuf::as_path), &file)?;
    let held = Facts::read(&settings::run_dir(&args.common.target, &file))?;
    let wanted = args.common.target.pool.as_ref().or(file.pool.as_ref());
    let held = held.filter(|facts| wanted.is_none_or(|pool| *pool == facts.pool));
    let ensemble = match (held, args.slot) {
        (Some(facts), slot) => {
            let known = ensemble(&facts);
            Ensemble { me: slot.unwrap_or(known.me), ..known }
        }
        (None, Some(slot)) => {
            let pool = operator::within(&args.common, settings::TIMEOUT, async |it| {
                let read = || it.ec2.pool(&it.pool);
                let enis = patience::retried(it.deadline, read).await.map_err(AgentError::from)?;
                Pool::from_enis(&it.pool, enis).map_err(CliError::Pool)
            });
            of_pool(&pool.await?, slot)
        }
        (None, None) => {
            let text = "this instance holds no slot: name one with --slot N";
            return Err(CliError::Settings(text.to_owned()));
        }
    };
    let (me, servers) = (ensemble.me, &ensemble.servers);
    if !servers.contains_key(&me) {
        return Err(CliError::Settings(format!(
            "the pool has no slot {me}: it has {}",
            servers.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        )));
    }
    let config = rendered(&user, &ensemble).map_err(AgentError::from)?;
    output::text(&config.text);
    Ok(())
}

fn of_pool(pool: &Pool, me: SlotNumber) -> Ensemble {
    let servers = pool.slots.values().map(|slot| (slot.number, slot.address())).collect();
    Ensemble { me, servers }
}
