//! The settings that commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::settings;
use crate::ids::PoolName;

/// Settings that every command takes; each can also stand in the settings file under its name.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The pool: the value of the ENIs' tag steadfast:pool [default: the instance tag
    /// steadfast:pool].
    #[arg(long, env = "STEADFAST_POOL", value_name = "NAME")]
    pub pool: Option<PoolName>,

    /// The AWS region [default: the instance's own].
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub region: Option<String>,

    /// How long one call to EC2 may take before its answer counts as lost [default: 10s].
    #[arg(long, env = "STEADFAST_CALL_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub call_timeout: Option<Duration>,

    /// Where slot.json and slot.env go [default: /run/steadfast].
    #[arg(long, env = "STEADFAST_RUN_DIR", value_name = "DIR")]
    pub run_dir: Option<PathBuf>,

    /// The settings file [default: /etc/steadfast/steadfast.toml, if it is there].
    #[arg(long, env = "STEADFAST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Settings of the commands that hold or give back a slot.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub target: TargetArgs,

    /// How long a claim or a release may take, as 90s or 10m [default: 10m].
    #[arg(long, env = "STEADFAST_WAIT", value_name = "TIME", value_parser = settings::time)]
    pub wait: Option<Duration>,

    /// How long an attached slot's NIC may take to appear [default: 60s].
    #[arg(long, env = "STEADFAST_NIC_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub nic_timeout: Option<Duration>,
}

/// Settings of the operator's commands.
#[derive(Debug, Args)]
pub struct OperatorArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub target: TargetArgs,

    /// How long the command may take in all [default: 30s; of `reclaim`, 10m].
    #[arg(long, env = "STEADFAST_TIMEOUT", value_name = "TIME", value_parser = settings::time)]
    pub timeout: Option<Duration>,
}

/// How what changes something is done, and told.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Say what would be done, ask EC2 whether it is permitted, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the result on standard output looks.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// The same for what asks before, unless it is told not to.
#[derive(Debug, Args)]
pub struct AskedArgs {
    /// Do not ask: what was shown is agreed to.
    #[arg(long)]
    pub yes: bool,

    /// How it is done and told.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// How a result looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Each step with its time on a terminal, fields elsewhere.
    #[default]
    Auto,
    /// Each step with its time since the start.
    Steps,
    /// A line of fields an event.
    Fields,
    /// A JSON object an event.
    Json,
}
