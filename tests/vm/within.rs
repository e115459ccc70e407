//! Waits and programs, each with a deadline.

use std::fmt::Display;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The longest that anything may take. It is never reached where all is well: machines without
/// hardware virtualisation, on a host that is busy, take minutes to boot.
pub const DEADLINE: Duration = Duration::from_secs(20 * 60);

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Looks until there is something to see.
pub fn eventually<T>(what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {} s: {what}", DEADLINE.as_secs());
        sleep(LOOK_AGAIN);
    }
}

/// Runs a program to its end.
pub fn output(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let pid = Pid::from_child(&child);
    let (ended, end) = channel();
    spawn(move || ended.send(child.wait_with_output()));
    let output = end.recv_timeout(DEADLINE).unwrap_or_else(|_| {
        let _ = kill_process(pid, Signal::KILL);
        panic!("still running after {} s: {command:?}", DEADLINE.as_secs())
    });
    output.unwrap()
}

/// Runs a program, which succeeds; the answer is what it printed.
pub fn done(command: Command) -> String {
    let told = format!("{command:?}");
    let output = output(command);
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{}: {told}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}

/// A program that runs as long as this value lives.
pub struct Background(Child);

impl Background {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
