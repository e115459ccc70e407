use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::{Instant, timeout};

use super::*;
use crate::cloud::{
    Action, Attachment as OfEni, AttachmentStatus, CallError, Eni, Identity, InstanceState,
    MetadataError, MetadataNic, Mode,
};
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, PoolName};

const DAY: Duration = Duration::from_secs(86_400);

/// EC2 and IMDS at once, as functions of the time since the beginning, in seconds.
struct World {
    begin: Instant,
    listed: fn(u64) -> Result<bool, MetadataError>,
    attached: fn(u64) -> Result<Vec<Eni>, CallError>,
    /// When each was asked.
    asked_imds: Mutex<Vec<u64>>,
    asked_ec2: Mutex<Vec<u64>>,
}

impl World {
    fn new(
        listed: fn(u64) -> Result<bool, MetadataError>,
        attached: fn(u64) -> Result<Vec<Eni>, CallError>,
    ) -> Self {
        let (asked_imds, asked_ec2) = Default::default();
        Self { begin: Instant::now(), listed, attached, asked_imds, asked_ec2 }
    }

    fn now(&self) -> u64 {
        self.begin.elapsed().as_secs()
    }

    /// Guards for that time; when and how it was lost, if it was.
    async fn guard(&self, time: Duration) -> Option<(u64, Fenced)> {
        let facts = facts();
        let lost = Attachment::new(self, self, &facts).lost();
        let fenced = timeout(time, lost).await.ok()?;
        Some((self.now(), fenced))
    }

    fn ec2_calls(&self) -> Vec<u64> {
        self.asked_ec2.lock().unwrap().clone()
    }
}

impl Cloud for World {
    async fn attached_to(&self, instance: &InstanceId) -> Result<Vec<Eni>, CallError> {
        assert_eq!(*instance, facts().instance);
        self.asked_ec2.lock().unwrap().push(self.now());
        (self.attached)(self.now())
    }

    async fn pool(&self, _: &PoolName) -> Result<Vec<Eni>, CallError> {
        unreachable!("the guard asks for this instance's interfaces alone")
    }

    async fn states(
        &self,
        _: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        unreachable!("the guard asks for this instance's interfaces alone")
    }

    async fn attach(
        &self,
        _: &EniId,
        _: &InstanceId,
        _: DeviceIndex,
        _: Mode,
    ) -> Result<Option<AttachmentId>, CallError> {
        unreachable!("the guard changes nothing")
    }

    async fn detach(&self, _: &AttachmentId, _: bool, _: Mode) -> Result<(), CallError> {
        unreachable!("the guard changes nothing")
    }

    async fn set_tag(&self, _: &EniId, _: &str, _: &str, _: Mode) -> Result<(), CallError> {
        unreachable!("the guard changes nothing")
    }

    async fn remove_tag(&self, _: &EniId, _: &str, _: &str, _: Mode) -> Result<(), CallError> {
        unreachable!("the guard changes nothing")
    }
}

impl Metadata for World {
    async fn lists(&self, mac: MacAddr) -> Result<bool, MetadataError> {
        assert_eq!(mac, facts().nic.mac);
        self.asked_imds.lock().unwrap().push(self.now());
        (self.listed)(self.now())
    }

    async fn identity(&self) -> Result<Identity, MetadataError> {
        unreachable!("the guard asks for the list alone")
    }

    async fn tag(&self, _: &str) -> Result<Option<String>, MetadataError> {
        unreachable!("the guard asks for the list alone")
    }

    async fn nics(&self) -> Result<Vec<MetadataNic>, MetadataError> {
        unreachable!("the guard asks for the list alone")
    }

    async fn subnet_networks(&self, _: MacAddr) -> Result<Vec<IpNet>, MetadataError> {
        unreachable!("the guard asks for the list alone")
    }
}

fn facts() -> Facts {
    let facts = serde_json::json!({
        "version": 1, "pool": "zk", "slot": 2,
        "address": "10.0.0.50", "addresses": ["10.0.0.50"],
        "eni": "eni-0123456789abcdef0", "attachment": "eni-attach-0123456789abcdef0",
        "device_index": 1, "nic": { "name": "ens6", "mac": "02:00:5e:10:00:50" },
        "table": 10_001, "instance": "i-0123456789abcdef0",
        "zone": "eu-west-1a", "region": "eu-west-1", "peers": [], "connect_string": "",
    });
    serde_json::from_value(facts).unwrap()
}

