//! One loss: who is lost, and when its replacement had claimed the slot and was a member.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::ensemble::{Claim, Ensemble};
use super::handle::{Handle, leader};
use super::protocol::Tick;
use super::screen::Screen;
use super::{MEMBER_TIMEOUT, Result};

/// How an instance is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A follower's instance is terminated.
    FollowerTerminated,
    /// The leader's instance is terminated.
    LeaderTerminated,
    /// A follower's instance is stopped: its slot stays attached until it is taken over.
    HolderStopped,
}

/// A loss and its replacement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// How the instance was lost.
    pub kind: Kind,
    /// The slot.
    pub slot: u8,
    /// Its address before, and so after.
    pub address: String,
    /// The address that the replacement claimed.
    pub address_after: String,
    /// The instance that was lost.
    pub instance_before: String,
    /// Its replacement.
    pub instance_after: String,
    /// Seconds from the death to the claim's end.
    pub claimed_s: f64,
    /// Seconds from the death until `srvr` on the address told a mode again.
    pub member_s: f64,
    /// EC2 calls that the replacement made, by the region's log.
    pub ec2_calls: usize,
    /// The connect string that the replacement found.
    #[serde(skip)]
    pub connect_string: String,
}

/// Loses an instance and waits for its replacement.
pub fn lose(
    kind: Kind,
    ensemble: &Ensemble,
    client: &mut Handle<'_>,
    screen: &Screen,
) -> Result<Event> {
    let before = victim(kind, ensemble, client)?;
    let (slot, instance) = (before.slot, before.instance.as_str());
    screen.say(&format!("{}: slot {slot} loses {instance}", title(kind)));
    let death = now();
    match kind {
        Kind::HolderStopped => ensemble.region.stop(instance)?,
        Kind::FollowerTerminated | Kind::LeaderTerminated => ensemble.region.terminate(instance)?,
    }
    let after = wait_replacement(ensemble, client, &before)?;
    let claimed_s = after.at - death;
    screen.say(&format!("{} claimed slot {slot} after {claimed_s:.1} s", after.instance));
    let server = format!("{}:2181", before.address);
    let member = client.wait_tick("the server's return", MEMBER_TIMEOUT, |tick| {
        tick.at > after.at && tick.modes.contains_key(&server)
    })?;
    let member_s = member.at - death;
    let mode = &member.modes[&server];
    screen.say(&format!("{} is a member again ({mode}) after {member_s:.1} s", before.address));
    // Also the others: the next loss begins with a whole ensemble.
    client.wait_members(3, MEMBER_TIMEOUT)?;
    Ok(Event {
        kind,
        slot,
        address: before.address,
        address_after: after.address,
        instance_before: before.instance,
        ec2_calls: ensemble.calls_of(&after.instance)?,
        instance_after: after.instance,
        claimed_s,
        member_s,
        connect_string: after.connect_string,
    })
}

/// Who is to be lost: the leader's holder, or a follower's.
fn victim(kind: Kind, ensemble: &Ensemble, client: &mut Handle<'_>) -> Result<Claim> {
    let whole = |tick: &Tick| tick.modes.len() == 3 && leader(tick).is_some();
    let tick = client.wait_tick("a whole ensemble", MEMBER_TIMEOUT, whole)?;
    let wants_leader = kind == Kind::LeaderTerminated;
    let is_wanted = |mode: &str| (mode == "leader") == wants_leader;
    let server = tick.modes.iter().find(|(_, mode)| is_wanted(mode)).map(|(server, _)| server);
    let server = server.ok_or("no server of that mode")?;
    // Of several claims on one address the latest is the holder's.
    let mut claims = ensemble.claims()?;
    claims.retain(|claim| *server == format!("{}:2181", claim.address));
    claims.sort_by(|a, b| a.at.total_cmp(&b.at));
    claims.pop().ok_or_else(|| format!("no instance has told of its claim of {server}").into())
}

fn wait_replacement(ensemble: &Ensemble, client: &mut Handle<'_>, before: &Claim) -> Result<Claim> {
    let end = now() + MEMBER_TIMEOUT.as_secs_f64();
    while now() < end {
        let claims = ensemble.claims()?;
        let mut new = claims.into_iter().filter(|claim| claim.at > before.at);
        if let Some(claim) = new.find(|c| c.slot == before.slot && c.instance != before.instance) {
            return Ok(claim);
        }
        client.next_tick()?;
    }
    Err(format!("nobody claimed slot {} within {} s", before.slot, MEMBER_TIMEOUT.as_secs()).into())
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::FollowerTerminated => "a follower's instance is terminated",
        Kind::LeaderTerminated => "the leader's instance is terminated",
        Kind::HolderStopped => "a holder is stopped, and keeps its slot attached",
    }
}

/// Seconds since the epoch: the one clock that instances, client and demo share.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}
