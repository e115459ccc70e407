//! RunInstances.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Answer;
use super::interfaces::{address, read_ipv6, read_new};
use super::modify::read_hop_limit;
use crate::api::filter::View;
use crate::api::params::Reader;
use crate::api::shapes;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::ids::{EniId, GroupId, ImageId, SubnetId};
use crate::model::instance::Metadata;
use crate::model::interfaces::NewInterface;
use crate::model::launch::{Launch, LaunchNic, NicSource};
use crate::model::types::InstanceType;
use crate::model::world::World;

/// EC2's limit of user-data, in bytes before base64.
const USER_DATA_MAX: usize = 16_384;

pub fn run(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let launch = read(model.world(), reader)?;
    reader.finish()?;
    let ids = model.launch(&launch)?;
    let view = View::of(model);
    let instances = ids.iter().map(|id| view.world.instance(id)).collect::<Result<Vec<_>, _>>()?;
    let mut xml = Xml::default();
    shapes::reservation(&mut xml, &view, &instances);
    Ok(xml)
}

fn read(world: &World, reader: &Reader<'_>) -> Result<Launch, Ec2Error> {
    let mut tags = reader.tag_specification(&["instance", "network-interface"])?;
    let mut nics = read_nics(world, reader)?;
    let eni_tags = tags.remove("network-interface").unwrap_or_default();
    for nic in &mut nics {
        if let NicSource::New(new) = &mut nic.source {
            new.tags = eni_tags.clone();
        }
    }
    Ok(Launch {
        image: ImageId::parse(reader.required("ImageId")?)?,
        kind: InstanceType::parse(reader.required("InstanceType")?)?,
        count: read_count(reader)?,
        nics,
        user_data: read_user_data(reader)?,
        profile: read_profile(reader)?,
        metadata: read_metadata(reader)?,
        tags: tags.remove("instance").unwrap_or_default(),
        client_token: reader.get("ClientToken").unwrap_or_default().to_owned(),
        group: None,
    })
}

/// As many as may be: the region never lacks capacity.
fn read_count(reader: &Reader<'_>) -> Result<usize, Ec2Error> {
    let number = |name| reader.number(name)?.ok_or_else(|| Ec2Error::missing(name));
    let (min, max): (usize, usize) = (number("MinCount")?, number("MaxCount")?);
    if min == 0 || max < min {
        let message = "minCount must be at least 1 and maxCount must be at least minCount";
        return Err(Ec2Error::invalid_value(message));
    }
    Ok(max)
}

