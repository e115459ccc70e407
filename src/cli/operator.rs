//! What an operator's command needs: a pool, EC2 in its region, and a time by which it has ended. IMDS
//! is asked only for what is not said, so that a laptop will do.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::args::OperatorArgs;
use super::file::FileSettings;
use super::{CliError, file, settings};
use crate::cloud::Metadata;
use crate::cloud::ec2::{self, Ec2};
use crate::cloud::imds::Imds;
use crate::ids::PoolName;
use crate::operator::target::Target;

/// What a command works with.
#[derive(Debug)]
pub struct Operator {
    /// The pool that is meant.
    pub pool: PoolName,
    /// Its region.
    pub region: String,
    /// EC2 there.
    pub ec2: Ec2,
    /// What the settings file says.
    pub file: FileSettings,
    /// By when it has ended.
    pub deadline: Instant,
}

impl Operator {
    /// As the commands that are told name it.
    pub fn target(&self) -> Target {
        Target { pool: self.pool.clone(), region: self.region.clone() }
    }
}

/// Does an operator's command, and gives it up when its time is over.
///
/// # Errors
/// The command's, or [`CliError::Late`].
pub async fn within<T, F>(
    args: &OperatorArgs,
    usual: Duration,
    command: impl FnOnce(Operator) -> F,
) -> Result<T, CliError>
where
    F: Future<Output = Result<T, CliError>>,
{
    let file = file::read(args.target.config.as_deref())?;
    let limit = settings::timeout(args, &file, usual);
    let deadline = Instant::now() + limit;
    let all = async { command(connect(args, file, deadline).await?).await };
    timeout_at(deadline, all).await.unwrap_or(Err(CliError::Late(limit)))
}

async fn connect(
    args: &OperatorArgs,
    file: FileSettings,
    deadline: Instant,
) -> Result<Operator, CliError> {
    let target = &args.target;
    let imds = Imds::new();
    let pool = match target.pool.as_ref().or(file.pool.as_ref()) {
        Some(pool) => pool.clone(),
        None => settings::pool_of_instance(&settings::run_dir(target, &file), &imds).await?,
    };
    let region = match target.region.as_ref().or(file.region.as_ref()) {
        Some(region) => region.clone(),
        None => match ec2::configured_region().await {
            Some(region) => region,
            None => imds.identity().await.map_err(CliError::NoRegion)?.region,
        },
    };
    let ec2 = Ec2::connect(&region, settings::call_timeout(target, &file)).await;
    Ok(Operator { pool, region, ec2, file, deadline })
}
