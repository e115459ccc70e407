//! A stop: a signal, some time, and the rest.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use steadfast::supervise::{Ending, Stopped};

use crate::alone::alone;
use crate::awkward;
use crate::judge::{assert_nothing_lives, eventually_async, lines, ps_line};
use crate::program::{python, shell, start};

/// Never reached by what obeys.
const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn what_obeys_is_not_killed() {
    alone(async || {
        let script = "trap 'exit 5' TERM; echo ready >/run/ready; while :; do sleep 0.01; done";
        let mut program = start(&shell("obeys", script)).await;
        eventually_async("ready", || lines("/run/ready".as_ref()).pop()).await;
        let stopped = program.stop(Signal::TERM, LONG).await.unwrap();
        assert_eq!(stopped, Stopped { ending: Ending::Exited(5), killed: false });
        assert_nothing_lives("obeys");
    });
}

#[test]
fn what_ignores_the_signal_is_killed_when_the_time_is_over() {
    alone(async || {
        let script = "trap '' TERM; echo ready >/run/ready; while :; do sleep 0.01; done";
        let mut program = start(&shell("ignores", script)).await;
        eventually_async("ready", || lines("/run/ready".as_ref()).pop()).await;
        let begin = Instant::now();
        let stopped = program.stop(Signal::TERM, SHORT).await.unwrap();
        assert!(begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
        assert_eq!(stopped, Stopped { ending: Ending::Signaled(9), killed: true });
        assert_nothing_lives("ignores");
    });
}

#[test]
fn a_stop_leaves_nothing_of_anything() {
    alone(async || {
        for it in awkward::all() {
            let mut program = start(&it.program).await;
            let keeper = program.keeper_pid();
            eventually_async(it.name, || (it.in_position)(keeper).then_some(())).await;
            let stopped = program.stop(Signal::TERM, SHORT).await.unwrap();
            let expected = if stopped.killed { 9 } else { 15 };
            assert_eq!(stopped.ending, Ending::Signaled(expected), "{}", it.name);
            assert_eq!(stopped.killed, it.name == "deaf", "{}", it.name);
            assert_nothing_lives(it.name);
        }
    });
}

#[test]
fn a_stopped_command_can_still_end_in_its_own_way() {
    alone(async || {
        let script = "import os, signal, sys\n\
                      signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))\n\
                      os.kill(os.getpid(), signal.SIGSTOP)\n\
                      while True: signal.pause()";
        let mut program = start(&python("frozen", script)).await;
        let pid = program.pid();
        eventually_async("stopped", || ps_line(pid).stat.starts_with('T').then_some(())).await;
        let stopped = program.stop(Signal::TERM, LONG).await.unwrap();
        assert_eq!(stopped, Stopped { ending: Ending::Exited(6), killed: false });
    });
}

#[test]
fn a_stop_after_the_end_tells_of_that() {
    alone(async || {
        let mut program = start(&shell("over", "exit 3")).await;
        program.ended().await.unwrap();
        let stopped = program.stop(Signal::TERM, SHORT).await.unwrap();
        assert_eq!(stopped, Stopped { ending: Ending::Exited(3), killed: false });
    });
}
