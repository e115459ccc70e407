//! The handle of a program that starts `workload run`: it hears the ticks, asks, and ends it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command as Program, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::protocol::{Acknowledged, Checked, Command, Gap, Line, Tick};

/// What most of this returns.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The client says something about ten times a second; this long a silence is a broken client.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A running `workload run`; it ends with this value.
pub struct Handle<'a> {
    child: Child,
    commands: Option<ChildStdin>,
    lines: Receiver<Line>,
    tick: Tick,
    on_tick: Box<dyn Fn(&Tick) + 'a>,
}

impl<'a> Handle<'a> {
    /// Starts it by this command. Each tick that is heard is given to `on_tick`.
    pub fn start(mut command: Program, on_tick: impl Fn(&Tick) + 'a) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the client has no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                let Ok(line) = serde_json::from_str(&line) else { continue };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let commands = child.stdin.take();
        Ok(Self { child, commands, lines, tick: Tick::default(), on_tick: Box::new(on_tick) })
    }

    /// What it last said.
    pub fn tick(&self) -> &Tick {
        &self.tick
    }

    /// Its next tick: none that it has said before this call.
    pub fn next_tick(&mut self) -> Result<&Tick> {
        while let Ok(line) = self.lines.try_recv() {
            self.hear(&line);
        }
        while !matches!(self.next_line()?, Line::Tick(_)) {}
        Ok(&self.tick)
    }

    fn next_line(&mut self) -> Result<Line> {
        let line = self.lines.recv_timeout(SILENCE_MAX).map_err(|error| match error {
            RecvTimeoutError::Timeout => "the client says nothing any more",
            RecvTimeoutError::Disconnected => "the client has ended",
        })?;
        self.hear(&line);
        Ok(line)
    }

    fn hear(&mut self, line: &Line) {
        if let Line::Tick(tick) = line {
            (self.on_tick)(tick);
            self.tick = tick.clone();
        }
    }

    /// Waits until a tick fits.
    pub fn wait_tick(
        &mut self,
        what: &str,
        deadline: Duration,
        fits: impl Fn(&Tick) -> bool,
    ) -> Result<Tick> {
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            let tick = self.next_tick()?;
            if fits(tick) {
                return Ok(tick.clone());
            }
        }
        let seconds = deadline.as_secs();
        Err(format!("{what}: not within {seconds} s (modes: {:?})", self.tick.modes).into())
    }

    /// Waits until so many servers are members.
    pub fn wait_members(&mut self, n: usize, deadline: Duration) -> Result<Tick> {
        let formed = |tick: &Tick| tick.modes.len() == n && leader(tick).is_some();
        self.wait_tick("every server a member", deadline, formed)
    }

    /// Waits until so many more writes are acknowledged.
    pub fn wait_acknowledged(&mut self, more: usize, deadline: Duration) -> Result<Tick> {
        let goal = self.next_tick()?.acknowledged + more;
        self.wait_tick("writes", deadline, |tick| tick.acknowledged >= goal)
    }

    /// Reads every server, while writing goes on.
    pub fn check(&mut self, deadline: Duration) -> Result<Checked> {
        self.ask(&Command::Check, deadline, |line| match line {
            Line::Checked(checked) => Some(checked),
            _ => None,
        })
    }

    /// The longest time without an acknowledged write that ended after `since`, in seconds since
    /// the epoch.
    pub fn gap(&mut self, since: f64) -> Result<Gap> {
        self.ask(&Command::Gap { since }, SILENCE_MAX, |line| match line {
            Line::Gap(gap) => Some(gap),
            _ => None,
        })
    }

    /// All acknowledged writes in order of acknowledgement.
    pub fn ledger(&mut self) -> Result<Vec<Acknowledged>> {
        self.ask(&Command::Ledger, SILENCE_MAX, |line| match line {
            Line::Ledger(entries) => Some(entries),
            _ => None,
        })
    }

    fn ask<T>(
        &mut self,
        command: &Command,
        deadline: Duration,
        answer: impl Fn(Line) -> Option<T>,
    ) -> Result<T> {
        let text = serde_json::to_string(command)? + "\n";
        self.commands.as_mut().ok_or("the client has ended")?.write_all(text.as_bytes())?;
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            if let Some(answer) = answer(self.next_line()?) {
                return Ok(answer);
            }
        }
        Err(format!("{command:?}: no answer within {} s", deadline.as_secs()).into())
    }

    /// Ends it.
    pub fn end(mut self) -> Result<()> {
        drop(self.commands.take());
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("the client ended with {status}").into()),
        }
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // After `end` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The leader's `address:port`.
pub fn leader(tick: &Tick) -> Option<&String> {
    tick.modes.iter().find(|(_, mode)| *mode == "leader").map(|(server, _)| server)
}
