//! What ZooKeeper says of itself while it runs: `srvr`'s mode is its readiness, and a leader with
//! more synced followers than there are other slots has a twin of one of them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use super::tell::Teller;
use super::{Agent, AgentError, ensemble};
use crate::agent::Facts;
use crate::cloud::{Cloud, Metadata};
use crate::zookeeper::CLIENT_PORT;
use crate::zookeeper::answer::{Mode, Srvr};
use crate::zookeeper::ask::{mntr, srvr};
use crate::zookeeper::render::render;
use crate::zookeeper::settings::Settings;
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
    /// Tells of each change. Returns if it is not the server that was configured.
    pub(super) async fn watch_zookeeper(
        &self,
        settings: &Settings,
        facts: &Facts,
        teller: &Teller,
    ) -> AgentError {
        let detection = match render(settings, &ensemble(facts)) {
            Ok(config) => config.detection,
            Err(error) => return error.into(),
        };
        let server = SocketAddr::new(facts.address, CLIENT_PORT);
        let started = Instant::now();
        let mut told = Told::default();
        let mut twins = Twins::default();
        loop {
            let answer = srvr(server, None, ANSWER_TIMEOUT).await;
            if !matches!(answer, Srvr::Silent(_)) {
                teller.hears();
            }
            if answer.mode() == Some(Mode::Standalone) {
                return AgentError::Standalone { server };
            }
            let seen = twin(server, facts, &answer).await;
            let now = word(&answer, twins.lasting(seen, started.elapsed(), detection));
            if now.text != told.text {
                tell(&now, &told, started, teller);
            }
            sleep(if now.mode.is_some() { LOOK_LATER } else { LOOK_EARLY }).await;
            told = now;
        }
    }
}

/// Since when a leader has counted too many followers.
#[derive(Debug, Default)]
struct Twins(Option<Duration>);

impl Twins {
    /// What was seen, if it lasts: a leader counts a follower that is gone until it has noticed its
    /// death, so for as long as that takes every replacement looks like a twin.
    fn lasting(&mut self, seen: Option<Twin>, at: Duration, detection: Duration) -> Option<Twin> {
        let Some(twin) = seen else {
            self.0 = None;
            return None;
        };
        let since = *self.0.get_or_insert(at);
        (at.saturating_sub(since) > detection + LOOK_LATER).then_some(twin)
    }
}

async fn twin(server: SocketAddr, facts: &Facts, answer: &Srvr) -> Option<Twin> {
    if answer.mode() != Some(Mode::Leader) {
        return None;
    }
    let stats = mntr(server, None, ANSWER_TIMEOUT).await.ok()?;
    Twin::seen(&stats, facts.peers.len())
}

fn word(answer: &Srvr, twin: Option<Twin>) -> Told {
    let Some(mode) = answer.mode() else {
        return Told { text: format!("ZooKeeper is not a member: {answer}"), ..Told::default() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_is_one_that_outlasts_the_detection_of_a_death() {
        let seconds = Duration::from_secs;
        let twin = Twin { synced: 3, expected: 2 };
        let mut twins = Twins::default();
        for at in [0, 5, 10, 15] {
            assert_eq!(twins.lasting(Some(twin), seconds(at), seconds(10)), None, "{at}");
        }
        assert_eq!(twins.lasting(Some(twin), seconds(16), seconds(10)), Some(twin));
        // A look without it begins the count anew.
        assert_eq!(twins.lasting(None, seconds(20), seconds(10)), None);
        assert_eq!(twins.lasting(Some(twin), seconds(30), seconds(10)), None);
    }
}
