//! EC2's clock against ours, by the `Date` of its answers: refusals have one, too, and a clock that is
//! wrong enough gets nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_ec2::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};

/// No answer has come yet.
const NONE: i64 = i64::MIN;

/// The last answer's difference.
#[derive(Debug, Clone)]
pub struct ServerClock(Arc<AtomicI64>);

impl ServerClock {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NONE)))
    }

    /// How many seconds EC2's clock is ahead of ours, to a second or two; absent before an answer.
    pub fn ahead_seconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ahead| *ahead != NONE)
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "the clock of the other side"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, DateTimeFormat::HttpDate).ok());
        let here = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let here = here.and_then(|it| i64::try_from(it.as_secs()).ok());
        if let (Some(there), Some(here)) = (date, here) {
            self.0.store(there.secs() - here, Ordering::Relaxed);
        }
        Ok(())
    }
}
