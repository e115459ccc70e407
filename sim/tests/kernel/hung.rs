//! An instance that hangs: no process of it runs, its kernel does.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use steadfast_sim::client::LocalRegion;

use super::support::{
    DEADLINE, attach, detach, instance, instance_with, links, output, region, shell, until,
};
use super::traffic::{Conversation, address, eni};

/// Starts programs that fork without pause, each in a session of its own, the second one in a PID
/// namespace of its own; and one that somebody has stopped.
const STORM: &str = "
exec >/dev/null 2>&1
storm='while true; do (date +%s%N > /var/beat); done'
setsid bash -c \"$storm\" &
setsid unshare --fork --pid --mount-proc bash -c \"${storm/beat/nested}\" &
bash -c 'kill -STOP $$; true' &
until grep -q '^State:.T' /proc/$!/status; do sleep 0.01; done
until [ -s /var/beat ] && [ -s /var/nested ]; do sleep 0.01; done
";

/// A process of an instance as `ps` sees it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    space: String,
    state: char,
    pid: u32,
    program: String,
}

/// All processes of a region's only instance: whatever is not in the region's own PID namespace.
fn seen(region: &LocalRegion) -> Vec<Seen> {
    let listed = output(region.router(&["ps", "-eo", "pidns=,stat=,pid=,comm="]));
    let all = listed.lines().map(|line| {
        let mut words = line.split_whitespace();
        let mut word = || words.next().expect("four words").to_owned();
        let (space, state, pid, program) = (word(), word(), word(), word());
        let state = state.chars().next().expect("a state");
        Seen { space, state, pid: pid.parse().expect("a number"), program }
    });
    let all: Vec<Seen> = all.collect();
    let own = all.iter().find(|seen| seen.pid == 1).expect("the region's PID 1").space.clone();
    all.into_iter().filter(|seen| seen.space != own).collect()
}

fn beats(region: &LocalRegion, instance: &str) -> [Vec<u8>; 2] {
    let disk = region.state_dir().disk(instance).join("var");
    ["beat", "nested"].map(|name| std::fs::read(disk.join(name)).expect("it has begun"))
}

#[test]
fn every_process_of_a_hung_host_stops_and_goes_on() {
    let region = region();
    let id = instance(&region);
    shell(&region, &id, STORM);
    for _ in 0..5 {
        region.hang(&id).expect("it hangs");
        let (stopped, beats_then) = (seen(&region), beats(&region, &id));
        let spaces: BTreeSet<&str> = stopped.iter().map(|seen| seen.space.as_str()).collect();
        assert_eq!(spaces.len(), 2, "its own and a nested one: {stopped:?}");
        assert!(
            stopped.len() >= 5,
            "PID 1, two storms, unshare, the one stopped before: {stopped:?}"
        );
        let runs = |seen: &&Seen| !"TZ".contains(seen.state);
        assert_eq!(stopped.iter().find(runs), None, "{stopped:?}");
        // Whatever still ran would fork or beat while this starts a program or two.
        assert_eq!(seen(&region), stopped);
        assert_eq!(beats(&region, &id), beats_then);
        region.resume(&id).expect("it goes on");
        let both_beat = || (0..2).all(|i| beats(&region, &id)[i] != beats_then[i]);
        until("both storms beat again", both_beat);
    }
    let stopped = seen(&region).into_iter().filter(|seen| seen.state == 'T');
    assert_eq!(stopped.count(), 1, "what somebody else had stopped stays so, and no other does");
}

#[test]
fn the_kernel_of_a_hung_host_answers_and_its_programs_do_later() {
    let region = region();
    let (peer, victim) = (instance(&region), instance(&region));
    let mut conversation = Conversation::start(&region, &peer, &victim);
    region.hang(&victim).expect("it hangs");
    let view = region.wait_running(&victim).expect("EC2 says that it runs");
    assert!(view.hung && !view.cut, "{view:?}");
    assert_eq!(conversation.say("late"), "acknowledged");
    let ping = ["ping", "-c", "1", "-W", "10", &address(&region, &victim)];
    output(region.exec(&peer, &ping));
    region.resume(&victim).expect("it goes on");
    let mut heard = String::new();
    until("it answers", || {
        heard = conversation.say("more");
        heard != "acknowledged"
    });
    assert!(heard.starts_with("late"), "{heard}");
    assert!(!region.wait_running(&victim).expect("it runs").hung);
}

#[test]
fn a_stopped_program_is_not_taken_for_one_that_ended() {
    let region = region();
    let script = "#!/bin/sh\nuntil [ -e /var/go ]; do sleep 0.01; done\n";
    let id = instance_with(&region, script);
    let mut exec = region.exec(&id, &["sh", "-c", "read word; exit 7"]);
    let mut exec = exec.stdin(Stdio::piped()).spawn().expect("it runs");
    region.hang(&id).expect("it hangs");
    std::fs::write(region.state_dir().disk(&id).join("var/go"), "").expect("the disk is there");
    writeln!(exec.stdin.take().expect("its input"), "go").expect("it takes it");
    // Twice, so that whoever misreads it has had the time to.
    region.hang(&id).expect("it hangs already");
    assert_eq!(exec.try_wait().expect("it is ours"), None);
    assert!(!region.console(&id).expect("a console").contains("user-data ended"));
    region.resume(&id).expect("it goes on");
    assert_eq!(exec.wait().expect("it ends").code(), Some(7));
    let ended = || region.console(&id).expect("a console").contains("ended with status 0");
    until("user-data ends", ended);
}

#[test]
fn a_hung_host_gets_and_loses_interfaces() {
    let region = region();
    let id = instance(&region);
    let slot = region.create_pool("zk", 1, false).expect("a pool").remove(0);
    attach(&region, &slot, &id, 1);
    region.hang(&id).expect("it hangs");
    detach(&region, &slot);
    until("it is gone from its kernel", || !links(&region, &id).contains("ens6"));
    until("it is free", || eni(&region, &slot).status == "available");
    attach(&region, &slot, &id, 1);
    assert!(links(&region, &id).contains("ens6"));
}

#[test]
fn a_hung_host_can_be_ended_and_comes_back_sound() {
    let region = region();
    let id = instance(&region);
    region.hang(&id).expect("it hangs");
    region.stop(&id).expect("it stops");
    region.wait_state(&id, "stopped", DEADLINE).expect("it stops");
    let refused = region.hang(&id).expect_err("it is off");
    assert!(refused.to_string().contains("is stopped: only a running one"), "{refused}");
    region.start(&id).expect("it starts");
    let view = region.wait_running(&id).expect("it runs");
    assert!(!view.hung, "{view:?}");
    assert_eq!(shell(&region, &id, "echo sound"), "sound\n");
    region.hang(&id).expect("it hangs");
    region.terminate(&id).expect("it is terminated");
    let gone = region.wait_state(&id, "terminated", DEADLINE).expect("it is terminated");
    assert!(!gone.hung, "{gone:?}");
    until("no process of it is left", || seen(&region).is_empty());
}
