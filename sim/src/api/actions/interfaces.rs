//! CreateNetworkInterface, DeleteNetworkInterface, ModifyNetworkInterfaceAttribute.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::{Answer, done};
use crate::api::filter::View;
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::ids::{AttachmentId, EniId, GroupId, GroupKind, Kind, SubnetId};
use crate::model::interfaces::{Attribute, NewInterface};

pub fn create(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let subnet = SubnetId::parse(reader.required("SubnetId")?)?;
    let token = reader.get("ClientToken").unwrap_or_default();
    reader.either("InterfaceType", "interface", "interface")?;
    let mut new = read_new(reader, "", subnet)?;
    let mut tags = reader.tag_specification(&["network-interface"])?;
    new.tags = tags.remove("network-interface").unwrap_or_default();
    reader.finish()?;
    let id = model.create_interface(&new).map_err(in_own_words)?;
    let mut xml = Xml::default();
    let eni = model.world().interface(&id)?;
    xml.within("networkInterface", |xml| shapes::interface(xml, &View::of(model), eni));
    xml.text("clientToken", token);
    Ok(xml)
}

/// CreateNetworkInterface has other words for a missing security group than all other actions.
fn in_own_words(error: Ec2Error) -> Ec2Error {
    if error.code != GroupKind::MISSING {
        return error;
    }
    let message = error.message.replacen("security group", "securityGroup ID", 1);
    Ec2Error::new("InvalidSecurityGroupID.NotFound", message)
}

/// Reads the wishes for an interface, whose parameters bear a prefix in RunInstances.
pub fn read_new(
    reader: &Reader<'_>,
    prefix: &str,
    subnet: SubnetId,
) -> Result<NewInterface, Ec2Error> {
    let name = |parameter: &str| format!("{prefix}{parameter}");
    let count = |parameter: &str| reader.number(&name(parameter)).map(Option::unwrap_or_default);
    let mut ipv4 = Vec::from_iter(address(reader, &name("PrivateIpAddress"))?);
    for member in reader.members(&name("PrivateIpAddresses")) {
        let one: Option<Ipv4Addr> = address(reader, &format!("{member}.PrivateIpAddress"))?;
        match reader.boolean(&format!("{member}.Primary"))? {
            Some(true) => ipv4.splice(0..0, one).for_each(drop),
            _ => ipv4.extend(one),
        }
    }
    Ok(NewInterface {
        ipv4,
        ipv4_more: count("SecondaryPrivateIpAddressCount")?,
        ipv6: read_ipv6(reader, &name("Ipv6Addresses"))?,
        ipv6_more: count("Ipv6AddressCount")?,
        description: reader.get(&name("Description")).unwrap_or_default().to_owned(),
        groups: reader.list_of(&name("SecurityGroupId"), GroupId::parse)?,
        ..NewInterface::in_subnet(subnet)
    })
}

/// The IPv6 addresses of a list.
pub fn read_ipv6(reader: &Reader<'_>, list: &str) -> Result<Vec<Ipv6Addr>, Ec2Error> {
    let members = reader.members(list);
    let addresses = members.iter().map(|member| address(reader, &format!("{member}.Ipv6Address")));
    addresses.filter_map(Result::transpose).collect()
}

/// An address of the family that the caller expects.
pub fn address<A: FromStr>(reader: &Reader<'_>, name: &str) -> Result<Option<A>, Ec2Error> {
    let Some(text) = reader.get(name) else { return Ok(None) };
    let address = text.parse();
    address.map(Some).map_err(|_| Ec2Error::bad_value(text, name, "Invalid IP address."))
}

pub fn delete(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = EniId::parse(reader.required("NetworkInterfaceId")?)?;
    reader.finish()?;
    model.delete_interface(&id)?;
    done()
}

pub fn modify(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = EniId::parse(reader.required("NetworkInterfaceId")?)?;
    let mut attributes = read_attributes(reader)?;
    let attribute =
        attributes.pop().ok_or_else(|| Ec2Error::combination("No attributes specified."))?;
    if !attributes.is_empty() {
        let message = "Fields for multiple attribute types specified";
        return Err(Ec2Error::combination(message));
    }
    reader.finish()?;
    model.modify_interface(&id, attribute)?;
    done()
}

fn read_attributes(reader: &Reader<'_>) -> Result<Vec<Attribute>, Ec2Error> {
    let description = reader.get("Description.Value").map(str::to_owned);
    let check = reader.boolean("SourceDestCheck.Value")?;
    let groups = reader.list_of("SecurityGroupId", GroupId::parse)?;
    let groups = (!groups.is_empty()).then_some(groups);
    Ok([
        description.map(Attribute::Description),
        check.map(Attribute::SourceDestCheck),
        groups.map(Attribute::Groups),
        read_delete_on_termination(reader)?,
    ]
    .into_iter()
    .flatten()
    .collect())
}

fn read_delete_on_termination(reader: &Reader<'_>) -> Result<Option<Attribute>, Ec2Error> {
    let (id, on) = ("Attachment.AttachmentId", "Attachment.DeleteOnTermination");
    match (reader.get(id), reader.boolean(on)?) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Ec2Error::missing(id)),
        (Some(_), None) => Err(Ec2Error::missing(on)),
        (Some(id), Some(on)) => {
            Ok(Some(Attribute::DeleteOnTermination(AttachmentId::parse(id)?, on)))
        }
    }
}
