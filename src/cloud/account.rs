//! What an operator's commands ask of an account beyond what the agent does: its instances, subnets,
//! security groups and Auto Scaling groups as they are described, and the making of ENIs.
//!
//! Nothing here knows the SDK. Reads take all they are asked for at once, so that a command on a
//! pool of any size costs a fixed number of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

#[cfg(doc)]
use super::TAG_RETIRED;
use super::{Action, CallError, Cloud, Eni, InstanceState, Mode};
use crate::ids::{EniId, InstanceId, PoolName, SecurityGroupId, SubnetId, VpcId};

/// An ENI with what only operators look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// What the agent sees of it, too.
    pub eni: Eni,
    /// What it was described as when it was made.
    pub description: String,
    /// Its network.
    pub vpc: VpcId,
    /// Its security groups.
    pub groups: Vec<SecurityGroupId>,
    /// Whether packets from and to other addresses than its own are dropped.
    pub source_dest_check: bool,
    /// Since when it is attached, in seconds since 1970; absent if it is not.
    pub attached_at: Option<i64>,
    /// Whether it is deleted with the instance that it is attached to.
    pub delete_on_termination: bool,
    /// Whether an AWS service made it for itself.
    pub is_requester_managed: bool,
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its state; never [`InstanceState::Gone`], since a gone one is not described.
    pub state: InstanceState,
    /// Its type, such as `m5.large`.
    pub kind: String,
    /// Its availability zone; empty once it is terminated.
    pub zone: String,
    /// When it was last started, in seconds since 1970.
    pub launched_at: Option<i64>,
    /// Its primary private address, while it has one.
    pub address: Option<Ipv4Addr>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its ENIs, the primary one included, with their device indexes, network cards and whether they are
    /// deleted with it.
    pub interfaces: Vec<InstanceInterface>,
    /// Its metadata service.
    pub metadata: MetadataOptions,
    /// Its instance profile's ARN.
    pub profile: Option<String>,
}

impl Instance {
    /// The Auto Scaling group that launched it, by the tag that the service sets.
    pub fn group(&self) -> Option<&str> {
        self.tags.get("aws:autoscaling:groupName").map(String::as_str)
    }
}

/// An ENI of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceInterface {
    /// The ENI.
    pub eni: EniId,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Where it is attached; 0 is the primary interface.
    pub device_index: u32,
    /// On which network card; most types have only card 0.
    pub network_card: u32,
    /// Whether it is deleted with the instance.
    pub delete_on_termination: bool,
}

/// How an instance's metadata service is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Whether there is one.
    pub is_enabled: bool,
    /// Whether it demands a token (IMDSv2 alone).
    pub tokens_required: bool,
    /// How many network hops an answer survives.
    pub hop_limit: u32,
    /// Whether it shows the instance's tags.
    pub shows_tags: bool,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Its availability zone.
    pub zone: String,
    /// Its network.
    pub vpc: VpcId,
    /// Its address ranges, IPv4 first.
    pub networks: Vec<IpNet>,
    /// How many of its IPv4 addresses are free.
    pub free_addresses: u32,
}

/// A security group's rules for what comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its name.
    pub name: String,
    /// Its network.
    pub vpc: VpcId,
    /// What it lets in.
    pub ingress: Vec<Permission>,
}

/// What a security group lets in: these ports from any of these sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a protocol's number, or `-1` for all.
    pub protocol: String,
    /// The first and the last port; absent for all.
    pub ports: Option<(u16, u16)>,
    /// From these ranges.
    pub networks: Vec<IpNet>,
    /// From interfaces of these groups.
    pub groups: Vec<SecurityGroupId>,
}

/// How many interfaces an instance type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterfaceLimits {
    /// In all, the primary one included.
    pub total: u32,
    /// On network card 0, where slots are attached.
    pub on_card_0: u32,
}

/// An Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingGroup {
    /// Its name.
    pub name: String,
    /// The zones that it launches in.
    pub zones: BTreeSet<String>,
    /// The subnets that it launches in.
    pub subnets: BTreeSet<SubnetId>,
    /// How many instances it wants.
    pub desired: u32,
}

