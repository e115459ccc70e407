//! The model's small numbers as the agent's names, and back.

use std::fmt::Display;

use steadfast::ids::{AttachmentId, EniId, InstanceId, MacAddr, SlotNumber};

use super::ec2::Name;

pub const ZONE: &str = "eu-west-1a";

fn id<T: std::str::FromStr>(prefix: &str, number: usize) -> T {
    let text = format!("{prefix}{number:017x}");
    text.parse().ok().expect("the model's ids are valid")
}

pub fn instance(host: usize) -> InstanceId {
    id("i-", host + 1)
}

pub fn eni(slot: usize) -> EniId {
    id("eni-", slot + 1)
}

/// An interface outside the pool.
pub fn foreign_eni() -> EniId {
    id("eni-", 0xfff)
}

pub fn attachment(name: Name) -> AttachmentId {
    id("eni-attach-", ((name.at() + 1) << 8) | usize::from(name.serial))
}

pub fn foreign_attachment() -> AttachmentId {
    id("eni-attach-", 0xfff)
}

pub fn mac(slot: usize) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, u8::try_from(slot + 1).expect("few slots")])
}

pub fn number(slot: usize) -> SlotNumber {
    let number = u8::try_from(slot + 1).expect("few slots");
    SlotNumber::try_from(number).expect("a slot number")
}

pub fn slot_of(number: SlotNumber) -> usize {
    usize::from(number.get()) - 1
}

fn tail(id: &impl Display) -> usize {
    let text = id.to_string();
    let digits = text.rsplit('-').next().unwrap_or_default();
    usize::from_str_radix(digits, 16).expect("hexadecimal")
}

pub fn host_of(id: &InstanceId) -> usize {
    tail(id) - 1
}

pub fn name_of(id: &AttachmentId) -> Name {
    let tail = tail(id);
    let byte = |number: usize| u8::try_from(number).expect("few attachments");
    Name { slot: byte((tail >> 8) - 1), serial: byte(tail & 0xff) }
}
