//! What an oddity is called, which slots it is about, how much it matters and what mends it.

use super::oddity::{Oddity, Severity};
use crate::cloud::InstanceState;
use crate::ids::SlotNumber;
use crate::operator::target::Target;

impl Oddity {
    /// Its name, for programs: it never changes its meaning.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Blind => "servers-unreachable-from-here",
            Self::Unseen { .. } => "server-unreachable-from-here",
            Self::Free { .. } => "slot-free",
            Self::Ghost { .. } => "server-without-slot",
            Self::NotRunning { .. } => "holder-not-running",
            Self::OtherAccount { .. } => "holder-unknown",
            Self::InTransit { .. } => "attachment-in-transit",
            Self::Down { .. } => "server-down",
            Self::NotServing { .. } => "server-not-serving",
            Self::NoVoter { .. } => "server-without-vote",
            Self::SeveralLeaders { .. } => "several-leaders",
            Self::LeaderUnseen => "leader-unreachable-from-here",
            Self::Twin(_) => "twin",
            Self::DeletedWithHolder { .. } => "delete-on-termination",
            Self::NoSourceCheck { .. } => "source-dest-check-off",
            Self::SeveralSlots { .. } => "several-slots-on-one-instance",
            Self::SeveralZones { .. } => "group-in-several-zones",
            Self::FarBehind { .. } => "server-far-behind",
            Self::SeveralVersions { .. } => "several-versions",
            Self::Untagged { .. } => "first-boot-untagged",
            Self::Override { .. } => "bootstrap-override",
            Self::OtherServers { .. } => "server-list-differs",
            Self::NoSession { .. } => "no-session",
            Self::NeedsAuthentication => "authentication-required",
            Self::NotDone { .. } => "operation-failed",
            Self::HoldersUnknown { .. } => "holders-unknown",
            Self::Defect(_) => "pool-defect",
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Self::SeveralVersions { .. }
            | Self::Untagged { .. }
            | Self::Override { is_current: false, .. }
            | Self::NeedsAuthentication => Severity::Note,
            _ => Severity::Warning,
        }
    }

    /// The slots that it is about; none if it is about the whole pool.
    pub fn slots(&self) -> Vec<SlotNumber> {
        match self {
            Self::Unseen { slot, .. }
            | Self::Free { slot, .. }
            | Self::Ghost { slot, .. }
            | Self::NotRunning { slot, .. }
            | Self::OtherAccount { slot, .. }
            | Self::InTransit { slot, .. }
            | Self::Down { slot, .. }
            | Self::NotServing { slot, .. }
            | Self::NoVoter { slot, .. }
            | Self::DeletedWithHolder { slot, .. }
            | Self::NoSourceCheck { slot, .. }
            | Self::FarBehind { slot, .. }
            | Self::Untagged { slot }
            | Self::Override { slot, .. }
            | Self::OtherServers { server: slot, .. } => vec![*slot],
            Self::SeveralLeaders { slots } | Self::SeveralSlots { slots, .. } => slots.clone(),
            Self::SeveralZones { zones, .. } => zones.values().flatten().copied().collect(),
            Self::SeveralVersions { versions } => versions.values().flatten().copied().collect(),
            Self::Blind
            | Self::LeaderUnseen
            | Self::Twin(_)
            | Self::NoSession { .. }
            | Self::NeedsAuthentication
            | Self::NotDone { .. }
            | Self::HoldersUnknown { .. }
            | Self::Defect(_) => Vec::new(),
        }
    }

    /// What to do, where the sentence does not say it; as a command where there is one.
    pub fn next_step(&self, target: &Target) -> Option<String> {
        let modify = "aws ec2 modify-network-interface-attribute --network-interface-id";
        let groups = "aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names";
        let region = &target.region;
        Some(match self {
            Self::Blind | Self::Unseen { .. } | Self::LeaderUnseen => format!(
                "look from an instance of the pool's network: steadfast status {target}; what \
                 keeps this place from it: steadfast doctor {target}"
            ),
            Self::Free { zone, .. } => format!(
                "start an instance in {zone}, or look at the log of `steadfast claim` on the one there"
            ),
            Self::Ghost { server, .. } => {
                format!("find the host that has {} and stop its ZooKeeper", server.ip())
            }
            Self::NotRunning { state: InstanceState::Pending, .. } => {
                "it is starting, and comes back with the slot: look again in a minute".to_owned()
            }
            Self::NotRunning { slot, .. } => format!(
                "a waiting instance of its zone takes it over by itself; else: steadfast reclaim {slot} \
                 {target}"
            ),
            Self::OtherAccount { eni, .. } => {
                format!("aws ec2 describe-network-interfaces --network-interface-ids {eni} --region {region}")
            }
            Self::InTransit { slot, .. } => {
                format!("if it stays so for minutes: steadfast reclaim {slot} {target} --force")
            }
            Self::Down { holder, .. } | Self::NotServing { holder, .. } => {
                format!("look at ZooKeeper's log and at `journalctl` on {holder}")
            }
            Self::NoVoter { slot, .. } => {
                format!("compare its zoo.cfg: steadfast render --slot {slot} {target}")
            }
            Self::SeveralLeaders { .. } => {
                format!("look again in 10 s; if it stays so: steadfast doctor {target}")
            }
            Self::DeletedWithHolder { eni, attachment, .. } => format!(
                "{modify} {eni} --attachment AttachmentId={attachment},DeleteOnTermination=false \
                 --region {region}"
            ),
            Self::NoSourceCheck { eni, .. } => format!("{modify} {eni} --source-dest-check --region {region}"),
            Self::SeveralSlots { slots, .. } => {
                let last = slots.last()?;
                format!("give one to another instance: steadfast reclaim {last} {target}")
            }
            Self::SeveralZones { group, .. } => {
                let group = crate::errors::shell_word(group);
                format!("{groups} {group} --region {region}")
            }
            Self::FarBehind { slot, .. } => {
                format!("look at the disk and the network of slot {slot}'s holder")
            }
            Self::Override { slot, is_current: true } => {
                format!("restart `steadfast run` on the holder of slot {slot}, or remove the tag")
            }
            Self::OtherServers { .. } => {
                "restart `steadfast run` on one server after the other, each once the one before it \
                 votes again, the leader's last"
                    .to_owned()
            }
            Self::NoSession { .. } => format!("steadfast doctor {target}"),
            Self::Twin(_)
            | Self::SeveralVersions { .. }
            | Self::Untagged { .. }
            | Self::Override { is_current: false, .. }
            | Self::NeedsAuthentication
            | Self::NotDone { .. }
            | Self::HoldersUnknown { .. }
            | Self::Defect(_) => return None,
        })
    }
}
