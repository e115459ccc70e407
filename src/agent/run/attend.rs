//! The running command: what ends it, and what is passed on to it meanwhile.

use std::pin::{Pin, pin};
use std::time::Instant as WallClock;

use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::signals::is_stop;
use super::tell::Teller;
use super::{Agent, AgentError, Claimed, Job, Outcome, Signals};
use crate::agent::guard::Fenced;
use crate::cloud::{Cloud, Metadata};
use crate::supervise::Supervised;

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Stays with the command until nothing of it is left.
    pub(super) async fn attend(
        &self,
        job: &Job,
        claimed: &Claimed,
        child: &mut Supervised,
        mut guard: Pin<&mut impl Future<Output = Fenced>>,
        signals: &mut Signals,
        teller: &Teller,
    ) -> Result<Outcome, AgentError> {
        let mut server = pin!(self.watch(job, claimed, teller));
        let mut stop_by = None;
        loop {
            tokio::select! {
                biased;
                fenced = &mut guard => return fence(fenced, child).await,
                ending = child.ended() => return Ok(Outcome::Ended(ending?)),
                signal = signals.next() => {
                    if is_stop(signal) {
                        stop_by = stop_by.or(Some(Instant::now() + job.stop_timeout));
                        tell_stop(job, signal, signals, teller);
                    }
                    match signals.is_urgent() {
                        true => child.kill(),
                        false => child.forward(signal),
                    }
                }
                () = at(stop_by) => {
                    let waited = humantime::format_duration(job.stop_timeout);
                    warn!("{} has not ended within {waited}: it is killed", job.name());
                    child.kill();
                    stop_by = None;
                }
                // Whoever stops is expected to fall silent.
                wrong = &mut server, if !signals.stop_was_asked() => {
                    child.kill();
                    child.ended().await?;
                    return Err(wrong);
                }
            }
        }
    }

    /// What ZooKeeper says of itself, told on; nothing is known of any other command.
    async fn watch(&self, job: &Job, claimed: &Claimed, teller: &Teller) -> AgentError {
        match &job.zookeeper {
            Some(settings) => self.watch_zookeeper(settings, &claimed.facts, teller).await,
            None => {
                teller.fares(&format!("{} runs", job.name()), None);
                teller.ready();
                std::future::pending().await
            }
        }
    }
}

/// Kills first and talks then.
async fn fence(fenced: Fenced, child: &mut Supervised) -> Result<Outcome, AgentError> {
    child.kill();
    let killed = WallClock::now();
    error!("fenced: {fenced}");
    child.ended().await?;
    let took = killed.elapsed().as_secs_f64() * 1000.0;
    info!(took, "all of it is dead {took:.1} ms after it was killed");
    Ok(Outcome::Fenced(fenced))
}

fn tell_stop(job: &Job, signal: Signal, signals: &Signals, teller: &Teller) {
    let name = job.name();
    match signals.is_urgent() {
        true => warn!("interrupted while it stops: {name} is killed"),
        false => {
            info!(signal = signal.as_raw(), "asked to stop: {name} is told");
            teller.stopping(&format!("stopping {name}"));
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}
