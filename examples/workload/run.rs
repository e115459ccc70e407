//! `workload run`: the writer, a tick ten times a second, and answers to commands.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::stream::{self, StreamExt};

use super::Result;
use super::check::check;
use super::client::{Znodes, mode};
use super::ledger::now;
use super::protocol::{Command, Line, Tick};
use super::writer::{Shared, Writer};

const TICK: Duration = Duration::from_millis(100);

/// Write without pause until standard input ends.
#[derive(Debug, Args)]
pub struct Run {
    /// Such as 10.0.17.1:2181,10.0.33.2:2181
    connect_string: String,
    /// The servers to ask for their modes and to check, if they are not those that it writes to
    #[arg(long, value_name = "CONNECT-STRING")]
    servers: Option<String>,
    /// From one write to the next: enough work to notice a gap, little enough to leave the servers
    /// the machine
    #[arg(long, default_value = "5ms", value_parser = humantime::parse_duration)]
    pace: Duration,
    /// Kafka's default, so that what is seen here is what a broker sees
    #[arg(long, default_value = "18s", value_parser = humantime::parse_duration)]
    session_timeout: Duration,
    /// Write below /NAME
    #[arg(long, value_name = "NAME", default_value = "workload")]
    root: String,
}

impl Run {
    /// Runs until standard input ends.
    pub async fn run(self) -> Result<ExitCode> {
        let (shared, znodes) = (Shared::new(), Znodes::below(&self.root));
        let servers = self.servers.as_ref().unwrap_or(&self.connect_string);
        let servers: Vec<String> = servers.split(',').map(str::to_owned).collect();
        let writer = Writer {
            servers: self.connect_string,
            session_timeout: self.session_timeout,
            pace: self.pace,
            znodes: znodes.clone(),
            shared: shared.clone(),
        };
        let mut writer = tokio::spawn(writer.run());
        let mut ticker = tokio::spawn(tick(servers.clone(), shared.clone()));
        let mut commands = commands();
        loop {
            // The two tasks never end by themselves: if one does, it has panicked.
            let command = tokio::select! {
                command = commands.recv() => command,
                ended = &mut writer => return Err(format!("the writer ended: {ended:?}").into()),
                ended = &mut ticker => return Err(format!("the ticker ended: {ended:?}").into()),
            };
            let Some(command) = command else { return Ok(ExitCode::SUCCESS) };
            let command = serde_json::from_str(&command)
                .map_err(|error| format!("cannot understand {command}: {error}"))?;
            print(&match command {
                Command::Check => Line::Checked(check(&servers, &znodes, &shared).await),
                Command::Gap { since } => {
                    Line::Gap(shared.state().ledger.longest_gap(since, Instant::now()))
                }
                Command::Ledger => Line::Ledger(shared.state().ledger.entries().to_vec()),
            });
        }
    }
}

/// The lines of standard input, from a thread of their own.
fn commands() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn print(line: &Line) {
    // Ends with the reader.
    let text = serde_json::to_string(line).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Tells again and again how the client and the servers fare.
async fn tick(servers: Vec<String>, shared: Shared) {
    loop {
        let (_, at) = now();
        let modes = modes(&servers).await;
        let tick = {
            let state = shared.state();
            Tick {
                acknowledged: state.ledger.entries().len(),
                longest_gap_s: state.ledger.longest_gap_s(),
                modes,
                at,
                ..state.counts.clone()
            }
        };
        print(&Line::Tick(tick));
        tokio::time::sleep(TICK).await;
    }
}

/// The modes of those servers that tell one.
pub async fn modes(servers: &[String]) -> BTreeMap<String, String> {
    let modes = stream::iter(servers.to_vec())
        .map(|server| async move {
            let mode = mode(&server).await?;
            Some((server, mode))
        })
        .buffer_unordered(servers.len().max(1));
    modes.filter_map(std::future::ready).collect().await
}