/// The slot's ENI on this instance, by an attachment that ends so.
fn slot(end: char, status: AttachmentStatus) -> Vec<Eni> {
    let facts = facts();
    let mut id = facts.attachment.to_string();
    id.pop();
    id.push(end);
    let attachment = OfEni {
        id: id.parse().unwrap(),
        instance: Some(facts.instance),
        index: DeviceIndex(1),
        status,
    };
    vec![Eni {
        id: facts.eni,
        mac: facts.nic.mac,
        zone: facts.zone,
        subnet: "subnet-0123456789abcdef0".parse().unwrap(),
        addresses: facts.addresses,
        tags: BTreeMap::new(),
        attachment: Some(attachment),
    }]
}

fn ours(_: u64) -> Result<Vec<Eni>, CallError> {
    Ok(slot('0', AttachmentStatus::Attached))
}

fn unreachable_imds() -> MetadataError {
    MetadataError::Unreachable { cause: "no route to host".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn while_all_is_well_ec2_is_never_called() {
    // Listed late, as after an attach, and with outages.
    let world = World::new(
        |now| match now {
            0..100 => Ok(false),
            5_000..9_000 => Err(unreachable_imds()),
            now => Ok(now % 40 != 0),
        },
        ours,
    );
    assert_eq!(world.guard(DAY).await, None);
    assert_eq!(world.ec2_calls(), [0_u64; 0]);
    assert_eq!(world.asked_imds.lock().unwrap().len() as u64, DAY.as_secs() / 15 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_was_taken_away_is_found_out_by_two_answers() {
    let world = World::new(|now| Ok(now < 100), |now| if now < 100 { ours(0) } else { Ok(vec![]) });
    let (lost, fenced) = world.guard(DAY).await.expect("it is lost");
    // Missed at 105 and 120.
    assert_eq!(world.ec2_calls(), [120, 122]);
    assert_eq!(lost, 122);
    assert_eq!(
        fenced.to_string(),
        "slot 2 (eni-0123456789abcdef0) was attached here by eni-attach-0123456789abcdef0, but EC2 \
         no longer shows it on this instance"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_is_detached_or_attached_anew_is_lost() {
    let leaving: fn(u64) -> _ = |_| Ok(slot('0', AttachmentStatus::Detaching));
    let anew: fn(u64) -> _ = |_| Ok(slot('1', AttachmentStatus::Attached));
    for (attached, says) in [
        (leaving, "EC2 is detaching it"),
        (anew, "EC2 shows it attached anew, by eni-attach-0123456789abcdef1"),
    ] {
        let world = World::new(|now| Ok(now < 100), attached);
        let (_, fenced) = world.guard(DAY).await.expect("it is lost");
        assert!(fenced.to_string().ends_with(says), "{fenced}");
        assert_eq!(world.ec2_calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn one_stale_read_of_ec2s_is_not_believed() {
    let world = World::new(
        |now| Ok(!(100..200).contains(&now)),
        |now| if now < 122 { Ok(vec![]) } else { ours(0) },
    );
    assert_eq!(world.guard(DAY).await, None);
    // Then again a minute later: IMDS still does not list it.
    assert_eq!(world.ec2_calls(), [120, 122, 182]);
}

#[tokio::test(start_paused = true)]
async fn while_ec2_does_not_answer_the_slot_is_kept_and_then_judged() {
    let world = World::new(
        |now| Ok(now < 100),
        |now| match now {
            0..3_600 => Err(CallError::Denied { action: Action::DescribeNetworkInterfaces }),
            _ => Ok(vec![]),
        },
    );
    let (lost, _) = world.guard(DAY).await.expect("it is lost in the end");
    assert!((3_600..3_700).contains(&lost), "{lost}");
    let calls = world.ec2_calls();
    assert!((55..75).contains(&calls.len()), "about one a minute: {calls:?}");
}

#[tokio::test(start_paused = true)]
async fn imds_that_is_wrong_for_a_day_costs_a_call_an_hour() {
    let world = World::new(|now| Ok(now < 100), ours);
    assert_eq!(world.guard(DAY).await, None);
    let calls = world.ec2_calls();
    assert!((24..32).contains(&calls.len()), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn imds_that_fails_never_costs_the_slot_nor_a_call() {
    let world = World::new(
        |now| if now < 100 { Ok(true) } else { Err(unreachable_imds()) },
        |_| Ok(vec![]),
    );
    assert_eq!(world.guard(DAY).await, None);
    assert_eq!(world.ec2_calls(), [0_u64; 0]);
}
