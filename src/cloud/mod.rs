//! What the program asks of EC2, in our own words: small traits and the errors that matter.
//!
//! Nothing here knows the SDK. The adapters ([`ec2`], [`imds`]) are named only where the program is
//! put together; everything else is written against [`Cloud`] and [`Metadata`], and what operators do
//! against [`Account`].

pub mod account;
pub mod counted;
pub mod ec2;
mod error;
pub mod grants;
pub mod imds;
pub mod patience;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use ipnet::IpNet;

pub use account::Account;
pub use error::{Action, CallError, MetadataError, classify};

use crate::ids::{
    AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, PoolName, SlotNumber, SubnetId,
};

/// The tag that makes an ENI part of a pool.
pub const TAG_POOL: &str = "steadfast:pool";
/// The tag that gives an ENI its slot number.
pub const TAG_SLOT: &str = "steadfast:slot";
/// The tag that says that a server has been started on the ENI's slot before, so that an empty disk
/// there is a lost one. It is set before the first server may vote on an empty disk.
pub const TAG_INITIALIZED: &str = "steadfast:initialized";
/// The tag by which an operator lets an empty disk vote at its next start; its value is the id of
/// the attachment that it is meant for, so that it cannot outlive the instance that was looked at.
pub const TAG_BOOTSTRAP: &str = "steadfast:bootstrap";
/// The tag that says who took the ENI's slot from its holder last, when and why.
pub const TAG_RECLAIMED: &str = "steadfast:reclaimed";
/// The tag of an ENI that was taken out of its pool: `POOL/N` and when, in RFC 3339. It keeps the number
/// and the address from being given to another by mistake.
pub const TAG_RETIRED: &str = "steadfast:retired";

/// An ENI as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eni {
    /// Its id.
    pub id: EniId,
    /// Its hardware address, the same wherever it is attached.
    pub mac: MacAddr,
    /// The availability zone's name, such as `eu-west-1a`.
    pub zone: String,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its private addresses: IPv4 with the primary one first, then IPv6.
    pub addresses: Vec<IpAddr>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Where it is attached, if it is.
    pub attachment: Option<Attachment>,
}

/// Where an ENI is attached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attachment {
    /// Names this one attachment for ever.
    pub id: AttachmentId,
    /// The holder; absent when an AWS service or another account has it.
    pub instance: Option<InstanceId>,
    /// Where on the holder.
    pub index: DeviceIndex,
    /// How far it has come.
    pub status: AttachmentStatus,
}

/// How far an attachment has come, in EC2's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttachmentStatus {
    /// Asked for.
    Attaching,
    /// There.
    Attached,
    /// On its way out.
    Detaching,
    /// Out; EC2 shows it for a moment.
    Detached,
}

/// An instance's state, in EC2's words, or that EC2 does not know the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// Booting.
    Pending,
    /// Running.
    Running,
    /// Shutting down, to be started again.
    Stopping,
    /// Off, with its ENIs kept.
    Stopped,
    /// Shutting down for ever.
    ShuttingDown,
    /// Off for ever.
    Terminated,
    /// Not described: long terminated, or not yet visible to a read.
    Gone,
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Gone => "gone",
        })
    }
}

/// Whether a call is to change anything, or only to say whether it would be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    Do,
    /// EC2's `DryRun`: success means "you may".
    DryRun,
}

/// EC2, as far as the agent needs it. Each method is one API call (a paginated one, one a page),
/// made once: waiting and trying again is for the caller, who knows the deadline.
pub trait Cloud: Send + Sync {
    /// Every ENI of the pool (`DescribeNetworkInterfaces`).
    fn pool(&self, pool: &PoolName) -> impl Future<Output = Result<Vec<Eni>, CallError>> + Send;

    /// Every ENI attached to the instance, of the pool or not (`DescribeNetworkInterfaces`).
    fn attached_to(
        &self,
        instance: &InstanceId,
    ) -> impl Future<Output = Result<Vec<Eni>, CallError>> + Send;

    /// The states of these instances (`DescribeInstances`); one that EC2 does not describe is
    /// [`InstanceState::Gone`].
    fn states(
        &self,
        instances: &[InstanceId],
    ) -> impl Future<Output = Result<BTreeMap<InstanceId, InstanceState>, CallError>> + Send;

    /// Attaches the ENI at network card 0 (`AttachNetworkInterface`). A dry run has no attachment.
    fn attach(
        &self,
        eni: &EniId,
        instance: &InstanceId,
        at: DeviceIndex,
        mode: Mode,
    ) -> impl Future<Output = Result<Option<AttachmentId>, CallError>> + Send;

    /// Detaches by attachment id (`DetachNetworkInterface`).
    fn detach(
        &self,
        attachment: &AttachmentId,
        force: bool,
        mode: Mode,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Sets a tag of the ENI, whatever it was before (`CreateTags`).
    fn set_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Removes a tag of the ENI if it has this value; to have none, or another, is no error
    /// (`DeleteTags`).
    fn remove_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// Who and where this instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub instance: InstanceId,
    /// The availability zone's name.
    pub zone: String,
    /// The region's name.
    pub region: String,
}

/// An interface as IMDS lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataNic {
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its device index, 0 for the primary interface alone; absent where IMDS does not know it
    /// yet (it says 0 for a while after an attach).
    pub index: Option<DeviceIndex>,
    /// Its subnet, where IMDS says it already.
    pub subnet: Option<SubnetId>,
}

/// IMDSv2, as far as the agent needs it. There is no fallback to version 1.
pub trait Metadata: Send + Sync {
    /// Who and where this instance is.
    fn identity(&self) -> impl Future<Output = Result<Identity, MetadataError>> + Send;

    /// An instance tag, `None` if it is not set or tags are not in the metadata.
    fn tag(&self, key: &str) -> impl Future<Output = Result<Option<String>, MetadataError>> + Send;

    /// Whether IMDS lists the interface by now; one request.
    fn lists(&self, mac: MacAddr) -> impl Future<Output = Result<bool, MetadataError>> + Send;

    /// The interfaces that IMDS lists by now.
    fn nics(&self) -> impl Future<Output = Result<Vec<MetadataNic>, MetadataError>> + Send;

    /// The networks of an interface's subnet; empty as long as IMDS does not have them.
    fn subnet_networks(
        &self,
        mac: MacAddr,
    ) -> impl Future<Output = Result<Vec<IpNet>, MetadataError>> + Send;
}

impl Eni {
    /// The ENI's slot number if it is tagged as a slot of this pool.
    pub fn slot_of(&self, pool: &PoolName) -> Option<SlotNumber> {
        let of_pool = self.tags.get(TAG_POOL).is_some_and(|name| name == pool.as_str());
        self.tags.get(TAG_SLOT).filter(|_| of_pool)?.parse().ok()
    }
}
