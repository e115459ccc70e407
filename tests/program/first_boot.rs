//! Whether an empty disk may vote: judged by the marker on the instance's disk and by the ENI's tag,
//! with a command in ZooKeeper's place that touches neither.

use rustix::process::Signal;
use steadfast_sim::control::{FaultKind, Timings};

use crate::region::{Instance, POOL, Region, eventually};
use crate::run::{Outcome, Running, exit};
use crate::tampering::error;

const TAG: &str = "steadfast:initialized";
const OVERRIDE: &str = "steadfast:bootstrap";
const MARKER: &str = "/var/lib/zookeeper/initialize";
/// Made by the command in ZooKeeper's place if it saw the marker, which it uses up.
const VOTED: &str = "/run/voted";
const VERSION: &str = "/var/lib/zookeeper/version-2";
/// More lines than a run says before its command runs.
const LINES_MAX: usize = 40;

impl Instance<'_> {
    fn start_run(&self) -> Running {
        let server = format!(
            "rm {VOTED}; for d in zookeeper data log; do \
             rm /var/lib/$d/initialize && touch {VOTED}; done; touch /run/up; sleep 10001"
        );
        self.sh("rm -f /run/up");
        self.run_of(&server)
    }

    fn run_of(&self, script: &str) -> Running {
        self.start(&["run", "--pool", POOL, "--user", "root", "--", "sh", "-c", script])
    }

    /// Whether the last command was started with a vote.
    fn has_voted(&self) -> bool {
        self.has(VOTED)
    }

    /// Runs until the command has started, and stops it.
    fn run_once(&self) -> Outcome {
        let mut run = self.start_run();
        assert!(run.wait_line("started sh"), "{}", run.finish().stderr);
        eventually("the server has looked at its disk", || self.has("/run/up").then_some(()));
        assert!(!self.has(MARKER));
        run.signal(Signal::TERM);
        let ended = run.finish();
        assert_eq!(ended.code, 143, "{}", ended.stderr);
        ended
    }

    fn has(&self, path: &str) -> bool {
        self.sh(&format!("test -e {path} && echo yes || true")).contains("yes")
    }

    fn bootstrap(&self, more: &[&str]) -> Outcome {
        self.steadfast(&[&["pool", "bootstrap", "--pool", POOL, "--slot", "1"], more].concat())
    }
}

impl Region {
    fn tag_of(&self, key: &str) -> Option<String> {
        self.slots()[0].tags.get(key).cloned()
    }
}

#[test]
fn the_first_boot_alone_has_a_marker_and_the_tag_remembers_it() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let told = instance.run_once();
    assert!(told.stderr.contains("first boot"), "{}", told.stderr);
    assert!(instance.has_voted());
    assert!(region.tag_of(TAG).unwrap().contains(&instance.id));
    let told = instance.run_once();
    assert!(told.stderr.contains("has no vote until"), "{}", told.stderr);
    assert!(!instance.has_voted());
    assert_eq!(instance.sh("cat /var/lib/zookeeper/myid"), "1\n");
}

#[test]
fn the_markers_place_is_the_log_directory() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh("mkdir -p /etc/steadfast; printf '[zookeeper]\\ndataDir = \"/var/lib/data\"\\n\
                 dataLogDir = \"/var/lib/log\"\\n' >/etc/steadfast/steadfast.toml");
    let mut run = instance.run_of("ls /var/lib/data /var/lib/log >/run/seen; sleep 10001");
    assert!(run.wait_line("started sh"));
    let seen = eventually("what it saw", || {
        let seen = instance.sh("cat /run/seen 2>/dev/null || true");
        seen.contains("/var/lib/log").then_some(seen)
    });
    assert_eq!(seen.matches("initialize").count(), 1, "{seen}");
    assert!(seen.split("/var/lib/log").nth(1).unwrap().contains("initialize"), "{seen}");
    run.signal(Signal::TERM);
    run.finish();
    assert_eq!(instance.sh("cat /var/lib/data/myid"), "1\n");
}

