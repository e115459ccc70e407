//! `target/demo/report.json`, and whether all is well.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::events::Event;
use super::{Error, Result};

/// How many losses the whole play has.
const EVENTS: usize = 3;

/// What was seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// As the first instances found it.
    pub connect_string_before: String,
    /// As the last replacement found it.
    pub connect_string_after: String,
    /// The losses, in order.
    pub events: Vec<Event>,
    /// Writes that had been acknowledged at the last check.
    pub znodes_acknowledged: usize,
    /// How many of them every server had.
    pub znodes_read_back: usize,
    /// The client's sessions that expired.
    pub sessions_lost: usize,
    /// The longest time between two acknowledged writes, in seconds.
    pub longest_gap_s: f64,
}

impl Report {
    /// Writes the report; the answer is where.
    pub fn write(&self) -> Result<PathBuf> {
        // target/PROFILE/examples/failover: the report goes to target/demo.
        let own = std::env::current_exe()?;
        let target = own.ancestors().nth(3).ok_or("the demo lies in no target directory")?;
        let dir = target.join("demo");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join("report.json");
        std::fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }

    /// What is not as promised; empty if all is well.
    pub fn problems(&self, error: Option<Error>) -> Vec<String> {
        let mut problems: Vec<String> = error.iter().map(ToString::to_string).collect();
        for event in self.events.iter().filter(|event| event.address != event.address_after) {
            let (before, after) = (&event.address, &event.address_after);
            problems.push(format!("slot {} changed from {before} to {after}", event.slot));
        }
        if self.connect_string_before != self.connect_string_after {
            problems.push("the connect string changed".to_owned());
        }
        if self.znodes_read_back != self.znodes_acknowledged || self.znodes_acknowledged == 0 {
            let (all, back) = (self.znodes_acknowledged, self.znodes_read_back);
            problems.push(format!("{back} of {all} acknowledged znodes were read back"));
        }
        if self.events.len() != EVENTS {
            problems.push(format!("{} of {EVENTS} replacements returned", self.events.len()));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Kind;

    fn event() -> Event {
        Event {
            kind: Kind::HolderStopped,
            slot: 1,
            address: "10.0.0.1".into(),
            address_after: "10.0.0.1".into(),
            instance_before: "i-1".into(),
            instance_after: "i-2".into(),
            claimed_s: 1.0,
            member_s: 2.0,
            ec2_calls: 2,
            connect_string: "10.0.0.1:2181".into(),
        }
    }

    fn good() -> Report {
        Report {
            connect_string_before: "10.0.0.1:2181".into(),
            connect_string_after: "10.0.0.1:2181".into(),
            events: vec![event(), event(), event()],
            znodes_acknowledged: 10,
            znodes_read_back: 10,
            ..Report::default()
        }
    }

    #[test]
    fn each_broken_promise_is_a_problem() {
        assert!(good().problems(None).is_empty());
        type Break = fn(&mut Report);
        let broken: [(&str, Break); 5] = [
            ("changed from", |r| r.events[1].address_after = "10.0.0.2".into()),
            ("connect string", |r| r.connect_string_after = "10.0.0.2:2181".into()),
            ("9 of 10", |r| r.znodes_read_back = 9),
            ("0 of 0", |r| (r.znodes_acknowledged, r.znodes_read_back) = (0, 0)),
            ("2 of 3", |r| r.events.truncate(2)),
        ];
        for (text, breaks) in broken {
            let mut report = good();
            breaks(&mut report);
            let problems = report.problems(None);
            assert!(problems.iter().any(|p| p.contains(text)), "{text}: {problems:?}");
        }
    }
}
