//! What the visitor sees while it runs: a timeline that grows.

use std::io::{Write, stdout};

use super::now;
use super::table::terminal::{COLUMNS, wrapped};

/// What a line begins with, and the next ones of the same entry.
const TIME: usize = 10;

/// The terminal, or the pipe.
pub struct Screen {
    /// In seconds since the epoch.
    start: f64,
}

impl Screen {
    /// Time begins now.
    pub fn new() -> Self {
        Self { start: now() }
    }

    /// A line. If nobody reads it any more, the run goes on, and its report tells.
    pub fn print(&self, line: &str) {
        let _ = writeln!(stdout(), "{line}");
    }

    /// An entry of the timeline.
    pub fn say(&self, text: &str) {
        let mut time = format!("{:6.1} s", now() - self.start);
        for line in wrapped(text, COLUMNS - TIME) {
            self.print(&format!("{time:TIME$}{line}"));
            time.clear();
        }
    }
}