#[test]
fn a_disk_with_data_is_never_touched_and_its_slot_is_remembered() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh(&format!("mkdir -p {VERSION}; echo data >{VERSION}/snapshot.0; touch {MARKER}"));
    let before = instance.sh(&format!("ls -l --time-style=full-iso {VERSION}"));
    instance.run_once();
    assert!(!instance.has_voted());
    assert!(region.tag_of(TAG).is_some());
    assert_eq!(instance.sh(&format!("ls -l --time-style=full-iso {VERSION}")), before);
}

/// An instance that lost its slot and comes back to it later: others have served meanwhile, so that
/// its data may lack what was acknowledged. It must not speak for the slot.
#[test]
fn data_of_a_former_holder_does_not_vote() {
    let region = Region::with_pool(1);
    let (first, second) = (region.launch("a"), region.launch("a"));
    first.run_once();
    first.sh(&format!("mkdir -p {VERSION}; echo old >{VERSION}/snapshot.1"));
    // As long as nobody else has served, a restart and another attachment change nothing.
    first.run_once();
    first.release(&[]).done();
    let told = first.run_once();
    assert!(first.has(&format!("{VERSION}/snapshot.1")), "{}", told.stderr);
    first.release(&[]).done();

    second.run_once();
    assert!(!second.has_voted());
    second.sh(&format!("mkdir -p {VERSION}; echo new >{VERSION}/snapshot.2"));
    second.release(&[]).done();

    let told = first.run_once();
    assert!(told.stderr.contains("last served with"), "{}", told.stderr);
    assert!(!first.has(VERSION) && !first.has_voted());
    assert_eq!(first.sh("cat /var/lib/zookeeper/version-2.stale-*/snapshot.1"), "old\n");
    first.release(&[]).done();
    // Now the first one's disk is the slot's, and the second's is old.
    let told = second.run_once();
    assert!(told.stderr.contains("last served with"), "{}", told.stderr);
    assert!(!second.has(VERSION));
}

/// After each thing that it says: a marker never stands without the tag, and whatever was cut off
/// ends, at the next start, in a server that has no vote, or that never had a chance to start.
#[test]
fn a_first_boot_killed_at_each_step_never_leaves_a_marker_without_the_tag() {
    let mut steps = 0;
    for count in 1..=LINES_MAX {
        let region = Region::with_pool(1);
        let instance = region.launch("a");
        let mut run = instance.start_run();
        assert!(run.wait_count(count));
        let lines = run.kill();
        let last = lines.last().unwrap();
        let (marker, tag) = (instance.has(MARKER), region.tag_of(TAG).is_some());
        assert!(!marker || tag, "{last}: a marker without the tag");
        instance.run_once();
        assert_eq!(instance.has_voted(), !tag, "{last}");
        assert!(region.tag_of(TAG).is_some(), "{last}");
        steps += 1;
        if lines.iter().any(|line| line.contains("started sh")) {
            break;
        }
    }
    assert!((6..LINES_MAX).contains(&steps), "{steps} steps");
}

/// Reads that are older than the tag: what they do not show is not believed.
#[test]
fn a_stale_read_does_not_make_a_second_first_boot() {
    let region = Region::with_pool(1);
    for _ in 0..4 {
        region.untag(&region.slots()[0].id, TAG);
        let first = region.launch("a");
        first.run_once();
        assert!(first.has_voted());
        region.set_timings(&Timings { stale_ms: Some(3000), ..Timings::default() }).unwrap();
        region.terminate(&first.id).unwrap();
        let second = region.launch("a");
        second.run_once();
        assert!(!second.has_voted());
        region.set_timings(&Timings { stale_ms: Some(0), ..Timings::default() }).unwrap();
        region.terminate(&second.id).unwrap();
        eventually("the slot is free", || region.slots()[0].instance.is_none().then_some(()));
    }
}

