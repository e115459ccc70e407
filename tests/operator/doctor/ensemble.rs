//! ZooKeeper's part, on servers that are odd on demand.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::wrong;
use crate::region::{Instance, POOL, Region};
use crate::schema::checked;
use crate::stub;

fn report(from: &Instance<'_>, more: &[&str]) -> Value {
    let args = ["doctor", "--pool", POOL, "--no-host", "--output", "json"];
    let outcome = from.steadfast(&[&args[..], more].concat());
    checked("doctor", &outcome.stdout)
}

/// What is wrong with the ensemble, each with its severity.
fn of_zookeeper(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|it| it["area"] == "zookeeper" && it["severity"] != "ok");
    findings.map(|it| format!("{} {}", it["check"], it["severity"]).replace('"', "")).collect()
}

/// For the test that has a real ensemble, which takes its time to form.
pub fn finds(from: &Instance<'_>, want: &[&str]) {
    let report = report(from, &[]);
    assert_eq!(of_zookeeper(&report), want, "{report:#}");
}

#[test]
fn an_ensemble_is_asked_and_judged() {
    let region = Region::with_pool(3);
    let held = stub::ensemble(&region, 3);
    let laptop = region.launch("a");
    let well = report(&laptop, &[]);
    assert_eq!(of_zookeeper(&well), [""; 0], "{well:#}");
    // The one finding is the pool's own: all of it lies in one zone.
    let spread = ("spread".to_owned(), "warning".to_owned());
    assert_eq!(wrong(&well), [spread].into(), "{well:#}");
    let written = || held.iter().map(|it| it.operations().len()).sum::<usize>();
    let before = written();
    assert!(before > 0, "the probe is written");
    assert_eq!(of_zookeeper(&report(&laptop, &["--no-probe"])), ["write skipped"]);
    let after: Vec<String> = held.iter().flat_map(stub::Held::operations).collect();
    assert!(!after[before..].iter().any(|line| line.contains("create")), "{after:?}");

    held[0].serve("follower", &["version=3.9.9"]);
    assert_eq!(of_zookeeper(&report(&laptop, &[])), ["versions warning"]);
    held[0].serve("follower", &[]);
    held[2].serve("leader", &["synced=3"]);
    assert_eq!(of_zookeeper(&report(&laptop, &[])), ["twin error"]);
    held[2].serve("leader", &["synced=2"]);
    held[0].serve_with("follower", "server.9=10.0.0.9:2888:3888:participant", &[]);
    held[1].serve_with("follower", "server.9=10.0.0.9:2888:3888:participant", &[]);
    held[2].serve_with("leader", "server.9=10.0.0.9:2888:3888:participant", &["synced=2"]);
    assert_eq!(of_zookeeper(&report(&laptop, &[])), ["server-list error"]);
    held[0].stop();
    assert_eq!(of_zookeeper(&report(&laptop, &[])), ["servers error", "server-list error"]);
}

#[test]
fn whatever_answers_there_is_told_in_time() {
    let region = Region::with_pool(3);
    let held = stub::ensemble(&region, 3);
    let laptop = region.launch("a");
    for (mode, want) in [
        ("garbage", &["servers unknown"][..]),
        ("half", &["servers unknown"]),
        ("silent", &["servers unknown"]),
        ("not-serving", &["servers error"]),
        ("standalone", &["servers error"]),
    ] {
        held[0].serve(mode, &[]);
        let started = Instant::now();
        let report = report(&laptop, &["--timeout", "20s"]);
        assert_eq!(of_zookeeper(&report), want, "{mode}: {report:#}");
        assert!(started.elapsed() < Duration::from_secs(20), "{mode}: {:?}", started.elapsed());
    }
    // None answers: that is said once.
    held.iter().for_each(|it| it.serve("silent", &[]));
    let report = report(&laptop, &[]);
    assert_eq!(of_zookeeper(&report), ["servers unknown"], "{report:#}");
    assert_eq!(report["exit_status"], 1);
}
