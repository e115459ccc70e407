//! The client's standard output and input.

use std::io::{BufRead, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::protocol::{Command, Line};
use super::quiet::say;
use super::shared::Shared;

/// From one tick to the next.
const TICK: Duration = Duration::from_millis(500);

/// Tells how the client fares, until it is to stop; the last tick is after that.
pub fn tell(shared: &Shared) {
    let mut is_last = false;
    while !is_last {
        let next = Instant::now() + TICK;
        is_last = !shared.is_telling();
        let at = shared.now();
        let tick = shared.state().tick(at);
        print(&Line::Tick(tick));
        if !is_last {
            sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}

/// A line on standard output. Who reads no more has closed standard input, too, which ends all.
pub fn print(line: &Line) {
    let text = serde_json::to_string(line).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Waits for the command to end, or the end of standard input.
pub fn wait_end() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Command::End) => return,
            Err(error) => say(&format!("cannot understand {line}: {error}")),
        }
    }
}
