//! `steadfast run` around a command that is not ZooKeeper: it passes on what it is told, keeps or
//! gives back the slot, and leaves nothing running when the slot or the agent is gone.

use std::time::Duration;

use rustix::process::Signal;

use crate::region::{Instance, POOL, Region, eventually};
use crate::run::{Running, exit};
use crate::tampering::{ATTACH, DESCRIBE};

/// A command whose processes are told from all others by what they sleep for.
const FORKING: &str =
    "sleep 10001 & setsid sleep 10002 & (setsid sh -c 'sleep 10003 & wait' &) ; wait";
/// The same for a command that stops at once when it is told to.
pub const OBEDIENT: &str = "trap 'exit 9' TERM; sleep 10001 & while :; do wait; done";

impl Instance<'_> {
    /// Starts `steadfast run --plain` of a shell's commands.
    pub fn run_plain(&self, more: &[&str], script: &str) -> Running {
        let run = ["run", "--pool", POOL, "--plain"];
        self.start(&[&run, more, &["--", "sh", "-c", script]].concat())
    }

    /// How many processes of a test's commands there are.
    pub fn sleepers(&self) -> usize {
        let listed = self.sh("ps -eo stat=,args=");
        let sleeps = |line: &&str| line.contains("sleep 1000") && !line.contains("sh -c");
        listed.lines().filter(sleeps).filter(|line| !line.starts_with('Z')).count()
    }

    pub fn wait_sleepers(&self, count: usize) {
        eventually("the command's processes", || (self.sleepers() == count).then_some(()));
    }

    /// Detaches its slot, as an operator does.
    pub fn lose_slot(&self) {
        let mut slots = self.region.slots().into_iter();
        let slot = slots.rfind(|eni| eni.instance.as_ref() == Some(&self.id)).unwrap();
        self.region.detach_by_force(&slot.id).unwrap();
    }
}

#[test]
fn the_commands_status_is_passed_through_and_the_slot_is_kept() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let cases = [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
        ("sleep 10001 & exit 3", 3),
    ];
    for (script, code) in cases {
        let ended = instance.run_plain(&[], script).finish();
        assert_eq!(ended.code, code, "{script}: {}", ended.stderr);
        assert_eq!(instance.holds(), [1], "{script}");
        assert_eq!(instance.sleepers(), 0, "{script}");
    }
    let status = instance.slot_json()["status"]["text"].as_str().unwrap().to_owned();
    assert!(status.contains("ended") || status.contains("exit"), "{status}");
    // One claim, and then one look a start.
    let calls = instance.calls();
    assert_eq!(calls.iter().filter(|call| call.starts_with(ATTACH)).count(), 1, "{calls:?}");
}

/// As by the upgrade of a package: what runs goes on as what it was started as, its keeper included.
#[test]
fn a_program_whose_file_is_replaced_while_it_waits_starts_and_guards_its_command() {
    let region = Region::with_pool(1);
    let holder = region.launch("a");
    holder.claim(&[]).done();
    let instance = region.launch("a");
    instance.sh(&format!("cp {} /var/steadfast", crate::region::program()));
    let words = ["run", "--pool", POOL, "--plain", "--", "sh", "-c", OBEDIENT];
    let mut run = Running::start(instance.command(&[&["/var/steadfast"], &words[..]].concat()));
    assert!(run.wait_line("no slot is free"));
    instance.sh("echo other >/var/new && mv /var/new /var/steadfast");
    holder.release(&[]).done();
    instance.wait_sleepers(1);
    let deleted = "ls -l /proc/[0-9]*/exe | grep -c '/var/steadfast (deleted)'";
    assert_eq!(instance.sh(deleted).trim(), "2", "agent and keeper");
    instance.lose_slot();
    assert_eq!(run.finish().code, exit::FENCED);
    assert_eq!(instance.sleepers(), 0);
}

#[test]
fn a_command_that_cannot_be_started_is_told_as_shells_do_and_the_slot_is_given_back() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let network = instance.network();
    let run =
        |command: &str| instance.steadfast(&["run", "--pool", POOL, "--plain", "--", command]);
    run("/no/such/command").fails(127, &["/no/such/command"]);
    run("/etc/passwd").fails(126, &["/etc/passwd"]);
    assert_eq!(instance.holds(), [0; 0]);
    assert_eq!(instance.network(), network);
    let unknown = instance.steadfast(&[
        "run",
        "--pool",
        POOL,
        "--plain",
        "--user",
        "nobody-of-that-name",
        "--",
        "true",
    ]);
    unknown.fails(exit::CONFIG, &["nobody-of-that-name"]);
    assert_eq!(instance.holds(), [0; 0]);
    // A slot that is kept says what became of the command.
    run("true").done();
    run("/no/such/command").fails(127, &["/no/such/command"]);
    let status = &instance.slot_json()["status"]["text"];
    assert!(
        status.as_str().unwrap().starts_with("`/no/such/command` cannot be started"),
        "{status}"
    );
}

