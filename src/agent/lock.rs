//! One agent at a time on an instance: a second one would attach a second slot.
//!
//! The file says who holds it, so that a release can stop a run, and which unit last ran here, so that a
//! release can keep systemd from starting that again. A record alone is no lock: the kernel's is, which
//! ends with the process, however that ends.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::AgentError;
use super::systemd::own_unit;
use crate::supervise::Process;

/// The file's name.
const NAME: &str = "lock";

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What the lock is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A claim is under way.
    Claim,
    /// A command is guarded, for as long as it runs.
    Run,
    /// A slot is given back.
    Release,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claim => "claim",
            Self::Run => "run",
            Self::Release => "release",
        })
    }
}

impl Lock {
    /// Takes the lock in `run_dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`AgentError::Busy`] if another agent has it; the directory cannot be written.
    pub fn take(run_dir: &Path, purpose: Purpose) -> Result<Self, AgentError> {
        fs::create_dir_all(run_dir).map_err(AgentError::file(run_dir))?;
        let path = run_dir.join(NAME);
        // Not truncated: as long as it is another's it says whose.
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(AgentError::file(&path))?;
        match file.try_lock() {
            Ok(()) => {
                // A claim needs no record: it must not fail for want of space.
                if let Err(error) = record(&file, purpose) {
                    tracing::warn!("{}: {error}: it does not say who holds it", path.display());
                }
                Ok(Self { _file: file })
            }
            Err(fs::TryLockError::WouldBlock) => Err(AgentError::Busy { path }),
            Err(fs::TryLockError::Error(e)) => Err(AgentError::file(&path)(e)),
        }
    }

    /// A release's turn: while one stops a run no other does. It is the directory's own lock, as the
    /// file's is the run's meanwhile.
    ///
    /// # Errors
    /// [`AgentError::Busy`] if another release has it; the directory cannot be read.
    pub fn turn(run_dir: &Path) -> Result<Self, AgentError> {
        let file = File::open(run_dir).map_err(AgentError::file(run_dir))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(AgentError::Busy { path: run_dir.to_owned() }),
            Err(fs::TryLockError::Error(e)) => Err(AgentError::file(run_dir)(e)),
        }
    }

    /// The process that holds the lock for a run, as far as the file says.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn runner(run_dir: &Path) -> Result<Option<Process>, AgentError> {
        Ok(runner(&read(run_dir)?))
    }

    /// The unit that last held the lock, as far as the file says.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn last_unit(run_dir: &Path) -> Result<Option<LastUnit>, AgentError> {
        Ok(last_unit(&read(run_dir)?))
    }
}

/// A unit, and its process that held the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastUnit {
    pub(super) pid: u32,
    pub(super) name: String,
}

fn read(run_dir: &Path) -> Result<String, AgentError> {
    let path = run_dir.join(NAME);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(AgentError::file(&path)),
    }
}

/// `PID START PURPOSE`, and on a second line `PID UNIT`, if there was one: what is no unit leaves that.
fn record(mut file: &File, purpose: Purpose) -> io::Result<()> {
    let mut before = String::new();
    file.read_to_string(&mut before)?;
    let own = Process::own().ok_or(io::ErrorKind::NotFound)?;
    let unit = match own_unit() {
        Some(name) if purpose != Purpose::Release => Some(LastUnit { pid: own.pid, name }),
        _ => last_unit(&before),
    };
    let unit = unit.map(|it| format!("{} {}\n", it.pid, it.name)).unwrap_or_default();
    file.set_len(0)?;
    file.rewind()?;
    // At once, and with an end by which half of it is known.
    file.write_all(format!("{own} {purpose}\n{unit}").as_bytes())
}

fn runner(text: &str) -> Option<Process> {
    let (first, _) = text.split_once('\n')?;
    first.strip_suffix(" run")?.parse().ok()
}

fn last_unit(text: &str) -> Option<LastUnit> {
    let (_, second) = text.split_once('\n')?;
    let (pid, name) = second.strip_suffix('\n')?.split_once(' ')?;
    Some(LastUnit { pid: pid.parse().ok()?, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_alone_is_to_be_stopped_and_half_a_record_is_none() {
        assert!(runner("12 345 run\n").is_some_and(|it| it.pid == 12));
        assert!(runner("12 345 run\n12 zk.service\n").is_some_and(|it| it.pid == 12));
        for text in ["", "12 345 run", "12 345 claim\n", "12 345 release\n", "12 run\n", " run\n"] {
            assert_eq!(runner(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_unit_that_ran_last_is_known_whoever_has_the_lock_now() {
        let unit = LastUnit { pid: 7, name: "zk@1.service".to_owned() };
        for purpose in ["run", "claim", "release"] {
            let text = format!("12 345 {purpose}\n7 zk@1.service\n");
            assert_eq!(last_unit(&text).as_ref(), Some(&unit), "{text:?}");
        }
        for text in ["", "12 345 run\n", "12 345 run\n7 zk.serv", "12 345 run\nx zk.service\n"] {
            assert_eq!(last_unit(text), None, "{text:?}");
        }
    }
}
