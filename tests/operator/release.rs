//! `steadfast release` while `steadfast run` is at work: its server is stopped first, and nothing of
//! ours is left but the data.

use crate::reclaim::asked::Terminal;
use crate::reclaim::cast::detaches;
use crate::region::{Instance, POOL, Region, eventually, program};
use crate::run::{Running, exit};

/// What the server does: it takes its time to end, and says when it has.
const SERVER: &str = "trap 'sleep 0.5; echo bye >/run/ended; exit 0' TERM; \
    echo >/run/started; while :; do sleep 0.05; done";
const UNIT: &str = "zookeeper.service";
/// Where the stand-in lies.
const PATH: &str = "PATH=/run/bin:$PATH";
const SYSTEMCTL: &str = "#!/bin/sh
echo \"$@\" >>/run/systemctl.log
case $1 in
show) sed 's/^/MainPID=/; p; s/^/Exec/' /run/main-pid; cat /run/sub-state ;;
stop) [ ! -e /run/refuses ] || { echo 'Access denied' >&2; exit 4; }
      kill -TERM \"$(cat /run/main-pid)\" || [ \"$(cat /run/sub-state)\" = SubState=auto-restart ] ;;
esac
";

/// It ends when it may.
const SLOW_SERVER: &str = "trap 'while [ ! -e /run/may-end ]; do sleep 0.05; done; echo bye >/run/ended; \
    exit 0' TERM; echo >/run/started; while :; do sleep 0.05; done";

/// A server under `steadfast run`, as a fragment of settings lets it start without others.
fn run(host: &Instance<'_>) -> Running {
    run_of(host, SERVER)
}

fn run_of(host: &Instance<'_>, server: &str) -> Running {
    host.sh("rm -f /run/ended /run/started; echo 'dataDir=/var/lib/zookeeper' >/run/fragment.cfg");
    let running = host.start(&[
        "run",
        "--stop-timeout",
        "120s",
        "--user",
        "root",
        "--pool",
        POOL,
        "--zookeeper-config",
        "/run/fragment.cfg",
        "--",
        "sh",
        "-c",
        server,
    ]);
    eventually("the server starts", || host.sh("ls /run").contains("started").then_some(()));
    running
}

fn pid(host: &Instance<'_>) -> String {
    let record = host.sh("cat /run/steadfast/lock");
    let first = record.lines().next().unwrap();
    assert!(first.ends_with(" run"), "{record}");
    first.split(' ').next().unwrap().to_owned()
}

/// Nothing of a slot is left on the host; the data is.
fn is_clean(host: &Instance<'_>) {
    assert_eq!(host.holds(), [0; 0]);
    assert_eq!(host.sh("ls /run/steadfast"), "lock\n");
    assert_eq!(host.sh("cat /var/lib/zookeeper/myid"), "1\n");
    assert_eq!(host.sh("cat /run/ended"), "bye\n", "it was not asked to end");
}

#[test]
fn a_run_is_stopped_first_and_only_if_that_was_agreed_to() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let before = host.network();
    let running = run(&host);
    let pid = pid(&host);
    let named = format!("stop `steadfast run` (process {pid}), which guards slot 1 (");
    let dry = host.release(&["--dry-run"]).done();
    assert!(dry.stdout.starts_with(&format!("would {named}")), "{}", dry.stdout);
    assert!(dry.stdout.contains("by SIGTERM, and release slot 1 of pool kafka; EC2 permits"));
    host.release(&[]).fails(exit::CONFIG, &["not confirmed: without a terminal, say --yes"]);
    assert_eq!(host.holds(), [1]);
    assert!(host.sh("ls /run/steadfast").contains("zoo.cfg"));
    let outcome = host.release(&["--yes", "--output", "json"]).done();
    assert_eq!(outcome.json()["stopped"], pid.parse::<u32>().unwrap());
    assert_eq!(outcome.json()["slots"][0]["slot"], 1);
    assert_eq!(running.finish().code, 0);
    is_clean(&host);
    assert_eq!(host.network(), before);
    assert_eq!(detaches(&region).len(), 1);
    // Nothing runs any more: nobody is asked, and there is nothing to do.
    assert_eq!(host.release(&[]).done().stdout, "this instance holds no slot of pool kafka\n");
}

