//! What the keeper tells the agent, and its form on the socket: a letter and a number.

use super::Ending;

/// One message's length in bytes.
pub const LENGTH: usize = 5;

/// A message of the keeper's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// COMMAND has been started.
    Started {
        /// Whether it has a `/proc` of its own.
        own_proc: bool,
    },
    /// It has not, and the keeper ends.
    NotStarted {
        /// What was being done.
        at: Step,
        /// The kernel's answer.
        errno: i32,
    },
    /// Its first process has ended, and the keeper ends.
    Ended(Ending),
}

/// What precedes COMMAND's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The keeper's own affairs.
    Keep,
    /// Taking the account.
    Account,
    /// Executing the program.
    Execute,
}

impl Report {
    /// Its form on the socket.
    pub fn encode(self) -> [u8; LENGTH] {
        let (letter, number) = match self {
            Self::Started { own_proc } => (b'S', i32::from(own_proc)),
            Self::NotStarted { at: Step::Keep, errno } => (b'K', errno),
            Self::NotStarted { at: Step::Account, errno } => (b'A', errno),
            Self::NotStarted { at: Step::Execute, errno } => (b'X', errno),
            Self::Ended(Ending::Exited(status)) => (b'E', status.into()),
            Self::Ended(Ending::Signaled(signal)) => (b'G', signal.into()),
        };
        let [a, b, c, d] = number.to_le_bytes();
        [letter, a, b, c, d]
    }

    /// None if it is no message of a keeper's.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let &[letter, a, b, c, d] = bytes else { return None };
        let number = i32::from_le_bytes([a, b, c, d]);
        let not_started = |at| Some(Self::NotStarted { at, errno: number });
        let ended = |how: fn(u8) -> Ending| u8::try_from(number).ok().map(how).map(Self::Ended);
        match letter {
            b'S' => Some(Self::Started { own_proc: number != 0 }),
            b'K' => not_started(Step::Keep),
            b'A' => not_started(Step::Account),
            b'X' => not_started(Step::Execute),
            b'E' => ended(Ending::Exited),
            b'G' => ended(Ending::Signaled),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Report, Step};

    #[test]
    fn what_is_told_is_heard() {
        let steps = [Step::Keep, Step::Account, Step::Execute];
        let not_started = steps.map(|at| Report::NotStarted { at, errno: 13 });
        let others = [
            Report::Started { own_proc: true },
            Report::Started { own_proc: false },
            Report::Ended(Ending::Exited(255)),
            Report::Ended(Ending::Signaled(9)),
        ];
        for report in not_started.into_iter().chain(others) {
            assert_eq!(Report::decode(&report.encode()), Some(report));
        }
    }

    #[test]
    fn what_is_not_a_report_is_none() {
        for bytes in [&b""[..], b"S", b"S0000+", b"?0000", b"E0000"] {
            assert_eq!(Report::decode(bytes), None);
        }
    }
}
