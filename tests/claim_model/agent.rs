//! The agents: the claim's own `step`, driven by answers in the model's small words.
//!
//! States are interned and steps remembered, so that the real function runs once for each state
//! and answer that differ, whatever the rest of the world looks like.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use steadfast::claim::{
    Effect, Event, HostFault, LocalNics, Memory, OwnAttachment, PoolView, Setup, State, Want, step,
};
use steadfast::cloud::{Action, Attachment, AttachmentStatus, CallError, InstanceState};
use steadfast::ids::{DeviceIndex, SlotNumber};
use steadfast::pool::{Pool, Slot};

use super::ec2::{Attached, HOSTS, Life, Name, Refusal, SLOTS};
use super::names;
use super::quick::QuickMap;

/// What an agent asks for: its effect, in small words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    ReadPool,
    ReadHolders {
        hosts: u8,
    },
    ReadOwn,
    Attach {
        slot: usize,
        index: u8,
    },
    Detach {
        of: Name,
        force: bool,
    },
    AwaitNic {
        of: Name,
    },
    Configure {
        of: Name,
    },
    Unconfigure,
    Pause {
        past_deadline: bool,
    },
    /// It has ended with this slot.
    Hold {
        of: Name,
    },
    /// It has ended without.
    Fail {
        left: Option<usize>,
    },
}

impl Ask {
    pub fn is_end(self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Fail { .. })
    }
}

/// What it is told: the event, in small words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// `macs`: a bit a slot. `indexes`: a bit a device index.
    Pool {
        slots: [Option<Attached>; SLOTS],
        macs: u8,
        indexes: u8,
    },
    PoolUnread(Refusal),
    Holders([Life; HOSTS]),
    HoldersUnread(Refusal),
    Own {
        slots: [Option<Attached>; SLOTS],
        foreign: Option<u8>,
    },
    OwnUnread(Refusal),
    Attached(Result<Name, Refusal>),
    Detached(Result<(), Refusal>),
    NicAppeared,
    NicMissing,
    Configured {
        is_ok: bool,
    },
    Unconfigured,
    PauseOver,
    DeadlinePassed,
    Interrupted,
}

/// The claim's function, or a broken one.
pub type StepFn = fn(&Setup, &State, Event) -> Option<(State, Vec<Effect>)>;

/// The claim as it is.
pub fn honest(setup: &Setup, state: &State, event: Event) -> Option<(State, Vec<Effect>)> {
    step(setup, state, event).ok()
}

/// A state, interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Local(u16);

/// What differs between two runs of an agent, besides its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    pub who: u8,
    /// The facts file's attachment when the run began.
    pub in_use: Option<Name>,
}

pub struct Brain {
    step: StepFn,
    wants: [Want; HOSTS],
    states: Vec<(State, Ask)>,
    ids: HashMap<(State, Vec<Effect>), Local>,
    known: QuickMap<(Run, Local, Answer), Local>,
}

impl Brain {
    pub fn new(step: StepFn, wants: [Want; HOSTS]) -> Self {
        Self { step, wants, states: vec![], ids: HashMap::new(), known: QuickMap::default() }
    }

    pub fn start(&mut self) -> Local {
        self.intern(State::start(), vec![Effect::ReadPool])
    }

    pub fn ask(&self, of: Local) -> Ask {
        self.states[usize::from(of.0)].1
    }

    pub fn state(&self, of: Local) -> &State {
        &self.states[usize::from(of.0)].0
    }

    pub fn want(&self, who: u8) -> Want {
        self.wants[usize::from(who)]
    }

