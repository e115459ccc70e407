//! ZooKeeper's directories: what they hold, and the few files that go there from outside.
//!
//! An existing `version-2` is never changed. One without a single transaction, and one that is not what
//! its slot last served with, may be set aside, by rename. In doubt it is data: a name that is not known to be none counts as such.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::render::Config;
use crate::file::{self, Owner};
use crate::ids::{PoolName, SlotNumber};

mod error;
mod ownership;

pub use error::DiskError;
pub use ownership::Change;

/// ZooKeeper's own directory, in `dataDir` and in `dataLogDir`.
const VERSION: &str = "version-2";
/// Its presence lets a server with an empty disk vote, once: ZooKeeper deletes it at start. It is
/// heeded in `dataLogDir` alone.
const MARKER: &str = "initialize";
/// The server's id.
const MYID: &str = "myid";
/// The pool whose data this is.
const POOL: &str = "steadfast.pool";
/// A pool's name has 256 bytes at most.
const POOL_BYTES_MAX: u64 = 1024;
/// Which of the slot's disks this is.
const LINEAGE: &str = "steadfast.lineage";
/// It is a tag's value as well, which has 256 characters at most.
const LINEAGE_BYTES_MAX: u64 = 1024;
/// What a server leaves that started with an empty disk and was not let vote (seen with 3.8.0 and
/// 3.9.4); `.tmp` is where it writes them first.
const EPOCHS: [&str; 4] =
    ["acceptedEpoch", "acceptedEpoch.tmp", "currentEpoch", "currentEpoch.tmp"];

/// What the directories hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// No `version-2`, or an empty one.
    Nothing,
    /// A `version-2` with epochs and nothing else: what a server leaves that started with an empty
    /// disk, and never joined.
    NoTransactions,
    /// Snapshots, a log of transactions, or something unknown.
    Data,
}

/// The directories of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    data: PathBuf,
    log: PathBuf,
    me: SlotNumber,
    owner: Option<Owner>,
}

impl Disk {
    /// The directories that a configuration names. What is made there belongs to `owner`: the
    /// account that ZooKeeper runs as, unless that is the one that runs this.
    pub fn of(config: &Config, owner: Option<Owner>) -> Self {
        let (data, log) = (config.data_dir.clone(), config.data_log_dir.clone());
        Self { data, log, me: config.me, owner }
    }

    /// What they hold.
    ///
    /// # Errors
    /// A directory cannot be read, or the log's is gone while there are snapshots.
    pub fn contents(&self) -> Result<Contents, DiskError> {
        let data = contents_of(&self.data.join(VERSION))?;
        if !self.is_split() {
            return Ok(data);
        }
        let log_version = self.log.join(VERSION);
        // A server that has snapshots and forgot what it logged after them would vote: no better
        // than an empty one, and ZooKeeper has no guard against it.
        if data == Contents::Data && !exists(&log_version)? {
            let (snapshots, log) = (self.data.join(VERSION), log_version);
            return Err(DiskError::LogGone { snapshots, log });
        }
        Ok(match (data, contents_of(&log_version)?) {
            (Contents::Data, _) | (_, Contents::Data) => Contents::Data,
            (Contents::Nothing, Contents::Nothing) => Contents::Nothing,
            _ => Contents::NoTransactions,
        })
    }

    /// Makes `dataDir` and `dataLogDir` where they are missing, and sees to it that ZooKeeper's
    /// account can write there. Returns what was changed.
    ///
    /// # Errors
    /// A directory cannot be made, or belongs to somebody else and holds something.
    pub fn prepare(&self) -> Result<Vec<Change>, DiskError> {
        let mut changes = Vec::new();
        for directory in self.directories() {
            changes.extend(ownership::make(directory, self.owner)?);
            changes.extend(ownership::check(directory, self.owner)?);
            ownership::refuse_foreign(&directory.join(VERSION), self.owner)?;
        }
        Ok(changes)
    }

