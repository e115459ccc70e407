//! [`Cloud`] over the AWS SDK: the only module that knows `aws-sdk-ec2`.
//!
//! The SDK's own retries are off: an attach is not idempotent, and only the claim knows what a lost
//! answer means. Each call has a time limit of its own, so a hung one becomes [`CallError::Lost`].

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Region;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{self, Filter, Tag};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{
    Action, Attachment, AttachmentStatus, CallError, Cloud, Eni, InstanceState, Mode, TAG_POOL,
    classify,
};
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, PoolName};

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

/// EC2 in one region.
#[derive(Debug, Clone)]
pub struct Ec2 {
    client: Client,
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
        Self { client: Client::new(&config) }
    }

    async fn interfaces(&self, filter: Filter) -> Result<Vec<Eni>, CallError> {
        const ACTION: Action = Action::DescribeNetworkInterfaces;
        let asked = self.client.describe_network_interfaces().filters(filter).max_results(PAGE);
        let mut pages = asked.into_paginator().send();
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(page) = pages.next().await else {
                return Ok(found);
            };
            for interface in page.map_err(|e| call_error(ACTION, e))?.network_interfaces() {
                found.push(eni(interface)?);
            }
        }
        Err(malformed(ACTION, format!("more than {PAGES_MAX} pages of interfaces")))
    }

    /// The states of those instances that EC2 describes. All pages are read: a page may be short,
    /// or empty, before the last, and who is not described counts as gone.
    async fn states_of(
        &self,
        instances: &[InstanceId],
    ) -> Result<Vec<(InstanceId, InstanceState)>, CallError> {
        const ACTION: Action = Action::DescribeInstances;
        // A filter, not a list of ids: one unknown id in a list fails the whole call.
        let filter = filter("instance-id", instances.iter().map(InstanceId::to_string));
        let asked = self.client.describe_instances().filters(filter).max_results(PAGE);
        let mut pages = asked.into_paginator().send();
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(page) = pages.next().await else {
                return Ok(found);
            };
            let page = page.map_err(|e| call_error(ACTION, e))?;
            for instance in page.reservations().iter().flat_map(|r| r.instances()) {
                found.push(state(instance)?);
            }
        }
        Err(malformed(ACTION, format!("more than {PAGES_MAX} pages of instances")))
    }
}

impl Cloud for Ec2 {
    async fn pool(&self, pool: &PoolName) -> Result<Vec<Eni>, CallError> {
        self.interfaces(filter(&format!("tag:{TAG_POOL}"), [pool.to_string()])).await
    }

    async fn attached_to(&self, instance: &InstanceId) -> Result<Vec<Eni>, CallError> {
        self.interfaces(filter("attachment.instance-id", [instance.to_string()])).await
    }

    async fn states(
        &self,
        instances: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        let mut states: BTreeMap<_, _> =
            instances.iter().map(|id| (id.clone(), InstanceState::Gone)).collect();
        for some in instances.chunks(FILTER_VALUES_MAX) {
            states.extend(self.states_of(some).await?);
        }
        Ok(states)
    }

    async fn attach(
        &self,
        eni: &EniId,
        instance: &InstanceId,
        at: DeviceIndex,
        mode: Mode,
    ) -> Result<Option<AttachmentId>, CallError> {
        const ACTION: Action = Action::AttachNetworkInterface;
        let index = i32::try_from(at.0).map_err(|e| malformed(ACTION, e.to_string()))?;
        // The network card is named: without it EC2 may find the index taken on multi-card types.
        let sent = self
            .client
            .attach_network_interface()
            .network_interface_id(eni.as_str())
            .instance_id(instance.as_str())
            .device_index(index)
            .network_card_index(0)
            .set_dry_run((mode == Mode::DryRun).then_some(true))
            .send()
            .await;
        match sent {
            Ok(answer) => parsed(ACTION, "attachmentId", answer.attachment_id()).map(Some),
            Err(e) if is_dry_run_success(&e) => Ok(None),
            Err(e) => Err(call_error(ACTION, e)),
        }
    }

    async fn detach(
        &self,
        attachment: &AttachmentId,
        force: bool,
        mode: Mode,
    ) -> Result<(), CallError> {
        let sent = self
            .client
            .detach_network_interface()
            .attachment_id(attachment.as_str())
            .set_force(force.then_some(true))
            .set_dry_run((mode == Mode::DryRun).then_some(true))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(e) if is_dry_run_success(&e) => Ok(()),
            Err(e) => Err(call_error(Action::DetachNetworkInterface, e)),
        }
    }

    async fn set_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        let sent = self
            .client
            .create_tags()
            .resources(eni.as_str())
            .tags(Tag::builder().key(key).value(value).build())
            .set_dry_run((mode == Mode::DryRun).then_some(true))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(e) if is_dry_run_success(&e) => Ok(()),
            Err(e) => Err(call_error(Action::CreateTags, e)),
        }
    }

    async fn remove_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        let sent = self
            .client
            .delete_tags()
            .resources(eni.as_str())
            .tags(Tag::builder().key(key).value(value).build())
            .set_dry_run((mode == Mode::DryRun).then_some(true))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(e) if is_dry_run_success(&e) => Ok(()),
            Err(e) => Err(call_error(Action::DeleteTags, e)),
        }
    }
}

fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

