//! Leave to set and delete tags.

use super::resources::UNKNOWN;
use super::{Asked, Leave};
use crate::iam::Context;

/// CreateTags on what is there.
pub fn create_tags(asked: &Asked<'_>) -> Vec<Leave> {
    named(asked, &asked.request_tags("Tag"))
}

/// DeleteTags; a tag that is to go whatever its value has none in the request.
pub fn delete_tags(asked: &Asked<'_>) -> Vec<Leave> {
    named(asked, &asked.request_tags("Tag"))
}

/// Each resource that is named.
fn named(asked: &Asked<'_>, tags: &Context) -> Vec<Leave> {
    let ids = asked.reader.list("ResourceId").into_iter();
    ids.map(|id| {
        let (kind, context) = match id.split('-').next() {
            Some("i") => ("instance", asked.of_instance(id)),
            Some("eni") => ("network-interface", asked.of_eni(id)),
            Some("subnet") => ("subnet", asked.of_subnet(id)),
            Some("sg") => ("security-group", asked.of_group(id)),
            _ => (UNKNOWN, Context::default()),
        };
        asked.leave(asked.arn(kind, id), context.and(tags))
    })
    .collect()
}

impl Asked<'_> {
    /// The tags of a list in the request: `aws:RequestTag/...` and `aws:TagKeys`.
    pub(super) fn request_tags(&self, list: &str) -> Context {
        let mut keys = Vec::new();
        let mut context = Context::default();
        for member in self.reader.members(list) {
            let key = self.text(&format!("{member}.Key")).to_owned();
            if let Some(value) = self.reader.get(&format!("{member}.Value")) {
                context = context.with(&format!("aws:RequestTag/{key}"), value);
            }
            keys.push(key);
        }
        context.with_all("aws:TagKeys", keys)
    }

    /// The tags that a kind of resource gets as it is made.
    pub(super) fn specified_tags(&self, kind: &str) -> Context {
        let of_kind = |member: &&String| self.text(&format!("{member}.ResourceType")) == kind;
        let members = self.reader.members("TagSpecification");
        let found = members.iter().find(of_kind);
        found.map_or_else(Context::default, |m| self.request_tags(&format!("{m}.Tag")))
    }

    /// Leave for the tags that a kind of resource gets as it is made, if it gets any.
    pub(super) fn tags_at_creation(&self, kind: &str) -> Option<Leave> {
        let tags = self.specified_tags(kind);
        tags.get("aws:TagKeys")?;
        let context = tags.with("ec2:CreateAction", self.action);
        let leave = self.leave(self.arn(kind, UNKNOWN), context);
        Some(Leave { action: "ec2:CreateTags".to_owned(), ..leave })
    }
}
