//! Who is to be lost.

use super::console::Claim;
use super::ensemble::SLOTS;
use super::events::Kind;
use super::protocol::Tick;
use super::{MEMBER_TIMEOUT, Result, Stage, handle};

/// A server of the ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// By which its instance holds its slot.
    pub claim: Claim,
    /// The instance's zone.
    pub zone: String,
    /// Whether it is the leader.
    pub leads: bool,
}

/// Those whom a loss of this kind hits, by slot.
pub fn victims(kind: Kind, stage: &mut Stage<'_>) -> Result<Vec<Member>> {
    let members = members(stage)?;
    let lost = pick(kind, &members);
    lost.ok_or_else(|| format!("nobody is there to be lost: {kind:?} of {members:?}").into())
}

/// The whole ensemble.
fn members(stage: &mut Stage<'_>) -> Result<Vec<Member>> {
    let tick = stage.client.wait_members(SLOTS, MEMBER_TIMEOUT)?;
    let holders = stage.ensemble.wait_claims(MEMBER_TIMEOUT)?;
    holders.into_values().map(|claim| member(claim, &tick, stage)).collect()
}

fn member(claim: Claim, tick: &Tick, stage: &Stage<'_>) -> Result<Member> {
    let zone = stage.ensemble.instance(&claim.instance)?.zone;
    let leads = handle::leader(tick) == Some(&format!("{}:2181", claim.address));
    Ok(Member { claim, zone, leads })
}

fn pick(kind: Kind, members: &[Member]) -> Option<Vec<Member>> {
    let one = |leads| members.iter().find(|member| member.leads == leads);
    match kind {
        Kind::LeaderTerminated | Kind::LeaderHung => Some(vec![one(true)?.clone()]),
        Kind::FollowerTerminated | Kind::HolderStopped => Some(vec![one(false)?.clone()]),
        Kind::TwoTerminated => {
            let of_zone = |it: &Member| -> Vec<Member> {
                members.iter().filter(|member| member.zone == it.zone).cloned().collect()
            };
            let followers = |zone: &Vec<Member>| !zone.iter().any(|member| member.leads);
            members.iter().map(of_zone).find(|zone| zone.len() == 2 && followers(zone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots of `pick`, where slots 1 to 5 lie in zones a, b, c, a, b.
    fn picked(kind: Kind, leader: u8) -> Vec<u8> {
        let member = |(slot, zone): (u8, &str)| {
            let [instance, address] = ["i-1", "10.0.0.1"].map(String::from);
            let claim = Claim { instance, slot, address, at: 0.0 };
            Member { claim, zone: zone.to_owned(), leads: slot == leader }
        };
        let members: Vec<Member> = (1..).zip(["a", "b", "c", "a", "b"]).map(member).collect();
        pick(kind, &members).unwrap().iter().map(|member| member.claim.slot).collect()
    }

    #[test]
    fn the_leader_is_lost_where_it_is_meant_and_nowhere_else() {
        for leader in 1..=5 {
            assert_eq!(picked(Kind::LeaderTerminated, leader), [leader]);
            assert_eq!(picked(Kind::LeaderHung, leader), [leader]);
            assert_ne!(picked(Kind::FollowerTerminated, leader), [leader]);
            assert_ne!(picked(Kind::HolderStopped, leader), [leader]);
        }
    }

    #[test]
    fn two_at_once_are_the_followers_of_one_zone() {
        for (leader, pair) in [(1, [2, 5]), (2, [1, 4]), (3, [1, 4]), (4, [2, 5]), (5, [1, 4])] {
            assert_eq!(picked(Kind::TwoTerminated, leader), pair, "{leader}");
        }
    }
}
