//! The disk of an instance that was fenced and waits for a slot: when it gets one, others have served
//! on it since, and what they acknowledged is not there. Such a disk must not vote: no more than an
//! empty one.

use crate::fleet::{Fleet, bin_dir};
use crate::protocol::{ReadBack, Written};
use crate::region::{DEADLINE, Instance, POOL, Region, eventually};
use crate::run::Running;
use crate::tampering::DETACH;
use crate::version::Version;

const WRITES: usize = 100;
/// By which a disk is known to be what its slot last served with.
const TAG: &str = "steadfast:initialized";
const NOTE: &str = "/var/lib/zookeeper/steadfast.lineage";
/// What a server logs when a round of an election brought no decision, and how many of them it takes
/// until it counts as undecided for good.
const UNDECIDED: &str = "Notification time out";
const ROUNDS: usize = 5;

/// What became of the acknowledged writes.
#[derive(Debug)]
struct Seen {
    /// By server, how many are not there.
    missing: [usize; 3],
    /// Whether two servers formed a quorum without the one that had all.
    went_on: bool,
}

/// Three slots, each in a zone of its own, and a client.
struct Trio<'a> {
    region: &'a Region,
    fleet: &'a Fleet<'a>,
    client: Instance<'a>,
    servers: Vec<String>,
}

/// The steps. B is hung, replaced and woken up: it is fenced, starts anew and waits. C is stopped, and
/// A and B's replacement acknowledge 100 writes. A is stopped, and the replacement's disk is lost: B
/// gets its slot back. C is started; last, A. One disk of three was lost, so all is still there.
fn play(is_trusted: bool) -> Seen {
    let region = Region::up();
    region.pool(3);
    let mut fleet = Fleet::new(&region, Version::V3_8, 0);
    fleet.restarts = true;
    let [a, b, c] = ["a", "b", "c"].map(|zone| fleet.launch(zone));
    let addresses = region.slots().into_iter().map(|eni| format!("{}:2181", eni.ipv4[0]));
    let servers = addresses.collect();
    let it = Trio { region: &region, fleet: &fleet, client: region.launch("a"), servers };
    it.wait_members(&[1, 2, 3]);

    let replacement = it.hang_and_replace(&b);
    it.stop(&c);
    it.wait_members(&[1, 2]);
    it.write(0);
    it.stop(&a);
    if is_trusted {
        let note = fleet.instance(&b).sh(&format!("cat {NOTE}"));
        region.tag(&region.slots()[1].id, TAG, note.trim());
    }
    region.terminate(&replacement).unwrap();
    eventually("the woken instance has its slot again", || {
        (fleet.claims(&b, 2) == 2).then_some(())
    });
    let before = fleet.console(&c).len();
    region.start(&c).unwrap();
    let went_on = eventually("the two have formed a quorum, or tried for long", || {
        let undecided = fleet.console(&c)[before..].matches(UNDECIDED).count();
        let went_on = it.modes().len() == 2;
        (went_on || undecided >= ROUNDS).then_some(went_on)
    });
    region.start(&a).unwrap();
    it.wait_members(&[1, 2, 3]);
    let dumps = [0, 1, 2].map(|n| it.workload(&["dump", "--server", &it.servers[n]]));
    assert!(dumps.iter().all(|dump| *dump == dumps[0]), "the servers differ");
    Seen { missing: [0, 1, 2].map(|n| it.missing(n)), went_on }
}

impl Trio<'_> {
    /// Has the holder of slot 2 hang, gives its slot to a replacement, and wakes it up: it loses its
    /// server, and asks for a slot again. The answer is the replacement, which is a member.
    fn hang_and_replace(&self, instance: &str) -> String {
        self.region.hang(instance).unwrap();
        let attachment = self.region.slots().swap_remove(1).attachment.expect("a held slot");
        self.region.ec2(DETACH, &[("AttachmentId", &attachment), ("Force", "true")]);
        let replacement = self.fleet.launch("b");
        eventually("the replacement claims", || {
            (self.fleet.claims(&replacement, 2) > 0).then_some(())
        });
        self.wait_members(&[1, 2, 3]);
        self.region.resume(instance).unwrap();
        eventually("the woken instance waits for a slot", || {
            let console = self.fleet.console(instance);
            console.contains("no slot is free").then_some(())
        });
        assert_eq!(self.fleet.servers(instance), 0);
        replacement
    }

    fn stop(&self, instance: &str) {
        self.region.stop(instance).unwrap();
        self.region.wait_state(instance, "stopped", DEADLINE).unwrap();
    }

    /// The slots whose servers are members.
    fn modes(&self) -> Vec<u8> {
        let said = self.workload(&["mode", &self.servers.join(",")]);
        let serving = (1..).zip(said.lines()).filter(|(_, line)| !line.ends_with(" -"));
        serving.map(|(slot, _)| slot).collect()
    }

    fn wait_members(&self, slots: &[u8]) {
        eventually(&format!("{slots:?} are members"), || (self.modes() == slots).then_some(()));
    }

    fn write(&self, n: usize) {
        let written: Written = self.one_shot("write", n);
        assert_eq!(written.acknowledged, WRITES as u64, "{written:?}");
    }

    fn missing(&self, n: usize) -> usize {
        self.one_shot::<ReadBack>("read", n).missing.len()
    }

    fn one_shot<T: serde::de::DeserializeOwned>(&self, command: &str, n: usize) -> T {
        let (server, count) = (self.servers[n].as_str(), WRITES.to_string());
        let said =
            self.workload(&[command, "--server", server, "--prefix", POOL, "--count", &count]);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    fn workload(&self, args: &[&str]) -> String {
        let program = bin_dir().join("examples/workload").display().to_string();
        let command = [&[program.as_str()], args].concat();
        Running::start(self.client.command(&command)).finish().stdout
    }
}

#[test]
fn the_disk_of_an_instance_that_was_fenced_does_not_vote() {
    let seen = play(false);
    assert_eq!(seen.missing, [0; 3], "{seen:?}");
    assert!(!seen.went_on, "{seen:?}");
}

/// The same, but the slot's tag is made to name the stale disk: that is what the tag is for, and that
/// the test above can fail.
#[test]
fn if_it_did_what_was_acknowledged_would_be_lost() {
    let seen = play(true);
    assert_eq!(seen.missing, [WRITES; 3], "{seen:?}");
    assert!(seen.went_on, "{seen:?}");
}
