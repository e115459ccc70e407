//! What the tests are given: names, pools, views, answers, and a claim to drive.

use std::collections::BTreeMap;

use steadfast::claim::{
    Doubt, Effect, Event, Failure, Held, LocalNics, Memory, OwnAttachment, PoolView, Setup, State,
    Target, Want, step,
};
use steadfast::cloud::{Action, Attachment, AttachmentStatus, CallError, InstanceState};
use steadfast::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, SlotNumber};
use steadfast::pool::{Pool, Slot};

pub const ZONE: &str = "eu-west-1a";
pub use AttachmentStatus::{Attached, Attaching, Detaching};

/// This instance's number.
pub const ME: u8 = 0xa0;
/// Another's.
pub const OTHER: u8 = 0xb0;

pub fn instance(n: u8) -> InstanceId {
    format!("i-{n:017x}").parse().unwrap()
}

pub fn eni(slot: u8) -> EniId {
    format!("eni-{slot:017x}").parse().unwrap()
}

pub fn attachment(n: u8) -> AttachmentId {
    format!("eni-attach-{n:017x}").parse().unwrap()
}

pub fn number(slot: u8) -> SlotNumber {
    slot.try_into().unwrap()
}

pub fn mac(slot: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, slot])
}

/// A slot of this zone, free.
pub fn free(slot: u8) -> Slot {
    Slot {
        number: number(slot),
        eni: eni(slot),
        mac: mac(slot),
        zone: ZONE.into(),
        subnet: "subnet-00000001".parse().unwrap(),
        addresses: vec![std::net::Ipv4Addr::new(10, 0, 0, slot).into()],
        attachment: None,
        initialized: None,
        bootstrap: None,
    }
}

/// A slot of this zone, attached by the attachment of the same number.
pub fn held(slot: u8, holder: u8, status: AttachmentStatus) -> Slot {
    let index = DeviceIndex(1);
    let instance = Some(instance(holder));
    let attached = Attachment { id: attachment(slot), instance, index, status };
    Slot { attachment: Some(attached), ..free(slot) }
}

pub fn elsewhere(slot: Slot) -> Slot {
    Slot { zone: "eu-west-1b".into(), ..slot }
}

pub fn pool(slots: impl IntoIterator<Item = Slot>) -> Pool {
    let slots = slots.into_iter().map(|slot| (slot.number, slot)).collect();
    Pool { name: "kafka".parse().unwrap(), slots }
}

/// The event of a read of these slots, on an instance that knows of no interface but its first.
pub fn read(slots: impl IntoIterator<Item = Slot>) -> Event {
    read_with(slots, [], [])
}

/// Likewise, where the kernel or IMDS shows these slots' NICs, and IMDS these device indexes.
pub fn read_with<const M: usize, const I: usize>(
    slots: impl IntoIterator<Item = Slot>,
    macs: [u8; M],
    indexes: [u32; I],
) -> Event {
    let indexes = indexes.into_iter().chain([0]).map(DeviceIndex).collect();
    let local = LocalNics { macs: macs.into_iter().map(mac).collect(), indexes };
    Event::PoolRead(Ok(PoolView { pool: pool(slots), local }))
}

pub fn holders<const N: usize>(states: [(u8, InstanceState); N]) -> Event {
    let states = states.into_iter().map(|(n, state)| (instance(n), state));
    Event::HoldersRead(Ok(states.collect::<BTreeMap<_, _>>()))
}

/// An interface of this instance: a slot's, by the attachment of the same number, or a stranger's.
pub fn own(slot: Option<u8>, index: u32, status: AttachmentStatus) -> OwnAttachment {
    let n = slot.unwrap_or(0xff);
    let (eni, attachment, slot) = (eni(n), attachment(n), slot.map(number));
    OwnAttachment { eni, slot, attachment, index: DeviceIndex(index), status }
}

pub fn setup() -> Setup {
    wanting(Want::Any)
}

