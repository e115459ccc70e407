//! Instance types with the interface limits that EC2 publishes (DescribeInstanceTypes).

use super::error::Ec2Error;

/// An instance type, as far as a network interface cares.
#[derive(Debug, PartialEq, Eq)]
pub struct InstanceType {
    pub name: &'static str,
    pub vcpus: u32,
    pub memory_mib: u32,
    /// Over all network cards, the primary included.
    pub interfaces: u32,
    /// IPv4 addresses an interface, and as many IPv6 ones.
    pub addresses: u32,
    pub cards: u32,
    pub performance: &'static str,
}

const fn of(
    name: &'static str,
    (vcpus, memory_mib): (u32, u32),
    (interfaces, addresses, cards): (u32, u32, u32),
    performance: &'static str,
) -> InstanceType {
    InstanceType { name, vcpus, memory_mib, interfaces, addresses, cards, performance }
}

const TO_5: &str = "Up to 5 Gigabit";
const TO_10: &str = "Up to 10 Gigabit";
const TO_12: &str = "Up to 12.5 Gigabit";

/// Every type that the region has, by name.
pub const TYPES: &[InstanceType] = &[
    of("c5.2xlarge", (8, 16_384), (4, 15, 1), TO_10),
    of("c5.4xlarge", (16, 32_768), (8, 30, 1), TO_10),
    of("c5.large", (2, 4_096), (3, 10, 1), TO_10),
    of("c5.xlarge", (4, 8_192), (4, 15, 1), TO_10),
    of("c6i.large", (2, 4_096), (3, 10, 1), TO_12),
    of("c6i.xlarge", (4, 8_192), (4, 15, 1), TO_12),
    of("i3.large", (2, 15_616), (3, 10, 1), TO_10),
    of("i3.xlarge", (4, 31_232), (4, 15, 1), TO_10),
    of("m5.2xlarge", (8, 32_768), (4, 15, 1), TO_10),
    of("m5.4xlarge", (16, 65_536), (8, 30, 1), TO_10),
    of("m5.large", (2, 8_192), (3, 10, 1), TO_10),
    of("m5.xlarge", (4, 16_384), (4, 15, 1), TO_10),
    of("m6i.large", (2, 8_192), (3, 10, 1), TO_12),
    of("m6i.xlarge", (4, 16_384), (4, 15, 1), TO_12),
    of("p4d.24xlarge", (96, 1_179_648), (60, 50, 4), "4x 100 Gigabit"),
    of("r5.large", (2, 16_384), (3, 10, 1), TO_10),
    of("r5.xlarge", (4, 32_768), (4, 15, 1), TO_10),
    of("t2.micro", (1, 1_024), (2, 2, 1), "Low to Moderate"),
    of("t2.small", (1, 2_048), (3, 4, 1), "Low to Moderate"),
    of("t3.2xlarge", (8, 32_768), (4, 15, 1), TO_5),
    of("t3.large", (2, 8_192), (3, 12, 1), TO_5),
    of("t3.medium", (2, 4_096), (3, 6, 1), TO_5),
    of("t3.micro", (2, 1_024), (2, 2, 1), TO_5),
    of("t3.nano", (2, 512), (2, 2, 1), TO_5),
    of("t3.small", (2, 2_048), (3, 4, 1), TO_5),
    of("t3.xlarge", (4, 16_384), (4, 15, 1), TO_5),
];

impl InstanceType {
    /// The type of a name that a caller sent, for RunInstances.
    pub fn parse(name: &str) -> Result<&'static InstanceType, Ec2Error> {
        Self::find(name).ok_or_else(|| {
            let message = format!("Invalid value '{name}' for InstanceType.");
            Ec2Error::invalid_value(message)
        })
    }

    pub fn find(name: &str) -> Option<&'static InstanceType> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// The limit of one network card.
    pub fn interfaces_per_card(&self) -> u32 {
        self.interfaces / self.cards
    }
}
