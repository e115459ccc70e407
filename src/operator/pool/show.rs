//! What a pool is, for people and as JSON.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use super::Members;
use crate::cloud::account::Interface;
use crate::cloud::{AttachmentStatus, TAG_POOL};
use crate::ids::{
    AttachmentId, EniId, InstanceId, MacAddr, PoolName, SecurityGroupId, SlotNumber, SubnetId,
};

/// A pool as EC2 has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolView {
    /// The pool.
    pub pool: PoolName,
    /// Its ENIs: in slot order, then those without a number.
    pub slots: Vec<SlotView>,
    /// What clients are given; absent as long as the pool has defects.
    pub connect_string: Option<String>,
    /// What keeps these ENIs from being a pool, each with what mends it. Agents refuse such a pool.
    pub defects: Vec<String>,
    /// ENIs that were taken out of the pool and are still there.
    pub retired: Vec<RetiredView>,
}

/// An ENI of a pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SlotView {
    /// Its number, which is the ZooKeeper server id; absent if its tag says none.
    pub slot: Option<SlotNumber>,
    /// Its private addresses: IPv4 with the primary one first, then IPv6.
    pub addresses: Vec<IpAddr>,
    /// Its availability zone.
    pub zone: String,
    /// Its subnet.
    pub subnet: SubnetId,
    /// The ENI.
    pub eni: EniId,
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Where it is attached; absent if the slot is free.
    pub holder: Option<HolderView>,
    /// Its tags that begin with `steadfast:`, but the pool's name and its number.
    pub tags: BTreeMap<String, String>,
}

/// Where a slot is attached.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HolderView {
    /// The instance; absent where an AWS service or another account has it.
    pub instance: Option<InstanceId>,
    /// `attaching`, `attached` or `detaching`.
    pub status: &'static str,
    /// The attachment.
    pub attachment: AttachmentId,
    /// The device index.
    pub device_index: u32,
    /// Since when, in RFC 3339.
    pub since: Option<String>,
}

/// An ENI that was taken out of a pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RetiredView {
    /// Which slot it was.
    pub slot: SlotNumber,
    /// When, in RFC 3339.
    pub when: String,
    /// The ENI.
    pub eni: EniId,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl PoolView {
    /// Of what was read.
    pub fn of(members: &Members) -> Self {
        let retired = members.retired.iter().map(|it| RetiredView {
            slot: it.number,
            when: it.when.clone(),
            eni: it.interface.eni.id.clone(),
            addresses: it.interface.eni.addresses.clone(),
        });
        Self {
            pool: members.pool.clone(),
            slots: members.all.iter().map(|it| SlotView::of(&members.pool, it)).collect(),
            connect_string: members.pool().ok().map(|pool| pool.connect_string()),
            defects: members.defects.iter().map(ToString::to_string).collect(),
            retired: retired.collect(),
        }
    }
}

impl SlotView {
    /// Of an ENI.
    pub fn of(pool: &PoolName, it: &Interface) -> Self {
        let slot = it.eni.slot_of(pool);
        // A number that is none is a defect, and told as one.
        let is_told = |key: &str| key == TAG_POOL || key == crate::cloud::TAG_SLOT;
        let tags = it.eni.tags.iter().filter(|(key, _)| key.starts_with("steadfast:"));
        let tags = tags.filter(|(key, _)| !is_told(key));
        Self {
            slot,
            addresses: it.eni.addresses.clone(),
            zone: it.eni.zone.clone(),
            subnet: it.eni.subnet.clone(),
            eni: it.eni.id.clone(),
            mac: it.eni.mac,
            security_groups: it.groups.clone(),
            holder: it.eni.attachment.as_ref().map(|attachment| HolderView {
                instance: attachment.instance.clone(),
                status: status(attachment.status),
                attachment: attachment.id.clone(),
                device_index: attachment.index.0,
                since: it.attached_at.and_then(rfc3339),
            }),
            tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
        }
    }
}

fn status(status: AttachmentStatus) -> &'static str {
    match status {
        AttachmentStatus::Attaching => "attaching",
        AttachmentStatus::Attached => "attached",
        AttachmentStatus::Detaching => "detaching",
        AttachmentStatus::Detached => "detached",
    }
}

fn rfc3339(seconds: i64) -> Option<String> {
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    let time = SystemTime::UNIX_EPOCH.checked_add(since)?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}
