//! What `/proc` and `ps` say.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest that anything here may take; it is never reached where all is well.
const DEADLINE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A variable that a test puts into the environment of what it starts. Everything below inherits it,
/// whatever becomes of its parents, session and name.
pub const MARK: &str = "STEADFAST_TEST_MARK";

/// Polls until there is something to see.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}\n{}", ps());
        sleep(LOOK_AGAIN);
    }
}

/// The same where the test's runtime has to go on.
pub async fn eventually_async<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}\n{}", ps());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The living processes that bear the mark. A zombie has no environment any more.
pub fn living(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    processes()
        .into_iter()
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
        })
        .collect()
}

/// Nothing that bears the mark is alive, now.
#[track_caller]
pub fn assert_nothing_lives(mark: &str) {
    let left = living(mark);
    assert!(left.is_empty(), "{left:?} of {mark} are left:\n{}", ps());
}

/// Nothing that bears the mark stays alive.
pub fn wait_until_nothing_lives(mark: &str) {
    eventually(&format!("nothing of {mark} lives"), || living(mark).is_empty().then_some(()));
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// One line for a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub pid: u32,
    pub ppid: u32,
    pub pgid: u32,
    pub sid: u32,
    pub stat: String,
    pub user: u32,
    pub command: String,
}

/// `ps`, for people.
pub fn ps() -> String {
    let output = Command::new("ps").args(["-e", "-o", "pid,ppid,pgid,sid,stat,args"]).output();
    String::from_utf8_lossy(&output.expect("ps is installed").stdout).into_owned()
}

/// `ps`, for tests.
pub fn ps_lines() -> Vec<Line> {
    let format = "pid=,ppid=,pgid=,sid=,stat=,uid=,comm=";
    let output = Command::new("ps").args(["-e", "-o", format]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(parse_line).collect()
}

fn parse_line(line: &str) -> Line {
    let words: Vec<_> = line.split_whitespace().collect();
    let number = |index: usize| words[index].parse().unwrap();
    Line {
        pid: number(0),
        ppid: number(1),
        pgid: number(2),
        sid: number(3),
        stat: words[4].to_owned(),
        user: number(5),
        command: words[6].to_owned(),
    }
}

/// One process.
pub fn ps_line(pid: u32) -> Line {
    let line = ps_lines().into_iter().find(|line| line.pid == pid);
    line.unwrap_or_else(|| panic!("no process {pid}:\n{}", ps()))
}

/// A process's children that have ended and are not waited for.
pub fn zombies_of(parent: u32) -> Vec<Line> {
    let is_zombie = |line: &Line| line.ppid == parent && line.stat.starts_with('Z');
    ps_lines().into_iter().filter(is_zombie).collect()
}

/// A field of `/proc/PID/status`.
pub fn status_field(pid: u32, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field} in {status}")).trim().to_owned()
}

/// The lines of a file that may not be there yet; only whole ones.
pub fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n')
        .filter_map(|line| Some(line.strip_suffix('\n')?.to_owned()))
        .collect()
}
