//! The handle to the client that runs inside the region (see [`super::workload`]).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::Result;
use super::ensemble::Ensemble;
use super::screen::Screen;
use super::workload::{Checked, Line, Tick};

/// The client must say something ten times a second; this long a silence is a broken client.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The client.
pub struct Client {
    child: Child,
    commands: Option<ChildStdin>,
    lines: Receiver<Line>,
    tick: Tick,
}

impl Client {
    /// Starts the client in an instance of its own.
    pub fn start(ensemble: &Ensemble, connect_string: &str) -> Result<Self> {
        let host = ensemble.launch_client_host()?;
        let program = ensemble.own_program()?;
        let mut child = ensemble
            .region
            .exec(&host, &[program.as_str(), "workload", connect_string])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
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
        Ok(Self { child, commands, lines, tick: Tick::default() })
    }

    /// What it last said.
    pub fn tick(&self) -> &Tick {
        &self.tick
    }

    /// Its next tick, shown on the screen.
    pub fn next_tick(&mut self, screen: &Screen) -> Result<&Tick> {
        loop {
            if let Line::Tick(tick) = self.next_line()? {
                screen.show(&tick);
                self.tick = tick;
                return Ok(&self.tick);
            }
        }
    }

    fn next_line(&self) -> Result<Line> {
        match self.lines.recv_timeout(SILENCE_MAX) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err("the client says nothing any more".into()),
            Err(RecvTimeoutError::Disconnected) => Err("the client has ended".into()),
        }
    }

    /// Waits until a tick fits.
    pub fn wait_tick(
        &mut self,
        what: &str,
        deadline: Duration,
        screen: &Screen,
        fits: impl Fn(&Tick) -> bool,
    ) -> Result<Tick> {
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            let tick = self.next_tick(screen)?;
            if fits(tick) {
                return Ok(tick.clone());
            }
        }
        let seconds = deadline.as_secs();
        Err(format!("{what}: not within {seconds} s (modes: {:?})", self.tick.modes).into())
    }

    /// Waits until so many servers are members.
    pub fn wait_members(&mut self, n: usize, deadline: Duration, screen: &Screen) -> Result<()> {
        let formed = |tick: &Tick| tick.modes.len() == n && leader(tick).is_some();
        self.wait_tick("every server a member", deadline, screen, formed).map(drop)
    }

    /// Waits until so many more writes are acknowledged.
    pub fn wait_acknowledged(
        &mut self,
        more: usize,
        deadline: Duration,
        screen: &Screen,
    ) -> Result<()> {
        let goal = self.tick.acknowledged + more;
        self.wait_tick("writes", deadline, screen, |tick| tick.acknowledged >= goal).map(drop)
    }

    /// Reads every acknowledged znode back from every server, while writing goes on.
    pub fn check(&mut self, deadline: Duration, screen: &Screen) -> Result<Checked> {
        self.commands.as_mut().ok_or("the client has ended")?.write_all(b"check\n")?;
        let end = Instant::now() + deadline;
        while Instant::now() < end {
            match self.next_line()? {
                Line::Checked(checked) => return Ok(checked),
                Line::Tick(tick) => {
                    screen.show(&tick);
                    self.tick = tick;
                }
            }
        }
        Err(format!("the znodes were not read back within {} s", deadline.as_secs()).into())
    }

    /// Ends the client.
    pub fn end(mut self) -> Result<()> {
        drop(self.commands.take());
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("the client ended with {status}").into()),
        }
    }
}

/// The leader's `address:port`.
pub fn leader(tick: &Tick) -> Option<&String> {
    tick.modes.iter().find(|(_, mode)| *mode == "leader").map(|(server, _)| server)
}