/// One after the other, and one after one that was cut off.
#[test]
fn a_second_release_does_not_hurry_the_server_that_the_first_one_stops() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let running = run_of(&host, SLOW_SERVER);
    let mut first = host.start(&["release", "--pool", POOL, "--yes"]);
    assert!(first.wait_line("asking `steadfast run`"));
    let text = "another steadfast works on this instance (it holds /run/steadfast)";
    host.release(&["--yes"]).fails(exit::TEMPFAIL, &[text]);
    first.kill();
    let mut second = host.start(&["release", "--pool", POOL, "--yes"]);
    assert!(second.wait_line("asking `steadfast run`"));
    let mut running = running;
    assert!(running.wait_line("asked again to stop"));
    host.sh("touch /run/may-end");
    second.finish().done();
    assert_eq!(running.finish().code, 0);
    is_clean(&host);
}

#[test]
fn what_a_person_ponders_is_not_the_time_of_the_release() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let running = run(&host);
    let mut terminal = Terminal::of(&host, &["release", "--pool", POOL, "--wait", "10s"]);
    assert!(terminal.asks().contains("which guards slot 1"));
    // Nothing is waited for but the person.
    std::thread::sleep(std::time::Duration::from_secs(11));
    let (rest, code) = terminal.answers("y");
    assert_eq!(code, 0, "{rest}");
    running.finish();
    is_clean(&host);
}

/// What a killed run has left: its record names nobody, whoever has its number now.
#[test]
fn a_run_that_was_killed_is_no_run() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let running = run(&host);
    running.kill();
    host.sh("sed -i 's/^[0-9]* /1 /' /run/steadfast/lock");
    host.release(&[]).done();
    assert_eq!(host.holds(), [0; 0]);
    assert_eq!(host.sh("ls /run/steadfast"), "lock\n");
}

/// A file that outlived its run, a reboot even, and names a process that lives.
#[test]
fn a_process_that_is_named_and_holds_no_lock_is_left_alone() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    host.claim(&[]).done();
    host.sh("setsid sleep 1000 >/dev/null 2>&1 & echo $! >/run/named; \
         echo \"$! $(cut -d' ' -f22 /proc/$!/stat) run\" >/run/steadfast/lock");
    host.release(&["--yes"]).done();
    assert_eq!(host.holds(), [0; 0]);
    host.sh("kill $(cat /run/named)");
}

/// A server that does not end in time, or a claim at work: nothing is taken from them.
#[test]
fn what_does_not_end_keeps_its_slot() {
    let region = Region::with_pool(1);
    let (host, other) = (region.launch("a"), region.launch("a"));
    let running = run(&host);
    let pid = pid(&host);
    host.sh(&format!("kill -STOP {pid}"));
    let text = format!("`steadfast run` (process {pid}) has not ended after ");
    host.release(&["--yes", "--wait", "2s"]).fails(exit::TEMPFAIL, &[&text]);
    assert_eq!(host.holds(), [1]);
    host.sh(&format!("kill -CONT {pid}"));
    running.finish();
    let mut claim = other.start_claim(&[]);
    assert!(claim.wait_line("0 free"));
    other.release(&["--yes"]).fails(exit::TEMPFAIL, &["another steadfast works on this instance"]);
    claim.kill();
}

/// `systemctl` is a stand-in that writes down its words, and there is a cgroup of the unit's to show.
fn systemd(host: &Instance<'_>, main_pid: &str, state: &str) {
    host.sh(&format!(
        "mkdir -p /run/bin; cat >/run/bin/systemctl <<'END'\n{SYSTEMCTL}END\n\
         chmod +x /run/bin/systemctl; echo {main_pid} >/run/main-pid\n\
         echo SubState={state} >/run/sub-state; echo '0::/system.slice/{UNIT}' >/run/cgroup"
    ));
}

