//! What is asked of Kafka, by its own operators' tools.

use std::time::{Duration, Instant};

use super::Result;
use super::brokers::PORT;
use super::region::Region;
use super::report::Asked;

/// The topic that the messages go through.
pub const TOPIC: &str = "events";
/// Its partitions' replicas, so that each broker leads two; the first is the preferred leader.
const REPLICAS: [[u8; 3]; 6] = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 3, 2], [2, 1, 3], [3, 2, 1]];
/// How long an operator waits for what takes Kafka a second or two.
const ANSWER: Duration = Duration::from_secs(30);

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
const ELECT: &str = "org.apache.kafka.tools.LeaderElectionCommand";

/// Kafka, as its operators know it.
pub struct Kafka<'a> {
    /// Where they are.
    pub region: &'a Region,
    /// Every broker's `address:port`, as one list.
    pub bootstrap: &'a str,
}

/// A list of brokers for clients.
pub fn bootstrap(addresses: &[String]) -> String {
    let all: Vec<String> = addresses.iter().map(|it| format!("{it}:{PORT}")).collect();
    all.join(",")
}

impl Kafka<'_> {
    /// Makes the topic of the messages.
    pub fn create_main_topic(&self) -> Result<()> {
        let assignment = REPLICAS.map(|it| it.map(|id| id.to_string()).join(":")).join(",");
        let args = ["--create", "--topic", TOPIC, "--replica-assignment", &assignment];
        self.tool(TOPICS, &args)?.succeeded("kafka-topics --create")?;
        Ok(())
    }

    /// Asks for one more topic.
    pub fn create_topic(&self, name: &str) -> Result<Asked> {
        let args = ["--create", "--topic", name, "--partitions", "3", "--replication-factor", "3"];
        self.ask("create a topic", || Ok(self.tool(TOPICS, &args)?.is_success()))
    }

    /// Asks for other leaders of the topic of the messages: each partition is to prefer its second
    /// replica, and then to elect it.
    pub fn elect_leaders(&self) -> Result<[Asked; 2]> {
        let reassigned = self.ask("prefer other leaders", || self.reassign())?;
        let elected = self.ask("elect leaders", || {
            let args = ["--election-type", "preferred", "--all-topic-partitions"];
            Ok(self.tool(ELECT, &args)?.is_success() && self.leaders()? == REPLICAS.map(|it| it[1]))
        })?;
        Ok([reassigned, elected])
    }

    fn reassign(&self) -> Result<bool> {
        let path = "/tmp/reassignment.json";
        self.region.write(self.region.host(), path, &reassignment(), "644")?;
        let file = ["--reassignment-json-file", path];
        let executed = self.tool(REASSIGN, &[&file[..], &["--execute"]].concat())?;
        Ok(executed.is_success() && !executed.said.contains("Error"))
    }

    /// Each partition's leader, in order; 0 where there is none.
    fn leaders(&self) -> Result<Vec<u8>> {
        let said = self.tool(TOPICS, &["--describe", "--topic", TOPIC])?;
        Ok(leaders(&said.succeeded("kafka-topics --describe")?))
    }

    fn tool(&self, class: &str, args: &[&str]) -> Result<super::region::Done> {
        let all = [&["--bootstrap-server", self.bootstrap][..], args].concat();
        self.region.kafka_tool(class, &all, ANSWER)
    }

    fn ask(&self, what: &str, ask: impl FnOnce() -> Result<bool>) -> Result<Asked> {
        let begin = Instant::now();
        let is_done = ask()?;
        Ok(Asked { what: what.to_owned(), is_done, after_s: begin.elapsed().as_secs_f64() })
    }
}

/// Each partition's replicas turned by one, as the tool takes it.
fn reassignment() -> String {
    let partitions: Vec<serde_json::Value> = (0..)
        .zip(REPLICAS)
        .map(|(partition, [first, second, third])| {
            serde_json::json!({
                "topic": TOPIC, "partition": partition, "replicas": [second, third, first],
            })
        })
        .collect();
    serde_json::json!({ "version": 1, "partitions": partitions }).to_string()
}

fn leaders(described: &str) -> Vec<u8> {
    let leader = |line: &str| {
        let (_, rest) = line.split_once("Leader: ")?;
        Some(rest.split_whitespace().next()?.parse().unwrap_or(0))
    };
    described.lines().filter_map(leader).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reassignment_is_what_the_tool_takes() {
        let json: serde_json::Value = serde_json::from_str(&reassignment()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["partitions"][5]["replicas"], serde_json::json!([2, 1, 3]));
    }

    #[test]
    fn leaders_are_read_as_the_tool_tells_them() {
        let described = "Topic: events\tTopicId: x\tPartitionCount: 2\n\
            \tTopic: events\tPartition: 0\tLeader: 2\tReplicas: 1,2,3\tIsr: 1,2,3\n\
            \tTopic: events\tPartition: 1\tLeader: none\tReplicas: 2,3,1\tIsr: 2\n";
        assert_eq!(leaders(described), [2, 0]);
    }
}
