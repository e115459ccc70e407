//! `up` and `down`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::error::{CliError, Result};
use super::{Context, Output, look, print, timings};
use crate::control::Request;
use crate::kernel::{StartOptions, clean_up, start};

/// How long `down` gives a region to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How often a wait looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Start a region.
#[derive(Debug, Args)]
pub struct Up {
    /// Where the EC2 API listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The AWS region that it claims to be
    #[arg(long, value_name = "REGION", default_value = "eu-west-1")]
    region: String,
    /// How many zones, each with a subnet
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=6))]
    zones: u8,
    /// The seed of every id and choice: the same seed gives the same ids
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// A directory that instances see read-only at the same path; most of the host they see anyway,
    /// but not /tmp, /run, /var, /mnt, /media
    #[arg(long, value_name = "DIR")]
    share: Vec<PathBuf>,
    /// A TOML file of timings in milliseconds
    #[arg(long, value_name = "FILE")]
    timings: Option<PathBuf>,
    /// A timing in milliseconds, such as attach_nic_ms=500; wins over the file. They are: api_ms,
    /// attach_nic_ms, attached_ms, detach_ms, boot_ms, stop_ms, terminate_ms, replace_ms, stale_ms,
    /// imds_lag_ms, imds_device_number_lag_ms
    #[arg(long = "timing", value_name = "NAME=MS")]
    timing: Vec<String>,
    /// Stay, and end the region on Ctrl-C
    #[arg(long)]
    foreground: bool,
    /// End the region when standard input ends
    #[arg(long, conflicts_with = "foreground")]
    die_with_parent: bool,
}

impl Up {
    /// Starts it and says how to reach it.
    pub fn run(self, context: &Context) -> Result<()> {
        let timings = timings::gather(self.timings.as_deref(), &self.timing)?;
        // The pipe's end here closes when this process ends, however it does.
        let (reader, held) = std::io::pipe()?;
        let lifeline = match (self.foreground, self.die_with_parent) {
            (true, _) => Some(Stdio::from(reader)),
            (_, true) => Some(Stdio::inherit()),
            _ => None,
        };
        let options = StartOptions {
            listen: self.listen,
            region: self.region,
            zones: self.zones,
            seed: self.seed,
            timings,
            shares: self.share,
            lifeline,
        };
        start(&context.state, options)?;
        report(context)?;
        if self.foreground {
            stay(context)?;
        }
        drop(held);
        Ok(())
    }
}

/// Ends a region, and says so if there was none.
pub fn down(context: &Context) -> Result<()> {
    let name = context.state.name();
    if let Some(region) = context.state.recorded().filter(|region| region.is_alive()) {
        // A region that does not listen is killed all the same.
        let _ = context.client.request(&Request::Down);
        let end = Instant::now() + GRACE;
        while region.is_alive() && Instant::now() < end {
            std::thread::sleep(LOOK_AGAIN);
        }
        clean_up(&context.state)?;
    } else if !clean_up(&context.state)? {
        return print::line(format!("region {name} was not up"));
    }
    print::line(format!("region {name} is down"))
}

fn report(context: &Context) -> Result<()> {
    if context.output == Output::Text {
        let name = context.state.name();
        let end = format!("steadfast-sim down --name {name}");
        print::line(format!("# region {name} is up; end it with: {end}"))?;
    }
    look::env(context)
}

/// Waits for a signal or for the region's end, then leaves nothing of it.
fn stay(context: &Context) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = ended(context) => {}
        }
        Ok::<(), CliError>(())
    })?;
    clean_up(&context.state)?;
    Ok(())
}

async fn ended(context: &Context) {
    while context.state.recorded().is_some_and(|region| region.is_alive()) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