/// The process is shown in a unit's cgroup.
fn in_unit(host: &Instance<'_>, pid: &str, main_pid: &str) {
    systemd(host, main_pid, "running");
    host.sh(&format!("mount --bind /run/cgroup /proc/{pid}/cgroup"));
}

fn release(host: &Instance<'_>) -> crate::run::Outcome {
    // What `exec` gives a program is its own mounts' view: the bind is the instance's.
    let script = format!("{PATH} {} --yes", releases());
    Running::start(host.command(&["sh", "-c", &script])).finish()
}

fn releases() -> String {
    format!("exec {} release --pool {POOL}", program())
}

#[test]
fn the_main_process_of_a_unit_is_stopped_by_systemd() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let running = run(&host);
    let pid = pid(&host);
    in_unit(&host, &pid, &pid);
    host.sh("touch /run/refuses");
    let texts = ["systemctl stop zookeeper.service: Access denied (exit status: 4)"];
    release(&host).fails(exit::TEMPFAIL, &texts);
    assert_eq!(host.holds(), [1]);
    host.sh("rm /run/refuses /run/systemctl.log");
    release(&host).done();
    let asked = format!("show --property=MainPID {UNIT}\nstop {UNIT}\n");
    assert_eq!(host.sh("cat /run/systemctl.log"), asked);
    running.finish();
    is_clean(&host);
}

/// Started over ssh, say: its unit's main process is another, and is left alone.
#[test]
fn a_unit_that_is_not_its_own_is_left_alone() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    let running = run(&host);
    in_unit(&host, &pid(&host), "1");
    let outcome = release(&host).done();
    assert!(outcome.stderr.contains("is not the main process of zookeeper.service"));
    assert!(!host.sh("cat /run/systemctl.log").contains("stop"));
    running.finish();
    is_clean(&host);
}

/// What it has to start has failed: left alone, systemd would start it again on the slot that is free.
#[test]
fn a_unit_that_systemd_is_about_to_start_again_is_stopped_first() {
    let region = Region::with_pool(1);
    let host = region.launch("a");
    systemd(&host, "0", "running");
    let script = format!(
        "mount --bind /run/cgroup /proc/$$/cgroup && exec {} run --plain --pool {POOL} -- false",
        program()
    );
    let run = || Running::start(host.command(&["sh", "-c", &script]));
    let pid_of_last = || {
        assert_eq!(run().finish().code, 1);
        assert_eq!(host.holds(), [1]);
        pid(&host)
    };
    let last = pid_of_last();
    systemd(&host, &last, "auto-restart");
    let dry = host.command(&["sh", "-c", &format!("{PATH} {} --dry-run", releases())]);
    let dry = Running::start(dry).finish().done();
    let told =
        format!("would stop {UNIT}, which systemd is about to start again, and release slot 1");
    assert!(dry.stdout.starts_with(&told), "{}", dry.stdout);
    assert_eq!(host.holds(), [1]);
    host.sh("rm /run/systemctl.log");
    release(&host).done();
    let asked = format!("show --property=SubState,ExecMainPID {UNIT}\nstop {UNIT}\n");
    assert_eq!(host.sh("cat /run/systemctl.log"), asked);
    assert_eq!(host.holds(), [0; 0]);
    // A unit that is down for good, or whose main process was another, is nobody's to stop.
    for (is_its_own, state) in [(true, "failed"), (false, "auto-restart")] {
        let last = pid_of_last();
        systemd(&host, if is_its_own { &last } else { "1" }, state);
        host.sh("rm /run/systemctl.log");
        release(&host).done();
        assert!(!host.sh("cat /run/systemctl.log").contains("stop"));
        assert_eq!(host.holds(), [0; 0]);
    }
}
