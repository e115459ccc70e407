//! CreateTags, DeleteTags.

use super::{Answer, done};
use crate::api::params::Reader;
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::tags::{TagPattern, Tagged};

pub fn create(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let on = reader.required_list_of("ResourceId", Tagged::parse)?;
    let tags = reader.tags("Tag")?;
    if tags.is_empty() {
        return Err(Ec2Error::missing("Tag"));
    }
    reader.finish()?;
    model.create_tags(&on, &tags)?;
    done()
}

pub fn delete(model: &mut Model, reader: &Reader<'_>) -> Answer {
    let on = reader.required_list_of("ResourceId", Tagged::parse)?;
    let members = reader.members("Tag");
    let which = members.iter().map(|member| read_pattern(reader, member));
    let which = which.collect::<Result<Vec<_>, _>>()?;
    reader.finish()?;
    model.delete_tags(&on, &which)?;
    done()
}

/// Without a value the tag goes whatever its value is.
fn read_pattern(reader: &Reader<'_>, member: &str) -> Result<TagPattern, Ec2Error> {
    let key = reader.required(&format!("{member}.Key"))?;
    Ok((key.to_owned(), reader.get(&format!("{member}.Value")).map(str::to_owned)))
}