    /// The names of the states that any agent has been in.
    pub fn state_names(&self) -> BTreeSet<&'static str> {
        self.states.iter().map(|(state, _)| state.name()).collect()
    }

    /// The state that an answer leads to, `None` if the claim refuses it: a bug.
    pub fn next(&mut self, run: Run, from: Local, answer: Answer) -> Option<Local> {
        if let Some(&known) = self.known.get(&(run, from, answer)) {
            return Some(known);
        }
        let setup = Setup {
            me: names::instance(run.who.into()),
            zone: names::ZONE.into(),
            want: self.wants[usize::from(run.who)],
            in_use: run.in_use.map(names::attachment),
        };
        let (state, effects) = (self.step)(&setup, self.state(from), event(answer, &setup))?;
        let next = self.intern(state, effects);
        self.known.insert((run, from, answer), next);
        Some(next)
    }

    fn intern(&mut self, mut state: State, effects: Vec<Effect>) -> Local {
        // It says only how long a pause is, and the model has no clock: pauses are of any length.
        if let Some(memory) = memory(&mut state) {
            memory.idle_reads = 0;
        }
        if let Some(&known) = self.ids.get(&(state.clone(), effects.clone())) {
            return known;
        }
        let local = Local(u16::try_from(self.states.len()).expect("fewer states than 65536"));
        self.states.push((state.clone(), ask(&state, &effects)));
        self.ids.insert((state, effects), local);
        local
    }
}

fn memory(state: &mut State) -> Option<&mut Memory> {
    match state {
        State::Reading(memory) | State::Pausing(memory) => Some(memory),
        State::CheckingHolders { memory, .. }
        | State::Detaching { memory, .. }
        | State::Attaching { memory, .. }
        | State::Explaining { memory, .. } => Some(memory),
        _ => None,
    }
}

fn ask(state: &State, effects: &[Effect]) -> Ask {
    let of = |held: &steadfast::claim::Held| names::name_of(&held.attachment);
    match (state, effects) {
        (State::Held(held), []) => Ask::Hold { of: of(held) },
        (State::Failed { left, .. }, []) => Ask::Fail { left: left.map(names::slot_of) },
        (_, [Effect::ReadPool]) => Ask::ReadPool,
        (_, [Effect::ReadOwn]) => Ask::ReadOwn,
        (_, [Effect::ReadHolders(ids)]) => Ask::ReadHolders {
            hosts: ids.iter().fold(0, |bits, id| bits | 1 << names::host_of(id)),
        },
        (_, [Effect::Attach(target)]) => Ask::Attach {
            slot: names::slot_of(target.slot),
            index: u8::try_from(target.index.0).expect("few indexes"),
        },
        (_, [Effect::Detach { attachment, force }]) => {
            Ask::Detach { of: names::name_of(attachment), force: *force }
        }
        (_, [Effect::AwaitNic(held)]) => Ask::AwaitNic { of: of(held) },
        (_, [Effect::Configure(held)]) => Ask::Configure { of: of(held) },
        (_, [Effect::Unconfigure(_)]) => Ask::Unconfigure,
        (_, [Effect::Pause { past_deadline, .. }]) => Ask::Pause { past_deadline: *past_deadline },
        _ => panic!("{} asks for {effects:?}: not one effect, or one after its end", state.name()),
    }
}

fn event(answer: Answer, setup: &Setup) -> Event {
    const READ: Action = Action::DescribeNetworkInterfaces;
    match answer {
        Answer::Pool { slots, macs, indexes } => Event::PoolRead(Ok(PoolView {
            pool: pool(slots),
            local: LocalNics {
                macs: bits(macs).map(names::mac).collect(),
                indexes: bits(indexes).map(device_index).collect(),
            },
        })),
        Answer::PoolUnread(why) => Event::PoolRead(Err(error(READ, why))),
        Answer::Holders(lives) => {
            let states = lives.iter().enumerate();
            let states = states.map(|(host, &life)| (names::instance(host), instance_state(life)));
            Event::HoldersRead(Ok(states.collect::<BTreeMap<_, _>>()))
        }
        Answer::HoldersUnread(why) => Event::HoldersRead(Err(error(READ, why))),
        Answer::Own { slots, foreign } => Event::OwnRead(Ok(own(slots, foreign, setup))),
        Answer::OwnUnread(why) => Event::OwnRead(Err(error(READ, why))),
        Answer::Attached(outcome) => Event::Attached(
            outcome
                .map(names::attachment)
                .map_err(|why| error(Action::AttachNetworkInterface, why)),
        ),
        Answer::Detached(outcome) => {
            Event::Detached(outcome.map_err(|why| error(Action::DetachNetworkInterface, why)))
        }
        Answer::NicAppeared => Event::NicAppeared,
        Answer::NicMissing => Event::NicMissing,
        Answer::Configured { is_ok: true } => Event::Configured(Ok(())),
        Answer::Configured { is_ok: false } => {
            Event::Configured(Err(HostFault { text: "no route".into(), is_permission: false }))
        }
        Answer::Unconfigured => Event::Unconfigured,
        Answer::PauseOver => Event::PauseOver,
        Answer::DeadlinePassed => Event::DeadlinePassed,
        Answer::Interrupted => Event::Interrupted,
    }
}

