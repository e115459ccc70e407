//! Whether a process runs, all its threads taken together.

use std::fs::{read_dir, read_to_string};

use super::process::Process;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Something, or it is about to.
    Running,
    /// It is to stop, and no thread of it comes back to its program before it has; but some are in
    /// the kernel, which does not let them stop yet.
    Stopping,
    /// Nothing, until it is continued.
    Stopped,
    /// Nothing any more.
    Ended,
}

impl Run {
    /// What a process does now.
    pub fn of(process: &Process) -> Run {
        let threads = read_dir(format!("/proc/{}/task", process.pid)).into_iter().flatten();
        let stats = threads.flatten().filter_map(|it| read_to_string(it.path().join("stat")).ok());
        Run::of_threads(&stats.filter_map(|stat| state(&stat)).collect::<Vec<_>>())
    }

    /// By the states of the threads. That one has stopped says that all the others have the order
    /// (the kernel gives it to all when the first obeys); of one alone it is taken for granted,
    /// as whoever asks has sent the order before.
    fn of_threads(threads: &[char]) -> Run {
        let count = |states: &str| threads.iter().filter(|state| states.contains(**state)).count();
        let (stopped, asleep, alive) = (count("Tt"), count("D"), threads.len() - count("ZXx"));
        match alive {
            0 => Run::Ended,
            _ if stopped == alive => Run::Stopped,
            _ if stopped + asleep == alive && (stopped > 0 || alive == 1) => Run::Stopping,
            _ => Run::Running,
        }
    }
}

/// Field 3 of a thread's `stat`.
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_stopped_when_its_last_thread_has() {
        for (threads, run) in [
            ("T", Run::Stopped),
            ("TTt", Run::Stopped),
            ("ZTT", Run::Stopped),
            ("TDT", Run::Stopping),
            ("D", Run::Stopping),
            // Of these two one may come back to its program before the other passes the order on.
            ("DD", Run::Running),
            ("TS", Run::Running),
            ("TR", Run::Running),
            ("Z", Run::Ended),
            ("", Run::Ended),
        ] {
            assert_eq!(Run::of_threads(&threads.chars().collect::<Vec<_>>()), run, "{threads}");
        }
    }
}
