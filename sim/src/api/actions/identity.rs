//! STS's GetCallerIdentity, which everybody may ask.

use super::Answer;
use crate::api::auth::Principal;
use crate::api::params::Reader;
use crate::api::xml::Xml;
use crate::model::place::ACCOUNT;

pub fn caller(principal: &Principal, reader: &Reader<'_>) -> Answer {
    reader.finish_without_dry_run()?;
    let mut xml = Xml::default();
    xml.text("Arn", principal.arn()).text("UserId", principal.user_id()).text("Account", ACCOUNT);
    Ok(xml)
}
