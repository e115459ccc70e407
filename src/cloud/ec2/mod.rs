//! [`Cloud`](super::Cloud) and [`Account`](super::Account) over the AWS SDK: the only modules that
//! know it.
//!
//! The SDK's own retries are off: an attach is not idempotent, and only the claim knows what a lost
//! answer means. Each call has a time limit of its own, so a hung one becomes [`CallError::Lost`](super::CallError::Lost).

mod account;
mod agent;
mod answer;
mod clock;
mod shapes;

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Region;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// ENIs a page: EC2's largest, so that a pool (255 slots at the most) is one call.
const PAGE: i32 = 1000;
/// Pages read at the most; beyond that something is wrong with the filter or the endpoint.
const PAGES_MAX: u32 = 100;
/// EC2's limit for the values of one filter; a pool can have more holders.
const FILTER_VALUES_MAX: usize = 200;
/// How long a TCP connection to EC2 may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The HTTP client of both adapters: TLS by rustls with ring, which needs no C library.
pub fn http_client() -> SharedHttpClient {
    let tls = Provider::Rustls(CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(tls).build_https()
}

/// The region that AWS tools are told elsewhere than by `AWS_REGION`: by `AWS_DEFAULT_REGION`, or in the
/// AWS profile.
pub async fn configured_region() -> Option<String> {
    let environment = EnvironmentVariableRegionProvider::new();
    let region = match environment.region().await {
        Some(region) => Some(region),
        None => ProfileFileRegionProvider::new().region().await,
    };
    region.map(|it| it.to_string()).filter(|it| !it.is_empty())
}

/// EC2 in one region, and the two services beside it that operators' commands ask.
#[derive(Debug, Clone)]
pub struct Ec2 {
    client: Client,
    scaling: aws_sdk_autoscaling::Client,
    identity: aws_sdk_sts::Client,
    clock: clock::ServerClock,
}

impl Ec2 {
    /// Takes credentials, endpoint and the rest from where every AWS tool takes them.
    ///
    /// `call_timeout` limits each single call, its connection included.
    pub async fn connect(region: &str, call_timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(call_timeout))
            .operation_timeout(call_timeout)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .load()
            .await;
        let clock = clock::ServerClock::new();
        let seen = aws_sdk_ec2::config::Builder::from(&config).interceptor(clock.clone());
        Self {
            client: Client::from_conf(seen.build()),
            scaling: aws_sdk_autoscaling::Client::new(&config),
            identity: aws_sdk_sts::Client::new(&config),
            clock,
        }
    }

    /// How many seconds EC2's clock is ahead of this host's, by the last answer, to a second or two;
    /// absent before one.
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        self.clock.ahead_seconds()
    }
}
