//! What `steadfast run` tells of its command: to systemd, in `slot.json`, and on standard error.

use rustix::process::Signal;
use serde_json::Value;

use crate::guarded::OBEDIENT;
use crate::region::{Instance, POOL, Region, eventually};
use crate::run::{Running, exit};

/// Somebody in systemd's place, until it is dropped.
fn systemd(instance: &Instance) -> Running {
    let listen = "import socket\n\
        s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind('/run/notify')\n\
        while True:\n    open('/run/heard','ab').write(s.recv(4096))\n";
    let systemd = Running::start(instance.command(&["python3", "-c", listen]));
    eventually("it listens", || {
        instance.sh("ls /run").lines().any(|name| name == "notify").then_some(())
    });
    systemd
}

fn hears(instance: &Instance, word: &str) {
    eventually(word, || {
        instance.sh("cat /run/heard 2>/dev/null || true").contains(word).then_some(())
    });
}

#[test]
fn systemd_is_told_what_happens() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let _systemd = systemd(&instance);
    let script = "env | grep -q NOTIFY_SOCKET && exit 8; trap 'exit 9' TERM; \
                  while :; do sleep 0.1; done";
    let environment = [("NOTIFY_SOCKET", "/run/notify"), ("WATCHDOG_USEC", "600000")];
    let command = ["run", "--pool", POOL, "--plain", "--", "sh", "-c", script];
    let command = [&[crate::region::program()], &command[..]].concat();
    let run = Running::start(region.exec_with(&instance.id, &environment, &command));
    for word in [
        "EXTEND_TIMEOUT_USEC=",
        "STATUS=finding out who",
        "STATUS=claiming a slot of pool kafka",
        "READY=1",
        "WATCHDOG=1",
    ] {
        hears(&instance, word);
    }
    run.signal(Signal::TERM);
    hears(&instance, "STOPPING=1");
    assert_eq!(run.finish().code, 9);
}

/// The status line of a unit is what people see first, also of one that is failed or waits.
#[test]
fn systemd_is_told_what_it_waits_for_and_what_it_fails_with() {
    let region = Region::with_pool(1);
    let holder = region.launch("a");
    assert_eq!(holder.claim(&[]).code, 0);
    let instance = region.launch("a");
    let _systemd = systemd(&instance);
    let run = |words: &[&str]| {
        let command = [&[crate::region::program(), "run"], words, &["--", "true"]].concat();
        Running::start(region.exec_with(
            &instance.id,
            &[("NOTIFY_SOCKET", "/run/notify")],
            &command,
        ))
    };
    let waits = run(&["--plain", "--pool", POOL, "--wait", "10m"]);
    hears(&instance, "STATUS=waiting for a slot of pool kafka: slot 1 is held by i-");
    waits.signal(Signal::TERM);
    waits.finish();
    assert_eq!(run(&["--plain"]).finish().code, exit::CONFIG);
    hears(&instance, "STATUS=no pool is named");
    assert_eq!(run(&["--plain", "--config", "/nowhere"]).finish().code, exit::CONFIG);
    hears(&instance, "STATUS=/nowhere: No such file");
}

#[test]
fn the_facts_say_how_the_command_fares() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let run = instance.run_plain(&[], OBEDIENT);
    instance.wait_sleepers(1);
    let status: Value = eventually("a status", || {
        let status = instance.slot_json()["status"].clone();
        status.is_object().then_some(status)
    });
    assert_eq!(status["text"], "sh runs");
    run.signal(Signal::TERM);
    assert_eq!(run.finish().code, 9);
}

/// The agent has its standard error in common with its command: where that is full and nobody reads,
/// the guard must not wait for a line of its own.
#[test]
fn a_standard_error_that_nobody_reads_does_not_keep_the_command_alive() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let command = ["run", "--pool", POOL, "--plain", "--", "sh", "-c"];
    let command = [&command[..], &["yes >&2 & exec sleep 10001"]].concat();
    // Whoever starts it holds the pipe's other end, reads nothing, and notes its end.
    let holder = "import subprocess,sys,time\n\
        p=subprocess.Popen(sys.argv[1:],stderr=subprocess.PIPE,stdin=subprocess.DEVNULL)\n\
        p.wait();open('/run/ended','w').write(str(p.returncode))\n\
        time.sleep(1000)\n";
    let python = ["python3", "-c", holder, crate::region::program()];
    let _holder = Running::start(instance.command(&[&python[..], &command].concat()));
    instance.wait_sleepers(1);
    eventually("the pipe is full", || {
        let listed = instance.sh("ps -eo stat=,comm=");
        listed.lines().any(|it| it.starts_with('S') && it.ends_with(" yes")).then_some(())
    });
    // Each of these is told of by a line.
    instance.sh("ip rule del priority 8300");
    eventually("it is put back", || instance.sh("ip rule").contains("8300:").then_some(()));
    instance.lose_slot();
    instance.wait_sleepers(0);
    eventually("it ends", || {
        let ended = instance.sh("cat /run/ended 2>/dev/null || true");
        (ended == exit::FENCED.to_string()).then_some(())
    });
}
