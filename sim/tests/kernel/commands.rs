//! The commands that are thin over the region: each does what its help says.

use std::process::Command;

use serde_json::Value;
use steadfast_sim::client::LocalRegion;

use super::support::{both, output, region, until};

/// Runs a command of the program for a region.
fn run(region: &LocalRegion, args: &[&str]) -> String {
    output(command(region, args))
}

fn command(region: &LocalRegion, args: &[&str]) -> Command {
    let mut command = Command::new(region.sim_binary());
    command.args(["--name", region.name()]).args(args);
    command
}

#[test]
fn a_pool_is_listed_with_its_slots() {
    let region = region();
    let enis = run(&region, &["pool", "zk", "--slots", "3", "--ipv6"]);
    let listed = run(&region, &["enis"]);
    assert!(listed.starts_with("ENI "), "{listed}");
    for (eni, slot) in enis.lines().zip(1..) {
        let row = listed.lines().find(|row| row.starts_with(eni)).expect("it is listed");
        assert!(row.ends_with(&format!("zk    {slot}")), "{row}");
    }
    let json: Value =
        serde_json::from_str(&run(&region, &["enis", "--output", "json"])).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(3));
}

#[test]
fn an_instance_is_launched_stopped_started_and_terminated() {
    let region = region();
    let launch = ["launch", "--wait", "--zone", "b", "--type", "t3.medium", "--tag", "Name=one"];
    let id = run(&region, &launch).trim().to_owned();
    let row = |state: &str| {
        let listed = run(&region, &["instances"]);
        let row = listed.lines().find(|row| row.starts_with(&id)).expect("it is listed").to_owned();
        row.split_whitespace().nth(1) == Some(state) && row.contains("eu-west-1b  t3.medium")
    };
    assert!(row("running"));
    for (order, state) in [("stop", "stopped"), ("start", "running"), ("terminate", "terminated")] {
        assert_eq!(run(&region, &[order, &id]), "");
        until(state, || row(state));
    }
    let again = command(&region, &["start", &id]).output().expect("it runs");
    assert_eq!(again.status.code(), Some(1), "{}", both(&again));
}

#[test]
fn what_ails_an_instance_is_listed() {
    let region = region();
    let id = run(&region, &["launch", "--wait"]).trim().to_owned();
    let ails = || {
        let listed = run(&region, &["instances"]);
        let row = listed.lines().find(|row| row.starts_with(&id)).expect("it is listed").to_owned();
        row.split_whitespace().last().expect("words").to_owned()
    };
    let steps = [("hang", "hung"), ("cut", "hung,cut"), ("resume", "cut"), ("mend", "-")];
    for (order, expected) in steps.into_iter().chain([("mend", "-"), ("cut", "cut"), ("stop", "-")])
    {
        assert_eq!(run(&region, &[order, &id]), "");
        assert_eq!(ails(), expected, "after {order}");
    }
    let refused = command(&region, &["cut", &id]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(1), "{}", both(&refused));
    assert!(both(&refused).contains("only a running one can be cut off"), "{}", both(&refused));
}

#[test]
fn a_policy_is_given_refused_and_taken_away() {
    let region = region();
    let file = region.state_dir().path().join("policy.json");
    let policy = |action: &str| {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}"#);
        std::fs::write(&file, format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#))
            .expect("it is written");
        command(&region, &["policy", "operator", &file.to_string_lossy()])
    };
    let describe = || region.ec2("DescribeSubnets", &[]);
    output(policy("ec2:DescribeSubnets"));
    describe().expect("it is allowed");
    output(policy("ec2:DescribeInstances"));
    let denied = describe().expect_err("it is not allowed").to_string();
    assert!(denied.contains("UnauthorizedOperation"), "{denied}");
    let refused = policy("Describe").output().expect("it runs");
    assert_eq!(refused.status.code(), Some(1), "{}", both(&refused));
    assert!(both(&refused).contains("\"Describe\" is not an action"), "{}", both(&refused));
    describe().expect_err("the policy before stays");
    output(command(&region, &["policy", "operator", "--clear"]));
    describe().expect("everything is allowed");
}

#[test]
fn a_group_keeps_its_count_until_it_is_deleted() {
    let region = region();
    run(&region, &["timing", "replace_ms=10"]);
    let alive = || {
        let instances = region.state().expect("the region answers").instances;
        let alive = instances.into_iter().filter(|instance| instance.state == "running");
        alive.map(|instance| instance.id).collect::<Vec<_>>()
    };
    let group = ["group", "zk", "--desired", "2", "--zone", "a", "--tag", "steadfast:pool=zk"];
    run(&region, &group);
    until("two run", || alive().len() == 2);
    let victim = alive().remove(0);
    run(&region, &["terminate", &victim]);
    until("it is replaced", || alive().len() == 2 && !alive().contains(&victim));
    run(&region, &["group-delete", "zk"]);
    until("none runs", || alive().is_empty());
}

#[test]
fn a_fault_hits_and_is_logged_until_it_is_cleared() {
    let region = region();
    let fault =
        ["fault", "add", "--action", "DescribeSubnets", "--error", "Broken", "--status", "503"];
    run(&region, &fault);
    let calls = |outcome: &str| {
        let log = run(&region, &["log", "--json"]);
        log.lines().filter(|line| line.contains(&format!("\"outcome\":\"{outcome}\""))).count()
    };
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        super::support::ec2(&region, "DescribeSubnets", &[])
    }));
    assert!(refused.is_err(), "the fault hits");
    assert_eq!((calls("Broken"), calls("ok")), (1, 0));
    run(&region, &["fault", "clear"]);
    super::support::ec2(&region, "DescribeSubnets", &[]);
    assert_eq!((calls("Broken"), calls("ok")), (1, 1));
    let two = command(&region, &["fault", "add", "--action", "*", "--hang", "--deny"]).output();
    assert_eq!(two.expect("it runs").status.code(), Some(64), "one kind at a time");
}

#[test]
fn the_state_is_whole_and_a_reader_that_stops_is_no_error() {
    let region = region();
    run(&region, &["pool", "zk", "--slots", "200"]);
    let state: Value = serde_json::from_str(&run(&region, &["state"])).expect("JSON");
    assert_eq!(state["enis"].as_array().map(Vec::len), Some(200));
    let sim = region.sim_binary().display();
    let script = format!("set -o pipefail; {sim} --name {} state | head -1", region.name());
    let mut piped = Command::new("bash");
    piped.args(["-c", &script]);
    assert_eq!(output(piped), "{\n");
}