fn bits(set: u8) -> impl Iterator<Item = usize> {
    (0..8).filter(move |bit| set & (1 << bit) != 0)
}

fn device_index(index: usize) -> DeviceIndex {
    DeviceIndex(u32::try_from(index).expect("few indexes"))
}

fn pool(slots: [Option<Attached>; SLOTS]) -> Pool {
    let slot = |(at, attached): (usize, Option<Attached>)| {
        let number = names::number(at);
        let slot = Slot {
            number,
            eni: names::eni(at),
            mac: names::mac(at),
            zone: names::ZONE.into(),
            subnet: "subnet-00000001".parse().expect("a subnet id"),
            addresses: vec![std::net::Ipv4Addr::new(10, 0, 0, number.get()).into()],
            attachment: attached.map(|a| attachment(a, number)),
            initialized: None,
            bootstrap: None,
        };
        (number, slot)
    };
    Pool {
        name: "kafka".parse().expect("a pool name"),
        slots: slots.into_iter().enumerate().map(slot).collect(),
    }
}

fn attachment(from: Attached, of: SlotNumber) -> Attachment {
    Attachment {
        id: names::attachment(Name { slot: of.get() - 1, serial: from.serial }),
        instance: Some(names::instance(from.host.into())),
        index: device_index(from.index.into()),
        status: match from.leaving {
            true => AttachmentStatus::Detaching,
            false => AttachmentStatus::Attached,
        },
    }
}

fn own(slots: [Option<Attached>; SLOTS], foreign: Option<u8>, setup: &Setup) -> Vec<OwnAttachment> {
    let shown = slots.into_iter().enumerate().filter_map(|(at, attached)| {
        let a = attachment(attached?, names::number(at));
        let is_mine = a.instance.as_ref() == Some(&setup.me);
        is_mine.then_some(OwnAttachment {
            eni: names::eni(at),
            slot: Some(names::number(at)),
            attachment: a.id,
            index: a.index,
            status: a.status,
        })
    });
    let foreign = foreign.map(|index| OwnAttachment {
        eni: names::foreign_eni(),
        slot: None,
        attachment: names::foreign_attachment(),
        index: device_index(index.into()),
        status: AttachmentStatus::Attached,
    });
    foreign.into_iter().chain(shown).collect()
}

fn instance_state(life: Life) -> InstanceState {
    match life {
        Life::Pending => InstanceState::Pending,
        Life::Running => InstanceState::Running,
        Life::Stopping => InstanceState::Stopping,
        Life::Stopped => InstanceState::Stopped,
        Life::ShuttingDown => InstanceState::ShuttingDown,
        Life::Terminated => InstanceState::Terminated,
        Life::Gone => InstanceState::Gone,
    }
}

fn error(action: Action, why: Refusal) -> CallError {
    let message = String::new();
    match why {
        Refusal::InUse => CallError::InUse,
        Refusal::IndexTaken => CallError::IndexTaken,
        Refusal::NoRoom => CallError::NoRoom { message },
        Refusal::InTransition => CallError::InTransition { message },
        Refusal::AttachmentGone => CallError::AttachmentGone,
        Refusal::Lost => CallError::Lost { action, cause: "timed out".into() },
        Refusal::Throttled => CallError::Throttled(action),
        Refusal::Denied => CallError::Denied { action },
    }
}
