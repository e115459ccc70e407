//! How COMMAND ended, and how that is told by an exit status.

use rustix::process::{Signal, WaitStatus};

/// How COMMAND's first process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(u8),
    /// By the signal of this number. SIGKILL if it was killed with its keeper.
    Signaled(u8),
}

impl Ending {
    /// The exit status that passes it on, as shells have it: 128 and the signal's number.
    pub fn status(self) -> u8 {
        match self {
            Self::Exited(status) => status,
            Self::Signaled(signal) => 128 | signal,
        }
    }

    /// From what `wait` says. The keeper never waits for anything but an end.
    pub(super) fn of(status: WaitStatus) -> Self {
        // Neither is ever above 255: the kernel keeps eight bits of one and seven of the other.
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => Self::Exited(byte(status)),
            (None, Some(signal)) => Self::Signaled(byte(signal)),
            (None, None) => Self::killed(),
        }
    }

    /// What the keeper's death does to everything below it.
    pub(super) fn killed() -> Self {
        Self::Signaled(Signal::KILL.as_raw().to_le_bytes()[0])
    }
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// How COMMAND ended.
    pub ending: Ending,
    /// Whether the time was over, so that all of it was killed.
    pub killed: bool,
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn a_signal_is_told_as_shells_do() {
        assert_eq!(Ending::killed().status(), 137);
        assert_eq!(Ending::Signaled(15).status(), 143);
        assert_eq!(Ending::Exited(3).status(), 3);
    }
}
