//! What `steadfast reclaim` prints as JSON, and its line for people.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cloud::AttachmentStatus;
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, PoolName, SlotNumber};
use crate::operator::reclaim::{Given, Order, Refusal, Seen, Taken, next_steps, utc};
use crate::operator::servers::majority;

/// What was seen, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Reclaim {
    /// The pool.
    pub pool: PoolName,
    /// The slot.
    pub slot: SlotNumber,
    /// Its ENI.
    pub eni: EniId,
    /// Its availability zone.
    pub zone: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Who held it, if anyone did.
    pub holder: Option<ReclaimHolder>,
    /// Every server of the pool, as far as it could be asked; none if there was nothing to take.
    pub servers: Vec<ReclaimServer>,
    /// Whether the other servers were seen to be a quorum without this one.
    pub quorum_without_it: bool,
    /// What spoke against it.
    pub refusals: Vec<ReclaimRefusal>,
    /// What will happen, or has been begun, a sentence each.
    pub next_steps: Vec<String>,
    /// Whether EC2 took it, or would take it, by force.
    pub forced: bool,
    /// Seconds from the detach to the read that showed the slot free, or another's.
    pub free_after_seconds: Option<f64>,
    /// What the tag `steadfast:reclaimed` says of who took it, if it was somebody else.
    pub taken_by: Option<String>,
    /// Who was seen to claim it since.
    pub successor: Option<ReclaimSuccessor>,
    /// Where it was attached at the operator's word.
    pub attached: Option<ReclaimAttached>,
    /// What EC2 said it would permit, in a dry run.
    pub permitted: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The slot was free, or where it was to be.
    NothingToDo,
    /// Something speaks against it, in a dry run.
    Refused,
    /// It would be done: a dry run.
    WouldDo,
    /// It was taken, or attached.
    Done,
    /// Somebody else took it at the same time; it is not its former holder's any more.
    DoneByAnother,
}

/// A holder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReclaimHolder {
    /// The instance; absent if it is none of this account.
    pub instance: Option<InstanceId>,
    /// Its state in EC2's words, or `gone`.
    pub state: Option<String>,
    /// The Auto Scaling group that launched it.
    pub group: Option<String>,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Whether its detach had been asked for before.
    pub is_detaching: bool,
    /// Since when it holds the slot, as RFC 3339 in UTC.
    pub since: Option<String>,
}

/// A server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReclaimServer {
    /// Its slot.
    pub slot: SlotNumber,
    /// Where it was asked.
    pub address: std::net::SocketAddr,
    /// Its mode, or why there is none.
    pub answer: String,
    /// Whether it is a voting member of a quorum.
    pub votes: bool,
}

/// A reason against it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReclaimRefusal {
    /// In words.
    pub reason: String,
    /// The flag that overrides it; absent if nothing does.
    pub flag: Option<String>,
    /// Whether it was overridden.
    pub is_overridden: bool,
}

/// Who claimed it since.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReclaimSuccessor {
    /// The instance; absent if it is none of this account.
    pub instance: Option<InstanceId>,
    /// Seconds from the detach to the read that showed it.
    pub after_seconds: f64,
}

/// Where it was attached.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReclaimAttached {
    /// The instance.
    pub instance: InstanceId,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Where on the instance.
    pub device_index: DeviceIndex,
}

impl Reclaim {
    /// What was seen, before anything is done.
    pub fn of(seen: &Seen, order: &Order, refusals: &[Refusal], outcome: Outcome) -> Self {
        let others = || seen.servers.iter().filter(|it| it.slot != seen.slot.number);
        let voting = others().filter(|server| server.votes()).count();
        Self {
            pool: seen.pool.name.clone(),
            slot: seen.slot.number,
            eni: seen.slot.eni.clone(),
            zone: seen.slot.zone.clone(),
            outcome,
            holder: holder(seen),
            servers: servers(seen),
            quorum_without_it: voting >= majority(seen.pool.slots.len()),
            refusals: refusals.iter().map(|it| refusal(it, order)).collect(),
            next_steps: next_steps(seen, order),
            forced: false,
            free_after_seconds: None,
            taken_by: None,
            successor: None,
            attached: None,
            permitted: Vec::new(),
        }
    }

