use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::cloud::account::{InstanceInterface, InterfaceLimits, MetadataOptions};
use crate::cloud::{Attachment, AttachmentStatus, Eni, TAG_POOL};
use crate::ids::DeviceIndex;
use crate::operator::reclaim::{Held, Order};
use crate::pool::Pool;
use crate::zookeeper::answer::{self, Serving, Silence};

const HOLDER: &str = "i-0000000000000000a";
const OTHER: &str = "i-0000000000000000b";

/// What a server of a test says.
#[derive(Clone, Copy)]
enum Says {
    Leads { followers: u64 },
    Follows,
    NotServing,
    Refuses,
    Nothing,
}

fn server(slot: u8, says: Says) -> Server {
    let serves =
        |mode| Srvr::Serves(Serving { mode, zxid: None, connections: None, version: None });
    let answer = match says {
        Says::Leads { .. } => serves(Mode::Leader),
        Says::Follows => serves(Mode::Follower),
        Says::NotServing => Srvr::NotServing,
        Says::Refuses => {
            Srvr::Silent(Silence::Unreachable("Connection refused (os error 111)".to_owned()))
        }
        Says::Nothing => Srvr::Silent(Silence::Late(Duration::from_secs(2))),
    };
    let counts = match says {
        Says::Leads { followers } => {
            let text = format!("zk_version\t3.8.0\nzk_synced_followers\t{followers}\n");
            answer::mntr(text.as_bytes())
        }
        _ => Err(Silence::NotServing),
    };
    let address = SocketAddr::from(([10, 0, 0, slot], 2181));
    Server { slot: slot.try_into().unwrap(), address, answer, counts, is_held: true }
}

fn attachment(instance: Option<&str>, index: u32) -> Attachment {
    Attachment {
        id: "eni-attach-00000001".parse().unwrap(),
        instance: instance.map(|it| it.parse().unwrap()),
        index: DeviceIndex(index),
        status: AttachmentStatus::Attached,
    }
}

/// Slot 1 of three, held by an instance in this state; what each server says.
fn seen(state: InstanceState, says: [Says; 3]) -> Seen {
    let tags = |n: u8| {
        let pair = |(k, v): (&str, String)| (k.to_owned(), v);
        [(TAG_POOL, "kafka".to_owned()), (TAG_SLOT, n.to_string())].map(pair).into()
    };
    let eni = |n: u8| Eni {
        id: format!("eni-000000000000000{n:02}").parse().unwrap(),
        mac: crate::ids::MacAddr([2, 0, 0, 0, 0, n]),
        zone: "eu-west-1a".into(),
        subnet: "subnet-00000001".parse().unwrap(),
        addresses: vec![format!("10.0.0.{n}").parse().unwrap()],
        tags: tags(n),
        attachment: Some(attachment(Some(HOLDER), 1)),
    };
    let pool = Pool::from_enis(&"kafka".parse().unwrap(), (1..=3).map(eni).collect()).unwrap();
    let holder = Holder { id: HOLDER.parse().unwrap(), state, group: None };
    Seen {
        slot: pool.slot(1.try_into().unwrap()).unwrap().clone(),
        pool,
        held: Some(Held {
            attachment: attachment(Some(HOLDER), 1),
            since: Some(1_800_000_000),
            holder: Some(holder),
        }),
        servers: (1..=3).map(|n| server(n, says[usize::from(n) - 1])).collect(),
        size: Size { pool: 3, ensemble: None },
        to: None,
        last: None,
    }
}

/// The flags that would be needed, in order.
fn flags(state: InstanceState, says: [Says; 3]) -> Vec<&'static str> {
    let refusals = judge(&seen(state, says));
    refusals.iter().map(|it| it.overridden_by().unwrap().flag()).collect()
}

#[test]
fn each_harm_has_its_word_and_all_are_told_at_once() {
    use InstanceState::*;
    use Says::*;
    let (serving, unseen) = (Override::Serving.flag(), Override::Unseen.flag());
    let (quorum, down) = (Override::WithoutQuorum.flag(), Override::AnotherDown.flag());
    let leads = |followers| Leads { followers };
    let cases: [(InstanceState, [Says; 3], &[&str]); 19] = [
        (Running, [Follows, leads(2), Follows], &[serving]),
        (Running, [leads(2), Follows, Follows], &[serving]),
        (Running, [leads(1), Follows, Refuses], &[serving, quorum]),
        // Nothing listens there, or it has no quorum: nobody is served.
        (Running, [Refuses, leads(1), Follows], &[]),
        (Running, [NotServing, leads(1), Follows], &[]),
        // It hangs, or is cut off: the leader knows whether it is in step.
        (Running, [Nothing, leads(2), Follows], &[unseen]),
        (Running, [Nothing, leads(1), Follows], &[]),
        (Pending, [Nothing, leads(2), Follows], &[unseen]),
        // A laptop without reach sees nobody.
        (Running, [Nothing, Nothing, Nothing], &[unseen, quorum]),
        (Stopped, [Nothing, Nothing, Nothing], &[quorum]),
        (Running, [Refuses, Refuses, Refuses], &[quorum]),
        (Running, [NotServing, NotServing, NotServing], &[quorum]),
        // Its disk may be the one that is needed.
        (Stopping, [Refuses, leads(0), NotServing], &[quorum]),
        (Stopped, [Nothing, leads(1), Follows], &[]),
        // Of an instance that never comes back nothing is to be lost.
        (ShuttingDown, [Nothing, Nothing, Nothing], &[]),
        (Terminated, [Nothing, NotServing, NotServing], &[]),
        (Gone, [Nothing, Nothing, Nothing], &[]),
        // Whatever EC2 says of its holder: it serves.
        (Stopped, [Follows, leads(2), Follows], &[serving]),
        (Gone, [Follows, leads(2), Follows], &[serving]),
    ];
    for (n, (state, says, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(flags(state, says), wanted, "case {n}");
    }
    let mut five = seen(Running, [Refuses, leads(2), Follows]);
    five.servers.extend([server(4, Follows), server(5, Refuses)]);
    five.size.pool = 5;
    let refusals = judge(&five);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0].overridden_by(), Some(Override::AnotherDown));
    assert_eq!(down, "--even-if-another-is-down");
    assert!(refusals[0].to_string().contains("slot 5: unreachable"), "{}", refusals[0]);
}

