//! The client: runs inside the region, writes and reads through the static connect string without
//! pause, asks each server for its mode, and reads every acknowledged znode back when told to.
//!
//! It speaks lines of JSON: a [`Tick`] ten times a second and a [`Checked`] for each `check` line
//! on its standard input. The end of its input ends it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zookeeper_client as zk;

use super::{Error, Result};

/// Kafka's default, so that what is seen here is what a broker sees.
const SESSION_TIMEOUT: Duration = Duration::from_secs(18);
/// Between two writes: enough work to notice a gap, little enough to leave the JVMs the machine.
const PACE: Duration = Duration::from_millis(5);
const TICK: Duration = Duration::from_millis(100);
/// How long one server may take to say its mode.
const SRVR_TIMEOUT: Duration = Duration::from_secs(1);
/// How many reads of a check are under way at once.
const READS_AT_ONCE: usize = 64;
/// Everything that the client writes lies below this.
const ROOT: &str = "/demo";

/// How the client fares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tick {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Writes that failed: they may or may not be there, and are not counted on.
    pub unknown: usize,
    /// Reads that returned what was written.
    pub reads: usize,
    /// Sessions that expired.
    pub sessions_lost: usize,
    /// The longest time between two acknowledged writes, in seconds.
    pub longest_gap_s: f64,
    /// Each server's mode as `srvr` tells it, absent if it does not.
    pub modes: BTreeMap<String, String>,
    /// When the modes were asked, in seconds since the epoch.
    pub at: f64,
}

/// What a check found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Checked {
    /// Writes that had been acknowledged when it began.
    pub acknowledged: usize,
    /// For each server, how many of them it has.
    pub read_back: BTreeMap<String, usize>,
    /// Some of those that a server does not have, and why else a server could not be read.
    pub troubles: Vec<String>,
}

impl Checked {
    /// How many every server has.
    pub fn read_back(&self) -> usize {
        self.read_back.values().copied().min().unwrap_or(0)
    }

    /// An error if an acknowledged znode is missing on a server.
    pub fn nothing_lost(&self) -> Result<()> {
        match self.read_back() == self.acknowledged && self.troubles.is_empty() {
            true => Ok(()),
            false => Err(format!("{self}: {}", self.troubles.join("; ")).into()),
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.read_back.len();
        let (all, back) = (self.acknowledged, self.read_back());
        write!(f, "{back} of {all} acknowledged znodes read back from each of {servers} servers")
    }
}

/// A line of the client's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How it fares.
    Tick(Tick),
    /// What a check found.
    Checked(Checked),
}

/// What the writer and the others share.
#[derive(Debug, Default)]
struct Ledger {
    /// The numbers of the acknowledged writes, in order.
    acknowledged: Vec<u64>,
    tick: Tick,
}

type Shared = Arc<Mutex<Ledger>>;

