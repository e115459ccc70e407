//! Signals reach COMMAND's whole process group, from whoever signals the keeper.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use steadfast::supervise::{Ending, Supervised};

use crate::agent::Agent;
use crate::alone::alone;
use crate::judge::{eventually_async, lines, ps_line, status_field};
use crate::latency;
use crate::program::{marked, python, shell, start};

/// What a unit, a terminal or a person may want to tell ZooKeeper.
const FORWARDED: [Signal; 14] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::PIPE,
    Signal::ALARM,
    Signal::TERM,
    Signal::CONT,
    Signal::TSTP,
    Signal::TTIN,
    Signal::WINCH,
    Signal::POWER,
    Signal::IO,
];

/// Two processes of a group, and one that has left it, write down what they get.
const LISTENERS: &str = "
import os, signal
name = 'leader'
if os.fork() == 0:
    name = 'member'
    if os.fork() == 0:
        name = 'outsider'
        os.setpgid(0, 0)
def tell(what):
    with open('/run/heard', 'a') as file: file.write('%s %s\\n' % (name, what))
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
        signal.signal(number, lambda number, _: tell(number))
tell('ready')
while True: signal.pause()";

async fn heard(what: &str) {
    let all = eventually_async(what, || {
        let heard = lines(Path::new("/run/heard"));
        let of = |name: &str| heard.contains(&format!("{name} {what}"));
        (of("leader") && of("member")).then_some(heard)
    });
    let all = all.await;
    assert!(what == "ready" || !all.contains(&format!("outsider {what}")), "{all:?}");
}

async fn listeners(mark: &str) -> Supervised {
    let program = start(&python(mark, LISTENERS)).await;
    heard("ready").await;
    let ready = "outsider ready".to_owned();
    eventually_async(&ready, || lines(Path::new("/run/heard")).contains(&ready).then_some(()))
        .await;
    program
}

#[test]
fn a_signal_reaches_the_whole_group() {
    alone(async || {
        let program = listeners("group").await;
        for signal in FORWARDED {
            program.forward(signal);
            heard(&signal.as_raw().to_string()).await;
        }
    });
}

#[test]
fn a_signal_to_the_keeper_reaches_the_whole_group() {
    alone(async || {
        let program = listeners("keeper").await;
        let keeper = Pid::from_raw(program.keeper_pid().cast_signed()).unwrap();
        for signal in FORWARDED {
            kill_process(keeper, signal).unwrap();
            heard(&signal.as_raw().to_string()).await;
        }
        assert!(ps_line(program.keeper_pid()).stat.starts_with('S'));
    });
}

/// As `kill 1` in a container.
#[test]
fn a_signal_from_within_reaches_the_group_and_cannot_kill_the_keeper() {
    alone(async || {
        let script = "trap 'exit 9' TERM; kill -KILL 1; kill -TERM 1; while :; do sleep 0.01; done";
        let mut program = start(&shell("within", script)).await;
        assert_eq!(program.ended().await.unwrap(), Ending::Exited(9));
    });
}

/// SIGSTOP cannot be passed on, only obeyed; the keeper is not to be the one that obeys.
#[test]
fn stop_is_not_forwarded() {
    alone(async || {
        let program = listeners("stop").await;
        program.forward(Signal::STOP);
        program.forward(Signal::USR1);
        heard("10").await;
        for pid in [program.pid(), program.keeper_pid()] {
            assert!(ps_line(pid).stat.starts_with('S'));
        }
    });
}

#[test]
fn a_jvm_prints_its_threads_on_quit() {
    alone(async || {
        let mut program = start(&marked("jvm", "sh", &["-c", &latency::zookeeper()])).await;
        eventually_async("ZooKeeper", || latency::serves().then_some(())).await;
        program.forward(Signal::QUIT);
        eventually_async("a thread dump", || {
            let output = std::fs::read_to_string("/run/zookeeper.log").unwrap_or_default();
            output.contains("Full thread dump").then_some(())
        })
        .await;
        let stopped =
            program.stop(Signal::TERM, std::time::Duration::from_secs(120)).await.unwrap();
        // A JVM's own status for a SIGTERM that it obeyed.
        assert_eq!((stopped.ending, stopped.killed), (Ending::Exited(143), false));
    });
}

/// systemd leaves SIGPIPE ignored, nohup SIGHUP, and a thread may block any.
#[test]
fn command_starts_with_every_signal_at_its_default() {
    alone(async || {
        let env = ["env", "--ignore-signal=HUP,PIPE,CHLD,USR2", "--block-signal=USR1,TERM"];
        let agent = Agent::below(&env, &marked("defaults", "sleep", &["1000"]));
        let started = agent.started();
        for field in ["SigBlk", "SigIgn", "SigCgt"] {
            let signals = u64::from_str_radix(&status_field(started.pid, field), 16).unwrap();
            // Number 32 and above are the C library's own, or mean nothing between programs.
            assert_eq!(signals & 0x7fff_ffff, 0, "{field}");
        }
        // With SIGCHLD ignored no status can be waited for; the agent still sees the end.
        kill_process(Pid::from_raw(started.pid.cast_signed()).unwrap(), Signal::USR1).unwrap();
        assert_eq!(agent.wait(), Some(128 + 10));
    });
}
