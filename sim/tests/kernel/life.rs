//! A region's beginning and end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use steadfast_sim::kernel::{Process, StateDir};

use super::support::{both, host, instance, output, processes, region, sim, until};

/// A command of the program for the region of this name.
fn command(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(sim());
    command.args(["--name", name]).args(args);
    command
}

/// The region's PID 1 as the host knows it.
fn region_process(name: &str) -> Process {
    StateDir::of(name).expect("a good name").recorded().expect("a recorded region")
}

/// The name of a region that a test starts by the command line.
struct Name(String);

fn name(purpose: &str) -> Name {
    Name(format!("{purpose}-{}", std::process::id()))
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Name {
    /// A test that fails half-way leaves no region behind.
    fn drop(&mut self) {
        let _ = command(self, &["down"]).output();
    }
}

fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process");
    kill_process(pid, signal).expect("it is ours");
}

#[test]
fn up_says_how_to_reach_it_and_down_leaves_nothing() {
    let before = host();
    let name = name("updown");
    let said = output(command(&name, &["up"]));
    assert!(said.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:"), "{said}");
    assert!(said.contains("export AWS_ACCESS_KEY_ID="), "{said}");
    assert_eq!(output(command(&name, &["env"])), said.split_once('\n').expect("lines").1);
    let ids = output(command(&name, &["launch", "--wait", "--count", "2"]));
    assert_eq!(ids.lines().count(), 2, "{ids}");
    let processes = processes(region_process(&name).pid);
    assert!(processes.len() >= 5, "a region, and two for each instance: {processes:?}");
    assert_eq!(output(command(&name, &["down"])), format!("region {} is down\n", &*name));
    until("no process is left", || !processes.iter().any(Process::is_alive));
    assert!(!StateDir::of(&name).expect("a good name").exists());
    assert_eq!(host(), before);
    assert_eq!(output(command(&name, &["down"])), format!("region {} was not up\n", &*name));
}

#[test]
fn a_region_holds_nothing_open_of_its_callers() {
    let name = name("fds");
    let up = format!("{} --name {} up", sim().display(), &*name);
    let mut shell = Command::new("sh");
    // The reader ends when the last writer does; the region would be one of them.
    shell.args(["-c", &format!("(exec 9>&1; {up} >/dev/null) | timeout 10 cat")]);
    output(shell);
    output(command(&name, &["down"]));
}

#[test]
fn up_refuses_a_region_that_is_up() {
    let region = region();
    let done = command(region.name(), &["up"]).output().expect("it runs");
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("is up already") && said.lines().count() == 1, "{said}");
    region.info().expect("the first one still answers");
}

#[test]
fn a_killed_region_leaves_no_process_and_down_cleans_up() {
    let before = host();
    let name = name("crash");
    output(command(&name, &["up"]));
    output(command(&name, &["launch", "--wait"]));
    let process = region_process(&name);
    let all = processes(process.pid);
    kill(process.pid, Signal::KILL);
    until("no process is left", || !all.iter().any(Process::is_alive));
    assert_eq!(host(), before);
    let done = command(&name, &["instances"]).output().expect("it runs");
    assert_eq!(done.status.code(), Some(69), "{}", both(&done));
    assert_eq!(output(command(&name, &["down"])), format!("region {} is down\n", &*name));
    assert!(!StateDir::of(&name).expect("a good name").exists());
}

#[test]
fn up_replaces_a_crashed_region() {
    let name = name("again");
    output(command(&name, &["up"]));
    let process = region_process(&name);
    kill(process.pid, Signal::KILL);
    until("it is gone", || !process.is_alive());
    output(command(&name, &["up"]));
    assert_ne!(region_process(&name), process);
    output(command(&name, &["down"]));
}

#[test]
fn a_region_that_cannot_be_found_any_more_ends() {
    let name = name("lost");
    output(command(&name, &["up"]));
    let process = region_process(&name);
    let state = StateDir::of(&name).expect("a good name");
    std::fs::remove_dir_all(state.path()).expect("it is ours");
    until("it ends", || !process.is_alive());
}

#[test]
fn a_region_ends_with_the_pipe_that_it_hangs_on() {
    let region = region();
    let state = StateDir::of(region.name()).expect("a good name");
    instance(&region);
    let all = processes(state.recorded().expect("a recorded region").pid);
    drop(region);
    assert!(!all.iter().any(Process::is_alive), "a process is left");
    assert!(!state.exists());
}

#[test]
fn a_region_of_a_killed_parent_ends_and_removes_its_directory() {
    let name = name("orphan");
    let mut parent = foreground(&name);
    let process = region_process(&name);
    kill(parent.id(), Signal::KILL);
    parent.wait().expect("it was killed");
    until("the region ends", || !process.is_alive());
    assert!(!StateDir::of(&name).expect("a good name").exists());
}

#[test]
fn a_region_in_the_foreground_ends_on_an_interrupt() {
    let name = name("fore");
    let mut parent = foreground(&name);
    let process = region_process(&name);
    kill(parent.id(), Signal::INT);
    assert!(parent.wait().expect("it ends").success());
    assert!(!process.is_alive());
    assert!(!StateDir::of(&name).expect("a good name").exists());
}

/// A region in the foreground that is up.
fn foreground(name: &str) -> Child {
    let mut command = command(name, &["up", "--foreground"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("is up"), "{first}");
    // The rest is read, too: a closed pipe would be another test.
    until("all is said", || lines.next().expect("a line").expect("text").contains("SECRET"));
    child
}

#[test]
fn the_api_is_for_this_machine_alone() {
    let done = command(&name("open"), &["up", "--listen", "0.0.0.0:0"]).output().expect("it runs");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("only on loopback"), "{}", both(&done));
}

#[test]
fn what_is_not_understood_is_refused_in_one_line() {
    for args in [vec!["up", "--timing", "no_such_ms=1"], vec!["up", "--timing", "boot_ms"]] {
        let done = command("usage", &args).output().expect("it runs");
        assert_eq!(done.status.code(), Some(64), "{}", both(&done));
        assert_eq!(String::from_utf8_lossy(&done.stderr).lines().count(), 1);
    }
    let done = command("usage", &["no-such-command"]).output().expect("it runs");
    assert_eq!(done.status.code(), Some(64), "{}", both(&done));
}
