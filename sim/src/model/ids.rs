//! EC2's resource ids: checked once, where they enter.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use fastrand::Rng;

use super::error::Ec2Error;

/// The id of a kind of resource: a prefix, then 8 or 17 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K>(Arc<str>, PhantomData<K>);

/// A kind of resource that has ids.
pub trait Kind {
    /// Such as `eni-`.
    const PREFIX: &str;
    /// The code of EC2's error for what is no id of this kind.
    const MALFORMED: &str;
    /// The code of EC2's error for an id of which there is no resource.
    const MISSING: &str;
    /// What EC2 calls one of the kind in that error.
    const NOUN: &str;
}

impl<K: Kind> Id<K> {
    /// Takes what a caller sent.
    pub fn parse(text: &str) -> Result<Self, Ec2Error> {
        let prefix = K::PREFIX;
        if text.strip_prefix(prefix).is_some_and(are_digits) {
            return Ok(Self::of(text));
        }
        let message = format!("Invalid id: \"{text}\" (expecting \"{prefix}...\")");
        Err(Ec2Error::new(K::MALFORMED, message))
    }

    /// One that no resource has had; the first digit is 0, as EC2's have been for years.
    pub fn fresh(rng: &mut Rng) -> Self {
        Self::of_digits(&format!("0{:016x}", rng.u64(..)))
    }

    /// One of digits that are known beforehand.
    pub fn of_digits(digits: &str) -> Self {
        Self::of(&format!("{}{digits}", K::PREFIX))
    }

    fn of(text: &str) -> Self {
        Self(text.into(), PhantomData)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The error for an id of which there is no resource.
    pub fn missing_one(&self) -> Ec2Error {
        let (noun, id) = (K::NOUN, &self.0);
        Ec2Error::new(K::MISSING, format!("The {noun} '{id}' does not exist"))
    }

    /// The error for ids of which there are no resources.
    pub fn missing(ids: &[Self]) -> Ec2Error {
        if let [id] = ids {
            return id.missing_one();
        }
        let list = ids.iter().map(Self::as_str).collect::<Vec<_>>().join(", ");
        let noun = K::NOUN;
        let noun =
            noun.strip_suffix(" ID").map_or(format!("{noun}s"), |noun| format!("{noun} IDs"));
        Ec2Error::new(K::MISSING, format!("The {noun} '{list}' do not exist"))
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn are_digits(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    matches!(text.len(), 8 | 17) && text.bytes().all(is_digit)
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident: $prefix:literal, $malformed:literal, $missing:literal, $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &str = $prefix;
            const MALFORMED: &str = $malformed;
            const MISSING: &str = $missing;
            const NOUN: &str = $noun;
        }

        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// A network interface.
    EniKind, EniId: "eni-", "InvalidNetworkInterfaceId.Malformed",
        "InvalidNetworkInterfaceID.NotFound", "networkInterface ID";
    /// One attachment, never used again for another.
    AttachmentKind, AttachmentId: "eni-attach-", "InvalidNetworkInterfaceAttachmentId.Malformed",
        "InvalidAttachmentID.NotFound", "attachment ID";
    /// An instance.
    InstanceKind, InstanceId: "i-", "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound", "instance ID";
    /// A subnet.
    SubnetKind, SubnetId: "subnet-", "InvalidSubnetId.Malformed",
        "InvalidSubnetID.NotFound", "subnet ID";
    /// A security group.
    GroupKind, GroupId: "sg-", "InvalidGroupId.Malformed",
        "InvalidGroup.NotFound", "security group";
    /// A rule of a security group.
    RuleKind, RuleId: "sgr-", "InvalidSecurityGroupRuleId.Malformed",
        "InvalidSecurityGroupRuleId.NotFound", "security group rule ID";
    /// A machine image. Every well-formed one exists: one that was not registered is the host's own
    /// userland.
    ImageKind, ImageId: "ami-", "InvalidAMIID.Malformed",
        "InvalidAMIID.NotFound", "image ID";
    /// A virtual private cloud.
    VpcKind, VpcId: "vpc-", "InvalidVpcID.Malformed",
        "InvalidVpcID.NotFound", "vpc ID";
    /// What one RunInstances made.
    ReservationKind, ReservationId: "r-", "InvalidReservationID.Malformed",
        "InvalidReservationID.NotFound", "reservation ID";
}
