//! The names of things, parsed once where they enter and trusted from there on.
//!
//! Each type has one way in (`FromStr`, which says what is wrong with the text) and one way out
//! (`Display`). A value that exists is valid.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// ZooKeeper's client port, which the connect string names.
pub const CLIENT_PORT: u16 = 2181;

/// A text that is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What it should have been, with its article.
    pub expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// Whether `text` is `prefix` and then 8 or 17 hexadecimal digits, the two lengths EC2 has used.
fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

macro_rules! resource_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as EC2 writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match is_resource_id(text, $prefix) {
                    true => Ok(Self(text.to_owned())),
                    false => Err(InvalidId::new(text, $expected)),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

resource_id!(
    /// An instance, `i-0123456789abcdef0`.
    InstanceId, "i-", "an instance id (i- and 17 hexadecimal digits)"
);
resource_id!(
    /// An elastic network interface, `eni-0123456789abcdef0`.
    EniId, "eni-", "an ENI id (eni- and 17 hexadecimal digits)"
);
resource_id!(
    /// One attachment of an ENI, for ever: also the token that a detach is fenced by.
    AttachmentId, "eni-attach-", "an attachment id (eni-attach- and 17 hexadecimal digits)"
);
resource_id!(
    /// A subnet, `subnet-0123456789abcdef0`.
    SubnetId, "subnet-", "a subnet id (subnet- and 17 hexadecimal digits)"
);
resource_id!(
    /// A network, `vpc-0123456789abcdef0`.
    VpcId, "vpc-", "a VPC id (vpc- and 17 hexadecimal digits)"
);
resource_id!(
    /// A security group, `sg-0123456789abcdef0`.
    SecurityGroupId, "sg-", "a security group id (sg- and 17 hexadecimal digits)"
);

/// A hardware address, six bytes; written in lower case with colons, as Linux and IMDS do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddr(pub [u8; 6]);

impl FromStr for MacAddr {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new(text, "a MAC address (six bytes, as 02:00:5e:10:00:01)");
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2).ok_or_else(invalid)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| invalid())?;
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(invalid()),
        }
    }
}

impl TryFrom<String> for MacAddr {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<MacAddr> for String {
    fn from(mac: MacAddr) -> String {
        mac.to_string()
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A slot's number, 1 to 255: the range of ZooKeeper's server ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(into = "u8")]
pub struct SlotNumber(#[schemars(range(min = 1))] u8);

impl SlotNumber {
    /// The number itself.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for SlotNumber {
    type Error = InvalidId;
    fn try_from(number: u8) -> Result<Self, InvalidId> {
        number.to_string().parse()
    }
}

/// From a file, where any number may stand and is told to be none.
impl<'de> Deserialize<'de> for SlotNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        number.to_string().parse().map_err(serde::de::Error::custom)
    }
}

impl From<SlotNumber> for u8 {
    fn from(slot: SlotNumber) -> u8 {
        slot.0
    }
}

impl FromStr for SlotNumber {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        // The canonical form only: "01" and "+1" would let two tags spell one number.
        match text.parse::<u8>() {
            Ok(number) if number > 0 && number.to_string() == text => Ok(Self(number)),
            _ => Err(InvalidId::new(text, "a slot number (1 to 255)")),
        }
    }
}

impl fmt::Display for SlotNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where on an instance an interface is attached; 0 is the primary interface.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct DeviceIndex(pub u32);

impl fmt::Display for DeviceIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A pool's name: the value of the tag `steadfast:pool`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

impl PoolName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PoolName {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        // EC2 treats `*`, `?` and `\` in a filter's value as wildcards: a pool of that name
        // would match others.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/=+@".contains(c);
        match (1..=256).contains(&text.len()) && text.chars().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidId::new(
                text,
                "a pool name (1 to 256 ASCII letters, digits and -_.:/=+@)",
            )),
        }
    }
}

impl TryFrom<String> for PoolName {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<PoolName> for String {
    fn from(name: PoolName) -> String {
        name.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A path in ZooKeeper that a client takes for its root, such as `/kafka`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
pub struct Chroot(String);

impl FromStr for Chroot {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_name = |name: &str| !matches!(name, "" | "." | "..");
        // Narrower than ZooKeeper's own rule: what a shell, a properties file or a list of servers
        // could read as something else is none.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        let is_path = text.strip_prefix('/').is_some_and(|names| {
            names.split('/').all(|name| is_name(name) && name.chars().all(plain))
        });
        match is_path {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidId::new(
                text,
                "a chroot (as /kafka or /a/b: ASCII letters, digits and -_.@, no / at the end)",
            )),
        }
    }
}

impl From<Chroot> for String {
    fn from(chroot: Chroot) -> String {
        chroot.0
    }
}

impl fmt::Display for Chroot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_or_refused_by_name() {
        assert!("i-0123456789abcdef0".parse::<InstanceId>().is_ok());
        for bad in ["", "i-", "i-xyz", "eni-0123456789abcdef0", "i-0123456789abcdef01"] {
            let error = bad.parse::<InstanceId>().unwrap_err().to_string();
            assert!(error.contains("an instance id"), "{error}");
        }
        assert!("eni-0123456789abcdef0".parse::<EniId>().is_ok());
        assert!("eni-attach-0123456789abcdef0".parse::<EniId>().is_err());
    }

    #[test]
    fn slot_numbers_are_1_to_255_in_one_spelling() {
        assert_eq!("255".parse::<SlotNumber>().unwrap().get(), 255);
        for bad in ["0", "256", "x", "", "01", "+1", " 1", "-1"] {
            assert!(bad.parse::<SlotNumber>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn mac_addresses_round_trip() {
        let mac: MacAddr = "02:AB:cd:00:00:01".parse().unwrap();
        assert_eq!(mac.to_string(), "02:ab:cd:00:00:01");
        for bad in ["", "02:ab", "02:ab:cd:00:00:01:02", "2:ab:cd:00:00:01", "zz:ab:cd:00:00:01"] {
            assert!(bad.parse::<MacAddr>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn chroots_are_plain_paths() {
        for good in ["/kafka", "/a/b-1", "/..."] {
            assert_eq!(good.parse::<Chroot>().unwrap().to_string(), good);
        }
        for bad in ["", "/", "kafka", "/kafka/", "//a", "/a b", "/a,b", "/a/../b", "/$x", "/ü"] {
            assert!(bad.parse::<Chroot>().is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn pool_names_hold_no_wildcards() {
        assert!("kafka/main.eu_1".parse::<PoolName>().is_ok());
        for bad in ["", "a*", "a?", "a\\", "a b"] {
            assert!(bad.parse::<PoolName>().is_err(), "{bad:?} was taken");
        }
    }
}
