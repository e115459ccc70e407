//! The producer: a message every [`PACE`], to each partition in turn. What Kafka does not take is sent
//! again; only the end of the run ends that.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseRecord, Producer as _, PurgeConfig};

use super::Result;
use super::message::Message;
use super::quiet::say;
use super::settings::{Producer, Source};
use super::shared::Shared;

/// From one message to the next: enough of them to notice a gap, few enough to leave the brokers the
/// machine.
const PACE: Duration = Duration::from_millis(10);
/// So many messages wait for Kafka, eight minutes' worth and some 30 MB. Beyond it none are made.
pub const BACKLOG_MAX: usize = 50_000;
/// Between two tries to hand a message to librdkafka, which takes it at once or not at all.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// How long librdkafka may take to report what it was told to drop.
const PURGE: Duration = Duration::from_secs(5);

/// Who produces.
pub struct Sender<'a> {
    producer: Producer,
    source: &'a Source,
    partitions: usize,
    shared: &'a Arc<Shared>,
}

impl<'a> Sender<'a> {
    /// For a topic with so many partitions.
    pub fn new(source: &'a Source, partitions: i32, shared: &'a Arc<Shared>) -> Result<Self> {
        let partitions = usize::try_from(partitions)?.max(1);
        Ok(Self { producer: source.producer(shared)?, source, partitions, shared })
    }

    /// Produces until it is to stop, then waits until the deadline for what is under way.
    pub fn run(mut self, deadline: Duration) {
        let mut due = Instant::now();
        while self.shared.is_producing() {
            sleep(due.saturating_duration_since(Instant::now()));
            // No burst after a pause.
            due = (due + PACE).max(Instant::now());
            self.send_refused();
            if self.shared.state().ledger.pending() < BACKLOG_MAX {
                let sent = self.shared.now();
                let number = self.shared.state().ledger.create(sent);
                self.send(number, sent);
            }
        }
        self.finish(Instant::now() + deadline);
    }

    /// Sends again what was not taken.
    fn send_refused(&mut self) {
        self.renew();
        let refused = self.shared.state().ledger.take_refused();
        refused.into_iter().for_each(|(number, sent)| self.send(number, sent));
    }

    /// An idempotent producer whose sequence a broker does not follow any more, as one that was killed may,
    /// refuses everything from then on, and what waits in it. An application takes a new one.
    fn renew(&mut self) {
        let Some((_, why)) = self.producer.client().fatal_error() else { return };
        match self.source.producer(self.shared) {
            Ok(producer) => {
                say(&format!("a new producer: {why}"));
                drop_waiting(&self.producer);
                self.producer = producer;
            }
            Err(error) => self.shared.complain("no new producer", &error.to_string()),
        }
    }

    fn send(&self, number: usize, sent: f64) {
        let message = Message { run: self.source.run, number, sent };
        let (key, payload) = (number.to_string(), message.encode());
        // Below the count of partitions, so it fits.
        let partition = (number % self.partitions) as i32;
        let record = BaseRecord::with_opaque_to(&self.source.topic, number);
        let record = record.partition(partition).key(&key).payload(&payload);
        if let Err((error, _)) = self.producer.send(record) {
            self.shared.complain("not sent yet", &format!("message {number}: {error}"));
            self.shared.state().ledger.refuse(number);
            sleep(TRY_AGAIN);
        }
    }

    /// Drops what is not acknowledged at the deadline: it is given up.
    fn finish(mut self, deadline: Instant) {
        while self.shared.state().ledger.pending() > 0 && Instant::now() < deadline {
            self.send_refused();
            // What it does not take is told by the delivery reports.
            let _ = self.producer.flush(TRY_AGAIN);
        }
        let count = self.shared.state().ledger.pending();
        if count > 0 {
            say(&format!("{count} messages are not acknowledged, and given up"));
        }
        // Else they might be acknowledged after the verdict.
        drop_waiting(&self.producer);
    }
}

fn drop_waiting(producer: &Producer) {
    producer.purge(PurgeConfig::default().queue().inflight());
    if let Err(error) = producer.flush(PURGE) {
        say(&format!("no report of messages that were dropped: {error}"));
    }
}
