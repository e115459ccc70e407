//! One loss, and its replacements until they are members.

use std::time::Instant;

use super::console::{Claim, Gate};
use super::ensemble::{Ensemble, SLOTS};
use super::events::{Event, Kind, Replacement, title};
use super::victims::{Member, victims};
use super::watch::Sighting;
use super::{MEMBER_TIMEOUT, Result, Stage, now};

/// So many writes after a loss show that it is over, and so how long it kept clients waiting.
const WRITES_AFTER: usize = 50;
/// A start gate that was shut for longer than that, in seconds, is worth a line.
const LONG: f64 = 1.5;

/// Loses instances and waits for their replacements.
pub fn lose(kind: Kind, stage: &mut Stage<'_>) -> Result<Event> {
    let lost = victims(kind, stage)?;
    stage.screen.say(&title(kind, &lost));
    let since = now();
    for Member { claim, .. } in &lost {
        match kind {
            Kind::HolderStopped => stage.ensemble.region.stop(&claim.instance)?,
            _ => stage.ensemble.region.terminate(&claim.instance)?,
        }
    }
    if kind == Kind::TwoTerminated {
        stage.screen.say(
            "three disks of five are left, a majority, from which the empty ones are filled; of a \
             pool of three, two lost disks would wait for an operator's decision",
        );
    }
    follow(kind, lost, since, stage)
}

/// Follows the replacements of what was lost until the ensemble is whole again.
pub fn follow(kind: Kind, lost: Vec<Member>, since: f64, stage: &mut Stage<'_>) -> Result<Event> {
    let mut returns: Vec<Return> = lost.into_iter().map(Return::of).collect();
    let end = Instant::now() + MEMBER_TIMEOUT;
    while returns.iter().any(|it| it.member.is_none()) {
        if Instant::now() > end {
            let missing = returns.iter().filter(|it| it.member.is_none());
            let missing: Vec<_> = missing.map(|it| it.before.slot.to_string()).collect();
            let (slots, seconds) = (missing.join(" and "), MEMBER_TIMEOUT.as_secs());
            return Err(format!("slot {slots} has not returned within {seconds} s").into());
        }
        stage.client.next_tick()?;
        let claims = stage.ensemble.claims()?;
        let news = returns.iter_mut().flat_map(|it| it.look(&claims, since, stage));
        let mut news: Vec<(f64, String)> = news.collect();
        // A tick may be a second late, since it waits for servers that do not answer.
        news.sort_by(|a, b| a.0.total_cmp(&b.0));
        news.iter().for_each(|(at, text)| stage.screen.say_at(*at, text));
    }
    // Also the others: the next loss begins with a whole ensemble.
    stage.client.wait_members(SLOTS, MEMBER_TIMEOUT)?;
    stage.client.wait_acknowledged(WRITES_AFTER, MEMBER_TIMEOUT)?;
    let gap_s = stage.client.gap(since)?.length_s();
    let replacements = returns.into_iter().map(|it| it.replacement(since, &stage.ensemble));
    Ok(Event { kind, replacements: replacements.collect::<Result<_>>()?, gap_s, fence: None })
}

/// The return of a server, as far as it was seen.
struct Return {
    before: Claim,
    after: Option<Claim>,
    gate: Option<Gate>,
    /// When it was a member.
    member: Option<f64>,
}

impl Return {
    fn of(lost: Member) -> Self {
        Self { before: lost.claim, after: None, gate: None, member: None }
    }

    /// Looks how far it has come; the answer is what is new, each with its time.
    fn look(&mut self, claims: &[Claim], since: f64, stage: &Stage<'_>) -> Vec<(f64, String)> {
        let mut news = Vec::new();
        let Claim { slot, address, .. } = &self.before;
        if self.after.is_none() {
            let is_new = |claim: &&Claim| claim.slot == *slot && claim.at > since;
            self.after = claims.iter().find(is_new).cloned();
            if let Some(Claim { instance, at, .. }) = &self.after {
                let seconds = at - since;
                news.push((*at, format!("{instance} claimed slot {slot} after {seconds:.1} s")));
            }
        }
        let Some(after) = &self.after else { return news };
        if self.gate.is_none() {
            self.gate = stage.ensemble.console(&after.instance).gate;
            if let Some(Gate { at, waited, text }) = &self.gate
                && *waited > LONG
            {
                news.push((*at, format!("slot {slot}'s ZooKeeper may start: gate {text}")));
            }
        }
        if self.member.is_none() {
            let seen = stage.watch.member_after(&format!("{address}:2181"), after.at);
            if let Some(Sighting { at, mode, .. }) = seen {
                let seconds = at - since;
                let text = format!("{address} is a member again ({mode}) after {seconds:.1} s");
                news.push((at, text));
                self.member = Some(at);
            }
        }
        news
    }

    fn replacement(self, since: f64, ensemble: &Ensemble) -> Result<Replacement> {
        let (after, member) = self.after.zip(self.member).ok_or("a server has not returned")?;
        Ok(Replacement {
            slot: self.before.slot,
            address: self.before.address,
            address_after: after.address,
            instance_before: self.before.instance,
            claimed_s: after.at - since,
            member_s: member - since,
            ec2_calls: ensemble.calls_of(&after.instance)?,
            connect_string: ensemble.connect_string(&after.instance)?,
            instance_after: after.instance,
        })
    }
}
