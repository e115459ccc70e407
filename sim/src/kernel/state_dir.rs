//! A region's place on disk: its control socket, the record of its PID 1, its instances' disks.
//!
//! It lies below `$XDG_RUNTIME_DIR/steadfast-sim`, or `/tmp/steadfast-sim-UID` where that is not
//! set, and is for its owner alone (mode 0700). All of it goes when the region ends.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::{Explain, Result};
use super::process::Process;
use crate::fabric::FabricError;

/// The longest name in bytes: the socket's path must fit the kernel's 108.
const NAME_MAX: usize = 32;
/// How often a step is tried that finds the directory of all regions removed by one that ends.
const TRIES_MAX: u32 = 100;

/// A region's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// The directory of the region with this name, whether it is there or not.
    pub fn of(name: &str) -> Result<StateDir> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(good) {
            return Err(FabricError(format!(
                "region name {name:?}: use 1 to {NAME_MAX} of a-z, 0-9 and -"
            )));
        }
        Ok(StateDir(base().join(name)))
    }

    /// A directory that someone else named.
    pub fn at(path: impl Into<PathBuf>) -> StateDir {
        StateDir(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.0.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// What the region's PID 1 prints.
    pub fn log(&self) -> PathBuf {
        self.0.join("region.log")
    }

    /// What an instance's init and user-data print; it outlives the instance.
    pub fn console(&self, instance: &str) -> PathBuf {
        self.0.join("console").join(format!("{instance}.log"))
    }

    /// An instance's disk.
    pub fn disk(&self, instance: &str) -> PathBuf {
        self.0.join("disk").join(instance)
    }

    /// The socket to a machine's guest agent.
    pub fn guest_agent(&self, instance: &str) -> PathBuf {
        self.0.join("agent").join(instance)
    }

    /// The number of an instance's PID 1 in the region's PID namespace.
    pub fn instance_pid(&self, instance: &str) -> PathBuf {
        self.0.join("pid").join(instance)
    }

    /// Makes the directory with what belongs in it.
    pub fn create(&self) -> Result<()> {
        make_private(&self.0)?;
        for part in ["agent", "console", "disk", "pid"] {
            make_private(&self.0.join(part))?;
        }
        Ok(())
    }

    /// Lets one caller at a time look at the regions' directories and change them, until the
    /// answer is dropped.
    pub fn lock(&self) -> Result<File> {
        let base = self.0.parent().unwrap_or(Path::new("/"));
        let doing = || format!("cannot lock {}", base.display());
        for _ in 0..TRIES_MAX {
            make_private(base)?;
            if let Some(lock) = open_locked(base).explain(doing)? {
                return Ok(lock);
            }
        }
        Err(FabricError(format!("{}: it is removed all the time", doing())))
    }

    /// Records the region's PID 1.
    pub fn record(&self, region: Process) -> Result<()> {
        let text = serde_json::to_vec(&region).explain(|| "cannot record the region")?;
        let (new, path) = (self.0.join("region.json.new"), self.region());
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &path));
        written.explain(|| format!("cannot write {}", path.display()))
    }

    /// The region's PID 1 as recorded, alive or not.
    pub fn recorded(&self) -> Option<Process> {
        serde_json::from_slice(&fs::read(self.region()).ok()?).ok()
    }

    /// Whether there is no record; one that cannot be read for another reason is still there.
    pub fn is_forgotten(&self) -> bool {
        fs::metadata(self.region()).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    /// The record of the region's PID 1.
    fn region(&self) -> PathBuf {
        self.0.join("region.json")
    }

    /// Whether anything is there.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Removes what is in it, and it.
    pub fn clear(&self) -> Result<()> {
        remove_tree(&self.0)
    }

    /// Removes all of it, and the directory of all regions if this was the last.
    pub fn remove(&self) -> Result<()> {
        remove_tree(&self.0)?;
        // Others may still be in use, so only an empty one goes.
        if let Some(base) = self.0.parent() {
            let _ = fs::remove_dir(base);
        }
        Ok(())
    }
}

/// Removes a directory with all that is in it; done if there is none.
pub fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.explain(|| format!("cannot remove {}", path.display())),
    }
}

/// Where the regions of this user lie.
fn base() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path).join("steadfast-sim"),
        None => {
            let uid = rustix::process::getuid().as_raw();
            PathBuf::from(format!("/tmp/steadfast-sim-{uid}"))
        }
    }
}

/// Makes a directory for its owner alone, or finds one that is. In `/tmp` anyone could have made
/// it first, so its owner is looked at.
fn make_private(path: &Path) -> Result<()> {
    let make = || {
        DirBuilder::new().mode(0o700).recursive(true).create(path)?;
        fs::symlink_metadata(path)
    };
    let gone = |made: &std::io::Result<_>| {
        made.as_ref().is_err_and(|error: &std::io::Error| error.kind() == ErrorKind::NotFound)
    };
    let mut tries = (0..TRIES_MAX).map(|_| make()).skip_while(gone);
    let found = tries.next().unwrap_or_else(make);
    let found = found.explain(|| format!("cannot make {}", path.display()))?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(FabricError(format!("{} is not ours: remove it", path.display())));
    }
    Ok(())
}

/// A directory, locked; nothing if it was removed meanwhile, when the lock would keep nobody out.
fn open_locked(path: &Path) -> std::io::Result<Option<File>> {
    let lock = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    flock(&lock, FlockOperation::LockExclusive)?;
    let inode = lock.metadata()?.ino();
    Ok(fs::metadata(path).is_ok_and(|found| found.ino() == inode).then_some(lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        for name in ["", "..", "a/b", "A", &"x".repeat(33)] {
            assert!(StateDir::of(name).is_err(), "{name:?} was taken");
        }
        assert_eq!(StateDir::of("default").expect("a good name").name(), "default");
    }

    /// Each removes the directory of all regions whenever it is empty, under the others' feet.
    #[test]
    fn regions_that_come_and_go_do_not_disturb_each_other() {
        let base = std::env::temp_dir().join(format!("state-dir-{}", std::process::id()));
        let region = |name: usize| {
            let state = StateDir::at(base.join(name.to_string()));
            for _ in 0..300 {
                let lock = state.lock().expect("a lock");
                state.clear().expect("cleared");
                state.create().expect("created");
                drop(lock);
                assert!(state.exists());
                state.remove().expect("removed");
            }
        };
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..4).map(|name| scope.spawn(move || region(name))).collect();
            assert!(all.into_iter().all(|one| one.join().is_ok()));
        });
        assert!(!base.exists());
    }
}
