//! How the topic's partitions are, by a broker's word; and where they end.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::metadata::{Metadata, MetadataPartition};

use super::Result;
use super::protocol::Partitions;
use super::quiet::say;
use super::settings::Consumer;
use super::shared::Shared;

/// From one question to the next.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// The first and the next offset of each partition.
pub type Watermarks = BTreeMap<i32, (i64, i64)>;

/// Asks again and again how the partitions are, until nobody is told any more.
pub fn watch(observer: &Consumer, topic: &str, shared: &Shared) {
    while shared.is_telling() {
        let next = Instant::now() + ASK_EVERY;
        // What fails is silence: what was told last grows old.
        if let Ok(metadata) = ask(observer, topic)
            && let Some(partitions) = counts(&metadata)
        {
            let told_at = shared.now();
            shared.state().partitions = Some((told_at, partitions));
        }
        sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn ask(observer: &Consumer, topic: &str) -> std::result::Result<Metadata, KafkaError> {
    // Its complaints, which would pile up; messages it has none.
    let _ = observer.poll(Duration::ZERO);
    observer.fetch_metadata(Some(topic), ANSWER)
}

/// None if the broker does not know the topic, as when it has just started.
fn counts(metadata: &Metadata) -> Option<Partitions> {
    let partitions = metadata.topics().first()?.partitions();
    let brokers = metadata.brokers().len() as u64;
    (!partitions.is_empty()).then(|| tally(partitions.iter().map(Replicas::from), brokers))
}

/// A partition's replicas.
struct Replicas {
    /// A broker; below 0 if there is none.
    leader: i32,
    all: usize,
    in_sync: usize,
}

impl From<&MetadataPartition> for Replicas {
    fn from(it: &MetadataPartition) -> Self {
        Self { leader: it.leader(), all: it.replicas().len(), in_sync: it.isr().len() }
    }
}

fn tally(partitions: impl Iterator<Item = Replicas>, brokers: u64) -> Partitions {
    let mut counts = Partitions { brokers, ..Partitions::default() };
    for Replicas { leader, all, in_sync } in partitions {
        counts.under_replicated += u64::from(in_sync < all);
        counts.leaderless += u64::from(leader < 0);
    }
    counts
}

/// How many partitions the topic has, once a broker knows it.
pub fn count_partitions(observer: &Consumer, topic: &str, deadline: Duration) -> Result<i32> {
    let end = Instant::now() + deadline;
    loop {
        let why = match ask(observer, topic) {
            Ok(metadata) => match metadata.topics().first().map_or(0, |it| it.partitions().len()) {
                0 => "a broker answers that there is no such topic".to_owned(),
                count => return Ok(i32::try_from(count)?),
            },
            Err(error) => error.to_string(),
        };
        if Instant::now() > end {
            let seconds = deadline.as_secs();
            return Err(format!("no partitions of topic {topic} after {seconds} s: {why}").into());
        }
        sleep(ASK_EVERY);
    }
}

/// Where each partition begins and ends now; those without an answer in time are left out, and
/// said.
pub fn watermarks(
    observer: &Consumer,
    topic: &str,
    partitions: i32,
    deadline: Duration,
) -> Watermarks {
    let end = Instant::now() + deadline;
    let mut known = Watermarks::new();
    loop {
        let missing: Vec<i32> = (0..partitions).filter(|it| !known.contains_key(it)).collect();
        if missing.is_empty() {
            return known;
        }
        if Instant::now() > end {
            let seconds = deadline.as_secs();
            say(&format!("no broker tells within {seconds} s where partitions {missing:?} end"));
            return known;
        }
        for partition in missing {
            if let Ok(watermarks) = observer.fetch_watermarks(topic, partition, ANSWER) {
                known.insert(partition, watermarks);
            }
        }
        sleep(ASK_EVERY / 5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_out_of_sync_and_without_a_leader_are_counted() {
        let partitions = [(1, 3, 3), (2, 3, 2), (-1, 3, 1), (-1, 3, 3)];
        let partitions = partitions.map(|(leader, all, in_sync)| Replicas { leader, all, in_sync });
        let counts = tally(partitions.into_iter(), 3);
        assert_eq!(counts, Partitions { under_replicated: 2, leaderless: 2, brokers: 3 });
    }
}