    /// What came of the detach.
    pub fn taken(&mut self, taken: Taken) {
        let Taken { is_ours, forced, after, by, successor } = taken;
        self.outcome = if is_ours { Outcome::Done } else { Outcome::DoneByAnother };
        self.forced = forced;
        self.free_after_seconds = Some(after.as_secs_f64());
        self.taken_by = by;
        self.successor = successor.map(|next| ReclaimSuccessor {
            instance: next.instance,
            after_seconds: next.after.as_secs_f64(),
        });
    }

    /// What came of the attach.
    pub fn given(&mut self, given: Option<Given>) {
        self.outcome = Outcome::Done;
        self.attached = given.map(|Given { instance, attachment, index }| ReclaimAttached {
            instance,
            attachment,
            device_index: index,
        });
    }

    /// For people: the last lines.
    pub fn text(&self) -> String {
        let Self { slot, pool, .. } = self;
        let from = self.holder.as_ref().and_then(|it| it.instance.as_ref());
        let from = from.map_or_else(|| "its holder".to_owned(), ToString::to_string);
        let mut text = match self.outcome {
            Outcome::NothingToDo => {
                return format!("{}; nothing was changed\n", self.next_steps.join("; "));
            }
            Outcome::Refused => return String::new(),
            Outcome::WouldDo => {
                let permitted = self.permitted.join(", ");
                return format!("nothing was changed; EC2 permits {permitted}\n");
            }
            Outcome::Done => match self.free_after_seconds {
                None => String::new(),
                Some(after) => {
                    let how = if self.forced { ", by force" } else { "" };
                    format!(
                        "slot {slot} of pool {pool} was taken from {from}{how} ({after:.1} s)\n"
                    )
                }
            },
            Outcome::DoneByAnother => match &self.taken_by {
                None => format!("somebody else took slot {slot} from {from}\n"),
                Some(by) => format!("somebody else took slot {slot} from {from}: {by}\n"),
            },
        };
        text += &self.now();
        text
    }

    fn now(&self) -> String {
        let Self { slot, zone, .. } = self;
        match (&self.attached, &self.successor) {
            (Some(it), _) => format!(
                "slot {slot} is attached to {} at device index {}: `steadfast run` there takes it up \
                 if it waits for a slot, else start it\n",
                it.instance, it.device_index
            ),
            (None, Some(next)) => {
                let name = next.instance.as_ref().map(ToString::to_string);
                let name = name.unwrap_or_else(|| "another account".to_owned());
                format!(
                    "slot {slot} is held by {name} now, {:.1} s after that\n",
                    next.after_seconds
                )
            }
            (None, None) => format!(
                "slot {slot} is free: the next instance in {zone} that runs `steadfast claim` or \
                 `run` gets it\n"
            ),
        }
    }
}

fn holder(seen: &Seen) -> Option<ReclaimHolder> {
    let held = seen.held.as_ref()?;
    let holder = held.holder.as_ref();
    Some(ReclaimHolder {
        instance: holder.map(|it| it.id.clone()),
        state: holder.map(|it| it.state.to_string()),
        group: holder.and_then(|it| it.group.clone()),
        attachment: held.attachment.id.clone(),
        is_detaching: held.attachment.status == AttachmentStatus::Detaching,
        since: held.since.map(utc),
    })
}

fn servers(seen: &Seen) -> Vec<ReclaimServer> {
    let server = |it: &crate::operator::servers::Server| ReclaimServer {
        slot: it.slot,
        address: it.address,
        answer: it.answer.to_string(),
        votes: it.votes(),
    };
    seen.servers.iter().map(server).collect()
}

fn refusal(refusal: &Refusal, order: &Order) -> ReclaimRefusal {
    let word = refusal.overridden_by();
    ReclaimRefusal {
        reason: refusal.to_string(),
        flag: word.map(|it| it.flag().to_owned()),
        is_overridden: word.is_some_and(|it| order.despite.contains(&it)),
    }
}
