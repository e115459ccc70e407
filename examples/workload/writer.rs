//! The one session that writes, and a new one where that is lost.
//!
//! It writes one znode at a time: a write is sent when the one before it was acknowledged or has
//! failed. ZooKeeper's writes are linearizable, so of two acknowledged ones the later has the
//! larger zxid, whatever servers and sessions they went through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zookeeper_client as zk;

use super::client::{Znodes, connect};
use super::ledger::{Ledger, now};
use super::protocol::Tick;

/// Between two tries to open a session.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// What the writer and the others share.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<State>>);

/// How the writer fares.
#[derive(Debug)]
pub struct State {
    /// The acknowledged writes.
    pub ledger: Ledger,
    /// Its counts; what the ledger and the servers know is filled in when it is told.
    pub counts: Tick,
    /// The last number whose outcome is known or never will be: later ones may be under way.
    pub settled: u64,
}

impl Shared {
    /// Nothing written yet.
    pub fn new() -> Self {
        let (start, epoch) = now();
        let ledger = Ledger::new(start, epoch);
        Self(Arc::new(Mutex::new(State { ledger, counts: Tick::default(), settled: 0 })))
    }

    /// The state, for a moment.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer.
#[derive(Debug)]
pub struct Writer {
    pub servers: String,
    pub session_timeout: Duration,
    /// From one write's outcome to the next.
    pub pace: Duration,
    pub znodes: Znodes,
    pub shared: Shared,
}

impl Writer {
    /// Writes and reads for ever.
    pub async fn run(self) {
        let mut number = 0;
        loop {
            let Ok(client) = connect(&self.servers, self.session_timeout).await else {
                tokio::time::sleep(TRY_AGAIN).await;
                continue;
            };
            while !client.state().is_terminated() {
                number += 1;
                self.write(&client, number).await;
                tokio::time::sleep(self.pace).await;
            }
            self.shared.state().counts.sessions_lost += 1;
        }
    }

    async fn write(&self, client: &zk::Client, number: u64) {
        let made = self.znodes.create(client, number).await;
        if let Some(past) = self.enter(number, made) {
            // The session that was told of it sees it, whatever server it is on by now.
            let read = client.get_data(&self.znodes.path(past)).await;
            if read.is_ok_and(|(data, _)| data == self.znodes.data(past)) {
                self.shared.state().counts.reads += 1;
            }
        }
    }

    /// Enters an outcome. The answer to an acknowledged write is one to read: of any age, not
    /// always the one just written.
    fn enter(&self, number: u64, made: Result<i64, zk::Error>) -> Option<u64> {
        let mut state = self.shared.state();
        state.settled = number;
        match made {
            Ok(czxid) => {
                state.ledger.enter(number, czxid, Instant::now());
                let entries = state.ledger.entries();
                Some(entries[(number as usize * 7919) % entries.len()].number)
            }
            Err(_) => {
                state.counts.unknown += 1;
                None
            }
        }
    }
}
