//! The consumer of a group: it enters each message of the run when it first comes, and commits what
//! it has entered.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::BorrowedMessage;

use super::message::Message;
use super::partitions::Watermarks;
use super::quiet::say;
use super::settings::{Consumer, Source};
use super::shared::Shared;

/// How long it waits for a message before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(100);

/// Consumes until it is to stop.
pub fn consume(consumer: &Consumer, source: &Source, shared: &Shared) {
    if let Err(error) = consumer.subscribe(&[&source.topic]) {
        return say(&format!("cannot subscribe to {}: {error}", source.topic));
    }
    while shared.is_consuming() {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                enter(&message, source, shared);
                // Fails where the partition has been taken away; its next owner gets it again.
                let _ = consumer.store_offset_from_message(&message);
            }
            Some(Err(error)) => shared.complain("consumer", &error.to_string()),
        }
    }
}

fn enter(message: &BorrowedMessage<'_>, source: &Source, shared: &Shared) {
    let (partition, offset) = (message.partition(), message.offset());
    let now = shared.now();
    let mut state = shared.state();
    state.read_to.insert(partition, offset + 1);
    match Message::decode(message.payload().unwrap_or_default()) {
        Some(message) if message.run == source.run => state.ledger.consume(message.number, now),
        Some(_) => {}
        None => shared.complain("checksum", &format!("offset {offset} of partition {partition}")),
    }
}

/// Waits until the consumer has read so far.
pub fn catch_up(watermarks: &Watermarks, shared: &Shared, deadline: Duration) {
    let end = Instant::now() + deadline;
    loop {
        let behind = behind(watermarks, &shared.state().read_to);
        if behind.is_empty() {
            return;
        }
        if Instant::now() > end {
            let seconds = deadline.as_secs();
            return say(&format!(
                "the consumer is not at the end of partitions {behind:?} after {seconds} s"
            ));
        }
        sleep(POLL);
    }
}

/// Partitions of which not all has been read. An offset of them is that after the last message.
pub fn behind(watermarks: &Watermarks, read_to: &BTreeMap<i32, i64>) -> Vec<i32> {
    let is_behind = |(partition, (low, high)): (&i32, &(i64, i64))| {
        let read_to = read_to.get(partition).unwrap_or(low);
        (read_to < high).then_some(*partition)
    };
    watermarks.iter().filter_map(is_behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_read_at_its_high_watermark_or_if_it_is_empty() {
        let watermarks = [(0, (0, 10)), (1, (5, 5)), (2, (0, 10)), (3, (0, 1))].into();
        let read_to = [(0, 10), (2, 9)].into();
        assert_eq!(behind(&watermarks, &read_to), [2, 3]);
        assert!(behind(&watermarks, &[(0, 11), (2, 10), (3, 1)].into()).is_empty());
    }
}
