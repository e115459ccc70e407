//! A ZooKeeper session through the connect string, as clients have one: what it shows of the ensemble
//! beyond the servers' own words, and how long a read and a write take.
//!
//! Whatever answers, or does not, is told as plain data and within the given time. What is written is
//! one ephemeral znode of ours, removed again at once; should that fail, it goes with the session.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use zookeeper_client as zk;

use super::server_list::{Difference, differences};
use crate::ids::SlotNumber;
use crate::pool::{Pool, Slot};
use crate::zookeeper::CLIENT_PORT;

/// What is asked of the ensemble: at least twice a tick, of 2 s mostly. The crate's own patience with
/// one server is two fifths of it, which is longer than anyone waits here.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that has not opened a session by then has a rival, and goes on trying. With three servers
/// of seven black-holed a session is open after three of these at the latest.
const NEXT_SERVER: Duration = Duration::from_millis(200);
/// How long the end of the session is waited for: without it the ensemble would have to find out.
const CLOSE: Duration = Duration::from_millis(300);
/// What the probe's name begins with.
pub const PROBE: &str = "/steadfast-probe-";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// A server opened one.
    Opened(Box<Opened>),
    /// None did; each server that was tried, by its slot. Nobody holds a slot if there is none.
    NotOpened(Vec<Refusal>),
}

/// What an open session showed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Opened {
    /// The server's slot.
    pub slot: SlotNumber,
    /// The server.
    pub server: SocketAddr,
    /// How long it took this server to open it.
    pub established_seconds: f64,
    /// Whether the server has no quorum and lets clients read all the same.
    pub is_read_only: bool,
    /// A read: of `/zookeeper/config`.
    pub read: Timed,
    /// A write: of a probe of ours; absent if none was wanted.
    pub write: Option<Timed>,
    /// In what the ensemble's list of servers differs from the pool; absent if it could not be read.
    pub config_differences: Option<Vec<Difference>>,
}

/// How long an operation took, or why it was not done: it has one of both.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Timed {
    /// From the request to the answer.
    pub seconds: Option<f64>,
    /// Why it was not done.
    pub problem: Option<String>,
}

/// A server that opened no session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// Its slot.
    pub slot: SlotNumber,
    /// The server.
    pub server: SocketAddr,
    /// Whether it wants clients to authenticate: then it may well be all right.
    pub needs_authentication: bool,
    /// Why.
    pub problem: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {} ({}): {}", self.slot, self.server, self.problem)
    }
}

/// Why there is no session, each reason once: `slots 1, 2: it opens no session`.
pub fn reasons(refusals: &[Refusal]) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for refusal in refusals {
        reasons.entry(&refusal.problem).or_default().push(refusal.slot.to_string());
    }
    let reason = |(problem, slots): (&str, Vec<String>)| {
        let word = if slots.len() == 1 { "slot" } else { "slots" };
        format!("{word} {}: {problem}", slots.join(", "))
    };
    reasons.into_iter().map(reason).collect::<Vec<_>>().join("; ")
}

/// Whether a probe is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It is, and removed again.
    Write,
    /// Nothing is written.
    Never,
}

impl Session {
    /// By how many servers the ensemble's own list is longer than the pool, or shorter (negative);
    /// `None` if it could not be read.
    pub fn beyond_pool(&self) -> Option<isize> {
        let Self::Opened(opened) = self else { return None };
        let differences = opened.config_differences.as_ref()?.iter();
        Some(
            differences
                .map(|it| isize::from(it.in_pool.is_none()) - isize::from(it.in_ensemble.is_none()))
                .sum(),
        )
    }

    /// Whether no session was to be had because clients are to authenticate.
    pub fn needs_authentication(&self) -> bool {
        match self {
            Self::Opened(_) => false,
            Self::NotOpened(refusals) => refusals.iter().any(|it| it.needs_authentication),
        }
    }
}

