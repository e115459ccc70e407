//! Finds what is odd in what was seen: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::View;
use super::oddity::Oddity;
use super::report::{attachment_status, is_override_current};
use super::verdict::leaders;
use crate::cloud::{AttachmentStatus, InstanceState};
use crate::ids::{InstanceId, SlotNumber};
use crate::operator::servers::{self, Server};
use crate::operator::session::{Session, Timed};
use crate::pool::Slot;
use crate::zookeeper::answer::{Mode, Serving, Srvr};

/// EC2 attaches within seconds.
const ATTACHING_MAX: Duration = Duration::from_secs(60);
/// Servers are asked within one and a half seconds, in which a busy ensemble makes some thousand
/// transactions; one that lags further would need long to lead.
const TRANSACTIONS_BEHIND_MAX: u64 = 10_000;

/// All of it: first what keeps servers from voting, then what else is wrong with them, with their
/// holders, with the slots and with the pool.
pub fn find(view: &View) -> Vec<Oddity> {
    let mut found = Vec::new();
    found.extend(view.defects.iter().cloned().map(Oddity::Defect));
    found.extend(blind(view));
    let slots = view.pool.slots.values().zip(&view.servers);
    let is_blind = !found.iter().all(|it| !matches!(it, Oddity::Blind));
    found.extend(slots.filter_map(|(slot, server)| missing_vote(view, slot, server, is_blind)));
    found.extend(leading(view));
    found.extend(far_behind(&view.servers));
    found.extend(session(view));
    found.extend(several_slots(view));
    found.extend(several_zones(view));
    found.extend(view.pool.slots.values().flat_map(|slot| of_slot(view, slot)));
    found.extend(versions(&view.servers));
    if let Err(why) = &view.holders {
        found.push(Oddity::HoldersUnknown { why: why.clone() });
    }
    found
}

/// Whether this place sees no server at all.
fn blind(view: &View) -> Option<Oddity> {
    let mut held = view.servers.iter().filter(|server| server.is_held).peekable();
    let sees_another = view.servers.iter().any(|server| server.answer.mode().is_some());
    (held.peek().is_some() && held.all(Server::is_unseen) && !sees_another).then_some(Oddity::Blind)
}

/// Why a slot has no vote, if it has none.
fn missing_vote(view: &View, slot: &Slot, server: &Server, is_blind: bool) -> Option<Oddity> {
    let number = slot.number;
    let Some(attachment) = &slot.attachment else {
        return Some(match server.answer {
            Srvr::Silent(_) => Oddity::Free { slot: number, zone: slot.zone.clone() },
            _ => Oddity::Ghost { slot: number, server: server.address },
        });
    };
    let Some(holder) = attachment.instance.clone() else {
        return Some(Oddity::OtherAccount { slot: number, eni: slot.eni.clone() });
    };
    let state = state(view, slot).unwrap_or(InstanceState::Running);
    if state != InstanceState::Running {
        return Some(Oddity::NotRunning { slot: number, holder, state });
    }
    let since = view.attached_for(slot);
    let is_new = since.is_some_and(|since| since < ATTACHING_MAX);
    match attachment.status {
        AttachmentStatus::Attached => {}
        AttachmentStatus::Attaching if is_new && server.votes() => {}
        status => {
            // When a detach was asked for is not told.
            let since = since.filter(|_| status == AttachmentStatus::Attaching);
            return Some(Oddity::InTransit {
                slot: number,
                status: attachment_status(status),
                since,
            });
        }
    }
    of_server(server, holder, is_blind)
}

/// Why the server on a running holder does not vote.
fn of_server(server: &Server, holder: InstanceId, is_blind: bool) -> Option<Oddity> {
    let slot = server.slot;
    match &server.answer {
        Srvr::Serves(Serving { mode: Mode::Leader | Mode::Follower, .. }) => None,
        Srvr::Serves(serving) => Some(Oddity::NoVoter { slot, mode: serving.mode.as_str() }),
        Srvr::NotServing => Some(Oddity::NotServing { slot, holder }),
        Srvr::Silent(_) if is_blind => None,
        Srvr::Silent(why) if server.is_unseen() => {
            Some(Oddity::Unseen { slot, server: server.address, why: why.to_string() })
        }
        Srvr::Silent(why) => Some(Oddity::Down { slot, holder, why: why.to_string() }),
    }
}

/// A holder's state; absent if nobody holds the slot, or it is not known.
fn state(view: &View, slot: &Slot) -> Option<InstanceState> {
    let known = view.holders.as_ref().ok()?;
    Some(known.get(slot.holder()?).map_or(InstanceState::Gone, |it| it.state))
}

fn leading(view: &View) -> Vec<Oddity> {
    let leaders = leaders(&view.servers);
    let follows = view.servers.iter().any(Server::votes);
    let hidden = view.servers.iter().any(Server::is_unseen);
    let mut found: Vec<Oddity> = match leaders.len() {
        0 if follows && hidden => vec![Oddity::LeaderUnseen],
        0 | 1 => vec![],
        _ => vec![Oddity::SeveralLeaders { slots: leaders }],
    };
    found.extend(servers::twin(&view.servers, view.size()).map(Oddity::Twin));
    found
}

