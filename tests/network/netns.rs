//! Namespaces: one of its own for each test, and more for the rest of its world.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Set in the process that is in a namespace of its own.
const INSIDE: &str = "STEADFAST_TEST_NAMESPACE";
/// How long a test may take, in seconds.
const TEST_SECONDS: &str = "120";

/// Runs the test's body in network and mount namespaces of its own: in a process that is this
/// test alone, started again.
pub fn alone<F: FnOnce() -> T, T: Future<Output = ()>>(body: F) {
    match std::env::var_os(INSIDE) {
        Some(_) => {
            // A `/run` as of a host without udev, for the test to fill.
            sh("mount -t tmpfs none /run");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(body());
        }
        None => run_again(test_name::<F>()),
    }
}

/// The test's name as the test harness knows it, from its closure's type.
fn test_name<F>() -> &'static str {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::").expect("a closure in a function in a crate").1
}

fn run_again(test: &str) {
    // Root may lack user namespaces, others have no right to anything else.
    let kind = if rustix::process::geteuid().is_root() { "-nm" } else { "-rnm" };
    let output = Command::new("timeout")
        .args(["-k", "5", TEST_SECONDS, "unshare", kind])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        // An ordinary user of Debian has no sysctl on the path.
        .env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin")
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("timeout and unshare are installed");
    let text = text(&output);
    // "1 passed": a name that matches no test would pass, too.
    assert!(output.status.success() && text.contains("1 passed"), "{test}:\n{text}");
}

fn text(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Another network namespace. It ends with this value, or with the test's process: its only
/// process reads from a pipe that closes then.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    pub fn new() -> Self {
        let mut holder = Command::new("unshare")
            .args(["-n", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self { holder }
    }

    /// What `ip link set ... netns` takes.
    pub fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// Runs shell commands in it.
    pub fn sh(&self, script: &str) -> String {
        let pid = self.pid().to_string();
        check(Command::new("nsenter").args(["-n", "-t", &pid, "sh", "-ec", script]), script)
    }

    /// Does something in it, on a thread of its own. Sockets that it returns stay in it.
    pub fn enter<T: Send + 'static>(&self, action: impl FnOnce() -> T + Send + 'static) -> T {
        let path = format!("/proc/{}/ns/net", self.pid());
        let inside = move || {
            let namespace = std::fs::File::open(path).unwrap();
            move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&namespace),
                Some(LinkNameSpaceType::Network),
            )
            .unwrap();
            action()
        };
        thread::spawn(inside).join().unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Runs shell commands in the test's own namespace, which is the host's.
pub fn sh(script: &str) -> String {
    check(Command::new("sh").args(["-ec", script]), script)
}

fn check(command: &mut Command, script: &str) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}