/// Runs the client on a connect string.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let [connect_string] = args else {
        return Err("usage: workload CONNECT-STRING".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(connect_string))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(connect_string: &str) -> Result<()> {
    let ledger = Shared::default();
    let servers: Vec<String> = connect_string.split(',').map(str::to_owned).collect();
    let mut writer = tokio::spawn(write(connect_string.to_owned(), Arc::clone(&ledger)));
    let mut ticker = tokio::spawn(tick(servers.clone(), Arc::clone(&ledger)));
    let mut commands = commands();
    loop {
        // The two tasks never end by themselves: if one does, it has panicked.
        let command = tokio::select! {
            command = commands.recv() => command,
            ended = &mut writer => return Err(format!("the writer ended: {ended:?}").into()),
            ended = &mut ticker => return Err(format!("the ticker ended: {ended:?}").into()),
        };
        match command.as_deref() {
            Some("check") => print(&Line::Checked(check(&servers, &ledger).await)),
            Some(other) => return Err(format!("unknown command {other}").into()),
            None => return Ok(()),
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

fn with<T>(ledger: &Shared, change: impl FnOnce(&mut Ledger) -> T) -> T {
    change(&mut ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Writes and reads for ever, with a new session where one is lost.
async fn write(connect_string: String, ledger: Shared) {
    let mut number = 0_u64;
    let mut last = None;
    loop {
        let Ok(client) = connect(&connect_string).await else {
            tokio::time::sleep(TICK).await;
            continue;
        };
        while !client.state().is_terminated() {
            number += 1;
            write_one(&client, number, &ledger, &mut last).await;
            tokio::time::sleep(PACE).await;
        }
        with(&ledger, |l| l.tick.sessions_lost += 1);
    }
}

async fn connect(connect_string: &str) -> Result<zk::Client> {
    let client = zk::Client::connector()
        .with_session_timeout(SESSION_TIMEOUT)
        .connect(connect_string)
        .await?;
    let options = zk::CreateMode::Persistent.with_acls(zk::Acls::anyone_all());
    match client.create(ROOT, b"", &options).await {
        Ok(_) | Err(zk::Error::NodeExists) => Ok(client),
        Err(error) => Err(error.into()),
    }
}

async fn write_one(client: &zk::Client, number: u64, ledger: &Shared, last: &mut Option<Instant>) {
    let options = zk::CreateMode::Persistent.with_acls(zk::Acls::anyone_all());
    if client.create(&path(number), &data(number), &options).await.is_err() {
        with(ledger, |l| l.tick.unknown += 1);
        return;
    }
    let gap = last.replace(Instant::now()).map_or(Duration::ZERO, |last| last.elapsed());
    let past = with(ledger, |l| {
        l.acknowledged.push(number);
        l.tick.longest_gap_s = l.tick.longest_gap_s.max(gap.as_secs_f64());
        // A znode of any age, not always the one just written.
        l.acknowledged[(number as usize * 7919) % l.acknowledged.len()]
    });
    if is_there(client, past).await.is_ok() {
        with(ledger, |l| l.tick.reads += 1);
    }
}

fn path(number: u64) -> String {
    format!("{ROOT}/{number:08}")
}

/// What a znode holds: told by its number, so that a wrong one is noticed.
fn data(number: u64) -> Vec<u8> {
    format!("{number}:{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes()
}

async fn is_there(client: &zk::Client, number: u64) -> Result<()> {
    let (found, _) = client.get_data(&path(number)).await?;
    match found == data(number) {
        true => Ok(()),
        false => Err(format!("{} holds something else", path(number)).into()),
    }
}

/// Tells ten times a second how the client and the servers fare.
async fn tick(servers: Vec<String>, ledger: Shared) {
    loop {
        let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let modes = stream::iter(servers.clone())
            .map(|server| async move {
                let mode = mode(&server).await?;
                Some((server, mode))
            })
            .buffer_unordered(servers.len());
        let modes = modes.filter_map(std::future::ready).collect().await;
        let tick = with(&ledger, |l| Tick {
            acknowledged: l.acknowledged.len(),
            modes,
            at: at.unwrap_or_default().as_secs_f64(),
            ..l.tick.clone()
        });
        print(&Line::Tick(tick));
        tokio::time::sleep(TICK).await;
    }
}

/// A server's mode by the four-letter word `srvr`: only a member of a quorum tells one.
async fn mode(server: &str) -> Option<String> {
    let ask = async {
        let mut stream = TcpStream::connect(server).await.ok()?;
        stream.write_all(b"srvr").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let mode = answer.lines().find_map(|line| line.strip_prefix("Mode: "))?;
        Some(mode.to_owned())
    };
    tokio::time::timeout(SRVR_TIMEOUT, ask).await.ok().flatten()
}

/// Reads every acknowledged znode back from every server.
async fn check(servers: &[String], ledger: &Shared) -> Checked {
    let numbers = with(ledger, |l| l.acknowledged.clone());
    let mut checked = Checked { acknowledged: numbers.len(), ..Checked::default() };
    for server in servers {
        match check_server(server, &numbers).await {
            Ok(missing) => {
                checked.read_back.insert(server.clone(), numbers.len() - missing.len());
                let some = missing.iter().take(3).map(|what| format!("{server}: {what}"));
                checked.troubles.extend(some);
            }
            Err(error) => {
                checked.read_back.insert(server.clone(), 0);
                checked.troubles.push(format!("{server}: {error}"));
            }
        }
    }
    checked
}

async fn check_server(server: &str, numbers: &[u64]) -> Result<Vec<Error>> {
    let client = zk::Client::connect(server).await?;
    // A server may be behind the others; it catches up to this moment first.
    client.sync(ROOT).await?;
    let reads = stream::iter(numbers)
        .map(|&number| is_there(&client, number))
        .buffer_unordered(READS_AT_ONCE);
    Ok(reads.filter_map(|read| std::future::ready(read.err())).collect().await)
}
