//! Who is lost and how, and what an operator or an Auto Scaling group does about it.

use crate::debts::Debt;
use crate::disks::{Disks, allowed};
use crate::handle::leader;
use crate::plan::{Event, Kind, Loss, Victim};
use crate::play::{Play, now};
use crate::region::{DEADLINE, Region};
use crate::returning::Returning;
use crate::seen::LossSeen;
use crate::tampering::DETACH;

impl Play<'_> {
    /// Chooses the slots that are hit, of those whose servers are members. It waits until all are
    /// that have lost nothing: so that it does not depend on the moment who they are.
    pub fn choose(&mut self, event: &Event) -> Vec<(Loss, u8)> {
        let tick = self.wait("a leader serves, and all that were not lost", |play, tick| {
            let mut slots = play.slots.iter();
            let serves =
                |server: &String, slot| tick.modes.contains_key(server) || !play.is_back(slot);
            slots.all(|(server, slot)| serves(server, *slot))
                && leader(tick).is_some_and(|server| play.is_back(play.slots[server]))
        });
        let leading = self.slots[leader(&tick).expect("a leader")];
        let others = self.slots.values().filter(|slot| **slot != leading);
        let mut followers: Vec<u8> = others.copied().filter(|slot| self.is_back(*slot)).collect();
        followers.sort_unstable();
        // The plan reckons with the worst; this is what is so.
        let slots = self.slots.len() as u8;
        let lost = self.returning.iter().filter(|it| it.kind.loses_disk()).count() as u8;
        let kinds: Vec<Kind> = event.losses.iter().map(|it| it.kind).collect();
        assert!(allowed(Disks { slots, with_data: slots - lost }, &kinds), "{}", self.scene);
        let choose = |loss: &Loss| match loss.victim {
            Victim::Leader => (*loss, leading),
            Victim::Follower(n) => (*loss, followers.remove(usize::from(n) % followers.len())),
        };
        event.losses.iter().map(choose).collect()
    }

    fn is_back(&self, slot: u8) -> bool {
        !self.returning.iter().any(|it| it.slot == slot)
    }

    /// Has a slot lose its instance; returns at once.
    pub fn lose(&mut self, loss: Loss, slot: u8) {
        self.assert_rests(slot);
        let instance = self.holders[&slot].instance.clone();
        let mark = self.region.log(0).unwrap().len();
        self.report.losses.push(LossSeen::new(loss, slot, &instance, now()));
        self.returning.push(Returning {
            slot,
            kind: loss.kind,
            claims_before: self.fleet.claims(&instance, slot),
            loss: self.report.losses.len() - 1,
            mark,
        });
        impair(self.region, loss.kind, &instance);
    }
}

fn impair(region: &Region, kind: Kind, instance: &str) {
    match kind {
        Kind::Terminate => region.terminate(instance),
        Kind::StopAndReplace | Kind::StopAndStart => region.stop(instance),
        Kind::Hang => region.hang(instance),
        Kind::Cut => region.cut(instance),
        Kind::PowerLoss => region.cut(instance).and_then(|()| region.terminate(instance)),
    }
    .unwrap();
}

/// What was ordered for a lost slot.
#[derive(Debug, Default)]
pub struct Ordered {
    /// The instance that is to take its place.
    pub replacement: Option<String>,
    /// What is to be seen to when the ensemble is whole again.
    pub debt: Option<Debt>,
}

/// Has a lost slot's server come back. Nothing is waited for but that a stopped instance can be
/// started.
pub fn replace(play: &Play<'_>, kind: Kind, slot: u8) -> Ordered {
    let instance = &play.holders[&slot].instance;
    match kind {
        Kind::Hang => take_back(play.region, slot, true),
        Kind::Cut => take_back(play.region, slot, false),
        Kind::StopAndStart => {
            play.region.wait_state(instance, "stopped", DEADLINE).unwrap();
            play.region.start(instance).unwrap();
            return Ordered::default();
        }
        Kind::Terminate | Kind::StopAndReplace | Kind::PowerLoss => {}
    }
    let zone = play.region.slots().swap_remove(usize::from(slot) - 1).zone;
    let replacement = Some(play.fleet.launch(&zone));
    Ordered { replacement, debt: Debt::of(play, kind, instance) }
}

/// As an operator does it who has found a server dead that EC2 calls running.
fn take_back(region: &Region, slot: u8, by_force: bool) {
    let eni = region.slots().swap_remove(usize::from(slot) - 1);
    let attachment = eni.attachment.expect("a held slot");
    let force = if by_force { "true" } else { "false" };
    region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", force)]);
}
