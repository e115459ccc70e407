//! What the visitor sees: a timeline that grows, below it on a terminal one live line. Without a
//! terminal there are plain lines only.

use std::io::{IsTerminal, Write, stdout};

use super::handle::leader;
use super::now;
use super::protocol::Tick;

/// Back to the line's beginning, and the line emptied.
const CLEAR: &str = "\r\x1b[K";
/// The narrowest terminal that is thought of: a live line that wraps cannot be removed again.
pub const COLUMNS: usize = 80;
/// What a line of the timeline begins with, and the next ones of the same entry.
const TIME: usize = 10;

/// The terminal, or the pipe.
pub struct Screen {
    /// In seconds since the epoch, as all times here.
    start: f64,
    is_live: bool,
}

impl Screen {
    /// Time begins now.
    pub fn new() -> Self {
        Self { start: now(), is_live: stdout().is_terminal() }
    }

    /// An entry of the timeline.
    pub fn say(&self, text: &str) {
        self.say_at(now(), text);
    }

    /// An entry about a moment that has passed, in seconds since the epoch.
    pub fn say_at(&self, at: f64, text: &str) {
        self.clear();
        let mut time = self.time(at);
        for line in wrapped(text, COLUMNS - TIME) {
            println!("{time:TIME$}{line}");
            time.clear();
        }
    }

    /// A line that is to be copied whole, however long.
    pub fn copy(&self, text: &str) {
        self.clear();
        println!("  {text}");
    }

    /// The live line.
    pub fn show(&self, tick: &Tick) {
        if !self.is_live {
            return;
        }
        print!("{CLEAR}{:TIME$}{}", self.time(now()), live(tick));
        // A terminal that does not take it has nobody in front of it.
        let _ = stdout().flush();
    }

    /// Removes the live line.
    pub fn clear(&self) {
        if self.is_live {
            print!("{CLEAR}");
        }
    }

    fn time(&self, at: f64) -> String {
        format!("{:6.1} s", at - self.start)
    }
}

fn live(tick: &Tick) -> String {
    let leader = leader(tick).map_or("nobody", |server| server.trim_end_matches(":2181"));
    let (writes, up) = (tick.acknowledged, tick.modes.len());
    format!("{writes} writes | {up} servers up | {leader} leads")
}

/// The text in lines of at most so many columns, but for words that are longer.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two", 80), ["one two"]);
        assert_eq!(wrapped("a-very-long-word at last", 8), ["a-very-long-word", "at last"]);
    }

    #[test]
    fn the_live_line_fits() {
        let mode = |n, mode: &str| (format!("10.0.255.{n}:2181"), mode.to_owned());
        let modes = [mode(254, "leader"), mode(253, "follower")].into();
        let tick = Tick { acknowledged: 1_000_000, modes, ..Tick::default() };
        let line = live(&tick);
        assert_eq!(line, "1000000 writes | 2 servers up | 10.0.255.254 leads");
        assert!(TIME + line.len() < COLUMNS);
        assert!(live(&Tick::default()).ends_with("nobody leads"));
    }
}
