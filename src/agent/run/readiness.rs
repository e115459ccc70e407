//! What ZooKeeper says of itself while it runs: `srvr`'s mode is its readiness, and a leader with
//! more synced followers than there are other slots has a twin of one of them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::Agent;
use super::tell::Teller;
use crate::agent::Facts;
use crate::cloud::{Cloud, Metadata};
use crate::zookeeper::CLIENT_PORT;
use crate::zookeeper::answer::{Mode, Srvr};
use crate::zookeeper::ask::{mntr, srvr};
use crate::zookeeper::twin::Twin;

/// How often a server that does not serve is asked.
const LOOK_EARLY: Duration = Duration::from_millis(250);
/// How often one that serves is asked.
const LOOK_LATER: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What was last told.
#[derive(Debug, Default, PartialEq)]
struct Told {
    text: String,
    mode: Option<Mode>,
    twin: Option<Twin>,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Tells of each change.
    pub(super) async fn watch_zookeeper(&self, facts: &Facts, teller: &Teller) -> Infallible {
        let server = SocketAddr::new(facts.address, CLIENT_PORT);
        let started = Instant::now();
        let mut told = Told::default();
        loop {
            let answer = srvr(server, None, ANSWER_TIMEOUT).await;
            let now = look(server, facts, &answer).await;
            if now.text != told.text {
                tell(&now, &told, started, teller);
            }
            sleep(if now.mode.is_some() { LOOK_LATER } else { LOOK_EARLY }).await;
            told = now;
        }
    }
}

async fn look(server: SocketAddr, facts: &Facts, answer: &Srvr) -> Told {
    let Some(mode) = answer.mode() else {
        return Told { text: format!("ZooKeeper is not a member: {answer}"), ..Told::default() };
    };
    let twin = match mode {
        Mode::Leader => {
            let stats = mntr(server, None, ANSWER_TIMEOUT).await.ok();
            stats.and_then(|stats| Twin::seen(&stats, facts.peers.len()))
        }
        _ => None,
    };
    let warning = twin.as_ref().map(|twin| format!("; {twin}")).unwrap_or_default();
    Told { text: format!("ZooKeeper is a {mode}{warning}"), mode: Some(mode), twin }
}

fn tell(now: &Told, before: &Told, started: Instant, teller: &Teller) {
    match (&now.twin, now.mode) {
        (Some(twin), _) if now.twin != before.twin => error!("{twin}"),
        (_, Some(mode)) => {
            let seconds = started.elapsed().as_secs_f64();
            info!(%mode, seconds, "{} ({seconds:.1} s after its start)", now.text);
        }
        (_, None) if before.mode.is_some() => warn!("{}", now.text),
        (_, None) => info!("{}", now.text),
    }
    teller.fares(&now.text, now.mode.map(|mode| mode.to_string()).as_deref());
    if now.mode.is_some() {
        teller.ready();
    }
}
