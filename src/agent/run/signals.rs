//! The signals that the agent is sent: the first that asks it to stop also interrupts a claim.
//!
//! Whoever presses Ctrl-C (SIGINT) while it stops does not want to wait. A further SIGTERM says no more
//! than the first: service managers and scripts send it again, and so does a `steadfast release` after one
//! that was cut off, which must not cost a server the end that it is coming to.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::{mpsc, watch};
use tracing::info;

use crate::agent::Interrupt;
use crate::supervise::Ending;

/// What is passed on to the command. The first two ask it, and so the agent, to stop.
const HEEDED: [Signal; 6] =
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2];

/// The signals, in the order in which they came.
#[derive(Debug)]
pub struct Signals {
    came: mpsc::UnboundedReceiver<Signal>,
    interrupt: watch::Sender<bool>,
    /// Those that ask to stop, each once.
    asked: Vec<Signal>,
    is_urgent: bool,
}

impl Signals {
    /// Listens from now on; the interrupt is for the claim.
    ///
    /// # Errors
    /// The kernel's, if a signal cannot be caught.
    pub fn listen() -> io::Result<(Self, Interrupt)> {
        let (tell, came) = mpsc::unbounded_channel();
        for signal in HEEDED {
            let mut stream = unix::signal(SignalKind::from_raw(signal.as_raw()))?;
            let tell = tell.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() && tell.send(signal).is_ok() {}
            });
        }
        let (interrupt, interrupted) = watch::channel(false);
        Ok((Self { came, interrupt, asked: Vec::new(), is_urgent: false }, interrupted))
    }

    /// The next signal, except one that asks to stop as it has asked before, and not more urgently.
    pub async fn next(&mut self) -> Signal {
        loop {
            let Some(signal) = self.came.recv().await else {
                // The listeners live as long as the runtime.
                return std::future::pending().await;
            };
            if !is_stop(signal) {
                return signal;
            }
            self.interrupt.send_replace(true);
            self.is_urgent |= signal == Signal::INT && !self.asked.is_empty();
            if self.is_urgent || !self.asked.contains(&signal) {
                self.asked.push(signal);
                return signal;
            }
            info!(signal = signal.as_raw(), "asked again to stop, which is under way");
        }
    }

    /// The next signal that asks to stop, or the one that has asked already; others come too early
    /// and are nobody's.
    pub async fn stop(&mut self) -> Signal {
        while self.asked.is_empty() {
            let signal = self.next().await;
            if is_stop(signal) {
                return signal;
            }
        }
        Signal::TERM
    }

    /// Returns when it is to end at once.
    pub async fn urgent_stop(&mut self) {
        while !self.is_urgent {
            self.next().await;
        }
    }

    /// Whether any signal has asked to stop.
    pub fn stop_was_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether it is to end at once.
    pub fn is_urgent(&self) -> bool {
        self.is_urgent
    }
}

/// Whether the signal asks to stop.
pub fn is_stop(signal: Signal) -> bool {
    signal == Signal::TERM || signal == Signal::INT
}

/// The ending of a command that a signal kept from being started.
pub fn ending(signal: Signal) -> Ending {
    Ending::Signaled(u8::try_from(signal.as_raw()).unwrap_or_default())
}
