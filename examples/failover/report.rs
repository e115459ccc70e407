//! `target/demo/report.json`, and whether all is well.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ensemble::SLOTS;
use super::events::{Event, Kind, Replacement};
use super::hung::Fence;
use super::{Error, Result};

/// What `run` ends with when it was fenced, by the README's table.
const FENCED: i32 = 79;
/// The most followers that a leader can have in step.
const FOLLOWERS_MAX: u64 = SLOTS as u64 - 1;

/// What was seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// As the first instances found it.
    pub connect_string: String,
    /// The losses, in order.
    pub events: Vec<Event>,
    /// Writes that had been acknowledged at the last check.
    pub znodes_acknowledged: usize,
    /// How many of them every server had.
    pub znodes_read_back: usize,
    /// Of all acknowledged writes, those that a leader made that had been replaced; absent if that
    /// was not looked at.
    pub twin_writes: Option<usize>,
    /// The most followers that a leader had in step: one for each other slot, if there is no twin.
    pub synced_followers_max: u64,
    /// How often a leader was asked for that.
    pub leader_looks: usize,
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
        let kinds: Vec<Kind> = self.events.iter().map(|event| event.kind).collect();
        if kinds != Kind::ALL {
            problems.push(format!(
                "{} of {} events came to their end",
                kinds.len(),
                Kind::ALL.len()
            ));
        }
        for event in &self.events {
            problems.extend(event.problems(&self.connect_string));
        }
        problems.extend(self.loss());
        problems.extend(self.twins());
        problems
    }

    fn loss(&self) -> Option<String> {
        let (all, back) = (self.znodes_acknowledged, self.znodes_read_back);
        let is_good = back == all && all > 0;
        (!is_good).then(|| format!("{back} of {all} acknowledged znodes were read back"))
    }

    fn twins(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match self.twin_writes {
            Some(0) => {}
            Some(n) => problems.push(format!("a leader that was replaced acknowledged {n} writes")),
            None => problems.push("nobody looked for writes of a twin".to_owned()),
        }
        let (most, looks) = (self.synced_followers_max, self.leader_looks);
        if looks == 0 {
            problems.push("no leader was asked for its followers".to_owned());
        }
        if most > FOLLOWERS_MAX {
            let text =
                format!("a leader had {most} followers in step, and there are {SLOTS} slots");
            problems.push(text);
        }
        problems
    }
}

impl Event {
    fn problems(&self, connect_string: &str) -> Vec<String> {
        let Self { kind, replacements, fence, .. } = self;
        let mut problems = Vec::new();
        let instances: BTreeSet<_> = replacements.iter().map(|it| &it.instance_after).collect();
        if replacements.len() != kind.losses() || instances.len() != kind.losses() {
            let (n, of) = (instances.len(), kind.losses());
            problems.push(format!("{kind:?}: {n} instances replaced {of}"));
        }
        problems.extend(replacements.iter().flat_map(|it| it.problems(connect_string)));
        match fence {
            Some(fence) => problems.extend(fence.problems()),
            None if *kind == Kind::LeaderHung => {
                problems.push("nobody saw whether the hung host was fenced".to_owned());
            }
            None => {}
        }
        problems
    }
}

impl Replacement {
    fn problems(&self, connect_string: &str) -> Vec<String> {
        let Self { slot, address: before, address_after: after, .. } = self;
        let mut problems = Vec::new();
        if before != after {
            problems.push(format!("slot {slot} changed from {before} to {after}"));
        }
        if self.instance_before == self.instance_after {
            problems.push(format!("slot {slot} was not replaced"));
        }
        if self.connect_string != connect_string {
            let found = &self.connect_string;
            problems.push(format!("the connect string changed: slot {slot} found {found}"));
        }
        problems
    }
}

impl Fence {
    fn problems(&self) -> Vec<String> {
        let Self { instance, processes, processes_left: left, .. } = self;
        let mut problems = Vec::new();
        if *processes == 0 {
            problems.push(format!("{instance} woke up without a ZooKeeper to be fenced"));
        }
        if *left > 0 {
            problems.push(format!("{left} of ZooKeeper's processes outlived the fence"));
        }
        if self.fenced_s.is_none() {
            problems.push(format!("{instance} woke up and did not find itself fenced"));
        }
        match self.exit_status {
            Some(FENCED) => {}
            Some(other) => problems.push(format!("`run` ended with {other} and not {FENCED}")),
            None => problems.push("`run` has not ended on the host that woke up".to_owned()),
        }
        problems
    }
}

#[cfg(test)]
#[path = "report/tests.rs"]
pub mod tests;
