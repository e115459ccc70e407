//! The fence: one signal, and when `ended` resolves nothing is there.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use steadfast::supervise::{Ending, Supervised};
use tokio::time::timeout;

use crate::alone::alone;
use crate::awkward;
use crate::judge::{
    assert_nothing_lives, eventually_async, living, ps_line, wait_until_nothing_lives, zombies_of,
};
use crate::program::{keeper_after, shell, start};

#[test]
fn kill_leaves_nothing_of_anything() {
    alone(async || {
        for it in awkward::all() {
            let mut program = start(&it.program).await;
            let keeper = program.keeper_pid();
            eventually_async(it.name, || (it.in_position)(keeper).then_some(())).await;
            program.kill();
            assert_eq!(program.ended().await.unwrap(), Ending::Signaled(9), "{}", it.name);
            assert_nothing_lives(it.name);
            assert_eq!(zombies_of(std::process::id()), [], "{}", it.name);
        }
    });
}

/// The judge can see what is there: a mark is borne by all that a test starts.
#[test]
fn the_judge_sees_what_lives() {
    alone(async || {
        for it in awkward::all() {
            let program = start(&it.program).await;
            let keeper = program.keeper_pid();
            eventually_async(it.name, || (it.in_position)(keeper).then_some(())).await;
            assert_eq!(living(it.name).len(), awkward::family(keeper), "{}", it.name);
            drop(program);
            wait_until_nothing_lives(it.name);
        }
    });
}

#[test]
fn kill_may_come_twice_and_after_the_end() {
    alone(async || {
        let mut program = start(&shell("twice", "exec sleep 1000")).await;
        let mut other = start(&shell("other", "exec sleep 1000")).await;
        program.kill();
        program.kill();
        program.ended().await.unwrap();
        program.kill();
        program.forward(Signal::TERM);
        assert_eq!(program.ended().await.unwrap(), Ending::Signaled(9));
        assert_eq!(living("other"), [other.keeper_pid(), other.pid()]);
        other.kill();
        other.ended().await.unwrap();
    });
}

#[test]
fn a_stopped_keeper_is_killed_as_any_other() {
    alone(async || {
        let mut program = start(&shell("stopped-keeper", "sleep 1000 & wait")).await;
        let keeper = program.keeper_pid();
        kill_process(Pid::from_raw(keeper.cast_signed()).unwrap(), Signal::STOP).unwrap();
        eventually_async("stopped", || ps_line(keeper).stat.starts_with('T').then_some(())).await;
        program.kill();
        assert_eq!(program.ended().await.unwrap(), Ending::Signaled(9));
        assert_nothing_lives("stopped-keeper");
    });
}

/// By a person, or for want of memory.
#[test]
fn a_keeper_that_others_kill_takes_all_with_it() {
    alone(async || {
        let mut program = start(&shell("by-others", "setsid sleep 1000 & wait")).await;
        let keeper = Pid::from_raw(program.keeper_pid().cast_signed()).unwrap();
        kill_process(keeper, Signal::KILL).unwrap();
        assert_eq!(program.ended().await.unwrap(), Ending::Signaled(9));
        assert_nothing_lives("by-others");
    });
}

#[test]
fn what_is_dropped_is_killed() {
    alone(async || {
        let program = start(&shell("dropped", "setsid sleep 1000 & wait")).await;
        drop(program);
        wait_until_nothing_lives("dropped");
        let me = std::process::id();
        eventually_async("no zombie", || zombies_of(me).is_empty().then_some(())).await;
    });
}

/// The agent turns to something else while the start takes long.
#[test]
fn a_start_that_is_dropped_leaves_nothing() {
    alone(async || {
        let keeper = keeper_after("sleep 1000");
        let program = shell("early", "exec sleep 1000");
        let start = Supervised::start_by(&keeper, &program);
        let begun = timeout(Duration::from_millis(200), start).await;
        assert!(begun.is_err(), "{begun:?}");
        wait_until_nothing_lives("early");
        let me = std::process::id();
        eventually_async("no zombie", || zombies_of(me).is_empty().then_some(())).await;
    });
}
