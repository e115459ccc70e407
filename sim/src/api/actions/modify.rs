//! ModifyInstanceMetadataOptions, ModifyInstanceAttribute.

use super::{Answer, done};
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::change::{Attribute, MetadataChange};
use crate::model::error::Ec2Error;
use crate::model::ids::{GroupId, InstanceId};
use crate::model::types::InstanceType;

/// EC2's hop limits of a metadata token.
const HOPS: std::ops::RangeInclusive<u8> = 1..=64;

pub fn metadata_options(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = InstanceId::parse(reader.required("InstanceId")?)?;
    let change = MetadataChange {
        enabled: reader.choice("HttpEndpoint", "enabled", "disabled")?,
        tokens_required: reader.choice("HttpTokens", "required", "optional")?,
        hop_limit: read_hop_limit(reader, "HttpPutResponseHopLimit")?,
        tags: reader.choice("InstanceMetadataTags", "enabled", "disabled")?,
    };
    reader.finish()?;
    if change == MetadataChange::default() {
        let message = "You must specify at least one instance metadata option.";
        return Err(Ec2Error::new("MissingParameter", message));
    }
    model.modify_metadata(&id, &change)?;
    let metadata = model.world().instance(&id)?.metadata;
    let mut xml = Xml::default();
    xml.text("instanceId", &id);
    xml.within("instanceMetadataOptions", |xml| shapes::metadata(xml, metadata, "pending"));
    Ok(xml)
}

/// The hop limit of a parameter of this name.
pub fn read_hop_limit(reader: &Reader<'_>, name: &str) -> Result<Option<u8>, Ec2Error> {
    let hops = reader.number(name)?;
    if let Some(hops) = hops.filter(|hops| !HOPS.contains(hops)) {
        let why = "Expecting a value from 1 to 64.";
        return Err(Ec2Error::bad_value(&hops.to_string(), "HttpPutResponseHopLimit", why));
    }
    Ok(hops)
}

pub fn attribute(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = InstanceId::parse(reader.required("InstanceId")?)?;
    let check = reader.boolean("SourceDestCheck.Value")?;
    let groups = reader.list_of("GroupId", GroupId::parse)?;
    let groups = (!groups.is_empty()).then_some(groups);
    let kind = reader.get("InstanceType.Value").map(InstanceType::parse).transpose()?;
    let attributes = [
        check.map(Attribute::SourceDestCheck),
        groups.map(Attribute::Groups),
        kind.map(Attribute::Kind),
    ];
    let mut attributes: Vec<_> = attributes.into_iter().flatten().collect();
    let attribute =
        attributes.pop().ok_or_else(|| Ec2Error::combination("No attributes specified."))?;
    if !attributes.is_empty() {
        let message = "Fields for multiple attribute types specified";
        return Err(Ec2Error::combination(message));
    }
    reader.finish()?;
    model.modify_instance(&id, attribute)?;
    done()
}