fn read_user_data(reader: &Reader<'_>) -> Result<Vec<u8>, Ec2Error> {
    let text = reader.get("UserData").unwrap_or_default();
    // Old clients wrap the lines of base64.
    let text: String = text.split_whitespace().collect();
    let data = STANDARD.decode(text).map_err(|_| {
        Ec2Error::new("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
    })?;
    if data.len() > USER_DATA_MAX {
        let message = format!("User data is limited to {USER_DATA_MAX} bytes");
        return Err(Ec2Error::invalid_value(message));
    }
    Ok(data)
}

fn read_profile(reader: &Reader<'_>) -> Result<Option<String>, Ec2Error> {
    let (name, arn) = (reader.get("IamInstanceProfile.Name"), reader.get("IamInstanceProfile.Arn"));
    match (name, arn) {
        (Some(_), Some(_)) => Err(Ec2Error::combination(
            "The parameter iamInstanceProfile.name may not be used in combination with \
             iamInstanceProfile.arn",
        )),
        (Some(name), None) => Ok(Some(name.to_owned())),
        (None, Some(arn)) => match arn.split_once(":instance-profile/") {
            Some((_, path)) => Ok(path.rsplit('/').next().map(str::to_owned)),
            None => {
                let why = "Invalid IAM Instance Profile ARN";
                Err(Ec2Error::bad_value(arn, "iamInstanceProfile.arn", why))
            }
        },
        (None, None) => Ok(None),
    }
}

fn read_metadata(reader: &Reader<'_>) -> Result<Metadata, Ec2Error> {
    let default = Metadata::default();
    let hops = read_hop_limit(reader, "MetadataOptions.HttpPutResponseHopLimit")?;
    Ok(Metadata {
        enabled: reader.either("MetadataOptions.HttpEndpoint", "enabled", "disabled")?,
        tokens_required: reader.either("MetadataOptions.HttpTokens", "required", "optional")?,
        hop_limit: hops.unwrap_or(default.hop_limit),
        tags: !reader.either("MetadataOptions.InstanceMetadataTags", "disabled", "enabled")?,
    })
}

fn read_nics(world: &World, reader: &Reader<'_>) -> Result<Vec<LaunchNic>, Ec2Error> {
    let members = reader.members("NetworkInterface");
    if members.is_empty() {
        return Ok(vec![read_only_nic(world, reader)?]);
    }
    for name in ["SubnetId", "PrivateIpAddress"] {
        if reader.get(name).is_some() {
            return Err(Ec2Error::combination(format!(
                "Network interfaces and an instance-level {name} may not be specified on the \
                 same request"
            )));
        }
    }
    members.iter().map(|member| read_nic(world, reader, member)).collect()
}

/// The primary interface, described by parameters of the instance.
fn read_only_nic(world: &World, reader: &Reader<'_>) -> Result<LaunchNic, Ec2Error> {
    let subnet = choose_subnet(world, reader, "SubnetId")?;
    let mut new = NewInterface::in_subnet(subnet);
    new.ipv4 = Vec::from_iter(address(reader, "PrivateIpAddress")?);
    new.groups = reader.list_of("SecurityGroupId", GroupId::parse)?;
    new.ipv6_more = reader.number("Ipv6AddressCount")?.unwrap_or_default();
    new.ipv6 = read_ipv6(reader, "Ipv6Address")?;
    Ok(LaunchNic {
        device_index: 0,
        network_card: 0,
        delete_on_termination: true,
        source: NicSource::New(new),
    })
}

fn read_nic(world: &World, reader: &Reader<'_>, member: &str) -> Result<LaunchNic, Ec2Error> {
    let name = |parameter: &str| format!("{member}.{parameter}");
    let existing = reader.get(&name("NetworkInterfaceId")).map(EniId::parse).transpose()?;
    let index = reader.number(&name("DeviceIndex"))?;
    let delete = reader.boolean(&name("DeleteOnTermination"))?;
    // There is no outside to be public to; to ask for no public address is fine.
    if reader.boolean(&name("AssociatePublicIpAddress"))? == Some(true) {
        let why = "This region has no public addresses.";
        return Err(Ec2Error::bad_value("true", "AssociatePublicIpAddress", why));
    }
    let source = match existing {
        Some(eni) => NicSource::Existing(eni),
        None => {
            let subnet = choose_subnet(world, reader, &name("SubnetId"))?;
            NicSource::New(read_new(reader, &format!("{member}."), subnet)?)
        }
    };
    Ok(LaunchNic {
        device_index: index.ok_or_else(|| Ec2Error::missing(&name("DeviceIndex")))?,
        network_card: reader.number(&name("NetworkCardIndex"))?.unwrap_or_default(),
        delete_on_termination: delete.unwrap_or(matches!(source, NicSource::New(_))),
        source,
    })
}

/// The subnet that is named, or that of the zone that is named, or the first zone's.
fn choose_subnet(world: &World, reader: &Reader<'_>, name: &str) -> Result<SubnetId, Ec2Error> {
    let zone = reader.get("Placement.AvailabilityZone");
    if let Some(id) = reader.get(name) {
        let id = SubnetId::parse(id)?;
        let subnet = world.subnet(&id)?;
        if zone.is_some_and(|zone| zone != subnet.zone) {
            let message = "The availability zone of the subnet differs from the one requested.";
            return Err(Ec2Error::combination(message));
        }
        return Ok(id);
    }
    let first = world.zones().into_iter().next().unwrap_or_default();
    let zone = zone.unwrap_or(&first);
    let subnet = world.subnet_of_zone(zone).map(|subnet| subnet.id.clone());
    subnet.ok_or_else(|| Ec2Error::invalid_value(format!("Invalid availability zone: [{zone}]")))
}
