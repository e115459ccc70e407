//! Waits at the start gate, whose rule is [`crate::zookeeper::gate::Gate`]'s.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::Agent;
use super::tell::Teller;
use crate::agent::Facts;
use crate::cloud::{Cloud, Metadata};
use crate::zookeeper::CLIENT_PORT;
use crate::zookeeper::answer::{Mode, Srvr};
use crate::zookeeper::ask::srvr;
use crate::zookeeper::gate::{Gate, Timing, Verdict};
use crate::zookeeper::render::Config;

/// How often the peers are asked.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long one may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Returns when the server may start.
    pub(super) async fn gate(&self, facts: &Facts, config: &Config, teller: &Teller) {
        let begin = Instant::now();
        let mut gate = Gate::shut(Timing::for_detection(config.detection));
        let mut said = String::new();
        loop {
            let answers = self.ask_peers(facts).await;
            match gate.look(begin.elapsed(), &answers) {
                Verdict::Open { why } => {
                    let waited = begin.elapsed().as_secs_f64();
                    info!(waited, "start gate: open after {waited:.1} s: {why}");
                    return;
                }
                Verdict::Wait { why } => {
                    if why != said {
                        info!("start gate: waiting: {why}");
                        teller.fares(&format!("start gate: {why}"), None);
                        said = why;
                    }
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Whether any peer says that it leads.
    pub(super) async fn a_peer_leads(&self, facts: &Facts) -> bool {
        let answers = self.ask_peers(facts).await;
        answers.iter().any(|(_, answer)| answer.mode() == Some(Mode::Leader))
    }

    /// Every peer's answer; once one says that it leads, which ends every doubt, the others are not
    /// waited for.
    async fn ask_peers(&self, facts: &Facts) -> Vec<(IpAddr, Srvr)> {
        let peers = facts.peers.iter().filter(|peer| peer.slot != facts.slot);
        let asked = peers.map(|peer| async {
            let server = SocketAddr::new(peer.address, CLIENT_PORT);
            (peer.address, srvr(server, Some(facts.address), ANSWER_TIMEOUT).await)
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut answers = Vec::new();
        while let Some((peer, answer)) = asked.next().await {
            let leads = answer.mode() == Some(Mode::Leader);
            answers.push((peer, answer));
            if leads {
                break;
            }
        }
        // In one order, so that looks that find the same say the same.
        answers.sort_by_key(|(peer, _)| *peer);
        answers
    }
}
