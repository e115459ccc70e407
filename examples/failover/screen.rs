//! What the visitor sees: a timeline that grows, below it on a terminal one live line, and at the
//! end the table. Without a terminal there are plain lines only.

use std::io::{IsTerminal, Write, stdout};
use std::time::Instant;

use super::protocol::Tick;
use super::report::Report;

/// Back to the line's beginning, and the line emptied.
const CLEAR: &str = "\r\x1b[K";

/// The terminal, or the pipe.
pub struct Screen {
    start: Instant,
    is_live: bool,
}

impl Screen {
    /// Time begins now.
    pub fn new() -> Self {
        Self { start: Instant::now(), is_live: stdout().is_terminal() }
    }

    /// A line of the timeline.
    pub fn say(&self, text: &str) {
        self.clear();
        println!("{:6.1} s  {text}", self.start.elapsed().as_secs_f64());
    }

    /// The live line.
    pub fn show(&self, tick: &Tick) {
        if !self.is_live {
            return;
        }
        let up: Vec<String> =
            tick.modes.iter().map(|(server, mode)| member(server, mode)).collect();
        // Short enough for 80 columns: a line that wraps cannot be removed again.
        print!(
            "{CLEAR}{:6.1} s  {} writes | up: {}",
            self.start.elapsed().as_secs_f64(),
            tick.acknowledged,
            up.join(", "),
        );
        // A terminal that does not take it has nobody in front of it.
        let _ = stdout().flush();
    }

    /// Removes the live line.
    pub fn clear(&self) {
        if self.is_live {
            print!("{CLEAR}");
        }
    }

    /// The table at the end.
    pub fn table(&self, report: &Report) {
        println!();
        println!(
            "{:<20} {:>4}  {:<14} {:<20} {:<20} {:>9} {:>8} {:>9}",
            "event", "slot", "address", "before", "after", "claimed", "member", "EC2 calls"
        );
        for event in &report.events {
            let kind = serde_json::to_value(event.kind).unwrap_or_default();
            println!(
                "{:<20} {:>4}  {:<14} {:<20} {:<20} {:>7.1} s {:>6.1} s {:>9}",
                kind.as_str().unwrap_or_default(),
                event.slot,
                event.address_after,
                event.instance_before,
                event.instance_after,
                event.claimed_s,
                event.member_s,
                event.ec2_calls,
            );
        }
        println!();
        println!("connect string before: {}", report.connect_string_before);
        println!("connect string after:  {}", report.connect_string_after);
        println!(
            "znodes acknowledged: {}, read back from every server: {}; sessions lost: {}; longest \
             time without an acknowledged write: {:.1} s",
            report.znodes_acknowledged,
            report.znodes_read_back,
            report.sessions_lost,
            report.longest_gap_s,
        );
    }
}

/// `10.0.17.1`, or `10.0.17.1 (leader)`.
fn member(server: &str, mode: &str) -> String {
    let address = server.trim_end_matches(":2181");
    if mode == "leader" { format!("{address} (leader)") } else { address.to_owned() }
}
