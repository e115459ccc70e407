//! What cannot be asked is told as such, in time, and never passes for a good answer.

use std::time::{Duration, Instant};

use steadfast_sim::control::{Fault, FaultKind};

use super::{healthy, members, outside, outside_of, wrong};
use crate::region::{POOL, Region};
use crate::schema::checked;

fn fault(action: &str, kind: FaultKind) -> Fault {
    Fault {
        action: action.to_owned(),
        caller: None,
        after: 0,
        times: None,
        probability: None,
        seed: 0,
        kind,
    }
}

fn has(outcome: &crate::run::Outcome, check: &str, severity: &str, text: &str) {
    let report = checked("doctor", &outcome.stdout);
    let mut findings = report["findings"].as_array().unwrap().iter();
    let is_it = |it: &&serde_json::Value| {
        it["check"] == check && it["severity"] == severity && it.to_string().contains(text)
    };
    assert!(findings.any(|it| is_it(&it)), "no {severity} {check} with {text:?}: {report:#}");
    assert_eq!(report["exit_status"], outcome.code);
}

#[test]
fn a_pool_that_is_not_there_is_an_error() {
    let region = Region::with_pool(1);
    let outcome = outside_of(&region, "nowhere", &["--output", "json"]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    has(&outcome, "tags", "error", "pool nowhere has no ENI");
}

#[test]
fn a_denied_permission_is_told_with_the_statement_that_grants_it() {
    let region = healthy();
    region.throttle(None);
    region.fault(&fault("AttachNetworkInterface", FaultKind::Deny)).unwrap();
    let outcome = outside(&region, &["--output", "json"]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    has(&outcome, "permissions", "error", r#"\"Action\":\"ec2:AttachNetworkInterface\""#);
    // A read that only operators need is no fault of an agent's.
    region.clear_faults().unwrap();
    region.fault(&fault("DescribeSecurityGroups", FaultKind::Deny)).unwrap();
    let agent = outside(&region, &["--role", "agent", "--output", "json"]);
    assert_eq!(agent.code, 0, "{agent:?}");
    has(&agent, "reads", "skipped", "ec2:DescribeSecurityGroups");
    let operator = outside(&region, &["--output", "json"]);
    assert_eq!(operator.code, 2, "{operator:?}");
    has(&operator, "reads", "unknown", "ec2:DescribeSecurityGroups is not permitted");
    // Denied everything.
    region.clear_faults().unwrap();
    region.fault(&fault("*", FaultKind::Deny)).unwrap();
    let outcome = outside(&region, &["--output", "json"]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    has(&outcome, "reads", "unknown", "ec2:DescribeNetworkInterfaces is not permitted");
    has(&outcome, "permissions", "error", "ec2:DescribeInstances is not permitted");
}

#[test]
fn an_ec2_that_does_not_answer_is_told_in_time() {
    let region = healthy();
    region.fault(&fault("*", FaultKind::Hang)).unwrap();
    let started = Instant::now();
    let outcome = outside(&region, &["--timeout", "3s", "--output", "json"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    has(&outcome, "reads", "unknown", "the pool");
    has(&outcome, "credentials", "unknown", "");
    has(&outcome, "clock", "unknown", "");
    // Far more than it should take, far less than the calls' own time-outs.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn credentials_that_nobody_takes_are_told() {
    let region = Region::with_pool(1);
    let laptop = region.launch("a");
    let args = ["doctor", "--pool", POOL, "--region", "eu-west-1", "--no-host", "--output", "json"];
    let nobody = [("AWS_ACCESS_KEY_ID", "AKIA0000000000000000"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let outcome = laptop.steadfast_with(&nobody, &args);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    has(&outcome, "credentials", "error", "no credentials that EC2 accepts");
    // The refusal has a date, too.
    has(&outcome, "clock", "ok", "");
}

#[test]
fn nothing_at_all_where_ec2_should_be_is_told() {
    let region = Region::with_pool(1);
    let laptop = region.launch("a");
    let args = ["doctor", "--pool", POOL, "--region", "eu-west-1", "--no-host", "--timeout", "3s"];
    let nowhere = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    let outcome = laptop.steadfast_with(&nowhere, &args);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("could not be checked"), "{outcome:?}");
}

#[test]
fn an_instance_without_its_metadata_is_told_so() {
    let region = healthy();
    region.throttle(None);
    region.fault(&fault("imds", FaultKind::Hang)).unwrap();
    let environment = region.info().unwrap().environment;
    let key = |name: &str| (name.to_owned(), environment[name].clone());
    let keys = [key("AWS_ACCESS_KEY_ID"), key("AWS_SECRET_ACCESS_KEY")];
    let keys: Vec<(&str, &str)> = keys.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let args = ["doctor", "--pool", POOL, "--region", "eu-west-1", "--no-zookeeper"];
    // It has claimed a slot, so it is an instance.
    let members = members(&region);
    let started = Instant::now();
    let outcome = members[0].steadfast_with(&keys, &[&args[..], &["--output", "json"]].concat());
    assert_eq!(outcome.code, 2, "{outcome:?}");
    has(&outcome, "metadata", "error", "does not answer");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let report = checked("doctor", &outcome.stdout);
    assert!(!wrong(&report).iter().any(|(check, _)| check == "credentials"), "{report:#}");
}
