//! Reads Kafka's log from its beginning, once nothing is produced any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::Result;
use super::consumer::behind;
use super::ledger::Log;
use super::message::Message;
use super::partitions::Watermarks;
use super::quiet::say;
use super::settings::Source;
use super::shared::Shared;

/// How long it waits for a message before it looks at the time.
const POLL: Duration = Duration::from_millis(100);

/// What of the run is in the log up to the watermarks, as far as it could be read in time.
pub fn reread(
    source: &Source,
    watermarks: &Watermarks,
    partitions: i32,
    shared: &Arc<Shared>,
    deadline: Duration,
) -> Result<Log> {
    let reader = source.reader(shared)?;
    let mut all = TopicPartitionList::new();
    for partition in watermarks.keys() {
        all.add_partition_offset(&source.topic, *partition, Offset::Beginning)?;
    }
    reader.assign(&all)?;
    let (mut log, mut read_to) = (Log::default(), BTreeMap::new());
    let end = Instant::now() + deadline;
    while Instant::now() < end && !behind(watermarks, &read_to).is_empty() {
        match reader.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                read_to.insert(message.partition(), message.offset() + 1);
                enter(&mut log, message.payload().unwrap_or_default(), source.run);
            }
            Some(Err(error)) => shared.complain("reader", &error.to_string()),
        }
    }
    let behind = behind(watermarks, &read_to);
    if !behind.is_empty() {
        let seconds = deadline.as_secs();
        say(&format!("partitions {behind:?} could not be read to their end within {seconds} s"));
    }
    // Where a partition ends that nobody told, it was not read either.
    let known = watermarks.len() - behind.len();
    log.unread = u64::try_from(partitions)?.saturating_sub(known as u64);
    Ok(log)
}

fn enter(log: &mut Log, payload: &[u8], run: u64) {
    match Message::decode(payload) {
        Some(message) if message.run == run => {
            *log.copies.entry(message.number).or_default() += 1;
        }
        Some(_) => {}
        None => log.corrupt += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_this_run_are_counted_and_what_is_corrupt() {
        let mut log = Log::default();
        for (run, number) in [(1, 5), (1, 6), (1, 5), (2, 7)] {
            enter(&mut log, &Message { run, number, sent: 0.0 }.encode(), 1);
        }
        enter(&mut log, b"", 1);
        assert_eq!(log, Log { copies: [(5, 2), (6, 1)].into(), corrupt: 1, unread: 0 });
    }
}
