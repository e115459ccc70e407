//! [`Metadata`] over IMDSv2: tokens always, version 1 never.
//!
//! The client is `aws-config`'s, which knows no version 1 and honours
//! `AWS_EC2_METADATA_SERVICE_ENDPOINT`. What is not there yet (404) is `None`, not an error.

use std::time::Duration;

use aws_config::imds::client::Client;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use ipnet::IpNet;
use serde::Deserialize;

use super::{Identity, Metadata, MetadataError, MetadataNic};
use crate::errors::{chain, root};
use crate::ids::{DeviceIndex, InvalidId, MacAddr};

const IDENTITY: &str = "/latest/dynamic/instance-identity/document";
const TAGS: &str = "/latest/meta-data/tags/instance";
const PRIMARY_MAC: &str = "/latest/meta-data/mac";
const MACS: &str = "/latest/meta-data/network/interfaces/macs";

/// How long one request may take; IMDS answers within milliseconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a request is made, the SDK's backoff (a second or so) in between.
const ATTEMPTS_MAX: u32 = 4;

/// The instance's metadata service.
#[derive(Debug, Clone)]
pub struct Imds {
    client: Client,
}

impl Imds {
    /// Makes no request yet.
    pub fn new() -> Self {
        let provider = ProviderConfig::without_region().with_http_client(super::ec2::http_client());
        let client = Client::builder()
            .configure(&provider)
            .connect_timeout(REQUEST_TIMEOUT)
            .read_timeout(REQUEST_TIMEOUT)
            .max_attempts(ATTEMPTS_MAX)
            .build();
        Self { client }
    }

    /// The text at a path, `None` where IMDS has nothing (yet).
    async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        match self.client.get(path).await {
            Ok(text) => Ok(Some(text.into())),
            Err(ImdsError::ErrorResponse(e)) if e.response().status().as_u16() == 404 => Ok(None),
            Err(error) => Err(metadata_error(path, &error)),
        }
    }

    async fn require(&self, path: &str) -> Result<String, MetadataError> {
        let none = || invalid(path, "404 not found");
        self.get(path).await?.ok_or_else(none)
    }
}

impl Default for Imds {
    fn default() -> Self {
        Self::new()
    }
}

/// The instance identity document, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityDocument {
    instance_id: String,
    availability_zone: String,
    region: String,
}

impl Metadata for Imds {
    async fn identity(&self) -> Result<Identity, MetadataError> {
        let text = self.require(IDENTITY).await?;
        let document: IdentityDocument =
            serde_json::from_str(&text).map_err(|e| invalid(IDENTITY, &e.to_string()))?;
        let instance = document
            .instance_id
            .parse()
            .map_err(|e: InvalidId| invalid(IDENTITY, &e.to_string()))?;
        Ok(Identity { instance, zone: document.availability_zone, region: document.region })
    }

    async fn tag(&self, key: &str) -> Result<Option<String>, MetadataError> {
        self.get(&format!("{TAGS}/{key}")).await
    }

    async fn lists(&self, mac: MacAddr) -> Result<bool, MetadataError> {
        let path = format!("{MACS}/");
        let listed = macs(&self.require(&path).await?)?;
        // Every instance has its primary interface: a list without any is no answer.
        match listed.is_empty() {
            true => Err(invalid(&path, "an empty list")),
            false => Ok(listed.contains(&mac)),
        }
    }

    async fn nics(&self) -> Result<Vec<MetadataNic>, MetadataError> {
        let listing = self.get(&format!("{MACS}/")).await?.unwrap_or_default();
        let primary: MacAddr = mac(PRIMARY_MAC, &self.require(PRIMARY_MAC).await?)?;
        let mut nics = Vec::new();
        for mac in macs(&listing)? {
            let index = self.get(&format!("{MACS}/{mac}/device-number")).await?;
            let subnet = self.get(&format!("{MACS}/{mac}/subnet-id")).await?;
            nics.push(MetadataNic {
                mac,
                index: settled_index(index, mac == primary),
                subnet: subnet.and_then(|text| text.trim().parse().ok()),
            });
        }
        Ok(nics)
    }

    async fn subnet_networks(&self, mac: MacAddr) -> Result<Vec<IpNet>, MetadataError> {
        let mut networks = Vec::new();
        for key in ["subnet-ipv4-cidr-block", "subnet-ipv6-cidr-blocks"] {
            let path = format!("{MACS}/{mac}/{key}");
            for line in self.get(&path).await?.unwrap_or_default().lines() {
                let network = line.trim().parse().map_err(|_| invalid(&path, line))?;
                networks.push(network);
            }
        }
        Ok(networks)
    }
}

/// The index as far as it can be believed: IMDS says 0 for a while after an attach, and only the
/// primary interface is truly at 0.
fn settled_index(text: Option<String>, is_primary: bool) -> Option<DeviceIndex> {
    let index = text?.trim().parse().ok()?;
    ((index == 0) == is_primary).then_some(DeviceIndex(index))
}

/// The hardware addresses of a listing, each a directory on a line of its own.
fn macs(listing: &str) -> Result<Vec<MacAddr>, MetadataError> {
    listing.lines().map(|line| mac(MACS, line.trim_end_matches('/'))).collect()
}

fn mac(path: &str, text: &str) -> Result<MacAddr, MetadataError> {
    text.trim().parse().map_err(|e: InvalidId| invalid(path, &e.to_string()))
}

fn invalid(path: &str, cause: &str) -> MetadataError {
    MetadataError::Invalid { path: path.to_owned(), cause: cause.to_owned() }
}

fn metadata_error(path: &str, error: &ImdsError) -> MetadataError {
    match error {
        ImdsError::FailedToLoadToken(e) if !e.is_dispatch_failure() => {
            MetadataError::NoToken { cause: root(error) }
        }
        ImdsError::FailedToLoadToken(_) | ImdsError::IoError(_) => {
            MetadataError::Unreachable { cause: root(error) }
        }
        ImdsError::ErrorResponse(e) => invalid(path, &format!("HTTP {}", e.response().status())),
        _ => invalid(path, &chain(error)),
    }
}
