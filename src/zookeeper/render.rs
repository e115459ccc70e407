//! `zoo.cfg` for one slot: computed lines over the user's settings over safe defaults.
//!
//! Pure and deterministic: the same settings and the same pool give the same text on every
//! instance, but for the slot's own lines.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::settings::{Origin, Setting, Settings};
use super::{CLIENT_PORT, ELECTION_PORT, PEER_PORT, owned, properties};
use crate::file::{self, Owner};
use crate::ids::SlotNumber;

/// Where the data goes unless the user says otherwise: Debian's place.
pub const DATA_DIR: &str = "/var/lib/zookeeper";

/// What a user may leave out and may change. Measured together; see the project's notes on
/// ZooKeeper.
const DEFAULTS: [(&str, &str); 9] = [
    ("dataDir", DATA_DIR),
    ("tickTime", "2000"),
    ("initLimit", "10"),
    ("syncLimit", "5"),
    ("4lw.commands.whitelist", "srvr,mntr,ruok,isro"),
    // An isolated empty server would wait for up to a minute between rounds of election.
    ("fastleader.maxNotificationInterval", "3000"),
    ("admin.enableServer", "false"),
    ("autopurge.snapRetainCount", "5"),
    ("autopurge.purgeInterval", "1"),
];

/// What no loss is to depend on a user for; [`owned`] has the reasons.
pub(super) const SAFETY: [(&str, &str); 3] =
    [("db.autocreate", "false"), ("reconfigEnabled", "false"), ("standaloneEnabled", "false")];

const HEADER: &str = "\
# Written by steadfast, and overwritten whenever it starts ZooKeeper: changes made here are lost.
# Settings go into the table [zookeeper] of steadfast's settings file, or into a file of their own.
";

/// The servers, and which of them this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensemble {
    /// This server.
    pub me: SlotNumber,
    /// Every server's address, this one's included.
    pub servers: BTreeMap<SlotNumber, IpAddr>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A bug of the caller's.
    #[error("slot {me} is not among the servers of its own ensemble")]
    NotAMember {
        /// The slot.
        me: SlotNumber,
    },
    /// It cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A configuration, and what follows from it for whoever prepares and watches the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The whole of `zoo.cfg`.
    pub text: String,
    /// This server's id.
    pub me: SlotNumber,
    /// Where snapshots, epochs and `myid` are.
    pub data_dir: PathBuf,
    /// Where the log of transactions is; often the same.
    pub data_log_dir: PathBuf,
    /// Where this server answers clients, and `srvr`.
    pub client: SocketAddr,
    /// How long the silent death of a server may go unnoticed: `tickTime` times `syncLimit`.
    pub detection: Duration,
    /// Whether a value is a secret, so that the file is not for everyone to read.
    pub secret: bool,
}

impl Config {
    /// Writes the file, whole at every moment: mode 0644, or 0640 where it holds a secret.
    ///
    /// # Errors
    /// The file or its directory cannot be written.
    pub fn write(&self, path: &Path, owner: Option<Owner>) -> Result<(), ConfigError> {
        let mode = if self.secret { 0o640 } else { 0o644 };
        let written = match path.parent() {
            Some(directory) => std::fs::create_dir_all(directory),
            None => Ok(()),
        };
        written
            .and_then(|()| file::replace(path, self.text.as_bytes(), mode, owner))
            .map_err(|source| ConfigError::Write { path: path.to_owned(), source })
    }
}

/// The configuration of one server.
///
/// # Errors
/// [`ConfigError::NotAMember`].
pub fn render(settings: &Settings, ensemble: &Ensemble) -> Result<Config, ConfigError> {
    let me = ensemble.me;
    let &address = ensemble.servers.get(&me).ok_or(ConfigError::NotAMember { me })?;
    let text = [
        HEADER.to_owned(),
        group("The pool's, and what its safety rests on.", &computed(settings, ensemble, address)),
        users(settings),
        group("Defaults.", &defaults(settings)),
    ];
    let value = |key| effective(settings, key);
    let data_dir = PathBuf::from(value("dataDir"));
    let log_dir = settings.get("dataLogDir").map(|s| PathBuf::from(&s.value));
    let number = |key| value(key).parse::<u64>().unwrap_or_default();
    Ok(Config {
        text: text.concat(),
        me,
        data_log_dir: log_dir.unwrap_or_else(|| data_dir.clone()),
        data_dir,
        client: SocketAddr::new(address, CLIENT_PORT),
        detection: Duration::from_millis(number("tickTime") * number("syncLimit")),
        secret: settings.iter().any(|(key, _)| is_secret(key)),
    })
}

fn computed(settings: &Settings, ensemble: &Ensemble, address: IpAddr) -> Vec<(String, String)> {
    let line = |key: &str, value: String| (key.to_owned(), value);
    let mut lines = vec![
        line("clientPort", CLIENT_PORT.to_string()),
        // Java takes an IPv6 address here with brackets and without.
        line("clientPortAddress", address.to_string()),
    ];
    if settings.get("secureClientPort").is_some() {
        lines.push(line("secureClientPortAddress", address.to_string()));
    }
    lines.extend(SAFETY.iter().map(|(key, value)| line(key, (*value).to_owned())));
    lines.extend(ensemble.servers.iter().map(|(id, &address)| {
        let peer = SocketAddr::new(address, PEER_PORT);
        line(&format!("server.{id}"), format!("{peer}:{ELECTION_PORT}"))
    }));
    lines
}

fn defaults(settings: &Settings) -> Vec<(String, String)> {
    let unset = DEFAULTS.iter().filter(|(key, _)| settings.get(key).is_none());
    unset.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The user's settings, by the file that they come from.
fn users(settings: &Settings) -> String {
    let mut files: BTreeMap<&Path, Vec<(String, String)>> = BTreeMap::new();
    for (key, Setting { value, origin }) in
        settings.iter().filter(|(key, _)| !owned::is_written(key))
    {
        files.entry(Origin::path(origin)).or_default().push((key.to_owned(), value.clone()));
    }
    // Debug, which escapes: a line break in a file's name must not begin a line here.
    files.iter().map(|(path, lines)| group(&format!("From {path:?}."), lines)).collect()
}

fn group(title: &str, lines: &[(String, String)]) -> String {
    let mut text = format!("\n# {title}\n");
    for (key, value) in lines {
        text.push_str(&format!("{key}={}\n", properties::escape(value)));
    }
    text
}

/// A setting's value, the user's or the default.
fn effective<'a>(settings: &'a Settings, key: &str) -> &'a str {
    let default = || DEFAULTS.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    settings.get(key).map(|s| s.value.as_str()).or_else(default).unwrap_or_default()
}

/// `ssl.keyStore.password`, `DigestAuthenticationProvider.superDigest` and their like; the path of
/// a file that holds one (`...passwordPath`) is none.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("password") || key.ends_with("superdigest")
}

#[cfg(test)]
mod tests;
