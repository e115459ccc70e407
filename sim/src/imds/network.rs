//! `network/interfaces/macs/`: the interfaces as their instance learns of them, which takes time.

use super::tree::Node;
use crate::model::Model;
use crate::model::instance::Instance;
use crate::model::interface::{Attachment, Interface};
use crate::model::place::{ACCOUNT, Subnet, VPC_IPV4, VPC_IPV6};

/// The branch of an instance.
pub fn of(model: &Model, instance: &Instance) -> Node {
    let enis = model.world().interfaces_of(&instance.id).into_iter();
    let shown = enis.filter(|(_, attachment)| is_shown(model, attachment));
    let macs = shown.fold(Node::branch(), |macs, (eni, attachment)| {
        macs.maybe(&eni.mac.to_string(), mac(model, eni, attachment))
    });
    Node::branch().with("interfaces", Node::branch().with("macs", macs))
}

/// An attachment made while the instance runs shows up only after a lag.
fn is_shown(model: &Model, attachment: &Attachment) -> bool {
    attachment.device_index == 0 || model.now_ms() >= attachment.since_ms + model.delays.imds_lag
}

/// The device index, which reads 0 for a while after an attach.
fn device_number(model: &Model, attachment: &Attachment) -> u32 {
    let lag = model.delays.imds_lag + model.delays.imds_device_number_lag;
    if model.now_ms() >= attachment.since_ms + lag { attachment.device_index } else { 0 }
}

fn mac(model: &Model, eni: &Interface, attachment: &Attachment) -> Option<Node> {
    let subnet = model.world().subnet(&eni.subnet).ok()?;
    let node = Node::branch()
        .leaf("device-number", device_number(model, attachment))
        .leaf("interface-id", &eni.id)
        .leaf("local-hostname", model.place.dns_name(eni.primary_ipv4()))
        .leaf("local-ipv4s", lines(&eni.ipv4))
        .leaf("mac", eni.mac)
        .leaf("owner-id", ACCOUNT)
        .leaf("security-group-ids", lines(&eni.groups))
        .leaf("security-groups", names(model, eni))
        .leaf("vpc-id", &model.place.vpc)
        .leaf("vpc-ipv4-cidr-block", cidr(VPC_IPV4))
        .leaf("vpc-ipv4-cidr-blocks", cidr(VPC_IPV4))
        .leaf("vpc-ipv6-cidr-blocks", cidr(VPC_IPV6));
    let card = attachment.network_card;
    let node = node.maybe("network-card", (card > 0).then(|| leaf(card)));
    let ipv6s = (!eni.ipv6.is_empty()).then(|| leaf(lines(&eni.ipv6)));
    Some(of_subnet(node, subnet).maybe("ipv6s", ipv6s))
}

fn of_subnet(node: Node, subnet: &Subnet) -> Node {
    node.leaf("subnet-id", &subnet.id)
        .leaf("subnet-ipv4-cidr-block", subnet.ipv4_cidr())
        .leaf("subnet-ipv6-cidr-blocks", subnet.ipv6_cidr())
}

/// The names of an interface's security groups.
pub fn names(model: &Model, eni: &Interface) -> String {
    let names: Vec<_> = eni.groups.iter().map(|id| model.world().group_name(id)).collect();
    lines(&names)
}

fn leaf(text: impl ToString) -> Node {
    Node::Leaf(text.to_string().into_bytes())
}

fn lines<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join("\n")
}

fn cidr((network, bits): (impl ToString, u8)) -> String {
    format!("{}/{bits}", network.to_string())
}