#[test]
fn the_command_is_told_its_slot() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let said = instance.run_plain(&["--slot", "2"], "env").finish();
    let env = instance.sh("cat /run/steadfast/slot.env");
    assert!(env.contains("STEADFAST_SLOT=2\n"), "{env}");
    for line in env.lines() {
        assert!(said.stdout.lines().any(|it| it == line), "{line} in {}", said.stdout);
    }
}

#[test]
fn a_signal_is_passed_on_and_the_slot_is_kept_or_given_back() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let network = instance.network();
    for (more, held) in [(&[][..], &[1][..]), (&["--release-on-stop"], &[])] {
        let run = instance.run_plain(more, OBEDIENT);
        instance.wait_sleepers(1);
        run.signal(Signal::TERM);
        let ended = run.finish();
        assert_eq!(ended.code, 9, "{}", ended.stderr);
        assert_eq!(instance.holds(), held, "{more:?}");
        assert_eq!(instance.sleepers(), 0);
    }
    assert!(!instance.has_facts());
    assert_eq!(instance.network(), network);
}

#[test]
fn signals_that_do_not_stop_reach_the_command_and_nothing_else() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let script = "trap 'echo hup >&2' HUP; trap 'echo usr1 >&2' USR1; trap 'exit 4' TERM; \
                  echo trapped >&2; while :; do sleep 0.1; done";
    let mut run = instance.run_plain(&[], script);
    assert!(run.wait_line("trapped"));
    run.signal(Signal::HUP);
    assert!(run.wait_line("hup"));
    // Not through `steadfast-sim exec`, which does not pass this one on.
    instance.sh("kill -USR1 $(pgrep -of 'steadfast run')");
    assert!(run.wait_line("usr1"));
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code, 4);
}

#[test]
fn a_command_that_does_not_stop_is_killed_and_so_is_one_that_is_interrupted() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let deaf = "trap '' TERM INT; sleep 10001 & while :; do wait; done";
    let mut run = instance.run_plain(&["--stop-timeout", "1s"], deaf);
    instance.wait_sleepers(1);
    run.signal(Signal::TERM);
    assert!(run.wait_line("has not ended within 1s"));
    assert_eq!(run.finish().code, 137);
    assert_eq!(instance.sleepers(), 0);

    let mut run = instance.run_plain(&["--stop-timeout", "1h"], deaf);
    instance.wait_sleepers(1);
    run.signal(Signal::TERM);
    assert!(run.wait_line("asked to stop"));
    instance.sh("kill -INT $(pgrep -of 'steadfast run')");
    assert!(run.wait_line("interrupted while it stops"));
    assert_eq!(run.finish().code, 137);
    assert_eq!(instance.sleepers(), 0);
    assert_eq!(instance.holds(), [1]);
}

/// Some commands end at once when they are asked twice.
#[test]
fn a_command_that_stops_is_neither_killed_nor_asked_again_by_a_second_sigterm() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let slow = "trap 'echo told >&2; [ -z \"$asked\" ] || exit 3; asked=1' TERM; echo trapped >&2; \
                while [ ! -e /run/may-end ]; do sleep 0.05; done; exit 9";
    let mut run = instance.run_plain(&["--stop-timeout", "1h"], slow);
    assert!(run.wait_line("trapped"));
    run.signal(Signal::TERM);
    assert!(run.wait_line("told"));
    run.signal(Signal::TERM);
    assert!(run.wait_line("asked again to stop"));
    instance.sh("touch /run/may-end");
    assert_eq!(run.finish().code, 9);
}

#[test]
fn a_lost_slot_kills_everything_and_a_restart_claims_anew() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    for script in [FORKING, "trap '' TERM; kill -STOP $$; sleep 10001", "exec sleep 10001"] {
        let mut run = instance.run_plain(&[], script);
        assert!(run.wait_line("started sh"));
        if script.contains("-STOP") {
            eventually("it stops itself", || {
                instance
                    .sh("ps -eo stat=,args=")
                    .lines()
                    .any(|it| it.starts_with('T'))
                    .then_some(())
            });
        } else {
            instance.wait_sleepers(if script == FORKING { 3 } else { 1 });
        }
        instance.lose_slot();
        assert!(run.wait_line("fenced: "), "{script}");
        let ended = run.finish();
        ended.fails(exit::FENCED, &["fenced: ", "run again"]);
        assert_eq!(instance.sleepers(), 0, "{script}");
        assert!(!instance.has_facts());
        // The third line of defence: what may be left has no way to the peers.
        assert!(instance.sh("ip route show table all").contains("blackhole default"));
    }
    let run = instance.run_plain(&[], OBEDIENT);
    instance.wait_sleepers(1);
    assert_eq!(instance.holds().len(), 1);
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code, 9);
}

