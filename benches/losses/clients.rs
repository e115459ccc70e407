//! Three clients that write without pause, with sessions of 18 s as Kafka has them: one on the
//! leader, one on another server, and one that knows of no server but those that survive.
//!
//! What the third sees is the ensemble's own interruption. The first two may dial the lost address
//! first when their connection ends, and wait for an answer: 7.2 s, two fifths of the session, by
//! this client's rule.
//!
//! A client takes a server at random, so it is started again until it has the one that is wanted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::handle::Handle;
use super::protocol::{Checked, Tick};
use super::stage::Stage;
use super::{DEADLINE, Result, now, wait_for};

/// Between two writes: what a gap is exact to.
const PACE: &str = "10ms";
const SESSION: &str = "18s";
/// With three servers to choose from, each is missed 40 times once in ten million.
const TRIES: usize = 40;
/// So many writes after a loss show that it is over.
const WRITES: usize = 50;
/// Between two looks at a client's connections. What it only asks for a mode is closed by then.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// The clients of one loss.
pub struct Clients {
    /// Its session is on the leader.
    pub on_leader: Handle<'static>,
    /// Its session is on another server.
    pub elsewhere: Handle<'static>,
    /// It is told the survivors' addresses alone.
    pub of_survivors: Handle<'static>,
}

/// A value a client.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Each {
    pub on_leader: f64,
    pub elsewhere: f64,
    pub of_survivors: f64,
}

impl Clients {
    /// Starts them; each begins a directory of its own.
    pub fn start(leader: &str, stage: &Stage) -> Result<Self> {
        let [first, second, third] = &stage.client_hosts;
        let all = &stage.servers;
        let survivors: Vec<String> = all.iter().filter(|it| *it != leader).cloned().collect();
        Ok(Self {
            on_leader: start_on(first, all, stage, |server| server == leader)?,
            elsewhere: start_on(second, all, stage, |server| server != leader)?,
            of_survivors: start_on(third, &survivors, stage, |server| server != leader)?,
        })
    }

    /// Waits until all write again; the answer is the longest gap of each, in seconds, of those
    /// that ended after `since`.
    pub fn gaps(&mut self, since: f64) -> Result<Each> {
        Ok(Each {
            on_leader: gap(&mut self.on_leader, since)?,
            elsewhere: gap(&mut self.elsewhere, since)?,
            of_survivors: gap(&mut self.of_survivors, since)?,
        })
    }

    /// Waits until a server tells a mode again; the answer is when that was seen.
    pub fn wait_member(&mut self, server: &str, since: f64) -> Result<f64> {
        let is_back = |tick: &Tick| tick.at > since && tick.modes.contains_key(server);
        Ok(self.elsewhere.wait_tick("the server's return", DEADLINE, is_back)?.at)
    }

    /// Reads every acknowledged write back from every server, and ends. The answer is how many
    /// sessions were lost.
    pub fn end(mut self) -> Result<usize> {
        let mut lost = 0;
        for client in [&mut self.on_leader, &mut self.elsewhere, &mut self.of_survivors] {
            let checked: Checked = client.check(DEADLINE)?;
            checked.nothing_lost()?;
            lost += client.tick().sessions_lost;
        }
        self.on_leader.end()?;
        self.elsewhere.end()?;
        self.of_survivors.end()?;
        Ok(lost)
    }
}

/// Its longest gap, once it writes again.
fn gap(client: &mut Handle<'_>, since: f64) -> Result<f64> {
    // First a tick of now: those that nobody has heard yet tell of the past.
    let start = now();
    client.wait_tick("a tick", DEADLINE, |tick| tick.at > start)?;
    client.wait_acknowledged(WRITES, DEADLINE)?;
    Ok(client.gap(since)?.length_s())
}

fn start_on(
    host: &str,
    servers: &[String],
    stage: &Stage,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Handle<'static>> {
    let servers = servers.join(",");
    for _ in 0..TRIES {
        let root = format!("at-{}", (now() * 1000.0) as u64);
        let args = ["run", &servers, "--pace", PACE, "--session-timeout", SESSION, "--root", &root];
        let mut client = Handle::start(stage.workload(host, &args), |_| ())?;
        client.wait_acknowledged(1, DEADLINE)?;
        if is_wanted(&session(host, stage)?) {
            client.wait_acknowledged(WRITES, DEADLINE)?;
            return Ok(client);
        }
        client.end()?;
    }
    Err(format!("none of {TRIES} clients of {servers} has come to the wanted server").into())
}

/// The server that the session of a client is on: the connection that lasts.
fn session(host: &str, stage: &Stage) -> Result<String> {
    wait_for("the client's session", || {
        let before = connections(host, stage)?;
        std::thread::sleep(LOOK_AGAIN);
        let after = connections(host, stage)?;
        let mut lasting = before.intersection(&after).map(|(_, server)| server.clone());
        let first = lasting.next();
        Ok(first.filter(|_| lasting.next().is_none()))
    })
}

/// A host's connections to servers: its own end and the server's.
fn connections(host: &str, stage: &Stage) -> Result<BTreeSet<(String, String)>> {
    let args = ["ss", "-Htn", "state", "established", "dport = :2181"];
    let listed = stage.region.exec(host, &args).output()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ends = |line: &str| {
        let mut words = line.split_whitespace().skip(2).map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    Ok(text.lines().filter_map(ends).collect())
}
