//! One agent at a time on an instance: a second one would attach a second slot.

use std::fs::{self, File};
use std::path::Path;

use super::AgentError;

/// Held until dropped; the kernel lets it go when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock in `run_dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`AgentError::Busy`] if another agent has it; the directory cannot be written.
    pub fn take(run_dir: &Path) -> Result<Self, AgentError> {
        fs::create_dir_all(run_dir).map_err(AgentError::file(run_dir))?;
        let path = run_dir.join("lock");
        let file = File::create(&path).map_err(AgentError::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(AgentError::Busy { path }),
            Err(fs::TryLockError::Error(e)) => Err(AgentError::file(&path)(e)),
        }
    }
}
