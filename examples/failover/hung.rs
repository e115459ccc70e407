//! A host that hangs, loses its slot meanwhile, and wakes up: its ZooKeeper is still in memory, and
//! takes itself for the leader.

use std::fmt;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::console::Console;
use super::ensemble::Ensemble;
use super::events::{Event, Kind, title};
use super::follow::follow;
use super::victims::victims;
use super::{MEMBER_TIMEOUT, Result, Stage, now, wait_for};

/// What the operator says, who knows that the host hangs: right after, the others have no new leader
/// yet, so that nobody can see that they do without it.
const RECLAIM: &[&str] =
    &["--yes", "--force", "--even-if-unseen", "--even-without-quorum", "--reason", "host hangs"];

/// What ZooKeeper's process is called.
const JAVA: &str = "java";
/// Tells when none is left.
const PROCESSES: &str = include_str!("processes.sh");
/// So many writes after the host woke up show that nothing is disturbed.
const WRITES_AFTER: usize = 200;

/// What became of a host that woke up without its slot. Times are in seconds from its waking.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fence {
    /// The host.
    pub instance: String,
    /// ZooKeeper's processes on it when it woke up.
    pub processes: usize,
    /// Of them, those that did not die.
    pub processes_left: usize,
    /// Until `run` knew, by its log; absent if it never did.
    pub fenced_s: Option<f64>,
    /// Until the last process of ZooKeeper's was gone, by the host's `/proc`.
    pub dead_s: f64,
    /// What `run` ended with, if it did.
    pub exit_status: Option<i32>,
    /// The longest time without an acknowledged write since then.
    pub gap_s: f64,
}

/// Has the leader's host hang, its slot taken by a replacement, and the host wake up.
pub fn hang_leader(stage: &mut Stage<'_>) -> Result<Event> {
    let lost = victims(Kind::LeaderHung, stage)?;
    let member = lost.first().ok_or("nobody leads")?;
    let (host, zone) = (member.claim.instance.clone(), &member.zone);
    stage.screen.say(&title(Kind::LeaderHung, &lost));
    let since = now();
    stage.ensemble.hang(&host)?;
    let slot = member.claim.slot.to_string();
    let reclaim = [&["reclaim", slot.as_str()], RECLAIM].concat();
    stage.screen.say(&format!(
        "EC2 calls it running, so its group does not replace it: an operator launches an instance in \
         its zone and takes its slot back: steadfast {}",
        typed(&reclaim)
    ));
    stage.ensemble.launch_by_hand(zone)?;
    let operator = stage.ensemble.steadfast(&stage.host, &reclaim);
    let operator = said(operator)?;
    stage.screen.say(&operator);
    let event = follow(Kind::LeaderHung, lost, since, stage)?;
    Ok(Event { fence: Some(wake(&host, stage)?), ..event })
}

/// Words as they are typed in a shell.
fn typed(words: &[&str]) -> String {
    let quoted = |word: &&str| match word.contains(' ') {
        true => format!("\"{word}\""),
        false => (*word).to_owned(),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// What a command that went well has said last.
fn said(mut command: Command) -> Result<String> {
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() {
        true => Ok(told.lines().next_back().unwrap_or_default().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into()),
    }
}

fn wake(host: &str, stage: &mut Stage<'_>) -> Result<Fence> {
    let mut java = Processes::watch(JAVA, host, &stage.ensemble)?;
    stage.screen.say("the hung host wakes up, with a ZooKeeper that takes itself for the leader");
    let woken = now();
    stage.ensemble.region.resume(host)?;
    let (processes_left, gone_at) = java.wait_gone()?;
    let console = end_of_run(host, processes_left == 0, &stage.ensemble);
    let mut fence = Fence {
        instance: host.to_owned(),
        processes: java.count,
        processes_left,
        fenced_s: console.fenced_at.map(|at| at - woken),
        dead_s: gone_at - woken,
        exit_status: console.status,
        gap_s: 0.0,
    };
    stage.screen.say(&fence.to_string());
    stage.client.wait_acknowledged(WRITES_AFTER, MEMBER_TIMEOUT)?;
    fence.gap_s = stage.client.gap(woken)?.length_s();
    let pause = fence.gap_s;
    stage.screen.say(&format!("{WRITES_AFTER} writes later: the longest pause was {pause:.2} s"));
    Ok(fence)
}

/// The host's console once `run` has ended; as it is where there is nothing to wait for.
fn end_of_run(host: &str, wait: bool, ensemble: &Ensemble) -> Console {
    let ended = |console: Console| console.status.is_some().then_some(console);
    let deadline = if wait { MEMBER_TIMEOUT } else { Duration::ZERO };
    let console = wait_for("its end", deadline, || Ok(ended(ensemble.console(host))));
    console.unwrap_or_else(|_| ensemble.console(host))
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fenced_s {
            Some(seconds) => write!(f, "fenced after {seconds:.3} s; ")?,
            None => write!(f, "not fenced; ")?,
        }
        match self.processes_left {
            0 => write!(f, "no java left after {:.3} s; ", self.dead_s)?,
            n => write!(f, "{n} java alive after {:.0} s; ", self.dead_s)?,
        }
        match self.exit_status {
            Some(status) => write!(f, "`run` ended with {status}"),
            None => write!(f, "`run` has not ended"),
        }
    }
}

/// A watch over an instance's processes of one name, by its `/proc`; also while the instance hangs.
struct Processes {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// How many there were at first.
    count: usize,
}

impl Processes {
    fn watch(name: &str, host: &str, ensemble: &Ensemble) -> Result<Self> {
        let mut command = ensemble.region.exec(host, &["bash", "-c", PROCESSES, "bash", name]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the watch has no output")?;
        let mut watch = Self { child, lines: BufReader::new(output).lines(), count: 0 };
        watch.count = watch.line()?.parse()?;
        Ok(watch)
    }

    /// How many did not go, and when it was seen.
    fn wait_gone(&mut self) -> Result<(usize, f64)> {
        let line = self.line()?;
        let (count, at) = line.split_once(' ').ok_or_else(|| format!("{line}: no time"))?;
        Ok((count.parse()?, at.parse()?))
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().ok_or("the watch over processes has ended")??)
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