    /// Writes `myid`. A link of that name (Debian's package has one, to a file below `/etc`) is
    /// replaced by a file: the id is the slot's, not the host's.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_myid(&self) -> Result<(), DiskError> {
        self.write(&self.data.join(MYID), &format!("{}\n", self.me))
    }

    /// Writes the marker that lets an empty server vote, to be called on a slot's first boot ever.
    ///
    /// # Errors
    /// The directories hold something: with data there is nothing to bootstrap, and with epochs
    /// alone ZooKeeper would not start. Or it cannot be written.
    pub fn write_marker(&self) -> Result<(), DiskError> {
        match self.contents()? {
            Contents::Nothing => self.write(&self.log.join(MARKER), ""),
            contents => Err(self.not_empty(contents)),
        }
    }

    /// Removes the marker, also one in `dataDir`, which would count if `dataLogDir` were given up.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// One is there and cannot be removed.
    pub fn remove_marker(&self) -> Result<bool, DiskError> {
        self.directories().try_fold(false, |removed, directory| {
            let path = directory.join(MARKER);
            Ok(file::remove(&path).map_err(DiskError::io("remove", &path))? || removed)
        })
    }

    /// Renames each `version-2`, if none has data, so that the server starts as on its first boot:
    /// for the operator's bootstrap after disks are lost. Returns the new names.
    ///
    /// ZooKeeper must not be running.
    ///
    /// # Errors
    /// There is data. Or a directory cannot be renamed.
    pub fn set_aside_empty(&self) -> Result<Vec<PathBuf>, DiskError> {
        if self.contents()? == Contents::Data {
            return Err(self.not_empty(Contents::Data));
        }
        self.set_aside_all("empty", Contents::NoTransactions)
    }

    /// Takes the directories for a pool. Those that hold another pool's data are refused: that of
    /// this pool's leader would overwrite it.
    ///
    /// # Errors
    /// [`DiskError::OtherPool`]. Or the note of the pool cannot be read or written.
    pub fn claim_for(&self, pool: &PoolName) -> Result<(), DiskError> {
        let path = self.data.join(POOL);
        let bytes = file::read(&path, POOL_BYTES_MAX).map_err(DiskError::io("read", &path))?;
        let found = bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        match found {
            Some(found) if found == pool.as_str() => return Ok(()),
            Some(found) if self.contents()? == Contents::Data => {
                return Err(DiskError::OtherPool { path, found, wanted: pool.clone() });
            }
            _ => {}
        }
        self.write(&path, &format!("{pool}\n"))
    }

    /// Names the `version-2` that has these contents, which may be that of the log alone.
    fn not_empty(&self, contents: Contents) -> DiskError {
        let mut versions = self.directories().map(|directory| directory.join(VERSION));
        let has = |path: &PathBuf| contents_of(path).is_ok_and(|found| found == contents);
        let path = versions.find(has).unwrap_or_else(|| self.data.join(VERSION));
        DiskError::NotEmpty { path, contents }
    }

    /// The note that tells which of the slot's disks this is.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn lineage(&self) -> Result<Option<String>, DiskError> {
        let path = self.data.join(LINEAGE);
        let bytes = file::read(&path, LINEAGE_BYTES_MAX).map_err(DiskError::io("read", &path))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
    }

    /// Writes that note.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn set_lineage(&self, lineage: &str) -> Result<(), DiskError> {
        self.write(&self.data.join(LINEAGE), &format!("{lineage}\n"))
    }

    /// Renames each `version-2`, whatever it holds, so that the server starts empty: for data that is
    /// not what the slot last served with. Returns the new names; nothing is lost.
    ///
    /// ZooKeeper must not be running.
    ///
    /// # Errors
    /// A directory cannot be renamed.
    pub fn set_aside_stale(&self) -> Result<Vec<PathBuf>, DiskError> {
        self.set_aside_all("stale", Contents::Data)
    }

    fn set_aside_all(&self, why: &str, at_most: Contents) -> Result<Vec<PathBuf>, DiskError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut moved = Vec::new();
        for directory in self.directories() {
            let version = directory.join(VERSION);
            if exists(&version)? {
                moved.push(set_aside(&version, &format!("{VERSION}.{why}-{now}"), at_most)?);
            }
        }
        Ok(moved)
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), DiskError> {
        file::replace(path, text.as_bytes(), 0o644, self.owner)
            .map_err(DiskError::io("write", path))
    }

    fn is_split(&self) -> bool {
        self.data != self.log
    }

    fn directories(&self) -> impl Iterator<Item = &Path> {
        let log = self.is_split().then_some(self.log.as_path());
        [Some(self.data.as_path()), log].into_iter().flatten()
    }
}

fn contents_of(version: &Path) -> Result<Contents, DiskError> {
    let read = DiskError::io("read", version);
    let mut contents = Contents::Nothing;
    for entry in match fs::read_dir(version) {
        // Not where `version-2` is a link to nowhere, or stands on a disk that is not mounted.
        Err(e) if e.kind() == io::ErrorKind::NotFound && !exists(version)? => {
            return Ok(Contents::Nothing);
        }
        entries => entries.map_err(&read)?,
    } {
        let name = entry.map_err(&read)?.file_name();
        if !EPOCHS.iter().any(|epoch| name == OsStr::new(epoch)) {
            return Ok(Contents::Data);
        }
        contents = Contents::NoTransactions;
    }
    Ok(contents)
}

/// Whether something has this name, be it a link to nowhere.
fn exists(path: &Path) -> Result<bool, DiskError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(DiskError::io("read", path)(e)),
    }
}

/// Renames a `version-2` within its directory, to the first name that is free.
fn set_aside(version: &Path, name: &str, at_most: Contents) -> Result<PathBuf, DiskError> {
    let rename = DiskError::io("rename", version);
    let mut aside = version.with_file_name(name);
    for more in 1.. {
        if !exists(&aside)? {
            break;
        }
        aside = version.with_file_name(format!("{name}-{more}"));
    }
    fs::rename(version, &aside).and_then(|()| file::sync_parent(version)).map_err(&rename)?;
    // A server that was running after all may have written in between.
    if at_most != Contents::Data && contents_of(&aside)? == Contents::Data {
        fs::rename(&aside, version).map_err(&rename)?;
        let path = version.to_owned();
        return Err(DiskError::NotEmpty { path, contents: Contents::Data });
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
