//! What the region's model asks of the machine under it: instances to run and NICs to plug.
//!
//! The model (`model`) decides what is true in the region and when; a `Fabric` makes it so in the
//! kernel. `NoFabric` makes nothing at all, for tests of the API alone.

use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::pin::Pin;

/// A future of a fabric's operation.
pub type FabricFuture<'a> = Pin<Box<dyn Future<Output = Result<(), FabricError>> + Send + 'a>>;

/// Why the kernel did not do what the model asked: one line that a person can act on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FabricError(pub String);

/// A network interface as the kernel is to show it inside an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NicSpec {
    /// `eni-` and 17 hexadecimal digits.
    pub eni: String,
    /// The instance that sees the NIC.
    pub instance: String,
    /// 0 for the primary interface, which the instance configures itself (as DHCP would).
    pub device_index: u32,
    /// The hardware address, six bytes.
    pub mac: [u8; 6],
    /// The private addresses; the first is the primary one.
    pub ipv4: Vec<Ipv4Addr>,
    /// The IPv6 addresses, possibly none.
    pub ipv6: Vec<Ipv6Addr>,
    /// The subnet, which names the router's addresses and the prefix.
    pub subnet: SubnetSpec,
    /// Whether EC2's source/destination check drops what does not bear the NIC's own address.
    pub source_dest_check: bool,
}

/// A subnet as the router knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetSpec {
    /// The IPv4 network and its prefix length in bits; the router is its first host address.
    pub ipv4: (Ipv4Addr, u8),
    /// The IPv6 network and its prefix length in bits; the router is its address 1.
    pub ipv6: Option<(Ipv6Addr, u8)>,
}

/// An instance to power on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootSpec {
    /// `i-` and 17 hexadecimal digits.
    pub instance: String,
    /// The host name, as EC2 forms it (`ip-10-0-1-17`).
    pub hostname: String,
    /// What it runs on.
    pub body: Body,
    /// Of namespaces: run at every boot, as root, if it begins with `#!`. A machine asks IMDS.
    pub user_data: Vec<u8>,
    /// The primary interface.
    pub primary: NicSpec,
    /// Secondary interfaces that were attached while the instance was stopped or stayed so.
    pub secondary: Vec<NicSpec>,
}

impl BootSpec {
    /// Every interface, the primary one first.
    pub fn nics(&self) -> impl Iterator<Item = &NicSpec> {
        std::iter::once(&self.primary).chain(&self.secondary)
    }
}

/// What an instance runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Namespaces of this machine's kernel, with its programs.
    Namespaces,
    /// A virtual machine, with an image's own kernel and init.
    Machine(Hardware),
}

/// A virtual machine as its instance type and its image say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardware {
    /// The image's directory.
    pub image: PathBuf,
    /// Such as `t3.small`, which the firmware tells.
    pub instance_type: String,
    /// As many as the type has; the host may give fewer.
    pub vcpus: u32,
    /// In MiB.
    pub memory_mib: u32,
}

/// How an instance is powered off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerOff {
    /// The disk stays for the next start. A machine is asked to shut down first.
    KeepDisk,
    /// The disk goes, too, and nobody is asked.
    DropDisk,
}

/// What befalls a running instance without EC2's knowing, or passes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Impairment {
    /// Every process stops, as on a host whose scheduler is dead; its kernel still answers.
    Hang,
    /// The processes go on.
    Resume,
    /// Nothing gets in or out by any of its interfaces, and nobody is told.
    Cut,
    /// The network is whole again.
    Mend,
}

/// The machine under the region. Each operation is idempotent.
pub trait Fabric: Send + Sync + 'static {
    /// The subnets that the router serves, told once before anything else.
    fn serve_subnets<'a>(&'a self, subnets: &'a [SubnetSpec]) -> FabricFuture<'a>;
    /// Powers an instance on: its namespaces, its NICs, its user-data.
    fn boot<'a>(&'a self, spec: &'a BootSpec) -> FabricFuture<'a>;
    /// Cuts an instance's power, so that everything in it ends at once.
    fn power_off<'a>(&'a self, instance: &'a str, how: PowerOff) -> FabricFuture<'a>;
    /// Impairs a running instance, or ends that; a power cut ends it, too. Done when it is so: when
    /// the last process has stopped, when no packet passes any more.
    fn impair<'a>(&'a self, instance: &'a str, how: Impairment) -> FabricFuture<'a>;
    /// Plugs a secondary NIC into a running instance.
    fn plug<'a>(&'a self, nic: &'a NicSpec) -> FabricFuture<'a>;
    /// Pulls a NIC out of wherever it is.
    fn unplug<'a>(&'a self, eni: &'a str) -> FabricFuture<'a>;
}

/// A fabric that makes nothing: the API alone.
#[derive(Debug, Default)]
pub struct NoFabric;

impl Fabric for NoFabric {
    fn serve_subnets<'a>(&'a self, _: &'a [SubnetSpec]) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn boot<'a>(&'a self, _: &'a BootSpec) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn power_off<'a>(&'a self, _: &'a str, _: PowerOff) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn impair<'a>(&'a self, _: &'a str, _: Impairment) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn plug<'a>(&'a self, _: &'a NicSpec) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn unplug<'a>(&'a self, _: &'a str) -> FabricFuture<'a> {
        Box::pin(async { Ok(()) })
    }
}
