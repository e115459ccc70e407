//! Errors of the command line: one line for a person, one exit code for a program (sysexits).

use std::process::ExitCode;

use crate::client::ClientError;
use crate::fabric::FabricError;

/// The exit code for a command line that is not understood.
pub const USAGE: u8 = 64;
/// The exit code where no region, or no such instance, is up.
const UNAVAILABLE: u8 = 69;

/// A result of a command.
pub type Result<T> = std::result::Result<T, CliError>;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// Nothing is there to ask.
    #[error("{0}")]
    NotUp(String),
    /// A program that was to be run could not be; the code is a shell's for it.
    #[error("{message}")]
    NotRun {
        /// Why not.
        message: String,
        /// 126 or 127.
        code: u8,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            CliError::Usage(_) => USAGE,
            CliError::NotUp(_) => UNAVAILABLE,
            CliError::NotRun { code, .. } => *code,
            CliError::Failed(_) => 1,
        })
    }

    /// For a region that is not up.
    pub fn not_up(name: &str) -> CliError {
        let start = format!("steadfast-sim up --name {name}");
        CliError::NotUp(format!("region {name} is not up: start it with {start}"))
    }
}

impl From<FabricError> for CliError {
    fn from(error: FabricError) -> Self {
        CliError::Failed(error.0)
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotUp { .. } => CliError::NotUp(error.to_string()),
            _ => CliError::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        CliError::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        CliError::Failed(error.to_string())
    }
}