/// Two of five slots were retired, and no server was restarted since: three votes are needed still.
#[test]
fn a_quorum_goes_by_the_longer_list() {
    let mut it =
        seen(InstanceState::Running, [Says::Refuses, Says::Leads { followers: 1 }, Says::Follows]);
    assert_eq!(judge(&it), []);
    it.size.ensemble = Some(5);
    let refusals = judge(&it);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0].overridden_by(), Some(Override::WithoutQuorum));
    assert!(refusals[0].to_string().contains("3 votes are needed"), "{}", refusals[0]);
    // A pool that has grown goes by its own length, too: that is only refused more often.
    it.size = Size { pool: 5, ensemble: Some(3) };
    assert_eq!(judge(&it).len(), 1);
}

#[test]
fn what_no_operator_may_detach_is_final() {
    let mut it = seen(InstanceState::Running, [Says::Follows; 3]);
    let held = it.held.as_mut().unwrap();
    held.attachment.index = DeviceIndex(0);
    assert_eq!(judge(&it), [Refusal::Primary(HOLDER.parse().unwrap())]);
    let held = it.held.as_mut().unwrap();
    (held.attachment, held.holder) = (attachment(None, 1), None);
    assert_eq!(judge(&it), [Refusal::Foreign]);
    assert_eq!(judge(&it)[0].overridden_by(), None);
}

fn destination() -> Destination {
    let interface = |index| InstanceInterface {
        eni: "eni-00000000000000099".parse().unwrap(),
        subnet: "subnet-00000001".parse().unwrap(),
        device_index: index,
        network_card: 0,
        delete_on_termination: true,
    };
    let metadata =
        MetadataOptions { is_enabled: true, tokens_required: true, hop_limit: 1, shows_tags: true };
    Destination {
        id: OTHER.parse().unwrap(),
        instance: Some(Instance {
            id: OTHER.parse().unwrap(),
            state: InstanceState::Running,
            kind: "t3.small".into(),
            zone: "eu-west-1a".into(),
            launched_at: None,
            address: None,
            tags: BTreeMap::new(),
            interfaces: vec![interface(0), interface(1)],
            metadata,
            profile: None,
        }),
        limits: Some(InterfaceLimits { total: 3, on_card_0: 3 }),
        holds: Vec::new(),
    }
}

#[test]
fn an_instance_that_cannot_have_the_slot_is_refused_whether_it_is_held_or_free() {
    type Spoil = fn(&mut Destination);
    let cases: [(Spoil, Option<&str>); 6] = [
        (|_| {}, None),
        (|it| it.instance = None, Some("EC2 knows no instance")),
        (|it| it.instance.as_mut().unwrap().state = InstanceState::Stopped, Some("is stopped")),
        (|it| it.instance.as_mut().unwrap().zone = "eu-west-1b".into(), Some("lies in eu-west-1b")),
        (|it| it.holds.push(2.try_into().unwrap()), Some("holds slot 2 already")),
        (|it| it.limits.as_mut().unwrap().on_card_0 = 2, Some("takes 2 interfaces")),
    ];
    for (spoil, said) in cases {
        let mut it = destination();
        spoil(&mut it);
        let says = [Says::Refuses, Says::Leads { followers: 1 }, Says::Follows];
        let mut held = seen(InstanceState::Running, says);
        held.to = Some(it);
        let free = Seen { held: None, servers: Vec::new(), ..held.clone() };
        for seen in [held, free] {
            let told: Vec<String> = judge(&seen).iter().map(ToString::to_string).collect();
            match said {
                None => assert!(told.is_empty(), "{told:?}"),
                Some(said) => assert!(told.len() == 1 && told[0].contains(said), "{told:?}"),
            }
        }
    }
}

#[test]
fn the_plan_says_what_is_there_and_what_comes_of_it() {
    let says = [Says::Nothing, Says::Leads { followers: 1 }, Says::Follows];
    let it = seen(InstanceState::Stopped, says);
    let slot = it.slot.number;
    let order = Order { slot, to: None, force: false, despite: Vec::new() };
    let told = super::super::plan(&it, &order);
    let wanted = "\
Slot 1 of pool kafka (10.0.0.1, eni-00000000000000001) is to be taken from its holder.
  holder     i-0000000000000000a, stopped; attached since 2027-01-15T08:00:00Z (eni-attach-00000001)
  ZooKeeper  no answer within 2s on 10.0.0.1:2181
  the others slot 2: leader on 10.0.0.2:2181
             slot 3: follower on 10.0.0.3:2181
  quorum     stays without it: 2 of the other 2 vote, 2 must
What will happen:
  - EC2 takes it by force, and waits for nothing on i-0000000000000000a
  - whichever instance in eu-west-1a waits for a slot claims it; without one it stays free until \
`steadfast claim` or `run` starts on one
";
    assert_eq!(told, wanted);
}