/// An ENI to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEni {
    /// Where.
    pub subnet: SubnetId,
    /// Its first IPv4 address; EC2 chooses one if it is absent.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 addresses: none, one that EC2 chooses, or these.
    pub ipv6: NewIpv6,
    /// Its security groups; the network's default one if there are none.
    pub groups: Vec<SecurityGroupId>,
    /// Its description.
    pub description: String,
    /// Its tags, which it has from the start.
    pub tags: BTreeMap<String, String>,
    /// Makes the call idempotent: a second one with this token finds the first one's ENI. At most 64
    /// ASCII characters.
    pub client_token: String,
}

/// The IPv6 addresses of an ENI to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewIpv6 {
    /// None.
    None,
    /// One, which EC2 chooses.
    Chosen,
    /// These.
    These(Vec<Ipv6Addr>),
}

/// Which ENIs are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Those of a pool.
    OfPool(&'a PoolName),
    /// Those with these ids; EC2 fails the call if one is unknown.
    WithIds(&'a [EniId]),
    /// Those that have one of these addresses as a private one.
    WithAddresses(&'a [IpAddr]),
    /// Those that an operator has taken out of a pool, by their tag [`TAG_RETIRED`]; perhaps those of
    /// a pool whose name goes on behind a `/`, too.
    RetiredFrom(&'a PoolName),
}

/// EC2 and the services beside it, as far as an operator needs them. As with [`Cloud`], each method is
/// one API call (a page each where there are pages), made once.
pub trait Account: Cloud {
    /// ENIs in all detail (`DescribeNetworkInterfaces`).
    fn interfaces(
        &self,
        which: Which<'_>,
    ) -> impl Future<Output = Result<Vec<Interface>, CallError>> + Send;

    /// These instances; one that EC2 does not describe is absent (`DescribeInstances`).
    fn instances(
        &self,
        ids: &[InstanceId],
    ) -> impl Future<Output = Result<BTreeMap<InstanceId, Instance>, CallError>> + Send;

    /// These subnets; EC2 fails the call if one is unknown (`DescribeSubnets`).
    fn subnets(
        &self,
        ids: &[SubnetId],
    ) -> impl Future<Output = Result<Vec<Subnet>, CallError>> + Send;

    /// These security groups; EC2 fails the call if one is unknown (`DescribeSecurityGroups`).
    fn security_groups(
        &self,
        ids: &[SecurityGroupId],
    ) -> impl Future<Output = Result<Vec<SecurityGroup>, CallError>> + Send;

    /// The interface limits of these instance types (`DescribeInstanceTypes`).
    fn interface_limits(
        &self,
        kinds: &[String],
    ) -> impl Future<Output = Result<BTreeMap<String, InterfaceLimits>, CallError>> + Send;

    /// These Auto Scaling groups; an unknown one is absent (`DescribeAutoScalingGroups`).
    fn scaling_groups(
        &self,
        names: &[String],
    ) -> impl Future<Output = Result<Vec<ScalingGroup>, CallError>> + Send;

    /// Makes an ENI (`CreateNetworkInterface`). A dry run makes none.
    fn create(
        &self,
        new: &NewEni,
        mode: Mode,
    ) -> impl Future<Output = Result<Option<Interface>, CallError>> + Send;

    /// Deletes an ENI, which must be attached nowhere (`DeleteNetworkInterface`).
    fn delete(&self, eni: &EniId, mode: Mode)
    -> impl Future<Output = Result<(), CallError>> + Send;

    /// Sets tags of the ENI, whatever they were before (`CreateTags`, one call).
    fn set_tags(
        &self,
        eni: &EniId,
        tags: &BTreeMap<String, String>,
        mode: Mode,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Removes tags of the ENI, whatever their values; to have none is no error (`DeleteTags`, one
    /// call).
    fn remove_tags(
        &self,
        eni: &EniId,
        keys: &[&str],
        mode: Mode,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Asks EC2 whether this read is permitted, and reads nothing (`DryRun`).
    fn may_read(&self, action: Action) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Who asks, as an ARN (`GetCallerIdentity`, which needs no permission).
    fn caller(&self) -> impl Future<Output = Result<String, CallError>> + Send;
}
