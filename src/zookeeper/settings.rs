//! The user's settings of ZooKeeper, from a TOML table and from a file in `zoo.cfg`'s own syntax.
//!
//! A setting that exists is one that ZooKeeper will understand and that endangers nothing: what
//! [`owned`] and [`values`] refuse never gets in. Each remembers where it was set.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{owned, properties, values};

mod error;

pub use error::SettingsError;

/// Far more than a `zoo.cfg` ever has: what is larger was named by mistake.
const FRAGMENT_BYTES_MAX: u64 = 1 << 20;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the table `[zookeeper]` of this TOML file.
    Table(PathBuf),
    /// In this file, on this line, counted from 1.
    Line(PathBuf, usize),
}

impl Origin {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Table(path) | Self::Line(path, _) => path,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(path) => write!(f, "{}, [zookeeper]", path.display()),
            Self::Line(path, line) => write!(f, "{}, line {line}", path.display()),
        }
    }
}

/// One of the user's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value, without white space at either end, as ZooKeeper itself takes it.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

/// The user's settings, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// Reads the user's settings from both places, where there are any: the table `[zookeeper]` of
    /// a settings file, and a file in `zoo.cfg`'s own syntax.
    ///
    /// # Errors
    /// The first mistake. That the fragment is not there is one.
    pub fn read(
        table: Option<(&Path, &toml::Table)>,
        fragment: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        if let Some((path, table)) = table {
            settings.add_table(path, table)?;
        }
        if let Some(path) = fragment {
            let file = |source| SettingsError::File { path: path.to_owned(), source };
            settings.add_fragment(path, &read(path).map_err(file)?)?;
        }
        values::check_together(&settings)?;
        Ok(settings)
    }

    /// One setting.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.0.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    fn add_table(&mut self, path: &Path, table: &toml::Table) -> Result<(), SettingsError> {
        let origin = Origin::Table(path.to_owned());
        let mut flat = Vec::new();
        flatten("", table, &origin, &mut flat)?;
        flat.into_iter().try_for_each(|(key, value)| self.add(&key, &value, origin.clone()))
    }

    fn add_fragment(&mut self, path: &Path, bytes: &[u8]) -> Result<(), SettingsError> {
        let at = |line| Origin::Line(path.to_owned(), line);
        let entries = properties::read(bytes)
            .map_err(|e| SettingsError::Syntax { origin: at(e.line), cause: e.cause })?;
        entries.into_iter().try_for_each(|e| self.add(&e.key, &e.value, at(e.line)))
    }

    fn add(&mut self, key: &str, value: &str, origin: Origin) -> Result<(), SettingsError> {
        // As ZooKeeper does with both, so that a rule cannot be missed by a space.
        let (key, value) = (trimmed(key), trimmed(value));
        if let Some(first) = self.0.get(key) {
            let (first, second) = (first.origin.clone(), origin);
            return Err(SettingsError::Twice { key: key.to_owned(), first, second });
        }
        values::check_key(key, &origin)?;
        owned::check(key, value, &origin)?;
        values::check(key, value, &origin)?;
        self.0.insert(key.to_owned(), Setting { value: value.to_owned(), origin });
        Ok(())
    }
}

/// What Java's `String.trim` leaves.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FRAGMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > FRAGMENT_BYTES_MAX {
        true => Err(io::Error::other("it is larger than 1 MiB: name a file of settings")),
        false => Ok(bytes),
    }
}

/// `autopurge.purgeInterval` of `{ autopurge = { purgeInterval = 1 } }`.
fn flatten(
    prefix: &str,
    table: &toml::Table,
    origin: &Origin,
    flat: &mut Vec<(String, String)>,
) -> Result<(), SettingsError> {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        let shape = |what| SettingsError::Shape { origin: origin.clone(), key: key.clone(), what };
        let text = match value {
            toml::Value::Table(table) => {
                flatten(&format!("{key}."), table, origin, flat)?;
                continue;
            }
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) if number.is_finite() => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            toml::Value::Float(_) => return Err(shape("not a finite number")),
            toml::Value::Datetime(_) => return Err(shape("a date or a time")),
            toml::Value::Array(_) => return Err(shape("an array")),
        };
        flat.push((key, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
