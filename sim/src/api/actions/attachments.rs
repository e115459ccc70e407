//! AttachNetworkInterface, DetachNetworkInterface.

use super::{Answer, done};
use crate::api::params::Reader;
use crate::api::xml::Xml;
use crate::model::Model;
use crate::model::attach::Attach;
use crate::model::error::Ec2Error;
use crate::model::ids::{AttachmentId, EniId, InstanceId};

pub fn attach(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let request = Attach {
        eni: EniId::parse(reader.required("NetworkInterfaceId")?)?,
        instance: InstanceId::parse(reader.required("InstanceId")?)?,
        device_index: reader
            .number("DeviceIndex")?
            .ok_or_else(|| Ec2Error::missing("DeviceIndex"))?,
        network_card: reader.number("NetworkCardIndex")?,
    };
    reader.finish()?;
    let id = model.attach(&request)?;
    let mut xml = Xml::default();
    xml.text("attachmentId", id).text("networkCardIndex", request.network_card.unwrap_or(0));
    Ok(xml)
}

pub fn detach(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let id = AttachmentId::parse(reader.required("AttachmentId")?)?;
    let forced = reader.boolean("Force")?.unwrap_or(false);
    reader.finish()?;
    model.detach(&id, forced)?;
    done()
}