#[test]
fn a_slot_that_is_lost_before_the_command_starts_is_a_fence_too() {
    let region = Region::with_pool(2);
    for slot in region.slots() {
        region.tag(&slot.id, "steadfast:initialized", "before");
    }
    let instance = region.launch("a");
    let run = ["run", "--pool", POOL, "--user", "root", "--", "sleep", "10001"];
    let mut run = instance.start(&run);
    assert!(run.wait_line("start gate: waiting"));
    instance.lose_slot();
    run.finish().fails(exit::FENCED, &["fenced: "]);
    assert_eq!(instance.sleepers(), 0);
}

#[test]
fn when_the_agent_is_killed_so_is_the_command() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for seed in 0..8_u64 {
        let mut run = instance.run_plain(&[], FORKING);
        if seed % 2 == 0 {
            assert!(run.wait_line("started sh"));
        }
        std::thread::sleep(Duration::from_millis(fastrand::Rng::with_seed(seed).u64(..400)));
        run.kill();
        eventually("nothing is left", || {
            let left = instance.sh("ps -eo stat=,args=");
            let mut alive = left.lines().filter(|line| !line.starts_with('Z'));
            let ours = |line: &str| {
                ["steadfast run", "__keeper", "sleep 1000"].iter().any(|it| line.contains(it))
            };
            (!alive.any(ours)).then_some(())
        });
    }
}

#[test]
fn one_agent_at_a_time_and_a_second_run_waits_for_the_first() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let first = instance.run_plain(&[], OBEDIENT);
    instance.wait_sleepers(1);
    instance.claim(&[]).fails(exit::TEMPFAIL, &["lock"]);
    // A release would stop the run, and wants a word for that.
    let refused = instance.release(&[]);
    refused.fails(exit::CONFIG, &["This will stop `steadfast run` (process", "say --yes"]);
    let mut second = instance.run_plain(&[], OBEDIENT);
    assert!(second.wait_line("waiting for another steadfast"));
    first.signal(Signal::TERM);
    assert_eq!(first.finish().code, 9);
    assert!(second.wait_line("started sh"));
    instance.wait_sleepers(1);
    second.signal(Signal::TERM);
    assert_eq!(second.finish().code, 9);
}

#[test]
fn at_rest_it_makes_no_call_and_what_others_remove_is_put_back() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let mut run = instance.run_plain(&[], OBEDIENT);
    instance.wait_sleepers(1);
    let (mark, network) = (instance.mark(), instance.network());
    for removal in
        ["ip rule del priority 8300", "ip -6 rule del priority 8301", "ip link set ens6 down"]
    {
        instance.sh(removal);
        assert!(run.wait_line("put back"), "{removal}");
        eventually(removal, || (instance.network() == network).then_some(()));
    }
    // Longer than the guard's slow look at IMDS.
    std::thread::sleep(Duration::from_secs(20));
    assert!(run.is_running());
    assert_eq!(instance.calls_since(mark), [""; 0]);
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code, 9);
}

/// A program that answers on a port as a ZooKeeper that stands alone.
const STANDALONE: &str = "import socket,sys\n\
    s=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n\
    s.bind((sys.argv[1],2181));s.listen()\n\
    while True:\n    c,_=s.accept();c.recv(9)\n\
    \x20   c.send(b'Zookeeper version: 3.8.0\\nZxid: 0x0\\nMode: standalone\\n');c.close()\n";

/// Another configuration is in use: an ensemble of its own on the slot's address.
#[test]
fn a_server_that_stands_alone_is_killed_and_one_that_is_there_already_is_refused() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let address = region.slots()[0].ipv4[0].clone();
    let run = ["run", "--pool", POOL, "--user", "root", "--"];
    let alone = ["python3", "-c", STANDALONE, &address];
    let killed = instance.steadfast(&[&run[..], &alone].concat());
    killed.fails(exit::CONFIG, &["stands alone", "zoo.cfg", &address]);
    assert!(!instance.sh("ps -eo args=").contains("Mode: standalone"));
    // It has answered, so the slot has served, for all that is known.
    assert!(region.slots()[0].tags.contains_key("steadfast:initialized"));

    let other = Running::start(instance.command(&["python3", "-c", STANDALONE, "0.0.0.0"]));
    eventually("it listens", || instance.sh("ss -Htln").contains(":2181").then_some(()));
    let refused = instance.steadfast(&[&run[..], &["sleep", "10001"]].concat());
    refused.fails(exit::CONFIG, &["answers on", ":2181", "stop it"]);
    assert_eq!(instance.sleepers(), 0);
    drop(other);
}

#[test]
fn a_claim_that_is_interrupted_starts_nothing() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    let mut run = instance.run_plain(&[], "sleep 10001");
    assert!(run.wait_line("no slot is free"));
    run.signal(Signal::TERM);
    run.finish().fails(exit::TEMPFAIL, &["interrupted"]);
    assert_eq!(instance.sleepers(), 0);
    assert!(
        instance
            .calls()
            .iter()
            .all(|call| call.starts_with(DESCRIBE) || call.starts_with("DescribeInstances"))
    );
}
