//! IAM policies.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use super::error::{CliError, Result};

/// Give a role a policy.
#[derive(Debug, Args)]
pub struct PolicyCommand {
    /// The role, which is steadfast for what `launch` and `group` start; or `operator`
    #[arg(value_name = "ROLE")]
    role: String,
    /// The policy's JSON; - is standard input
    #[arg(value_name = "FILE", required_unless_present = "clear")]
    file: Option<PathBuf>,
    /// Take the policy away: everything is allowed again
    #[arg(long, conflicts_with = "file")]
    clear: bool,
}

impl PolicyCommand {
    /// Gives it, or takes it away.
    pub fn run(self, context: &Context) -> Result<()> {
        match self.file {
            Some(file) => context.client.set_policy(&self.role, &read(&file)?)?,
            None => context.client.clear_policy(&self.role)?,
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<String> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|cause| CliError::Usage(format!("{} cannot be read: {cause}", file.display())))
}