fn eni(interface: &types::NetworkInterface) -> Result<Eni, CallError> {
    const ACTION: Action = Action::DescribeNetworkInterfaces;
    let v4 = interface.private_ip_addresses().iter();
    // The primary address first, whatever the order of the answer: it is the slot's name.
    let (primary, others): (Vec<_>, Vec<_>) = v4.partition(|a| a.primary() == Some(true));
    let v4 = primary.into_iter().chain(others).filter_map(|a| a.private_ip_address());
    let v6 = interface.ipv6_addresses().iter().filter_map(|a| a.ipv6_address());
    let addresses = v4.chain(v6).map(|text| parsed(ACTION, "address", Some(text)));
    let tags = interface.tag_set().iter().filter_map(|t| Some((t.key()?.to_owned(), t.value()?)));
    Ok(Eni {
        id: parsed(ACTION, "networkInterfaceId", interface.network_interface_id())?,
        mac: parsed(ACTION, "macAddress", interface.mac_address())?,
        zone: interface.availability_zone().unwrap_or_default().to_owned(),
        subnet: parsed(ACTION, "subnetId", interface.subnet_id())?,
        addresses: addresses.collect::<Result<_, _>>()?,
        tags: tags.map(|(key, value)| (key, value.to_owned())).collect(),
        attachment: attachment(interface)?,
    })
}

/// The attachment, unless it has ended.
///
/// A holder of another account is not named: EC2 does not describe it to us, which must not pass
/// for an instance that is gone.
fn attachment(of: &types::NetworkInterface) -> Result<Option<Attachment>, CallError> {
    const ACTION: Action = Action::DescribeNetworkInterfaces;
    let Some(from) = of.attachment() else {
        return Ok(None);
    };
    let status = match from.status() {
        Some(types::AttachmentStatus::Attaching) => AttachmentStatus::Attaching,
        Some(types::AttachmentStatus::Detaching) => AttachmentStatus::Detaching,
        Some(types::AttachmentStatus::Detached) => return Ok(None),
        _ => AttachmentStatus::Attached,
    };
    let owners = of.owner_id().zip(from.instance_owner_id());
    let is_foreign = owners.is_some_and(|(interface, instance)| interface != instance);
    let instance = from.instance_id().filter(|_| !is_foreign);
    let instance = instance.map(|id| parsed(ACTION, "instanceId", Some(id)));
    let index = from.device_index().and_then(|i| u32::try_from(i).ok()).unwrap_or_default();
    Ok(Some(Attachment {
        id: parsed(ACTION, "attachmentId", from.attachment_id())?,
        instance: instance.transpose()?,
        index: DeviceIndex(index),
        status,
    }))
}

fn state(instance: &types::Instance) -> Result<(InstanceId, InstanceState), CallError> {
    const ACTION: Action = Action::DescribeInstances;
    let id = parsed(ACTION, "instanceId", instance.instance_id())?;
    let name = instance.state().and_then(|s| s.name());
    let state = name.and_then(instance_state);
    let state = state.ok_or_else(|| malformed(ACTION, format!("{id} in state {name:?}")))?;
    Ok((id, state))
}

fn instance_state(name: &types::InstanceStateName) -> Option<InstanceState> {
    Some(match name {
        types::InstanceStateName::Pending => InstanceState::Pending,
        types::InstanceStateName::Running => InstanceState::Running,
        types::InstanceStateName::Stopping => InstanceState::Stopping,
        types::InstanceStateName::Stopped => InstanceState::Stopped,
        types::InstanceStateName::ShuttingDown => InstanceState::ShuttingDown,
        types::InstanceStateName::Terminated => InstanceState::Terminated,
        _ => return None,
    })
}

/// Parses a field of an answer.
fn parsed<T>(action: Action, field: &str, text: Option<&str>) -> Result<T, CallError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = text.ok_or_else(|| malformed(action, format!("no {field}")))?;
    text.parse().map_err(|e: T::Err| malformed(action, format!("{field}: {e}")))
}

/// An answer that is not EC2's: final, and never taken for an empty pool.
fn malformed(action: Action, what: String) -> CallError {
    CallError::Refused { action, code: "malformed answer".to_owned(), message: what }
}

fn is_dry_run_success<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("DryRunOperation")
}

fn call_error<E>(action: Action, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let SdkError::ServiceError(answer) = &error {
        let status = answer.raw().status().as_u16();
        let meta = answer.err().meta();
        let code = meta.code().unwrap_or("no code");
        return classify(action, status, code, meta.message().unwrap_or_default());
    }
    let causes = causes(&error);
    if let Some(credentials) = causes.iter().find_map(|e| e.downcast_ref::<CredentialsError>()) {
        return match credentials {
            // Whoever hands them out (for a role, IMDS) has trouble of its own: it may pass.
            CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_) => {
                let cause = format!("no credentials came: {}", crate::errors::chain(credentials));
                CallError::Lost { action, cause }
            }
            _ => CallError::Credentials { message: no_credentials(credentials) },
        };
    }
    let innermost = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    let timed_out = matches!(error, SdkError::TimeoutError(_));
    CallError::Lost { action, cause: if timed_out { "timed out".to_owned() } else { innermost } }
}

/// In one line: the SDK lists every place that it looked in on a line of its own.
fn no_credentials(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            "there are none in the environment, the AWS profile or the instance's role".to_owned()
        }
        other => crate::errors::chain(other),
    }
}

/// The causes of an error, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&e| e.source()).collect()
}