fn serving(servers: &[Server]) -> impl Iterator<Item = (SlotNumber, &Serving)> {
    servers.iter().filter_map(|server| match &server.answer {
        Srvr::Serves(serving) => Some((server.slot, serving)),
        _ => None,
    })
}

/// Followers far behind the leader. The upper half of a zxid is the leader's epoch, which an idle
/// follower shows only with its first transaction: then it is behind by those that the leader has
/// made in it.
fn far_behind(servers: &[Server]) -> Vec<Oddity> {
    let leader = serving(servers).find(|(_, it)| it.mode == Mode::Leader);
    let Some(leads) = leader.and_then(|(_, it)| it.zxid) else { return Vec::new() };
    let (epoch, count) = (leads >> 32, leads & 0xffff_ffff);
    let behind = |zxid: u64| match zxid >> 32 {
        its if its == epoch => count.saturating_sub(zxid & 0xffff_ffff),
        its if its < epoch => count,
        _ => 0,
    };
    serving(servers)
        .filter(|(_, it)| it.mode != Mode::Standalone)
        .filter_map(|(slot, it)| Some((slot, behind(it.zxid?))))
        .filter(|(_, transactions)| *transactions > TRANSACTIONS_BEHIND_MAX)
        .map(|(slot, transactions)| Oddity::FarBehind { slot, transactions })
        .collect()
}

fn versions(servers: &[Server]) -> Option<Oddity> {
    let mut versions: BTreeMap<String, Vec<SlotNumber>> = BTreeMap::new();
    for (slot, it) in serving(servers) {
        if let Some(version) = it.version.clone() {
            versions.entry(version).or_default().push(slot);
        }
    }
    (versions.len() > 1).then_some(Oddity::SeveralVersions { versions })
}

/// What a session shows, where servers serve: without one there is none to be had.
fn session(view: &View) -> Vec<Oddity> {
    let opened = match &view.session {
        Session::Opened(opened) => opened,
        Session::NotOpened(_) if !view.servers.iter().any(Server::votes) => return Vec::new(),
        it if it.needs_authentication() => return vec![Oddity::NeedsAuthentication],
        Session::NotOpened(refusals) => {
            return vec![Oddity::NoSession { refusals: refusals.clone() }];
        }
    };
    let differences = opened.config_differences.clone().unwrap_or_default();
    let mut found = Vec::new();
    if !differences.is_empty() {
        found.push(Oddity::OtherServers { server: opened.slot, differences });
    }
    let failed = |what, timed: &Timed| {
        let problem = timed.problem.clone()?;
        Some(Oddity::NotDone { what, problem })
    };
    found.extend(failed("cannot read /zookeeper/config", &opened.read));
    found.extend(opened.write.as_ref().and_then(|write| failed("cannot write a probe", write)));
    found
}

fn several_slots(view: &View) -> Vec<Oddity> {
    let mut held: BTreeMap<&InstanceId, Vec<SlotNumber>> = BTreeMap::new();
    for slot in view.pool.slots.values() {
        if let Some(holder) = slot.holder() {
            held.entry(holder).or_default().push(slot.number);
        }
    }
    let several = held.into_iter().filter(|(_, slots)| slots.len() > 1);
    several.map(|(holder, slots)| Oddity::SeveralSlots { holder: holder.clone(), slots }).collect()
}

/// Groups that hold slots of several zones, where another keeps to one: one group a zone is how a
/// zone's slot is sure to get its replacement there. One group for all zones is nothing odd.
fn several_zones(view: &View) -> Vec<Oddity> {
    let mut groups: BTreeMap<&str, BTreeMap<String, Vec<SlotNumber>>> = BTreeMap::new();
    for slot in view.pool.slots.values() {
        if let Some(group) = view.holder(slot).and_then(|it| it.group()) {
            let zones = groups.entry(group).or_default();
            zones.entry(slot.zone.clone()).or_default().push(slot.number);
        }
    }
    let zones: BTreeSet<usize> = groups.values().map(BTreeMap::len).collect();
    if !zones.contains(&1) {
        return Vec::new();
    }
    let several = groups.into_iter().filter(|(_, zones)| zones.len() > 1);
    several.map(|(group, zones)| Oddity::SeveralZones { group: group.to_owned(), zones }).collect()
}

/// What is odd about a slot's ENI.
fn of_slot(view: &View, slot: &Slot) -> Vec<Oddity> {
    let (number, eni) = (slot.number, slot.eni.clone());
    let mut found = Vec::new();
    let interface = view.interface(slot);
    if let (Some(it), Some(attachment)) = (interface, &slot.attachment)
        && it.delete_on_termination
    {
        let attachment = attachment.id.clone();
        found.push(Oddity::DeletedWithHolder { slot: number, eni: eni.clone(), attachment });
    }
    if interface.is_some_and(|it| !it.source_dest_check) {
        found.push(Oddity::NoSourceCheck { slot: number, eni });
    }
    if slot.bootstrap.is_some() {
        let is_current = is_override_current(slot);
        found.push(Oddity::Override { slot: number, is_current });
    }
    let serves = view.server(number).is_some_and(Server::votes);
    if serves && slot.initialized.is_none() {
        found.push(Oddity::Untagged { slot: number });
    }
    found
}
