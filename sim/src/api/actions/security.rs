//! CreateSecurityGroup, DeleteSecurityGroup, AuthorizeSecurityGroupIngress,
//! RevokeSecurityGroupIngress.

use super::{Answer, done};
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::shapes::security;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::ids::{GroupId, RuleId, VpcId};
use crate::model::permission::{Peer, Permission, Protocol};
use crate::model::place::ACCOUNT;
use crate::model::security::{NewGroup, Revoked, check_text};

/// A permission with what is said of it.
type Described = (Permission, Option<String>);

pub fn create(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let mut tags = reader.tag_specification(&["security-group"])?;
    let new = NewGroup {
        name: reader.required("GroupName")?.to_owned(),
        description: reader.required("GroupDescription")?.to_owned(),
        tags: tags.remove("security-group").unwrap_or_default(),
    };
    let vpc = reader.get("VpcId").map(VpcId::parse).transpose()?;
    reader.finish()?;
    match vpc {
        Some(vpc) if vpc == model.place.vpc => {}
        Some(other) => return Err(other.missing_one()),
        None => {
            let message = "No default VPC for this user";
            return Err(Ec2Error::new("VPCIdNotSpecified", message));
        }
    }
    let id = model.create_security_group(&new)?;
    let mut xml = Xml::default();
    xml.text("groupId", &id);
    shapes::tag_set(&mut xml, &new.tags);
    xml.text("securityGroupArn", model.place.arn("security-group", id.as_str()));
    Ok(xml)
}

pub fn delete(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = read_id(reader)?;
    reader.finish()?;
    model.delete_security_group(&id)?;
    let mut xml = done()?;
    xml.text("groupId", id);
    Ok(xml)
}

pub fn authorize(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = read_id(reader)?;
    let asked = read_permissions(reader)?;
    if asked.is_empty() {
        return Err(Ec2Error::missing("ipPermissions"));
    }
    reader.finish()?;
    let rules = model.authorize(&id, &asked)?;
    let mut xml = done()?;
    xml.set("securityGroupRuleSet", rules, |xml, rule| {
        security::rule(xml, &model.place, &id, &rule);
    });
    Ok(xml)
}

pub fn revoke(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = read_id(reader)?;
    let permissions = read_permissions(reader)?;
    let rules = reader.list_of("SecurityGroupRuleId", RuleId::parse)?;
    let revoked = match (permissions.is_empty(), rules.is_empty()) {
        (true, true) => return Err(Ec2Error::missing("ipPermissions")),
        (false, true) => Revoked::Permissions(permissions.into_iter().map(|(p, _)| p).collect()),
        (true, false) => Revoked::Rules(rules),
        (false, false) => {
            let message = "SecurityGroupRuleIds may not be used along with ipPermissions";
            return Err(Ec2Error::combination(message));
        }
    };
    reader.finish()?;
    let gone = model.revoke(&id, &revoked)?;
    let mut xml = done()?;
    xml.set("revokedSecurityGroupRuleSet", gone, |xml, rule| {
        security::revoked_rule(xml, &id, &rule);
    });
    Ok(xml)
}

/// By id: names are for groups of a default VPC, and there is none.
fn read_id(reader: &Reader<'_>) -> Result<GroupId, Ec2Error> {
    GroupId::parse(reader.required("GroupId")?)
}

/// What a call names: permissions in a list, or one with a network in the call itself.
fn read_permissions(reader: &Reader<'_>) -> Result<Vec<Described>, Ec2Error> {
    let mut all = Vec::new();
    for member in reader.members("IpPermissions") {
        all.extend(read_permission(reader, &format!("{member}."))?);
    }
    if let Some(cidr) = reader.get("CidrIp") {
        let (protocol, ports) = read_protocol(reader, "")?;
        all.push((Permission { protocol, ports, peer: Peer::ipv4(cidr)? }, None));
    }
    Ok(all)
}

/// One protocol with ports, for each peer that is named.
fn read_permission(reader: &Reader<'_>, prefix: &str) -> Result<Vec<Described>, Ec2Error> {
    let (protocol, ports) = read_protocol(reader, prefix)?;
    let mut all = Vec::new();
    for (list, read) in PEERS {
        for member in reader.members(&format!("{prefix}{list}")) {
            let peer = read(reader, &member)?;
            let description = reader.get(&format!("{member}.Description")).map(str::to_owned);
            if let Some(text) = description.as_deref().filter(|text| !text.is_empty()) {
                check_text("Description", text)?;
            }
            all.push((Permission { protocol, ports, peer }, description));
        }
    }
    if all.is_empty() {
        let message = "The request must contain a CIDR block, a security group or a prefix list";
        return Err(Ec2Error::new("MissingParameter", message));
    }
    Ok(all)
}

/// How a peer is read from its member of a list.
type ReadPeer = fn(&Reader<'_>, &str) -> Result<Peer, Ec2Error>;

/// The lists of a permission's peers.
const PEERS: [(&str, ReadPeer); 3] = [
    ("IpRanges", |reader, member| Peer::ipv4(reader.required(&format!("{member}.CidrIp"))?)),
    ("Ipv6Ranges", |reader, member| Peer::ipv6(reader.required(&format!("{member}.CidrIpv6"))?)),
    ("Groups", read_group),
];

/// A group of this account: there is no other.
fn read_group(reader: &Reader<'_>, member: &str) -> Result<Peer, Ec2Error> {
    let id = GroupId::parse(reader.required(&format!("{member}.GroupId"))?)?;
    match reader.get(&format!("{member}.UserId")) {
        None | Some(ACCOUNT) => Ok(Peer::Group(id)),
        Some(_) => Err(id.missing_one()),
    }
}

fn read_protocol(
    reader: &Reader<'_>,
    prefix: &str,
) -> Result<(Protocol, Option<(i32, i32)>), Ec2Error> {
    let name = |parameter: &str| format!("{prefix}{parameter}");
    let protocol = Protocol::parse(reader.required(&name("IpProtocol"))?)?;
    let from = reader.number(&name("FromPort"))?;
    let to = reader.number(&name("ToPort"))?;
    Ok((protocol, protocol.ports(from, to)?))
}
