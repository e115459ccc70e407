//! EC2 as far as a claim sees it, in the model's own small words: attachments that are the lock,
//! lives of instances, and a history of each, because a read may be older than the last change.
//!
//! Written from EC2's documented behaviour, not from the agent: it shares no type with it.

/// Slots of the pool, all in one zone.
pub const SLOTS: usize = 3;
/// Instances: the agents', then one that runs no agent.
pub const HOSTS: usize = 4;

/// How many versions of a thing are remembered at most.
const DEPTH: usize = 3;

/// One attachment of a slot. Slot and serial name it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attached {
    pub host: u8,
    pub serial: u8,
    pub index: u8,
    /// Which run of the host's agent asked for it; none of them for what was there before.
    pub run: u8,
    pub leaving: bool,
}

/// An attachment's name: never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub slot: u8,
    pub serial: u8,
}

impl Name {
    pub fn at(self) -> usize {
        self.slot.into()
    }
}

/// A run that no agent has: of attachments that were there before.
pub const NO_RUN: u8 = u8::MAX;

/// What an instance is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Life {
    Pending,
    #[default]
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
    Gone,
}

impl Life {
    /// Whether an agent can run there.
    pub fn is_up(self) -> bool {
        self == Self::Running
    }

    /// Whether the instance was given up, so that its slot may be taken over.
    pub fn is_lost(self) -> bool {
        !matches!(self, Self::Running | Self::Pending)
    }
}

/// The present value and those that a stale read may still show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct History<T>([T; DEPTH]);

impl<T: Copy + PartialEq> History<T> {
    pub fn new(present: T) -> Self {
        Self([present; DEPTH])
    }

    pub fn with_past(present: T, past: T) -> Self {
        let mut history = Self::new(past);
        history.0[0] = present;
        history
    }

    pub fn now(&self) -> T {
        self.0[0]
    }

    /// A change: what is older than `depth` versions is forgotten.
    pub fn push(&mut self, value: T, depth: usize) {
        for at in (1..DEPTH).rev() {
            self.0[at] = if at < depth { self.0[at - 1] } else { value };
        }
        self.0[0] = value;
    }

    /// What a read may show, each value once, the present one first.
    pub fn readable(&self, depth: usize) -> impl Iterator<Item = T> + '_ {
        let versions = &self.0[..depth.min(DEPTH)];
        (0..versions.len())
            .filter(|&at| !versions[..at].contains(&versions[at]))
            .map(|at| versions[at])
    }
}

/// Why EC2 does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    InUse,
    IndexTaken,
    NoRoom,
    InTransition,
    AttachmentGone,
    /// Not a refusal: no answer came.
    Lost,
    Throttled,
    Denied,
}

/// What of EC2 a configuration settles.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Versions of a slot, of an instance's life, that a read may show; 1 is a consistent EC2.
    pub slot_versions: usize,
    pub life_versions: usize,
    /// The device index of an interface outside the pool, on each agent's instance.
    pub foreign: Option<u8>,
    /// Secondary interfaces that an instance takes.
    pub room: u8,
    /// Broken on purpose, when false: a slot that is attached can be attached again.
    pub is_lock: bool,
}

/// The region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ec2 {
    pub slots: [History<Option<Attached>>; SLOTS],
    pub lives: [History<Life>; HOSTS],
    /// Whether the instance was ever anything but running.
    pub was_down: [bool; HOSTS],
    next_serial: [u8; SLOTS],
}

impl Ec2 {
    pub fn new(holders: [Option<u8>; SLOTS]) -> Self {
        let attached = |host| Attached { host, serial: 0, index: 1, run: NO_RUN, leaving: false };
        Self {
            slots: holders.map(|holder| History::new(holder.map(attached))),
            lives: [History::new(Life::Running); HOSTS],
            was_down: [false; HOSTS],
            next_serial: [1; SLOTS],
        }
    }

    /// The attachments of an instance, by slot.
    pub fn of_host(&self, host: u8) -> impl Iterator<Item = (usize, Attached)> + '_ {
        let now = self.slots.iter().map(History::now).enumerate();
        now.filter_map(move |(slot, a)| Some((slot, a.filter(|a| a.host == host)?)))
    }

    /// Attaches, or says each reason for which EC2 might refuse: where several hold, real EC2
    /// gives any one of them.
    pub fn attach(
        &mut self,
        (host, run): (u8, u8),
        slot: usize,
        index: u8,
        rules: &Rules,
    ) -> Result<u8, Vec<Refusal>> {
        let holder = self.slots[slot].now();
        let is_index_taken =
            rules.foreign == Some(index) || self.of_host(host).any(|(_, a)| a.index == index);
        let count = self.of_host(host).count() + usize::from(rules.foreign.is_some());
        let reasons = [
            (holder.is_some() && rules.is_lock, Refusal::InUse),
            (holder.is_some_and(|a| a.leaving), Refusal::InTransition),
            (is_index_taken, Refusal::IndexTaken),
            (count >= usize::from(rules.room), Refusal::NoRoom),
        ];
        let reasons: Vec<_> = reasons.into_iter().filter(|(holds, _)| *holds).collect();
        if !reasons.is_empty() {
            return Err(reasons.into_iter().map(|(_, reason)| reason).collect());
        }
        let serial = self.next_serial[slot];
        self.next_serial[slot] += 1;
        self.set(slot, Some(Attached { host, serial, index, run, leaving: false }), rules);
        Ok(serial)
    }

    /// Detaches by the attachment's name. `is_plugged`: whether the holder's kernel has the NIC.
    pub fn detach(
        &mut self,
        name: Name,
        force: bool,
        is_plugged: bool,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        let slot = name.at();
        let Some(attached) = self.attached(name) else {
            return Err(Refusal::AttachmentGone);
        };
        let is_up = self.lives[usize::from(attached.host)].now().is_up();
        match (force, attached.leaving) {
            (true, _) => self.set(slot, None, rules),
            (false, true) => return Err(Refusal::InTransition),
            // Still attaching.
            (false, false) if is_up && !is_plugged => return Err(Refusal::InTransition),
            (false, false) => {
                self.set(slot, Some(Attached { leaving: true, ..attached }), rules);
            }
        }
        Ok(())
    }

    /// The attachment of this name, if it has not ended.
    pub fn attached(&self, name: Name) -> Option<Attached> {
        self.slots[name.at()].now().filter(|a| a.serial == name.serial)
    }

    pub fn set(&mut self, slot: usize, to: Option<Attached>, rules: &Rules) {
        self.slots[slot].push(to, rules.slot_versions);
    }

    pub fn live(&mut self, host: usize, life: Life, rules: &Rules) {
        self.was_down[host] |= !life.is_up();
        self.lives[host].push(life, rules.life_versions);
    }
}
