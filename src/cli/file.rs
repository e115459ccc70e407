//! The settings file: TOML, every key optional, an unknown or mistyped one refused by name and line.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{CliError, settings};
use crate::ids::{PoolName, SlotNumber};

/// Where it is looked for if none is named.
pub const DEFAULT_PATH: &str = "/etc/steadfast/steadfast.toml";

/// What the file says. The names are those of the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FileSettings {
    /// The file itself.
    #[serde(skip)]
    pub path: PathBuf,
    /// `--pool`
    pub pool: Option<PoolName>,
    /// `--region`
    pub region: Option<String>,
    /// `--slot`
    pub slot: Option<SlotNumber>,
    /// `--only-slot`
    pub only_slot: Option<SlotNumber>,
    /// `--wait`
    #[serde(deserialize_with = "duration")]
    pub wait: Option<Duration>,
    /// `--nic-timeout`
    #[serde(deserialize_with = "duration")]
    pub nic_timeout: Option<Duration>,
    /// `--call-timeout`
    #[serde(deserialize_with = "duration")]
    pub call_timeout: Option<Duration>,
    /// `--timeout`
    #[serde(deserialize_with = "duration")]
    pub timeout: Option<Duration>,
    /// `--run-dir`
    pub run_dir: Option<PathBuf>,
    /// `--user`
    pub user: Option<String>,
    /// `--stop-timeout`
    #[serde(deserialize_with = "duration")]
    pub stop_timeout: Option<Duration>,
    /// `--release-on-stop`
    pub release_on_stop: Option<bool>,
    /// `--plain`
    pub plain: Option<bool>,
    /// `--zookeeper-config`
    pub zookeeper_config: Option<PathBuf>,
    /// ZooKeeper's own settings.
    pub zookeeper: Option<toml::Table>,
}

/// Reads the file; the default one need not be there.
pub fn read(named: Option<&Path>) -> Result<FileSettings, CliError> {
    let path = named.unwrap_or(Path::new(DEFAULT_PATH));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text),
        Err(e) if e.kind() == io::ErrorKind::NotFound && named.is_none() => {
            Ok(FileSettings::default())
        }
        Err(source) => Err(CliError::SettingsFile { path: path.to_owned(), source }),
    }
}

fn parse(path: &Path, text: &str) -> Result<FileSettings, CliError> {
    let mut file: FileSettings = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|&b| b == b'\n').count() + 1;
        let key = text.lines().nth(line - 1).and_then(|l| l.split_once('=')).map(|(key, _)| key);
        let key = key.map(|key| format!("{}: ", key.trim())).unwrap_or_default();
        let message = error.message().replace('\n', " ");
        CliError::Settings(format!("{}, line {line}: {key}{message}", path.display()))
    })?;
    path.clone_into(&mut file.path);
    if file.slot.is_some() && file.only_slot.is_some() {
        let path = path.display();
        let text = format!("{path}: it has both slot and only-slot: remove one of them");
        return Err(CliError::Settings(text));
    }
    Ok(file)
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from).map_err(|e| {
        let e = e.to_string();
        serde::de::Error::custom(format!("{}, as \"90s\" or \"10m\"", e.trim_end()))
    })?;
    settings::time(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(Path::new("steadfast.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_is_read() {
        let text = "pool = \"kafka\"\nwait = \"90s\"\nslot = 3\nnic-timeout = \"1m\"\n";
        let file = parse(Path::new("x"), text).unwrap();
        assert_eq!(file.pool.unwrap().as_str(), "kafka");
        assert_eq!(file.wait.unwrap(), Duration::from_secs(90));
        assert_eq!(file.slot.unwrap().get(), 3);
        assert_eq!(file.nic_timeout.unwrap(), Duration::from_secs(60));
    }

    #[test]
    fn a_mistake_is_told_with_key_and_line() {
        let unknown = refused("pool = \"kafka\"\npoool = \"x\"\n");
        assert!(unknown.contains("line 2: poool: unknown field"), "{unknown}");
        let mistyped = refused("\n\nwait = 10\n");
        let told = "line 3: wait: invalid type: integer `10`, expected a string, as \"90s\"";
        assert!(mistyped.contains(told), "{mistyped}");
        let bad = refused("wait = \"soon\"\n");
        assert!(bad.contains("line 1: wait: \"soon\" is not a time"), "{bad}");
        let slot = refused("slot = 0\n");
        assert!(slot.contains("line 1: slot: \"0\" is not a slot number"), "{slot}");
        let large = refused("slot = 256\n");
        assert!(large.contains("line 1: slot: \"256\" is not a slot number"), "{large}");
        let syntax = refused("pool = \n");
        assert!(syntax.contains("line 1: pool:"), "{syntax}");
        let both = refused("slot = 1\nonly-slot = 2\n");
        assert!(both.starts_with("steadfast.toml: it has both"), "{both}");
    }
}