#[test]
fn without_the_permission_to_remember_there_is_no_marker() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail("CreateTags", 1, FaultKind::Deny);
    let failed = instance.start_run().finish();
    failed.fails(exit::NOPERM, &["ec2:CreateTags"]);
    assert!(!instance.has(MARKER));
    assert_eq!(instance.holds(), [0; 0]);
    // A reply that was lost, and an answer that says to try again, are waited out.
    region.fail("CreateTags", 1, FaultKind::LoseReply);
    region.fail("CreateTags", 1, error("RequestLimitExceeded", "slow down"));
    instance.run_once();
    assert!(instance.has_voted() && region.tag_of(TAG).is_some());
}

/// A mistake in the command must not cost a slot its first boot: no server has read its disk.
#[test]
fn a_first_boot_that_did_not_take_place_is_still_to_come() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let run = ["run", "--pool", POOL, "--user", "root", "--", "/no/such/java"];
    instance.steadfast(&run).fails(127, &["/no/such/java"]);
    assert!(!instance.has(MARKER) && region.tag_of(TAG).is_none());
    assert_eq!(instance.holds(), [0; 0]);
    let ended = instance.run_of("no-such-java").finish();
    assert_eq!(ended.code, 127, "{}", ended.stderr);
    assert!(ended.stderr.contains("first boot is still to come"), "{}", ended.stderr);
    assert!(!instance.has(MARKER) && region.tag_of(TAG).is_none());
    instance.run_once();
    assert!(instance.has_voted() && region.tag_of(TAG).is_some());
    // And what has been used is not taken back.
    instance.run_once();
    assert!(!instance.has_voted() && region.tag_of(TAG).is_some());
}

#[test]
fn the_override_lets_one_empty_disk_vote_once() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.tag(&region.slots()[0].id, TAG, "before");
    // What an empty server leaves that has started without a marker.
    instance.sh(&format!(
        "mkdir -p {VERSION}; echo -n -1 >{VERSION}/currentEpoch; \
                          echo -n -1 >{VERSION}/acceptedEpoch"
    ));
    instance.bootstrap(&["--confirm", "kafka/1"]).fails(exit::TEMPFAIL, &["held by no instance"]);
    instance.run_once();
    assert!(!instance.has_voted());

    instance.bootstrap(&[]).fails(exit::CONFIG, &["--confirm kafka/1", "nothing was changed"]);
    instance.bootstrap(&["--confirm", "kafka/2"]).fails(exit::CONFIG, &["nothing was changed"]);
    let dry = instance.bootstrap(&["--dry-run"]).done();
    assert!(dry.stdout.contains("is gone for good"), "{}", dry.stdout);
    assert_eq!(region.tag_of(OVERRIDE), None);

    let done = instance.bootstrap(&["--confirm", "kafka/1"]).done();
    assert!(done.stdout.contains("restart"), "{}", done.stdout);
    assert_eq!(region.tag_of(OVERRIDE), region.slots()[0].attachment);
    let told = instance.run_once();
    assert!(told.stderr.contains("override"), "{}", told.stderr);
    assert!(!told.stderr.contains("first boot"), "{}", told.stderr);
    assert!(instance.has_voted() && !instance.has(VERSION));
    assert!(instance.sh("ls /var/lib/zookeeper").contains("version-2.empty-"));
    assert_eq!(region.tag_of(OVERRIDE), None);
    instance.run_once();
    assert!(!instance.has_voted());
}

#[test]
fn a_forgotten_override_is_nothing_to_the_next_holder() {
    let region = Region::with_pool(1);
    let first = region.launch("a");
    first.run_once();
    first.bootstrap(&["--confirm", "kafka/1"]).done();
    region.terminate(&first.id).unwrap();
    let second = region.launch("a");
    second.run_once();
    assert!(!second.has_voted());
}

#[test]
fn the_override_is_refused_where_it_makes_no_sense() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    instance.bootstrap(&["--confirm", "kafka/1"]).fails(exit::TEMPFAIL, &["never been started"]);
    let unknown = instance.steadfast(&["pool", "bootstrap", "--pool", POOL, "--slot", "9"]);
    unknown.fails(exit::CONFIG, &["has no slot 9", "it has 1"]);
}
