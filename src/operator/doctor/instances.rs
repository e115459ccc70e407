//! The holders' and this instance's metadata service, profile and room for a slot.

use std::collections::BTreeSet;

use super::tags::Seen;
use super::{Area, Check, Facts, Finding};
use crate::cloud::account::{Instance, InterfaceLimits};
use crate::cloud::{InstanceState, TAG_POOL};
use crate::ids::InstanceId;

const ENABLED: Check = Check::of(Area::Instances, "metadata-enabled");
const TOKENS: Check = Check::of(Area::Instances, "metadata-tokens");
const HOPS: Check = Check::of(Area::Instances, "metadata-hop-limit");
const TAGS: Check = Check::of(Area::Instances, "metadata-tags");
const PROFILE: Check = Check::of(Area::Instances, "instance-profile");
const ROOM: Check = Check::of(Area::Instances, "interface-room");

/// A container's bridge is one hop; nothing that steadfast knows of needs more.
const HOPS_MAX: u32 = 2;

/// The findings on the instances that run.
pub fn check(seen: &[Seen<'_>], facts: &Facts) -> Vec<Finding> {
    let Ok(instances) = &facts.instances else { return Vec::new() };
    let holders: BTreeSet<&InstanceId> = seen.iter().filter_map(Seen::holder).collect();
    let running = |it: &&Instance| {
        matches!(it.state, InstanceState::Running | InstanceState::Pending)
            && (holders.contains(&it.id) || facts.me.as_ref() == Some(&it.id))
    };
    let running: Vec<&Instance> = instances.values().filter(running).collect();
    let profile = running.iter().find_map(|it| it.profile.as_deref());
    let mut found: Vec<Finding> = running.iter().flat_map(|it| of_instance(it, profile)).collect();
    if let Ok(limits) = &facts.limits {
        let of = |it: &&&Instance| limits.get(&it.kind).copied();
        let rooms = running.iter().filter_map(|it| Some((*it, of(&it)?)));
        found.extend(rooms.map(|(it, limits)| room(it, limits, holders.contains(&it.id))));
    }
    found
}

fn of_instance(it: &Instance, profile: Option<&str>) -> Vec<Finding> {
    let options = |finding: Finding, option: &str| {
        let id = &it.id;
        finding.command(format!(
            "aws ec2 modify-instance-metadata-options --instance-id {id} {option}"
        ))
    };
    if !it.metadata.is_enabled {
        let off = ENABLED
            .error(format!("{} has its metadata service switched off", it.id))
            .why("the agent learns from it who it is, its slot's subnet and its credentials");
        return vec![options(off, "--http-endpoint enabled"), the_profile(it, profile)];
    }
    let tokens = match it.metadata.tokens_required {
        true => TOKENS.ok(format!("{} answers IMDSv2 alone", it.id)),
        false => options(
            TOKENS
                .warning(format!("{} answers IMDSv1, too", it.id))
                .why(
                    "whoever makes a program there fetch a URL gets the role's credentials, and \
                     with them the slots; steadfast itself needs version 2 alone",
                )
                .hint("see first that nothing else there needs version 1"),
            "--http-tokens required",
        ),
    };
    let hops = match it.metadata.hop_limit {
        1 => HOPS.ok(format!(
            "{} has a hop limit of 1: right, unless steadfast or its credentials \
                              are needed in a container (2)",
            it.id
        )),
        2..=HOPS_MAX => HOPS.ok(format!("{} has a hop limit of 2: containers reach IMDS", it.id)),
        hops => options(
            HOPS.warning(format!("{} has a metadata hop limit of {hops}", it.id))
                .why("its credentials travel further than a container on the host")
                .hint("1 is right where steadfast runs on the host, 2 in a container"),
            "--http-put-response-hop-limit 1",
        ),
    };
    let tags = match (it.metadata.shows_tags, it.tags.contains_key(TAG_POOL)) {
        (false, true) => options(
            TAGS.warning(format!(
                "{} bears the tag {TAG_POOL}, and its metadata service shows no tags",
                it.id
            ))
            .why("the agent does not see it, and has to be told its pool otherwise"),
            "--instance-metadata-tags enabled",
        ),
        (true, _) => TAGS.ok(format!("{} has its tags in its metadata", it.id)),
        (false, false) => TAGS.ok(format!("{} has no tag that its agent should see", it.id)),
    };
    let enabled = ENABLED.ok(format!("{} has its metadata service", it.id));
    vec![enabled, tokens, hops, tags, the_profile(it, profile)]
}

/// Another instance's profile is most likely the right one.
fn the_profile(it: &Instance, other: Option<&str>) -> Finding {
    if it.profile.is_some() {
        return PROFILE.ok(format!("{} has an instance profile", it.id));
    }
    let finding = PROFILE.warning(format!("{} has no instance profile", it.id)).why(
        "without a role's credentials its agent can neither claim a slot nor keep watch on it",
    );
    match other {
        Some(arn) => finding.command(format!(
            "aws ec2 associate-iam-instance-profile --instance-id {} --iam-instance-profile \
             Arn={arn}",
            it.id
        )),
        None => finding.hint("give it one with the policy that `steadfast iam-policy` prints"),
    }
}

fn room(it: &Instance, limits: InterfaceLimits, holds: bool) -> Finding {
    let on_card = it.interfaces.iter().filter(|nic| nic.network_card == 0).count();
    let all = it.interfaces.len();
    let (attached, limit) = (on_card, limits.on_card_0 as usize);
    let is_full = attached >= limit || all >= limits.total as usize;
    let what =
        format!("{} ({}) has {attached} of {limit} interfaces on network card 0", it.id, it.kind);
    match is_full && !holds {
        false => ROOM.ok(what),
        true => ROOM
            .error(format!("{what}: there is no room for a slot"))
            .why("a slot cannot be attached: the claim ends with AttachmentLimitExceeded")
            .hint("detach an interface that is not needed, or launch a larger type"),
    }
}

#[cfg(test)]
mod tests;
