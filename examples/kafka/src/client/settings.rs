//! How the clients of Kafka are set up, and why.

use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::ThreadedProducer;

use super::Result;
use super::context::Context;
use super::shared::Shared;

/// A consumer, or who asks for metadata.
pub type Consumer = BaseConsumer<Context>;
/// The producer, with a thread for its delivery reports.
pub type Producer = ThreadedProducer<Context>;

/// What is produced and consumed.
#[derive(Debug)]
pub struct Source {
    bootstrap: String,
    /// The topic.
    pub topic: String,
    /// Which run's messages count: a topic may hold those of several.
    pub run: u64,
}

/// The clients that live as long as the run.
pub struct Clients {
    /// Of a group of its own, which commits offsets.
    pub consumer: Consumer,
    /// Asks for metadata and watermarks.
    pub observer: Consumer,
}

impl Clients {
    /// Creates them; librdkafka connects when it likes.
    pub fn create(source: &Source, shared: &Arc<Shared>) -> Result<Self> {
        let context = || Context(Arc::clone(shared));
        Ok(Self {
            consumer: source.consumer().create_with_context(context())?,
            observer: source.observer().create_with_context(context())?,
        })
    }
}

impl Source {
    /// A new run.
    pub fn new(bootstrap: &str, topic: &str) -> Self {
        Self { bootstrap: bootstrap.to_owned(), topic: topic.to_owned(), run: fastrand::u64(..) }
    }

    /// What all have. The waits are those of Kafka's own Java client, where librdkafka's are longer:
    /// what is seen here is what most applications see.
    fn common(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", "steadfast-kafka")
            // Java: request.timeout.ms; 60 s by default.
            .set("socket.timeout.ms", "30000")
            // Java: 10 s; 30 s by default.
            .set("socket.connection.setup.timeout.ms", "10000")
            // Java: 1 s; 10 s by default, which would be told as Kafka's outage.
            .set("reconnect.backoff.max.ms", "1000")
            // The topic exists. A broker that has just started may not know it yet, and is not
            // believed: with the default of 30 s the messages for a topic that has been known for
            // longer, and then is not, are given up at once. This is the longest that can be set, an
            // hour.
            .set("topic.metadata.propagation.max.ms", "3600000")
            .set_log_level(RDKafkaLogLevel::Warning);
        config
    }

    /// It never gives up: `retries` are without end by default, and so is the wait with 0. The
    /// default queue of 100,000 messages holds more than the producer's backlog.
    pub fn producer(&self, shared: &Arc<Shared>) -> Result<Producer> {
        let mut config = self.common();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            .set("linger.ms", "5");
        Ok(config.create_with_context(Context(Arc::clone(shared)))?)
    }

    fn consumer(&self) -> ClientConfig {
        let mut config = self.common();
        config
            // One of its own: a former run's member would hold the partitions for 45 s.
            .set("group.id", format!("steadfast-kafka-{:016x}", self.run))
            .set("auto.offset.reset", "earliest")
            // What is committed is what was stored after it was processed.
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000");
        config
    }

    fn observer(&self) -> ClientConfig {
        let mut config = self.common();
        // A broker that hangs is to be left for another at once, not asked for 30 s.
        config.set("socket.timeout.ms", "2000");
        config
    }

    /// A reader of the whole log, which neither joins a group nor commits.
    pub fn reader(&self, shared: &Arc<Shared>) -> Result<Consumer> {
        let mut config = self.common();
        // librdkafka assigns nothing to a consumer without one.
        config
            .set("group.id", format!("steadfast-kafka-{:016x}-reader", self.run))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest");
        Ok(config.create_with_context(Context(Arc::clone(shared)))?)
    }
}
