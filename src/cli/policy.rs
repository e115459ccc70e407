//! `steadfast iam-policy`: prints it, and asks nobody.

use super::args::PolicyArgs;
use super::{CliError, file, output};
use crate::cloud::grants::Scope;
use crate::operator::policy::Policy;

/// Prints it.
pub fn policy(args: &PolicyArgs) -> Result<(), CliError> {
    let file = file::read(args.config.as_deref())?;
    let missing =
        |what: &str| CliError::Settings(format!("no {what} is named: the policy is for one"));
    let pool = args.pool.as_ref().or(file.pool.as_ref());
    let pool = pool.ok_or_else(|| missing("pool (--pool, STEADFAST_POOL)"))?;
    let region = args.region.as_ref().or(file.region.as_ref());
    let region = region.ok_or_else(|| missing("region (--region, AWS_REGION)"))?;
    let scope = Scope { pool: pool.as_str(), region, account: &args.account };
    output::text(&Policy::of(args.role, &scope).json());
    Ok(())
}
