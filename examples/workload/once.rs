//! Commands that do one thing to one server and end, for scripts and tests.

use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use zookeeper_client as zk;

use super::Result;
use super::check::read_tree;
use super::client::{Znodes, connect};
use super::protocol::{ReadBack, Written};
use super::run::modes;

/// ZooKeeper's own business, which differs from server to server.
const OWN: &str = "/zookeeper";

/// Which server, and how long it may take.
#[derive(Debug, Args)]
struct Server {
    /// Such as 10.0.17.1:2181; no other is asked
    #[arg(long = "server", value_name = "ADDRESS:PORT")]
    address: String,
    /// For all of it
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

impl Server {
    /// A session on that server; it waits for one to be granted.
    async fn connect(&self) -> Result<zk::Client> {
        self.in_time(connect(&self.address, self.timeout)).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(|error| format!("{}: {error}", self.address).into()),
            Err(_) => Err(format!("{}: not within {:?}", self.address, self.timeout).into()),
        }
    }
}

/// Which znodes.
#[derive(Debug, Args)]
struct Range {
    /// Below /NAME
    #[arg(long = "prefix", value_name = "NAME")]
    name: String,
    /// From number 1 on
    #[arg(long)]
    count: u64,
}

/// `workload write`
#[derive(Debug, Args)]
pub struct Write {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    range: Range,
}

impl Write {
    /// Writes one after the other; the first that is not acknowledged ends it.
    pub async fn run(self) -> Result<ExitCode> {
        let mut acknowledged = 0;
        let error = self.write(&mut acknowledged).await.err().map(|error| error.to_string());
        let is_done = error.is_none();
        print_json(&Written { acknowledged, error })?;
        Ok(code(is_done))
    }

    async fn write(&self, acknowledged: &mut u64) -> Result<()> {
        let client = self.server.connect().await?;
        let znodes = Znodes::below(&self.range.name);
        let all = async {
            for number in 1..=self.range.count {
                znodes.create(&client, number).await?;
                *acknowledged = number;
            }
            Ok(())
        };
        self.server.in_time(all).await
    }
}

/// `workload read`
#[derive(Debug, Args)]
pub struct Read {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    range: Range,
}

impl Read {
    /// Reads what `write` wrote.
    pub async fn run(self) -> Result<ExitCode> {
        let znodes = Znodes::below(&self.range.name);
        let client = self.server.connect().await?;
        let tree = self.server.in_time(read_tree(&client, znodes.root())).await?;
        let numbers = tree.iter().filter_map(|it| Some((znodes.number(&it.path)?, &it.data)));
        let numbers: std::collections::BTreeMap<_, _> = numbers.collect();
        let is_missing = |number: &u64| !numbers.contains_key(number);
        let is_foreign =
            |number: &u64| numbers.get(number).is_some_and(|it| **it != znodes.data(*number));
        let missing: Vec<u64> = (1..=self.range.count).filter(is_missing).collect();
        let foreign: Vec<u64> = (1..=self.range.count).filter(is_foreign).collect();
        let found = self.range.count - (missing.len() + foreign.len()) as u64;
        let is_whole = found == self.range.count;
        print_json(&ReadBack { found, missing, foreign })?;
        Ok(code(is_whole))
    }
}

/// `workload mode`
#[derive(Debug, Args)]
pub struct Mode {
    /// Such as 10.0.17.1:2181,10.0.33.2:2181
    servers: String,
}

impl Mode {
    /// Asks each server.
    pub async fn run(self) -> Result<ExitCode> {
        let servers: Vec<String> = self.servers.split(',').map(str::to_owned).collect();
        let modes = modes(&servers).await;
        let mut out = std::io::stdout().lock();
        for server in &servers {
            writeln!(out, "{server} {}", modes.get(server).map_or("-", String::as_str))?;
        }
        Ok(code(modes.len() == servers.len()))
    }
}

/// `workload dump`
#[derive(Debug, Args)]
pub struct Dump {
    #[command(flatten)]
    server: Server,
}

impl Dump {
    /// Prints all but what is ZooKeeper's own.
    pub async fn run(self) -> Result<ExitCode> {
        let client = self.server.connect().await?;
        let mut tree = self.server.in_time(read_tree(&client, "/")).await?;
        tree.retain(|znode| !znode.path.starts_with(OWN));
        tree.sort_by(|a, b| a.path.cmp(&b.path));
        let mut out = std::io::stdout().lock();
        for it in tree {
            writeln!(
                out,
                "{} {:#x} {:#x} {}",
                it.path,
                it.czxid,
                it.mzxid,
                it.data.escape_ascii()
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_json(value: &impl Serialize) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(value)?)?)
}

fn code(is_done: bool) -> ExitCode {
    if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
