//! How a benchmark ends: with its figures told, or with the one error that kept it from them.

use std::fmt::Display;
use std::process::ExitCode;

/// The exit status; an error is printed.
pub fn ended(outcome: Result<(), impl Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
