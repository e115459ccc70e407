//! The demo as its visitor has it: the shorter script run whole, interrupted, and on a machine that lacks
//! something. Judged by exit status and by what the report says.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by panicking")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast-kafka");
/// How long until messages flow, and until an interrupted run has ended.
const PATIENCE: Duration = Duration::from_secs(240);

/// One region at a time: sessions of 18 s are judged.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new directory for reports.
fn reports(name: &str) -> PathBuf {
    let target = Path::new(PROGRAM).ancestors().nth(2).unwrap();
    let directory = target.join("demo-kafka-tests").join(name);
    if directory.exists() {
        std::fs::remove_dir_all(&directory).unwrap();
    }
    directory
}

fn demo(directory: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--short", "--to"]).arg(directory);
    command
}

fn report(directory: &Path) -> Value {
    let path = directory.join("report.json");
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn kafka_notices_nothing_with_the_pool_and_stops_without_it() {
    let _alone = alone();
    let directory = reports("short");
    let output = demo(&directory).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let report = report(&directory);
    assert_eq!(report["cut_short"], Value::Null);
    with_pool(&report["with_pool"]);
    without_pool(&report["without_pool"]);
    for file in ["report.html", "timeline.json", "kafka.svg", "with-pool.svg", "without-pool.svg"] {
        assert!(directory.join(file).metadata().unwrap().len() > 1000, "{file}");
    }
    // Seven instances at first, and one for each loss.
    assert!(logs(&directory.join("with-pool")) >= 7 + 5);
    assert!(logs(&directory.join("without-pool")) > 7);
}

/// How many instances' consoles are in a directory.
fn logs(directory: &Path) -> usize {
    let names = std::fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("i-")).count()
}

fn with_pool(part: &Value) {
    for zero in [
        "messages_lost",
        "messages_duplicated",
        "messages_missed",
        "messages_corrupt",
        "broker_restarts",
        "zookeeper_connect_edits",
        "zookeeper_sessions_expired",
    ] {
        assert_eq!(part[zero], 0, "{zero}: {part:#}");
    }
    let acknowledged = part["messages_acknowledged"].as_u64().unwrap();
    assert!(acknowledged > 1000, "{part:#}");
    assert!(part["messages_consumed"].as_u64().unwrap() >= acknowledged, "{part:#}");
    let events = part["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["terminated", "stopped", "hung", "cut-off", "changes-meanwhile"]);
    // Of the three servers that are lost in turn one led.
    assert!(events[..3].iter().any(|it| it["was_leader"] == true), "{part:#}");
    for event in events {
        assert!(event["full_after_s"].as_f64().unwrap() > 0.0, "{event:#}");
        let asked = event["asked"].as_array().unwrap();
        assert!(!asked.is_empty() && asked.iter().all(|it| it["is_done"] == true), "{event:#}");
    }
}

fn without_pool(part: &Value) {
    let events = part["events"].as_array().unwrap();
    let asked = |event: &Value| event["asked"].as_array().unwrap().clone();
    assert!(events.iter().flat_map(asked).any(|it| it["is_done"] == false), "{part:#}");
    let last = events.last().unwrap();
    assert_eq!(last["kind"], "brokers-restarted", "{part:#}");
    assert!(last["full_after_s"].is_f64(), "{part:#}");
    assert_eq!(part["zookeeper_connect_edits"], 3, "{part:#}");
    assert!(part["messages_lost"].is_u64(), "{part:#}");
}

/// A run that ends with this, in a process group of its own, as a terminal gives one.
struct Running(Child);

impl Running {
    fn group(&self) -> String {
        format!("-{}", self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended if all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ctrl_c_leaves_the_report_of_what_was_seen_and_nothing_else() {
    let _alone = alone();
    let directory = reports("interrupted");
    std::fs::create_dir_all(&directory).unwrap();
    let said = directory.join("said");
    let mut command = demo(&directory);
    command.process_group(0).stdout(std::fs::File::create(&said).unwrap()).stderr(Stdio::null());
    let mut demo = Running(command.spawn().unwrap());
    let region = format!("t{}-0", demo.0.id());
    wait("messages that flow", || {
        assert_eq!(demo.0.try_wait().unwrap(), None, "it has ended");
        std::fs::read_to_string(&said).unwrap().contains("messages go through Kafka")
    });
    assert!(is_up(&region), "the region is not called {region}");
    let group = demo.group();
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    wait("the end", || demo.0.try_wait().unwrap().is_some());
    let said = std::fs::read_to_string(&said).unwrap();
    assert_eq!(demo.0.wait().unwrap().code(), Some(130), "{said}");
    let report = report(&directory);
    assert_eq!(report["cut_short"], "interrupted", "{report:#}");
    assert!(report["with_pool"]["messages_acknowledged"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(report["with_pool"]["messages_lost"], 0, "{report:#}");
    assert_eq!(report["without_pool"], Value::Null);
    assert!(directory.join("report.html").exists());
    assert!(!is_up(&region), "the region is still up");
}

fn is_up(region: &str) -> bool {
    let sim = Path::new(PROGRAM).with_file_name("steadfast-sim");
    Command::new(sim).args(["instances", "--name", region]).output().unwrap().status.success()
}

fn wait(what: &str, mut is_there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn without_java_it_says_so_at_once() {
    let output = demo(&reports("no-java")).env("PATH", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(
        told.contains("there is no Java (java)") && told.contains("default-jre-headless"),
        "{told}"
    );
}

#[test]
fn without_maven_the_setup_says_so_and_makes_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let programs = reports("no-maven");
    std::fs::create_dir_all(&programs).unwrap();
    for program in ["cmp", "sh"] {
        let found = ["/usr/bin", "/bin"].map(|it| Path::new(it).join(program));
        let found = found.iter().find(|it| it.exists()).unwrap();
        std::os::unix::fs::symlink(found, programs.join(program)).unwrap();
    }
    let jars = programs.join("jars");
    let pom = root.join("examples/kafka/pom.xml");
    let mut setup = Command::new(root.join("scripts/jars"));
    let output = setup.args([&pom, &jars]).env("PATH", &programs).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(told.contains("there is no Maven (mvn)") && told.contains("package maven"), "{told}");
    assert!(!jars.exists());
}
