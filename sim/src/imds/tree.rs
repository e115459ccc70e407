//! What IMDS knows of an instance: a tree of texts, made anew for each request.

use std::collections::BTreeMap;

use serde_json::json;

use super::network;
use crate::clock::iso_seconds;
use crate::model::Model;
use crate::model::instance::Instance;
use crate::model::place::ACCOUNT;

/// How long a role's credentials are said to last, in ms: six hours, as EC2's.
const CREDENTIALS_LAST_MS: u64 = 6 * 3_600_000;

/// The tree's newest version.
const LATEST: &str = "latest";
/// The versions of the tree beside `latest` that cloud-init asks for, as EC2 has them. There are more,
/// and they differ in what was added since; here each is the latest.
const VERSIONS: [&str; 5] = ["2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "2024-04-11"];

/// A part of the tree.
#[derive(Debug)]
pub enum Node {
    Leaf(Vec<u8>),
    Branch(BTreeMap<String, Node>),
}

impl Node {
    pub fn branch() -> Self {
        Self::Branch(BTreeMap::new())
    }

    /// With a leaf more; for a branch.
    pub fn leaf(self, name: &str, text: impl ToString) -> Self {
        self.with(name, Self::Leaf(text.to_string().into_bytes()))
    }

    /// With a part more; for a branch.
    pub fn with(mut self, name: &str, node: Node) -> Self {
        if let Self::Branch(parts) = &mut self {
            parts.insert(name.to_owned(), node);
        }
        self
    }

    /// With a part more if there is one; for a branch.
    pub fn maybe(self, name: &str, node: Option<Node>) -> Self {
        match node {
            Some(node) => self.with(name, node),
            None => self,
        }
    }

    /// The part at a path. A slash at the end makes no difference, as in the real one: botocore
    /// asks for leaves with one.
    pub fn find(&self, path: &str) -> Option<&Node> {
        let names = path.split('/').filter(|name| !name.is_empty());
        let is_version = |name: &str| VERSIONS.contains(&name);
        let mut names = names.enumerate().map(|(at, name)| match at {
            0 if is_version(name) => LATEST,
            _ => name,
        });
        names.try_fold(self, |node, name| match node {
            Self::Branch(parts) => parts.get(name),
            Self::Leaf(_) => None,
        })
    }

    /// The text of a leaf, or the names in a branch, those of branches with a slash.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Branch(parts) => {
                let names = parts.iter().map(|(name, part)| match part {
                    Self::Branch(_) => format!("{name}/"),
                    Self::Leaf(_) => name.clone(),
                });
                names.collect::<Vec<_>>().join("\n").into_bytes()
            }
        }
    }
}

/// The whole tree of an instance.
pub fn of(model: &Model, instance: &Instance) -> Node {
    let has_data = !instance.user_data.is_empty();
    let user_data = has_data.then(|| Node::Leaf(instance.user_data.clone()));
    let document = Node::branch().leaf("document", document(model, instance));
    let latest = Node::branch()
        .with("meta-data", meta_data(model, instance))
        .with("dynamic", Node::branch().with("instance-identity", document))
        .maybe("user-data", user_data);
    Node::branch().with(LATEST, latest)
}

fn meta_data(model: &Model, instance: &Instance) -> Node {
    let host_name = model.place.dns_name(instance.address);
    let enis = model.world().interfaces_of(&instance.id);
    let mac = enis.first().map(|(eni, _)| eni.mac.to_string()).unwrap_or_default();
    let groups = enis.first().map(|(eni, _)| network::names(model, eni)).unwrap_or_default();
    Node::branch()
        .leaf("ami-id", &instance.image)
        .leaf("ami-launch-index", instance.launch_index)
        .leaf("hostname", &host_name)
        .leaf("instance-action", "none")
        .leaf("instance-id", &instance.id)
        .leaf("instance-life-cycle", "on-demand")
        .leaf("instance-type", instance.kind.name)
        .leaf("local-hostname", &host_name)
        .leaf("local-ipv4", instance.address)
        .leaf("mac", mac)
        .leaf("profile", "default-hvm")
        .leaf("reservation-id", &instance.reservation)
        .leaf("security-groups", groups)
        .with("network", network::of(model, instance))
        .with("placement", placement(model, instance))
        .with("services", services())
        .maybe("iam", instance.profile.as_deref().map(|role| iam(model, instance, role)))
        .maybe("tags", tags(instance))
}

fn placement(model: &Model, instance: &Instance) -> Node {
    let subnet = model.world().subnet_of_zone(&instance.zone);
    Node::branch()
        .leaf("availability-zone", &instance.zone)
        .leaf("availability-zone-id", subnet.map_or("", |subnet| &subnet.zone_id))
        .leaf("region", &model.place.region)
}

fn services() -> Node {
    Node::branch().leaf("domain", "amazonaws.com").leaf("partition", "aws")
}

/// The instance's tags, if it is to see them.
fn tags(instance: &Instance) -> Option<Node> {
    let none = Node::branch();
    let tags = instance.tags.iter().fold(none, |node, (key, value)| node.leaf(key, value));
    instance.metadata.tags.then(|| Node::branch().with("instance", tags))
}

fn iam(model: &Model, instance: &Instance, role: &str) -> Node {
    let updated = updated(model);
    let info = json!({
        "Code": "Success",
        "LastUpdated": updated,
        "InstanceProfileArn": crate::api::profile_arn(role),
        "InstanceProfileId": crate::api::profile_id(role),
    });
    let credentials = json!({
        "Code": "Success",
        "LastUpdated": updated,
        "Type": "AWS-HMAC",
        "AccessKeyId": instance.credentials.access_key,
        "SecretAccessKey": instance.credentials.secret_key,
        "Token": instance.credentials.session_token,
        "Expiration": iso_seconds(now_unix_ms(model) + CREDENTIALS_LAST_MS),
    });
    let credentials = Node::branch().leaf(role, pretty(&credentials));
    Node::branch().leaf("info", pretty(&info)).with("security-credentials", credentials)
}

fn document(model: &Model, instance: &Instance) -> String {
    let nothing = serde_json::Value::Null;
    pretty(&json!({
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "billingProducts": nothing,
        "devpayProductCodes": nothing,
        "marketplaceProductCodes": nothing,
        "imageId": instance.image.as_str(),
        "instanceId": instance.id.as_str(),
        "instanceType": instance.kind.name,
        "kernelId": nothing,
        "pendingTime": iso_seconds(model.place.epoch_ms + instance.launched_ms),
        "privateIp": instance.address,
        "ramdiskId": nothing,
        "region": model.place.region,
        "version": "2017-09-30",
    }))
}

fn now_unix_ms(model: &Model) -> u64 {
    model.place.epoch_ms + model.now_ms()
}

fn updated(model: &Model) -> String {
    iso_seconds(now_unix_ms(model))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}
