//! Commands that the program gives itself: the steps from the host into an instance.

use clap::Subcommand;

use super::error::Result;
use crate::kernel;

/// Not for people.
#[derive(Debug, Subcommand)]
pub enum Inner {
    /// Leaves the host's namespaces
    #[command(name = "__namespaces", hide = true)]
    Namespaces {
        /// As JSON
        arguments: String,
    },
    /// PID 1 of a region
    #[command(name = "__region", hide = true)]
    Region {
        /// As JSON
        arguments: String,
    },
    /// Holds an instance's namespaces
    #[command(name = "__power", hide = true)]
    Power,
    /// PID 1 of an instance
    #[command(name = "__init", hide = true)]
    Init,
}

impl Inner {
    /// Takes the step.
    pub fn run(self) -> Result<()> {
        let done = match self {
            Inner::Namespaces { arguments } => kernel::run_namespaces(&arguments),
            Inner::Region { arguments } => kernel::run_region(&arguments),
            Inner::Power => kernel::run_power(),
            Inner::Init => kernel::run_init(),
        };
        Ok(done?)
    }
}
