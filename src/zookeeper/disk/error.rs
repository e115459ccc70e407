//! What may be wrong with ZooKeeper's directories.

use std::io;
use std::path::{Path, PathBuf};

use super::Contents;
use crate::errors::next_step;
use crate::file::Owner;
use crate::ids::PoolName;

/// Why the directories cannot be used. Each names the path, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The system refuses.
    #[error("cannot {doing} {}: {source}; {}", path.display(), next_step(source))]
    Io {
        /// What was tried: `read`, `write`, ...
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data is another ensemble's.
    #[error(
        "{} says that the data beside it is of pool {found:?}, and this server is of pool \
         {wanted}, whose leader would overwrite it: name another dataDir, or remove the data and \
         this file",
        path.display()
    )]
    OtherPool {
        /// The note of the pool.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What it should say.
        wanted: PoolName,
    },
    /// ZooKeeper's account could not write there.
    #[error(
        "{} belongs to {}:{} and ZooKeeper runs as {}:{}, so it could not write there: chown -R \
         {}:{} {}",
        path.display(), has.uid, has.gid, wants.uid, wants.gid, wants.uid, wants.gid,
        quoted(path)
    )]
    NotOwned {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        has: Owner,
        /// Whose it should be.
        wants: Owner,
    },
    /// It is not empty, as it should be.
    #[error(
        "{} holds {}, so this server is not to begin anew: {}",
        path.display(), held(*contents), remedy(*contents)
    )]
    NotEmpty {
        /// The `version-2`.
        path: PathBuf,
        /// What it holds.
        contents: Contents,
    },
    /// The log of transactions is lost, or on a disk that is not mounted.
    #[error(
        "{} has snapshots and {} is missing, so this server may have forgotten what it \
         acknowledged: mount the disk of dataLogDir; if it is lost, move {} away as well, and the \
         server fetches everything from the others",
        snapshots.display(), log.display(), quoted(snapshots)
    )]
    LogGone {
        /// The `version-2` of `dataDir`.
        snapshots: PathBuf,
        /// The one of `dataLogDir`.
        log: PathBuf,
    },
}

impl DiskError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path: path.clone(), source }
    }
}

/// A path for a command in a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    match text.contains(|c: char| !c.is_ascii_alphanumeric() && !"/._-+=:@".contains(c)) {
        true => format!("'{}'", text.replace('\'', "'\\''")),
        false => text,
    }
}

fn held(contents: Contents) -> &'static str {
    match contents {
        Contents::Nothing => "nothing",
        Contents::NoTransactions => "epochs without a transaction",
        Contents::Data => "data",
    }
}

fn remedy(contents: Contents) -> &'static str {
    match contents {
        Contents::Data => "start it as it is, or move the data away if it is not to be kept",
        _ => "set it aside first",
    }
}
