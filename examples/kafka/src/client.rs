//! The client of Kafka, `steadfast-kafka client`: it produces and consumes without a pause, tells
//! how that goes, and in the end holds Kafka's log against what Kafka acknowledged.
//!
//! It never gives a message up as long as it runs: what Kafka does not take waits. At most
//! [`producer::BACKLOG_MAX`] messages do so; beyond it none are made, so that memory is bounded.
//!
//! On standard output are [`protocol::Line`]s, on standard input [`protocol::Command`]s, on standard
//! error what librdkafka complains about, and what could not be had in time. The verdict says how many
//! partitions were not read to their end.

mod consumer;
mod context;
mod ledger;
mod message;
mod partitions;
mod producer;
pub mod protocol;
mod quiet;
mod reread;
mod settings;
mod shared;
mod tell;

use std::thread;
use std::time::Duration;

use self::consumer::{catch_up, consume};
use self::partitions::{count_partitions, watch, watermarks};
use self::producer::Sender;
use self::protocol::Line;
use self::reread::reread;
use self::settings::{Clients, Source};
use self::shared::Shared;
use self::tell::{print, tell, wait_end};
use super::Result;

/// How long each step of the end may take: the messages under way, the consumer's way to the log's
/// end, and the reading of the whole log.
const STEP: Duration = Duration::from_secs(60);

/// Produces to a topic and consumes it until standard input says so or ends.
pub fn run(bootstrap: &str, topic: &str) -> Result<()> {
    let shared = Shared::new();
    let source = Source::new(bootstrap, topic);
    let clients = Clients::create(&source, &shared)?;
    let partitions = count_partitions(&clients.observer, topic, STEP)?;
    let sender = Sender::new(&source, partitions, &shared)?;
    thread::scope(|scope| {
        let producing = scope.spawn(|| sender.run(STEP));
        let consuming = scope.spawn(|| consume(&clients.consumer, &source, &shared));
        let telling = scope.spawn(|| tell(&shared));
        scope.spawn(|| watch(&clients.observer, topic, &shared));
        wait_end();
        shared.stop_producing();
        // Only a panic fails a thread, and its own message has been printed by then.
        let _ = producing.join();
        let watermarks = watermarks(&clients.observer, topic, partitions, STEP);
        catch_up(&watermarks, &shared, STEP);
        shared.stop_consuming();
        let _ = consuming.join();
        let log = reread(&source, &watermarks, partitions, &shared, STEP);
        shared.stop_telling();
        let _ = telling.join();
        let verdict = shared.state().ledger.judge(&log?);
        print(&Line::Verdict(verdict));
        Ok(())
    })
}
