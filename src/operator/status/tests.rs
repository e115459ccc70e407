//! The verdict by table: a healthy pool of three, and one thing changed at a time.

mod oddities;
mod quorum;

use std::time::{Duration, SystemTime};

use super::oddity::Severity;
use super::report::{Health, Report};
use super::*;
use crate::cloud::account::{Instance, MetadataOptions};
use crate::cloud::{Attachment, AttachmentStatus, InstanceState};
use crate::ids::DeviceIndex;
use crate::operator::server_list::Difference;
use crate::operator::session::{Opened, Refusal, Timed};
use crate::operator::testing;
use crate::zookeeper::answer::{self, Mode, Serving, Silence, Srvr};

/// A million seconds after 1970; slots were attached an hour before.
const NOW: u64 = 1_000_000;

fn number(slot: u8) -> SlotNumber {
    slot.try_into().unwrap()
}

fn instance_id(slot: u8) -> InstanceId {
    format!("i-000000000000000{slot:02x}").parse().unwrap()
}

fn serves(mode: Mode) -> Srvr {
    Srvr::Serves(Serving {
        mode,
        zxid: Some(0x1_0000_0100),
        connections: Some(1),
        version: Some("3.8.0".to_owned()),
    })
}

fn refused() -> Srvr {
    Srvr::Silent(Silence::Unreachable("Connection refused (os error 111)".to_owned()))
}

fn late() -> Srvr {
    Srvr::Silent(Silence::Late(Duration::from_millis(1500)))
}

fn instance(slot: u8, zone: &str) -> Instance {
    let id = instance_id(slot);
    Instance {
        id,
        state: InstanceState::Running,
        kind: "m5.large".to_owned(),
        zone: zone.to_owned(),
        launched_at: None,
        address: None,
        tags: BTreeMap::new(),
        interfaces: vec![],
        metadata: MetadataOptions {
            is_enabled: true,
            tokens_required: true,
            hop_limit: 1,
            shows_tags: true,
        },
        profile: None,
    }
}

fn interface(slot: &Slot, eni: crate::cloud::Eni) -> Interface {
    Interface {
        eni,
        description: String::new(),
        vpc: "vpc-00000001".parse().unwrap(),
        groups: vec![],
        source_dest_check: true,
        attached_at: slot.attachment.is_some().then_some(NOW as i64 - 3600),
        delete_on_termination: false,
        is_requester_managed: false,
    }
}

/// A pool of so many slots, each in a zone of its own, held and serving; the last leads.
fn healthy(slots: u8) -> View {
    let addresses: Vec<String> = (1..=slots).map(|slot| format!("10.0.0.{slot}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let (mut pool, enis) = testing::pool_of(&addresses);
    let mut view_interfaces = BTreeMap::new();
    let mut holders = BTreeMap::new();
    for (slot, eni) in pool.slots.values_mut().zip(enis) {
        let n = slot.number.get();
        slot.zone = format!("eu-west-1{}", char::from(b'a' + (n - 1) % 26));
        slot.attachment = Some(Attachment {
            id: format!("eni-attach-000000000000000{n:02x}").parse().unwrap(),
            instance: Some(instance_id(n)),
            index: DeviceIndex(1),
            status: AttachmentStatus::Attached,
        });
        slot.initialized = Some("some-lineage".to_owned());
        view_interfaces.insert(slot.eni.clone(), interface(slot, eni));
        holders.insert(instance_id(n), instance(n, &slot.zone));
    }
    let server = |slot: &Slot| Server {
        slot: slot.number,
        address: (slot.address(), 2181).into(),
        answer: serves(if slot.number.get() == slots { Mode::Leader } else { Mode::Follower }),
        counts: Err(Silence::NotServing),
        is_held: true,
    };
    View {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
        region: "eu-west-1".to_owned(),
        servers: pool.slots.values().map(server).collect(),
        pool,
        defects: vec![],
        interfaces: view_interfaces,
        holders: Ok(holders),
        session: opened(vec![]),
    }
}

fn opened(differences: Vec<Difference>) -> Session {
    let done = || Timed { seconds: Some(0.001), problem: None };
    Session::Opened(Box::new(Opened {
        slot: number(1),
        server: ([10, 0, 0, 1], 2181).into(),
        established_seconds: 0.002,
        is_read_only: false,
        read: done(),
        write: Some(done()),
        config_differences: Some(differences),
    }))
}

fn slot(view: &mut View, slot: u8) -> &mut Slot {
    view.pool.slots.get_mut(&number(slot)).unwrap()
}

fn eni(view: &mut View, n: u8) -> &mut Interface {
    let id = slot(view, n).eni.clone();
    view.interfaces.get_mut(&id).unwrap()
}

fn holder(view: &mut View, n: u8) -> &mut Instance {
    view.holders.as_mut().unwrap().get_mut(&instance_id(n)).unwrap()
}

fn answers(view: &mut View, n: u8, answer: Srvr) {
    view.servers[usize::from(n) - 1].answer = answer;
}

fn serving(view: &mut View, n: u8) -> &mut Serving {
    match &mut view.servers[usize::from(n) - 1].answer {
        Srvr::Serves(serving) => serving,
        other => panic!("{other}"),
    }
}

fn free(view: &mut View, n: u8) {
    slot(view, n).attachment = None;
    view.servers[usize::from(n) - 1].is_held = false;
    answers(view, n, late());
}

fn kinds(report: &Report) -> Vec<&str> {
    report.oddities.iter().map(|it| it.kind.as_str()).collect()
}

/// The verdict on a healthy pool of three after a change.
fn after(change: impl Fn(&mut View)) -> Report {
    let mut view = healthy(3);
    change(&mut view);
    verdict(&view)
}