/// Opens a session with a server of the pool, looks, and closes it; takes `within` at most, and the
/// moment that the closing takes. Servers are tried in random order, as clients do; those of slots
/// that nobody holds are not, since nobody has their address.
pub async fn look(pool: &Pool, probe: Probe, within: Duration) -> Session {
    let held = pool.slots.values().filter(|slot| slot.attachment.is_some());
    let mut servers: Vec<Target> = held.map(Target::of).collect();
    fastrand::shuffle(&mut servers);
    let end = Instant::now() + within;
    match open(servers, within, end).await {
        Ok(open) => Session::Opened(Box::new(look_through(open, pool, probe, end).await)),
        Err(mut refusals) => {
            refusals.sort_by_key(|refusal| refusal.slot);
            Session::NotOpened(refusals)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    slot: SlotNumber,
    server: SocketAddr,
}

struct Open {
    target: Target,
    client: zk::Client,
    took: Duration,
}

impl Target {
    fn of(slot: &Slot) -> Self {
        Self { slot: slot.number, server: SocketAddr::new(slot.address(), CLIENT_PORT) }
    }

    fn refusal(self, problem: impl Into<String>) -> Refusal {
        let Self { slot, server } = self;
        Refusal { slot, server, needs_authentication: false, problem: problem.into() }
    }
}

/// The first session that may write, else one that may read, else why there is none. The crate takes
/// a whole connect string, but tells neither which server it found nor what was wrong with the others.
async fn open(
    mut untried: Vec<Target>,
    within: Duration,
    end: Instant,
) -> Result<Open, Vec<Refusal>> {
    let (mut trying, mut pending) = (FuturesUnordered::new(), Vec::new());
    let (mut refusals, mut read_only) = (Vec::new(), None);
    let mut next = Instant::now();
    while !(untried.is_empty() && trying.is_empty()) {
        tokio::select! {
            () = sleep_until(end) => break,
            Some((target, outcome)) = trying.next(), if !trying.is_empty() => {
                pending.retain(|it| *it != target);
                match outcome {
                    Ok(open) if !is_read_only(&open) => return Ok(open),
                    Ok(open) => read_only = Some(open),
                    Err(refusal) => refusals.push(refusal),
                }
                next = Instant::now();
            }
            () = sleep_until(next), if !untried.is_empty() => {
                trying.extend(untried.last().map(|target| try_one(*target)));
                pending.extend(untried.pop());
                next = Instant::now() + NEXT_SERVER;
            }
        }
    }
    let late = format!("no session within {}", humantime::format_duration(within));
    let unanswered = pending.iter().chain(&untried).map(|target| target.refusal(late.as_str()));
    refusals.extend(unanswered);
    read_only.ok_or(refusals)
}

fn is_read_only(open: &Open) -> bool {
    open.client.session().is_readonly()
}

async fn try_one(target: Target) -> (Target, Result<Open, Refusal>) {
    let started = Instant::now();
    let connector = zk::Client::connector()
        .with_session_timeout(SESSION_TIMEOUT)
        .with_readonly(true)
        .with_fail_eagerly();
    let server = target.server.to_string();
    // Whatever answers there, a mistake of the crate's is no reason to tell nothing of the others.
    let outcome = AssertUnwindSafe(connector.connect(&server)).catch_unwind().await;
    let outcome = match outcome {
        Ok(Ok(client)) => Ok(Open { target, client, took: started.elapsed() }),
        Ok(Err(error)) => Err(refused(target, &error)),
        Err(panic) => Err(target.refusal(format!("its answer made no sense: {}", said(&*panic)))),
    };
    (target, outcome)
}

fn refused(target: Target, error: &zk::Error) -> Refusal {
    match error {
        zk::Error::AuthFailed => Refusal {
            needs_authentication: true,
            ..target.refusal("clients are to authenticate, which this program does not")
        },
        // The one word that the crate has for a connection refused, closed or full of nonsense.
        zk::Error::NoHosts => target.refusal("it opens no session"),
        error => target.refusal(error.to_string()),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("a panic")
}

async fn look_through(open: Open, pool: &Pool, probe: Probe, end: Instant) -> Opened {
    let is_read_only = is_read_only(&open);
    let Open { target: Target { slot, server }, client, took } = open;
    let (read, config) = timed(end, client.get_config()).await;
    let config = config.map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned());
    let write = match probe {
        Probe::Never => None,
        Probe::Write if is_read_only => Some(Timed::failed("the server is read-only")),
        Probe::Write => Some(write(&client, end).await),
    };
    close(client).await;
    Opened {
        slot,
        server,
        established_seconds: took.as_secs_f64(),
        is_read_only,
        read,
        write,
        config_differences: config.map(|text| differences(&text, pool)),
    }
}

impl Timed {
    fn failed(problem: impl Into<String>) -> Self {
        Self { seconds: None, problem: Some(problem.into()) }
    }
}

async fn timed<T>(
    end: Instant,
    operation: impl Future<Output = Result<T, zk::Error>>,
) -> (Timed, Option<T>) {
    let started = Instant::now();
    match timeout_at(end, operation).await {
        Ok(Ok(it)) => {
            let seconds = started.elapsed().as_secs_f64();
            (Timed { seconds: Some(seconds), problem: None }, Some(it))
        }
        Ok(Err(error)) => (Timed::failed(problem(&error)), None),
        Err(_) => {
            let waited = humantime::format_duration(Duration::from_millis(
                u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ));
            (Timed::failed(format!("no answer within {waited}")), None)
        }
    }
}

fn problem(error: &zk::Error) -> String {
    match error {
        zk::Error::NoAuth => "the ACL does not let just anyone".to_owned(),
        zk::Error::NoNode => "there is no such znode".to_owned(),
        error => error.to_string(),
    }
}

async fn write(client: &zk::Client, end: Instant) -> Timed {
    let path = format!("{PROBE}{:016x}", fastrand::u64(..));
    let options = zk::CreateMode::Ephemeral.with_acls(zk::Acls::anyone_all());
    let (write, made) = timed(end, client.create(&path, b"", &options)).await;
    if made.is_some() {
        // If it fails, the znode ends with the session.
        let _ = timeout_at(end, client.delete(&path, None)).await;
    }
    write
}

/// The crate closes a session when its last handle is dropped, in a task of its own.
async fn close(client: zk::Client) {
    let mut state = client.state_watcher();
    drop(client);
    let closed = async { while !state.changed().await.is_terminated() {} };
    // What is not closed ends after its time.
    let _ = timeout(CLOSE, closed).await;
}

#[cfg(test)]
mod tests;
