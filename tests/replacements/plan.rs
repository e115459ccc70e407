//! The sequence of a seed. Pure.
//!
//! Kinds and roles are dealt from a deck, so that every kind hits a leader and a follower before any
//! does so again; and who is hit is told by role, not by number, for a role is what it depends on
//! what follows. A seed gives the same plan wherever it is played.

use std::fmt;

use fastrand::Rng;
use serde::Serialize;

use crate::disks::{Disks, allowed};

/// One event of so many begins while the one before it is still being made good.
const HASTY: f64 = 0.25;
/// One event of so many hits two servers.
const DOUBLE: f64 = 0.3;

/// How an instance is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its power goes: its connections end with it.
    Terminate,
    /// It is stopped, and a replacement takes its slot over. Started again, it has none.
    StopAndReplace,
    /// It is stopped and started: its slot and its disk are still its own.
    StopAndStart,
    /// Every process of it stops; its ENI is taken back by force and given to a replacement; then
    /// it wakes up.
    Hang,
    /// It is cut off without a sign; its ENI is taken back and given to a replacement; then its
    /// network is mended.
    Cut,
    /// It is cut off without a sign and never seen again.
    PowerLoss,
}

impl Kind {
    /// All.
    pub const ALL: [Kind; 6] = [
        Self::Terminate,
        Self::StopAndReplace,
        Self::StopAndStart,
        Self::Hang,
        Self::Cut,
        Self::PowerLoss,
    ];

    /// Whether another instance takes its place, with an empty disk.
    pub fn is_replaced(self) -> bool {
        self != Self::StopAndStart
    }

    /// Whether the ensemble loses what lies on its disk: it does so exactly where it is replaced,
    /// for a disk without its slot never votes again.
    pub fn loses_disk(self) -> bool {
        self.is_replaced()
    }

    /// Whether its peers are not told: no FIN and no reset.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Hang | Self::Cut | Self::PowerLoss)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "terminated",
            Self::StopAndReplace => "stopped and replaced",
            Self::StopAndStart => "stopped and started",
            Self::Hang => "hung",
            Self::Cut => "cut off",
            Self::PowerLoss => "without power",
        })
    }
}

/// Who is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// Who leads then.
    Leader,
    /// Of those that follow then, in slot order and without those that the event hits already, the
    /// one of this number, modulo their count.
    Follower(u8),
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leader => "leader",
            Self::Follower(_) => "follower",
        })
    }
}

/// One loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    pub kind: Kind,
    pub victim: Victim,
}

/// Losses at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// One or two.
    pub losses: Vec<Loss>,
    /// Whether it begins as soon as a leader serves and the slots are claimed again, while a
    /// replacement still syncs; else the ensemble is whole before it.
    pub hasty: bool,
}

impl Event {
    fn kinds(&self) -> Vec<Kind> {
        self.losses.iter().map(|loss| loss.kind).collect()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let losses = self.losses.iter().map(|loss| format!("{} {}", loss.victim, loss.kind));
        f.write_str(&losses.collect::<Vec<_>>().join(" and "))?;
        f.write_str(if self.hasty { ", while the last one syncs" } else { "" })
    }
}

/// The plan of a seed, with so many replacements in an ensemble of so many slots.
pub fn plan(seed: u64, replacements: usize, slots: u8) -> Vec<Event> {
    let mut dealer = Dealer { rng: Rng::with_seed(seed), deck: Vec::new() };
    let mut events: Vec<Event> = Vec::new();
    let mut left = replacements;
    let mut disks = Disks::whole(slots);
    while left > 0 {
        let event = dealer.event(disks, Disks::whole(slots), left, events.is_empty());
        // Nobody has synced yet, for all that a hasty event after it can know.
        let before = if event.hasty { disks } else { Disks::whole(slots) };
        disks = before.after(&event.kinds());
        left -= event.losses.iter().filter(|loss| loss.kind.is_replaced()).count();
        events.push(event);
    }
    events
}

struct Dealer {
    rng: Rng,
    deck: Vec<Loss>,
}

impl Dealer {
    fn event(&mut self, disks: Disks, whole: Disks, left: usize, is_first: bool) -> Event {
        let mut event = Event { losses: vec![self.draw()], hasty: false };
        let wants_haste = self.rng.f64() < HASTY;
        event.hasty = wants_haste && !is_first && allowed(disks, &event.kinds());
        let before = if event.hasty { disks } else { whole };
        if self.rng.f64() < DOUBLE {
            event.losses.push(self.draw());
            let kinds = event.kinds();
            let leaders = event.losses.iter().filter(|loss| loss.victim == Victim::Leader).count();
            let replaced = kinds.iter().filter(|kind| kind.is_replaced()).count();
            if leaders > 1 || replaced > left || !allowed(before, &kinds) {
                // It is the next event's.
                self.deck.extend(event.losses.pop());
            }
        }
        event
    }

    fn draw(&mut self) -> Loss {
        if self.deck.is_empty() {
            for kind in Kind::ALL {
                let follower = Victim::Follower(self.rng.u8(..));
                self.deck.extend([Victim::Leader, follower].map(|victim| Loss { kind, victim }));
            }
            self.rng.shuffle(&mut self.deck);
        }
        self.deck.pop().expect("a deck that was just filled")
    }
}

#[cfg(test)]
mod tests;
