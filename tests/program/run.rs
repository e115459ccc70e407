//! A program that runs in an instance, and what it ended with.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::region::DEADLINE;

/// The exit codes that the program promises: `sysexits.h`.
pub mod exit {
    pub const USAGE: i32 = 64;
    pub const UNAVAILABLE: i32 = 69;
    pub const TEMPFAIL: i32 = 75;
    pub const NOPERM: i32 = 77;
    pub const CONFIG: i32 = 78;
    pub const FENCED: i32 = 79;
}

/// A running program; it is killed if it is dropped or does not end in time.
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (line, lines) = channel();
        spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|it| line.send(it)));
        let stdout = spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, stdout: Some(stdout), lines, seen: Vec::new() }
    }

    /// Waits for a line on standard error that has this text; `false` if it ended without.
    pub fn wait_line(&mut self, text: &str) -> bool {
        self.wait_lines(|line| line.contains(text))
    }

    /// Waits for so many lines on standard error; `false` if it ended with fewer.
    pub fn wait_count(&mut self, count: usize) -> bool {
        let mut left = count;
        left == 0
            || self.wait_lines(|_| {
                left -= 1;
                left == 0
            })
    }

    fn wait_lines(&mut self, mut is_it: impl FnMut(&str) -> bool) -> bool {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => {
                    let found = is_it(&line);
                    self.seen.push(line);
                    if found {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("silent for {DEADLINE:?}: {:#?}", self.seen)
                }
            }
        }
    }

    /// Sends a signal, which `steadfast-sim exec` passes on.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it like a crash, and waits until nothing of it is left.
    pub fn kill(mut self) -> Vec<String> {
        // With `steadfast-sim exec` the program in the instance ends, and closes the pipe.
        self.child.kill().unwrap();
        while self.wait_lines(|_| false) {}
        self.child.wait().unwrap();
        std::mem::take(&mut self.seen)
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Outcome {
        let end = Instant::now() + DEADLINE;
        while self.is_running() && Instant::now() < end {
            sleep(Duration::from_millis(5));
        }
        let late = self.is_running();
        let _ = self.child.kill();
        while self.wait_lines(|_| false) {}
        let status = self.child.wait().unwrap();
        let stdout = self.stdout.take().unwrap().join().unwrap();
        let stderr: String = self.seen.iter().map(|line| format!("{line}\n")).collect();
        assert!(!late, "still running after {DEADLINE:?}:\n{stdout}{stderr}");
        Outcome { code: status.code().unwrap_or(-1), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program ended with.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Refuses a failure.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("steadfast: "), "{}", self.stderr);
        self
    }

    /// Refuses anything but a failure with this code and nothing on standard output, told in one
    /// line, the last one, that has these texts. The answer is that line.
    #[track_caller]
    pub fn fails(&self, code: i32, texts: &[&str]) -> &str {
        let all = || format!("exit {}\n{}{}", self.code, self.stdout, self.stderr);
        assert_eq!(self.code, code, "{}", all());
        assert_eq!(self.stdout, "", "{}", all());
        let mut told = self.stderr.lines().filter(|line| line.starts_with("steadfast: "));
        let line = told.next().unwrap_or_else(|| panic!("no line of its own: {}", all()));
        assert_eq!(told.next(), None, "{}", all());
        assert_eq!(self.stderr.lines().last(), Some(line), "{}", all());
        let missing: Vec<_> = texts.iter().filter(|text| !line.contains(**text)).collect();
        assert!(missing.is_empty(), "no {missing:?} in: {line}");
        // For whoever judges the texts.
        println!("{line}");
        line
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}
