//! Errors of the kernel side: what was being done, then why it failed, in one line.

use std::fmt::Display;

use crate::fabric::FabricError;

/// A result whose error is one line for a person.
pub type Result<T> = std::result::Result<T, FabricError>;

/// Says what was being done when something failed.
pub trait Explain<T> {
    /// Turns the error into `<doing>: <cause>`.
    fn explain<D: Display>(self, doing: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Display> Explain<T> for std::result::Result<T, E> {
    fn explain<D: Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|cause| FabricError(format!("{}: {cause}", doing())))
    }
}
