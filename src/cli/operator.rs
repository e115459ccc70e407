//! What an operator's command needs: a pool, and EC2. IMDS is asked only for what is not said, so
//! that a laptop will do.

use super::args::CommonArgs;
use super::file::FileSettings;
use super::{CliError, settings};
use crate::cloud::Metadata;
use crate::cloud::ec2::Ec2;
use crate::cloud::imds::Imds;
use crate::ids::PoolName;

/// The pool that is meant, and EC2 in its region.
pub async fn connect(
    common: &CommonArgs,
    file: &FileSettings,
) -> Result<(PoolName, Ec2), CliError> {
    let imds = Imds::new();
    let pool = match common.pool.as_ref().or(file.pool.as_ref()) {
        Some(pool) => pool.clone(),
        None => settings::pool_of_instance(&settings::run_dir(common, file), &imds).await?,
    };
    let region = match common.region.as_ref().or(file.region.as_ref()) {
        Some(region) => region.clone(),
        None => imds.identity().await.map_err(CliError::NoRegion)?.region,
    };
    let ec2 = Ec2::connect(&region, settings::call_timeout(common, file)).await;
    Ok((pool, ec2))
}
