//! An instance that hangs: every process in it is stopped, as on a host whose scheduler is dead.
//! Its kernel lives, as far as a kernel does without processes: it answers ARP and acknowledges TCP.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::error::Result;
use super::pid_space::PidSpace;
use super::process::Process;
use super::run_state::Run;
use crate::fabric::FabricError;

/// How long a thread that the kernel does not let stop yet (it writes to a disk, or waits for a
/// child that is stopped between `vfork` and `exec`) is waited for. It has its order, and obeys
/// before it returns to its program, so that it may be left so.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long the processes are given to stop before they are looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What is to be known of a hang to end it.
#[derive(Debug)]
pub struct Frozen {
    /// Stopped by somebody else, before; they stay so when the hang ends.
    before: BTreeSet<Process>,
}

/// Stops every process in the PID namespace of which this is PID 1, and in those nested in it;
/// returns when all have stopped. In doubt nothing is: after the deadline all go on.
///
/// If it hangs already, by `frozen`, what has come to run in it since is stopped, too.
pub fn freeze(init: Process, frozen: Option<Frozen>, deadline: Duration) -> Result<Frozen> {
    let space = PidSpace::of(init)?;
    let frozen = match frozen {
        Some(frozen) => frozen,
        None => Frozen { before: stopped(&space)? },
    };
    let stopped = stop_all(&space, deadline);
    if stopped.is_err() {
        // The reason for that is what counts.
        let _ = thaw(init, &frozen);
    }
    stopped.map(|()| frozen)
}

/// Has all processes go on that a hang stopped.
pub fn thaw(init: Process, frozen: &Frozen) -> Result<()> {
    let space = PidSpace::of(init)?;
    let mut stopped = Vec::new();
    for process in space.processes()? {
        if !frozen.before.contains(&process) {
            stopped.extend(process.handle()?);
        }
    }
    // All at once is what a host would do. One after the other, the first gains some microseconds:
    // not always the oldest, which is the one that guards the others.
    fastrand::shuffle(&mut stopped);
    stopped.iter().try_for_each(|process| process.send(Signal::CONT))
}

fn stop_all(space: &PidSpace, deadline: Duration) -> Result<()> {
    let begin = Instant::now();
    let (mut ordered, mut last) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let processes = space.processes()?;
        let patient = begin.elapsed() < PATIENCE;
        let has_stopped = |process: &Process| match Run::of(process) {
            Run::Stopped | Run::Ended => true,
            Run::Stopping => !patient && ordered.contains(process),
            Run::Running => false,
        };
        let moving: Vec<Process> =
            processes.iter().copied().filter(|process| !has_stopped(process)).collect();
        // Twice the same: one that was born behind the first look's back shows in the second.
        if moving.is_empty() && processes == last {
            return Ok(());
        }
        if begin.elapsed() >= deadline {
            let pids: Vec<u32> = moving.iter().map(|process| process.pid).collect();
            return Err(FabricError(format!("processes {pids:?} did not stop in {deadline:?}")));
        }
        for process in &moving {
            if let Some(handle) = process.handle()? {
                handle.send(Signal::STOP)?;
            }
        }
        if !moving.is_empty() {
            sleep(LOOK_AGAIN);
        }
        ordered.extend(moving);
        last = processes;
    }
}

fn stopped(space: &PidSpace) -> Result<BTreeSet<Process>> {
    let processes = space.processes()?.into_iter();
    Ok(processes.filter(|process| Run::of(process) == Run::Stopped).collect())
}
