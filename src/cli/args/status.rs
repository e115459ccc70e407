//! What the user types for `steadfast status`.

use std::time::Duration;

use clap::Args;

use super::common::{OperatorArgs, OutputFormat};
use crate::cli::settings;

/// The shortest time between two rounds: each costs two calls to EC2.
const WATCH_MIN: Duration = Duration::from_secs(1);

/// Of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// Write nothing to ZooKeeper: only a read is timed.
    #[arg(long)]
    pub no_probe: bool,

    /// Show it again and again, as many seconds apart, or as 1m, until it is interrupted; in place on a
    /// terminal. 5 seconds if none are given.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
        value_parser = seconds)]
    pub watch: Option<Duration>,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// A number of seconds, or a time such as `90s`.
fn seconds(text: &str) -> Result<Duration, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    let time = if is_number { settings::time(&format!("{text}s"))? } else { settings::time(text)? };
    match time < WATCH_MIN {
        true => Err("a second is the shortest time between two rounds".to_owned()),
        false => Ok(time),
    }
}
