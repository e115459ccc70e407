//! What librdkafka calls back for: complaints and delivery reports.

use std::sync::Arc;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::shared::Shared;

/// The context of every client of Kafka here.
pub struct Context(pub Arc<Shared>);

impl ClientContext for Context {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.complain(facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let kind =
            error.rdkafka_error_code().map_or_else(|| error.to_string(), |it| it.to_string());
        self.0.complain(&kind, reason);
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    /// The message's number.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let now = self.0.now();
        match result {
            Ok(_) => self.0.state().ledger.acknowledge(number, now),
            Err((error, _)) => {
                self.0.state().ledger.refuse(number);
                self.0.complain("not taken", &format!("message {number}: {error}"));
            }
        }
    }
}
