//! What a part waits for.

use std::time::Duration;

use super::{ENSEMBLE, FRESH_S, SERVERS, Stage};
use crate::brokers::LOOK_AGAIN;
use crate::{Result, wait_every, wait_for};

/// So many messages on, what happened shows, and so does that it is over: three seconds.
const MESSAGES_AFTER: u64 = 300;
/// How long they may take to come through.
const MESSAGES_TIMEOUT: Duration = Duration::from_secs(120);

impl Stage<'_> {
    /// Waits until so many servers are an ensemble.
    pub fn wait_members(&self, n: usize) -> Result<()> {
        wait_for(&format!("{n} members of the ensemble"), ENSEMBLE, || {
            let whole = self.leader().is_some() && self.modes().len() >= n;
            Ok(whole.then_some(()))
        })
    }

    /// Waits until some more messages have come through, so that what happened shows.
    pub fn wait_messages(&self) -> Result<()> {
        let goal = self.client.seen().tick.acknowledged + MESSAGES_AFTER;
        wait_for("messages at the consumer", MESSAGES_TIMEOUT, || {
            self.must_have_client()?;
            Ok((self.client.seen().tick.consumed >= goal).then_some(()))
        })
    }

    /// Waits until every living broker has its session with ZooKeeper, or a new one: what a loss did to
    /// sessions is known then.
    pub fn wait_connected(&self, deadline: Duration) -> Result<()> {
        wait_every(LOOK_AGAIN, "every broker connected with ZooKeeper", deadline, || {
            Ok(self.brokers.are_connected(&self.region).then_some(()))
        })
    }

    /// Waits until every replica is in sync, as a broker has just told the clients; the answer is since when.
    pub fn wait_in_sync(&self, since: f64, deadline: Duration) -> Result<f64> {
        wait_for("every replica in sync", deadline, || {
            self.must_have_client()?;
            let seen = self.client.seen();
            // What was told before does not count, and the last word stands while no broker tells.
            let told = seen.tick.partitions.filter(|_| seen.tick.at > since + FRESH_S);
            let whole =
                told.filter(|it| it.under_replicated == 0 && it.brokers == u64::from(SERVERS));
            let at = whole.and_then(|_| seen.partitions.last()).map(|(at, _)| at.max(since));
            Ok(at)
        })
    }

    fn must_have_client(&self) -> Result<()> {
        match self.client.is_alive() {
            true => Ok(()),
            false => Err("the client of Kafka has ended: see client.log among the reports".into()),
        }
    }
}
