//! The agent dies like a power cut, at any moment: nothing that it started is left. Seeds are printed.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::agent::Agent;
use crate::alone::alone;
use crate::awkward;
use crate::judge::{eventually, living, ps_line, wait_until_nothing_lives};
use crate::program::{keeper_after, shell};

/// Has a child that leaves the session.
const SCRIPT: &str = "setsid sleep 1000 & sleep 1000 & wait";
/// The agent, its keeper, the script and its two children.
const STEADY: usize = 5;

/// Who is killed, in this order and as fast as possible.
#[derive(Debug, Clone, Copy)]
enum Victims {
    Agent,
    AgentThenKeeper,
    KeeperThenAgent,
}

fn kill(pid: Option<u32>, signal: Signal) {
    if let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        // It may be dead already.
        let _ = kill_process(pid, signal);
    }
}

impl Victims {
    fn kill(self, agent: &Agent) {
        let (first, second) = match self {
            Self::Agent => (Some(agent.pid()), None),
            Self::AgentThenKeeper => (Some(agent.pid()), agent.keeper()),
            Self::KeeperThenAgent => (agent.keeper(), Some(agent.pid())),
        };
        kill(first, Signal::KILL);
        kill(second, Signal::KILL);
    }
}

/// From before the agent's first step to well after COMMAND's start. The moment is a seed's part of a
/// window that follows the machine's speed, so that about half of them are before the steady state.
#[test]
fn nothing_outlives_an_agent_that_dies_at_any_moment() {
    alone(async || {
        let mut window = Duration::from_millis(50);
        let (mut before, mut after) = (0, 0);
        for seed in 0..90_u64 {
            let victims = [Victims::Agent, Victims::AgentThenKeeper, Victims::KeeperThenAgent];
            let victims = victims[usize::try_from(seed % 3).unwrap()];
            let delay = window.mul_f64(fastrand::Rng::with_seed(seed).f64());
            let mark = format!("moment-{seed}");
            let agent = Agent::start(&shell(&mark, SCRIPT));
            sleep(delay);
            let reached = living(&mark).len();
            victims.kill(&agent);
            agent.wait();
            println!("seed {seed}: {victims:?} after {delay:?}, {reached} processes");
            wait_until_nothing_lives(&mark);
            let is_steady = reached == STEADY;
            window = window.mul_f64(if is_steady { 0.85 } else { 1.15 });
            *(if is_steady { &mut after } else { &mut before }) += 1;
        }
        assert!(before >= 10 && after >= 10, "{before} before the steady state, {after} in it");
    });
}

/// Before the keeper has done anything: the agent's word is in the socket already, and no parent-death
/// signal will come.
#[test]
fn a_keeper_that_comes_after_its_agents_death_starts_nothing() {
    alone(async || {
        for round in 0..20 {
            let mark = format!("late-{round}");
            let program = shell(&mark, "echo alive >/run/started; exec sleep 1000");
            let late = keeper_after("echo ready >/run/ready; while [ ! -e /run/go ]; do :; done");
            let agent = Agent::by(&[], &late, &program);
            eventually("the keeper", || Path::new("/run/ready").exists().then_some(()));
            agent.kill();
            agent.wait();
            std::fs::write("/run/go", "").unwrap();
            wait_until_nothing_lives(&mark);
            assert!(!Path::new("/run/started").exists(), "{mark}");
            for file in ["/run/go", "/run/ready"] {
                std::fs::remove_file(file).unwrap();
            }
        }
    });
}

/// What hangs cannot look at its socket; the kernel has the parent-death signal.
#[test]
fn a_stopped_keeper_dies_with_its_agent() {
    alone(async || {
        let agent = Agent::start(&shell("hung", SCRIPT));
        let keeper = agent.started().keeper;
        kill(Some(keeper), Signal::STOP);
        eventually("stopped", || ps_line(keeper).stat.starts_with('T').then_some(()));
        agent.kill();
        agent.wait();
        wait_until_nothing_lives("hung");
    });
}

#[test]
fn nothing_awkward_outlives_its_agent() {
    alone(async || {
        for it in awkward::all() {
            let agent = Agent::start(&it.program);
            let keeper = agent.started().keeper;
            eventually(it.name, || (it.in_position)(keeper).then_some(()));
            agent.kill();
            agent.wait();
            wait_until_nothing_lives(it.name);
        }
    });
}

/// As a person does in despair.
#[test]
fn pkill_by_name_leaves_nothing() {
    alone(async || {
        let agent = Agent::start(&shell("pkill", SCRIPT));
        let keeper = agent.started().keeper;
        assert_eq!(ps_line(keeper).command, "steadfast");
        let agent_name = ps_line(agent.pid()).command;
        let names = format!("^({agent_name}|steadfast)$");
        // The test itself has the agent's name.
        let me = std::process::id().to_string();
        crate::alone::sh(&format!("kill -9 $(pgrep '{names}' | grep -vx {me})"));
        agent.wait();
        wait_until_nothing_lives("pkill");
    });
}
