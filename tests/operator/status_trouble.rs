//! `steadfast status` where much is wrong: servers that are none, hosts that are gone, an EC2 that
//! refuses or is silent. Whatever it is, it is told in time, and what is known is shown.

use std::time::{Duration, Instant};

use serde_json::Value;
use steadfast_sim::control::FaultKind;

use crate::region::{Instance, Region};
use crate::run::{Outcome, exit};
use crate::schema::checked;
use crate::stub::{ensemble, status};
use crate::tampering::{DESCRIBE, INSTANCES};

/// Servers are silent for longer than this, and nothing here waits for them.
const LONG: Duration = Duration::from_secs(60);

fn timely(from: &Instance<'_>, environment: &[(&str, &str)], more: &[&str]) -> Outcome {
    let started = Instant::now();
    let outcome = from.steadfast_with(environment, &status(more));
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    outcome
}

/// The report as JSON, which goes by its schema; its text has this, and no control character.
fn told(from: &Instance<'_>, code: i32, texts: &[&str]) -> Value {
    let text = timely(from, &[], &[]);
    assert_eq!(text.code, code, "{}{}", text.stdout, text.stderr);
    let missing: Vec<_> = texts.iter().filter(|it| !text.stdout.contains(**it)).collect();
    assert!(missing.is_empty(), "no {missing:?} in:\n{}", text.stdout);
    assert!(!text.stdout.contains(|it: char| it.is_control() && it != '\n'), "{:?}", text.stdout);
    println!("{}", text.stdout);
    checked("status", &timely(from, &[], &["--output", "json"]).stdout)
}

#[test]
fn whatever_answers_there_is_told_in_time() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    for (mode, said) in [
        ("garbage", "no ZooKeeper: it answers \"HTTP/1.1 400 Bad Request\\u{1b}"),
        ("half", "the answer broke off after 30 bytes"),
        ("closes", "the answer broke off after 0 bytes"),
        ("silent", "no answer within 1s 500ms"),
        ("endless", "no ZooKeeper: it answers \"xxx"),
    ] {
        held[0].serve(mode, &[]);
        let report = told(&laptop, 1, &["2 of 3 servers vote", said]);
        assert_eq!(report["slots"][0]["server"]["mode"], Value::Null, "{mode}");
        // Two servers are left for a session, and one was found.
        assert!(report["session"]["opened"]["slot"].as_u64().unwrap() > 1, "{mode}");
    }
    for it in &held[1..] {
        it.serve("silent", &[]);
    }
    let report = told(&laptop, 3, &["unknown: none of the servers can be seen from here"]);
    assert_eq!(report["session"]["not_opened"].as_array().unwrap().len(), 3);
    assert_eq!(report["health"], "unknown");
}

#[test]
fn hosts_that_are_black_holes_are_no_reason_to_wait() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    region.cut(&held[0].instance.id).unwrap();
    let report = told(&laptop, 1, &["cannot be seen from here", "2 of 3 servers vote"]);
    assert!(report["session"]["opened"]["slot"].as_u64().unwrap() > 1);
    // EC2 sees a holder that runs.
    assert_eq!(report["slots"][0]["holder"]["state"], "running");
    region.mend(&held[0].instance.id).unwrap();
    region.hang(&held[0].instance.id).unwrap();
    told(&laptop, 1, &["no answer within", "2 of 3 servers vote"]);
    // All of them: this place may be the one that is cut off, and nobody is blamed.
    for it in &held[1..] {
        region.cut(&it.instance.id).unwrap();
    }
    let unknown = "unknown: none of the servers can be seen from here";
    let report = told(&laptop, 3, &[unknown, "it may well be this place that is cut off"]);
    let oddities = report["oddities"].as_array().unwrap();
    assert_eq!(oddities.len(), 1, "{oddities:#?}");
    for slot in report["slots"].as_array().unwrap() {
        assert_eq!(slot["holder"]["state"], "running");
    }
}

/// From outside, EC2 is reached and the pool's network is not.
#[test]
fn a_laptop_far_away_sees_what_ec2_says() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let mut command = std::process::Command::new(crate::region::program());
    command.envs(region.info().unwrap().environment).args(status(&["--output", "json"]));
    let outcome = crate::run::Running::start(command).finish();
    let report = checked("status", &outcome.stdout);
    assert_eq!(outcome.code, 3, "{report:#}");
    let slots = report["slots"].as_array().unwrap();
    for (slot, it) in slots.iter().zip(&held) {
        assert_eq!(slot["holder"]["instance"], it.instance.id.as_str());
    }
}

#[test]
fn a_pool_that_is_not_there_is_told() {
    let region = Region::with_pool(1);
    let laptop = region.launch("a");
    let told = laptop.steadfast(&["status", "--pool", "nowhere"]);
    told.fails(exit::CONFIG, &["pool nowhere has no ENI"]);
    laptop.steadfast(&["status"]).fails(exit::CONFIG, &["no pool is named"]);
    for bad in ["--watch=0", "--watch=x", "--watch=0.5", "--output=yaml"] {
        let told = laptop.steadfast(&status(&[bad]));
        assert_eq!(told.code, exit::USAGE, "{bad}: {}", told.stderr);
    }
    region.untag(&region.slots()[0].id, "steadfast:slot");
    laptop.steadfast(&status(&[])).fails(exit::CONFIG, &["has no tag steadfast:slot"]);
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let region = Region::with_pool(3);
    let _held = ensemble(&region, 3);
    let laptop = region.launch("a");
    region.fail_for(&laptop.id, INSTANCES, FaultKind::Deny);
    // The rest is shown.
    let grants = "{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeInstances\",\"Resource\":\"*\"}";
    let report =
        told(&laptop, 1, &["3 of 3 servers vote", "how the holders are is not known", grants]);
    assert_eq!(report["slots"][0]["holder"]["state"], Value::Null);
    assert_eq!(report["slots"][0]["server"]["mode"], "follower");
    region.clear_faults().unwrap();
    region.fail_for(&laptop.id, DESCRIBE, FaultKind::Deny);
    let refused = timely(&laptop, &[], &[]);
    refused.fails(exit::NOPERM, &["\"Action\":\"ec2:DescribeNetworkInterfaces\""]);
}

#[test]
fn a_region_that_does_not_answer_takes_the_deadline_and_no_more() {
    let region = Region::with_pool(3);
    let _held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let nobody = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    let refused = timely(&laptop, &nobody, &["--timeout", "3s"]);
    refused.fails(exit::TEMPFAIL, &["no answer from EC2 to DescribeNetworkInterfaces"]);
    region.fail_for(&laptop.id, DESCRIBE, FaultKind::Hang);
    let late = timely(&laptop, &[], &["--timeout", "3s"]);
    late.fails(exit::TEMPFAIL, &["not done within 3s"]);
    region.clear_faults().unwrap();
    // The holders' states alone are missing: the rest is shown in time.
    region.fail_for(&laptop.id, INSTANCES, FaultKind::Hang);
    let started = Instant::now();
    let shown = timely(&laptop, &[], &["--timeout", "100s"]);
    // Long before the deadline: the servers have answered.
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
    assert_eq!(shown.code, 1, "{}{}", shown.stdout, shown.stderr);
    let missing = "how the holders are is not known: no answer from EC2 to DescribeInstances";
    assert!(shown.stdout.contains(missing), "{}", shown.stdout);
    region.clear_faults().unwrap();
    // Throttled, and then not: nobody notices.
    region.fail(DESCRIBE, 1, crate::tampering::error("RequestLimitExceeded", "too many"));
    assert_eq!(timely(&laptop, &[], &[]).code, 0);
}