pub fn wanting(want: Want) -> Setup {
    Setup { me: instance(ME), zone: ZONE.into(), want, in_use: None }
}

pub fn target(slot: u8, index: u32) -> Target {
    Target { slot: number(slot), eni: eni(slot), index: DeviceIndex(index) }
}

/// A slot on this instance, by the attachment of the same number.
pub fn on_me(slot: u8, resumed: bool) -> Held {
    let (eni, attachment, slot) = (eni(slot), attachment(slot), number(slot));
    Held { slot, eni, attachment, index: DeviceIndex(1), resumed }
}

pub fn doubting(slot: u8) -> Memory {
    let doubt = Some(Doubt { slot: number(slot), elsewhere: 0 });
    Memory { doubt, ..Memory::default() }
}

pub fn giving_up(slot: u8, why: Failure) -> Memory {
    Memory { giving_up: Some((why, 0)), ..doubting(slot) }
}

pub const ATTACH: Action = Action::AttachNetworkInterface;

pub fn lost() -> CallError {
    CallError::Lost { action: ATTACH, cause: "timed out".into() }
}

pub fn in_transition() -> CallError {
    CallError::InTransition { message: "in transition".into() }
}

/// The role of an instance that boots may come late.
pub fn no_credentials() -> CallError {
    CallError::NoCredentials { message: "no role".into() }
}

pub fn not_found() -> CallError {
    CallError::NotFound { message: "no such interface".into() }
}

pub fn no_room() -> CallError {
    CallError::NoRoom { message: "t3.nano takes 2".into() }
}

/// The refusals that nothing mends.
pub fn final_refusals() -> [CallError; 5] {
    let message = || "words".to_owned();
    [
        CallError::WrongZone { message: message() },
        CallError::NotPermitted { message: message() },
        CallError::Denied { action: ATTACH },
        CallError::Credentials { message: message() },
        CallError::Refused { action: ATTACH, code: "Odd".into(), message: message() },
    ]
}

/// A claim, fed with events.
pub struct Claim {
    setup: Setup,
    pub state: State,
    pub effects: Vec<Effect>,
}

impl Claim {
    pub fn new(setup: Setup) -> Self {
        Self::at(setup, State::start())
    }

    pub fn at(setup: Setup, state: State) -> Self {
        Self { setup, state, effects: vec![] }
    }

    /// Takes an event, which must be one that can happen.
    pub fn tell(&mut self, event: Event) -> &mut Self {
        let (state, effects) = step(&self.setup, &self.state, event).unwrap();
        self.state = state;
        self.effects = effects;
        self
    }

    /// Reads, pauses over and reads until `times` reads of these slots were told.
    pub fn tell_reads(&mut self, slots: &[Slot], times: usize) -> &mut Self {
        for _ in 0..times {
            if matches!(self.state, State::Pausing(_)) {
                self.tell(Event::PauseOver);
            }
            self.tell(read(slots.to_vec()));
        }
        self
    }

    #[track_caller]
    pub fn is(&mut self, state: &str) -> &mut Self {
        assert_eq!(self.state.name(), state, "{:?}", self.state);
        self
    }

    /// The one effect that it waits for.
    #[track_caller]
    pub fn asks(&self) -> &Effect {
        assert_eq!(self.effects.len(), 1, "{:?}", self.effects);
        &self.effects[0]
    }

    #[track_caller]
    pub fn attaches(&mut self, slot: u8, index: u32) -> &mut Self {
        assert_eq!(self.asks(), &Effect::Attach(target(slot, index)));
        self
    }

    #[track_caller]
    pub fn detaches(&mut self, n: u8, force: bool) -> &mut Self {
        assert_eq!(self.asks(), &Effect::Detach { attachment: attachment(n), force });
        self
    }

    #[track_caller]
    pub fn failed(&self, why: &Failure, left: Option<u8>) -> &Self {
        let expected = State::Failed { why: why.clone(), left: left.map(number) };
        assert_eq!(self.state, expected);
        assert!(self.effects.is_empty());
        self
    }
}
