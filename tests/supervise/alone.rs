//! A place of its own for each test: PID, mount and network namespaces, in which the test is PID 1
//! and alone with what it starts, and which take everything with them when it ends.

use std::future::Future;
use std::process::{Command, Output};

/// Set in the process that is in namespaces of its own.
const INSIDE: &str = "STEADFAST_TEST_ALONE";
/// How long a test may take, in seconds.
const TEST_SECONDS: &str = "300";
/// A network without anybody else's ports among them.
const NAMESPACES: [&str; 5] = ["--pid", "--fork", "--kill-child", "--mount-proc", "--net"];

/// Runs the test's body there: in a process that is this test alone, started again.
pub fn alone<F: FnOnce() -> T, T: Future<Output = ()>>(body: F) {
    // Root may lack user namespaces, others have no right to anything else.
    run(body, !is_root());
}

/// The same below a user namespace that maps root alone, whoever runs it.
pub fn in_user_namespace<F: FnOnce() -> T, T: Future<Output = ()>>(body: F) {
    run(body, true);
}

/// Whether this process is root, if only of its user namespace.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the test's namespace maps no account but root.
pub fn maps_root_alone() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    map.split_whitespace().nth(2) == Some("1")
}

fn run<F: FnOnce() -> T, T: Future<Output = ()>>(body: F, as_mapped_root: bool) {
    match std::env::var_os(INSIDE) {
        Some(_) => {
            sh("mount -t tmpfs none /run");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(body());
        }
        None => run_again(test_name::<F>(), as_mapped_root),
    }
}

/// The test's name as the test harness knows it, from its closure's type.
fn test_name<F>() -> &'static str {
    let path = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::").expect("a closure in a function in a crate").1
}

fn run_again(test: &str, as_mapped_root: bool) {
    let output = Command::new("timeout")
        .args(["-k", "5", TEST_SECONDS, "unshare"])
        .args(NAMESPACES)
        .args(as_mapped_root.then_some("--map-root-user"))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(INSIDE, "1")
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("timeout and unshare are installed");
    let text = text(&output);
    // "1 passed": a name that matches no test would pass, too.
    assert!(output.status.success() && text.contains("1 passed"), "{test}:\n{text}");
    println!("{text}");
}

fn text(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Runs shell commands in the test's place.
pub fn sh(script: &str) -> String {
    let output = Command::new("sh").args(["-ec", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}
