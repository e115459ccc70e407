//! What may be wrong with the user's settings.

use std::io;
use std::path::PathBuf;

use super::Origin;
use crate::errors::next_step;

/// Why the settings are none. Each names the place and what to do there.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The fragment cannot be read.
    #[error("{}: {source}; {}", path.display(), next_step(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The fragment is not in `zoo.cfg`'s syntax.
    #[error("{origin}: {cause}")]
    Syntax {
        /// The place.
        origin: Origin,
        /// What is wrong, and what to write instead.
        cause: String,
    },
    /// A TOML value that a properties file cannot hold.
    #[error("{origin}: {key} is {what}: write a string, a number, true or false")]
    Shape {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What it is, with its article.
        what: &'static str,
    },
    /// A setting is given twice.
    #[error("{key} is set twice, in {first} and in {second}: remove one of them")]
    Twice {
        /// The key.
        key: String,
        /// One place.
        first: Origin,
        /// The other.
        second: Origin,
    },
    /// A key that ZooKeeper would ignore.
    #[error("{origin}: {key:?} is no setting of ZooKeeper: {instead}")]
    Unknown {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// What to write.
        instead: String,
    },
    /// A key that safety or the pool owns.
    #[error("{origin}: {key} cannot be set: {why}: {instead}")]
    Owned {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// The reason.
        why: &'static str,
        /// What to do.
        instead: String,
    },
    /// A value that ZooKeeper would not start with.
    #[error("{origin}: {key} = {value:?} is not {expected}")]
    Value {
        /// The place.
        origin: Origin,
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What it should be, with its article.
        expected: String,
    },
}
