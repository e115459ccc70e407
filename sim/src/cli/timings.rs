//! Timings on the command line: a file, then single ones over it.

use std::path::Path;

use clap::Args;
use serde_json::{Map, Value};

use super::Context;
use super::error::{CliError, Result};
use crate::control::Timings;

/// Change how long things take.
#[derive(Debug, Args)]
pub struct Timing {
    /// Such as attach_nic_ms=500
    #[arg(value_name = "NAME=MS", required = true)]
    timings: Vec<String>,
}

impl Timing {
    /// Changes them.
    pub fn run(self, context: &Context) -> Result<()> {
        Ok(context.client.set_timings(&gather(None, &self.timings)?)?)
    }
}

/// The timings of a file with single ones over them.
pub fn gather(file: Option<&Path>, single: &[String]) -> Result<Timings> {
    let mut all = Map::new();
    if let Some(path) = file {
        let from_file = serde_json::to_value(read(path)?)?;
        all.extend(from_file.as_object().cloned().unwrap_or_default());
    }
    for timing in single {
        let (name, millis) = parse(timing)?;
        all.insert(name, millis);
    }
    serde_json::from_value(Value::Object(all))
        .map_err(|error| CliError::Usage(format!("timings: {error}")))
}

fn read(path: &Path) -> Result<Timings> {
    let wrong = |cause: &dyn std::fmt::Display| {
        CliError::Usage(format!("timings file {}: {cause}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error.to_string().trim_end()))
}

fn parse(timing: &str) -> Result<(String, Value)> {
    let parsed = timing.split_once('=').and_then(|(name, millis)| {
        Some((name.to_owned(), Value::from(millis.parse::<u64>().ok()?)))
    });
    parsed
        .ok_or_else(|| CliError::Usage(format!("timing {timing:?}: write it as NAME=MILLISECONDS")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_timing_is_taken() {
        let timings = gather(None, &["boot_ms=7".to_owned()]).expect("a good timing");
        assert_eq!(timings.boot_ms, Some(7));
        assert_eq!(timings.api_ms, None);
    }

    #[test]
    fn what_is_no_timing_is_named() {
        for wrong in ["boot_ms", "boot_ms=x", "boot_ms=-1", "no_such_ms=1"] {
            let error = gather(None, &[wrong.to_owned()]).expect_err(wrong).to_string();
            assert!(error.contains(wrong.split('=').next().expect("a name")), "{error}");
        }
    }
}
