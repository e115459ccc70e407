//! Where everything lies: the account, the VPC, its subnets, and which address is whose.
//!
//! The VPC is 10.0.0.0/16. Zone z (from 1) has the subnet 10.0.(16z).0/20, as large as those of
//! a default VPC. In it slot k of a pool is 10.0.(16z+1).k, and other interfaces are numbered from
//! 10.0.(16z).10 on around that block. 10.0.0.0/20 has no subnet: it is the endpoint's.

use std::net::{Ipv4Addr, Ipv6Addr};

use fastrand::Rng;

use super::ids::{GroupId, SubnetId, VpcId};
use super::tags::Tags;

/// The account that owns everything.
pub const ACCOUNT: &str = "123456789012";
/// As many zones as the address plan has room for, and letters.
pub const ZONES_MAX: u8 = 6;
/// The VPC's networks.
pub const VPC_IPV4: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 0, 0, 0), 16);
pub const VPC_IPV6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2001, 0xdb8, 0x5f, 0, 0, 0, 0, 0), 56);
/// The first host number that EC2's automatic choice takes; below are the router and its kin.
const FIRST_AUTOMATIC: u32 = 10;
/// The host numbers of pools' slots.
const SLOTS: std::ops::RangeInclusive<u32> = 256..=511;

/// The constants of one region.
#[derive(Debug, Clone)]
pub struct Place {
    /// Such as `eu-west-1`.
    pub region: String,
    pub vpc: VpcId,
    /// The default security group.
    pub group: GroupId,
    /// Unix time of the model's zero, in ms.
    pub epoch_ms: u64,
}

impl Place {
    pub fn new(region: &str, epoch_ms: u64, rng: &mut Rng) -> Self {
        Self {
            region: region.to_owned(),
            vpc: VpcId::fresh(rng),
            group: GroupId::fresh(rng),
            epoch_ms,
        }
    }

    /// The name of zone `z`, from 1: `eu-west-1a`.
    pub fn zone(&self, z: u8) -> String {
        format!("{}{}", self.region, char::from(b'a' + z - 1))
    }

    /// The ARN of a resource of EC2's.
    pub fn arn(&self, kind: &str, id: &str) -> String {
        format!("arn:aws:ec2:{}:{ACCOUNT}:{kind}/{id}", self.region)
    }

    /// The name that EC2's resolver has for an address.
    pub fn dns_name(&self, address: Ipv4Addr) -> String {
        format!("{}.{}.compute.internal", host_name(address), self.region)
    }

    /// A model time as EC2 prints it: `2026-01-02T03:04:05.000Z`.
    pub fn timestamp(&self, time_ms: u64) -> String {
        crate::clock::iso(self.epoch_ms + time_ms)
    }

    /// A model time as EC2 prints it in a sentence: `2026-01-02 03:04:05`.
    pub fn gmt(&self, time_ms: u64) -> String {
        crate::clock::spaced(self.epoch_ms + time_ms)
    }
}

/// `ip-10-0-16-10`.
pub fn host_name(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("ip-{a}-{b}-{c}-{d}")
}

/// A subnet: one in each zone.
#[derive(Debug, Clone)]
pub struct Subnet {
    pub id: SubnetId,
    /// `eu-west-1a`.
    pub zone: String,
    /// `euw1-az1`.
    pub zone_id: String,
    pub ipv4: (Ipv4Addr, u8),
    pub ipv6: (Ipv6Addr, u8),
    pub tags: Tags,
}

impl Subnet {
    /// The subnet of zone `z`, from 1.
    pub fn new(place: &Place, z: u8, rng: &mut Rng) -> Self {
        let name = Tags::from([("Name".to_owned(), format!("zone-{}", char::from(b'a' + z - 1)))]);
        Self {
            id: SubnetId::fresh(rng),
            zone: place.zone(z),
            zone_id: format!("{}-az{z}", short_region(&place.region)),
            ipv4: (Ipv4Addr::new(10, 0, 16 * z, 0), 20),
            ipv6: (Ipv6Addr::new(0x2001, 0xdb8, 0x5f, u16::from(z), 0, 0, 0, 0), 64),
            tags: name,
        }
    }

    pub fn host(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.ipv4.0) + number)
    }

    /// How many host numbers there are, the network's own and the broadcast among them.
    pub fn size(&self) -> u32 {
        1 << (32 - self.ipv4.1)
    }

    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address).checked_sub(u32::from(self.ipv4.0)).is_some_and(|n| n < self.size())
    }

    pub fn contains_ipv6(&self, address: Ipv6Addr) -> bool {
        address.segments()[..4] == self.ipv6.0.segments()[..4]
    }

    /// Whether EC2 keeps an address for itself: the first four and the last.
    pub fn reserved(&self, address: Ipv4Addr) -> bool {
        let number = u32::from(address) - u32::from(self.ipv4.0);
        number < 4 || number == self.size() - 1
    }

    /// The addresses that an interface without a wish may get, in order.
    pub fn automatic(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        (FIRST_AUTOMATIC..self.size() - 1).filter(|n| !SLOTS.contains(n)).map(|n| self.host(n))
    }

    /// The fixed addresses of a pool's slot `k`, from 1 to 255.
    pub fn slot(&self, k: u8) -> (Ipv4Addr, Ipv6Addr) {
        let mut segments = self.ipv6.0.segments();
        segments[6] = 1;
        // The digits of k are read as hexadecimal ones, so that slot 12 is `::1:12`.
        segments[7] = u16::from(k / 100) << 8 | u16::from(k / 10 % 10) << 4 | u16::from(k % 10);
        (self.host(*SLOTS.start() + u32::from(k)), segments.into())
    }

    pub fn ipv4_cidr(&self) -> String {
        format!("{}/{}", self.ipv4.0, self.ipv4.1)
    }

    pub fn ipv6_cidr(&self) -> String {
        format!("{}/{}", self.ipv6.0, self.ipv6.1)
    }
}

/// `euw1` for `eu-west-1`: the first two letters, the first of each further word, the number.
fn short_region(region: &str) -> String {
    let mut words = region.split('-');
    let first = words.next().unwrap_or_default();
    words.fold(first.to_owned(), |short, word| short + word.get(..1).unwrap_or_default())
}
