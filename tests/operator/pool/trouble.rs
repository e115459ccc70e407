//! `pool create` and `pool adopt` on a bad day: each failure says how far it came, and the same command
//! goes on from there.

use std::time::{Duration, Instant};

use steadfast_sim::control::{FaultKind, Timings};

use super::{Laptop, error, fail, make_eni, subnets};
use crate::region::Region;
use crate::run::exit;

const CREATE: &str = "CreateNetworkInterface";

fn create<'a>(subnets: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["create", "--subnet", subnets, "--count", "3", "--yes"], more].concat()
}

#[test]
fn a_failure_half_way_says_what_exists_and_the_same_command_goes_on() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    fail(&region, CREATE, 1, Some(1), error(400, "InsufficientFreeAddressesInSubnet"));
    laptop.pool(&create(&subnets, &[])).fails(
        exit::CONFIG,
        &[
            "pool kafka is not complete: slot 1 is there, slots 2 and 3 are not",
            "the same command goes on from there",
            "InsufficientFreeAddressesInSubnet",
        ],
    );
    let first = region.slots();
    assert_eq!(first.len(), 1);
    laptop.pool(&create(&subnets, &[])).done();
    assert_eq!(region.slots().len(), 3);
    assert_eq!(region.slots()[0].id, first[0].id);
}

#[test]
fn denied_is_told_with_the_statement_that_grants_it() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    fail(&region, CREATE, 0, None, FaultKind::Deny);
    for more in [&[][..], &["--dry-run"]] {
        let texts = ["EC2 refuses ec2:CreateNetworkInterface", "\"Effect\":\"Allow\""];
        laptop.pool(&create(&subnets, more)).fails(exit::NOPERM, &texts);
    }
    region.clear_faults().unwrap();
    fail(&region, "DescribeSubnets", 0, None, FaultKind::Deny);
    laptop.pool(&create(&subnets, &[])).fails(exit::NOPERM, &["ec2:DescribeSubnets"]);
    assert_eq!(region.slots().len(), 0);
}

#[test]
fn throttling_and_lost_answers_are_waited_out_and_make_no_slot_twice() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    fail(&region, "DescribeNetworkInterfaces", 0, Some(1), error(503, "RequestLimitExceeded"));
    fail(&region, CREATE, 0, Some(2), error(503, "RequestLimitExceeded"));
    fail(&region, CREATE, 0, Some(2), FaultKind::LoseReply);
    laptop.pool(&create(&subnets, &[])).done();
    assert_eq!(region.slots().len(), 3);
    assert_eq!(region.state().unwrap().enis.len(), 3);
}

/// The program dies after the change: who runs it again finds the slot.
#[test]
fn a_run_that_was_killed_is_gone_on_with() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    fail(&region, CREATE, 1, None, FaultKind::Hang);
    let mut run = laptop.start(&create(&subnets, &[]));
    assert!(run.wait_line("slot 1 is eni-"));
    run.kill();
    region.clear_faults().unwrap();
    laptop.pool(&create(&subnets, &[])).done();
    assert_eq!(region.state().unwrap().enis.len(), 3);
}

#[test]
fn ec2_that_hangs_ends_at_the_deadline_with_what_is_known() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    fail(&region, CREATE, 1, None, FaultKind::Hang);
    let brief = ["--timeout", "10s", "--call-timeout", "2s"];
    let texts = ["slot 1 is there, slots 2 and 3 are not", "timed out"];
    laptop.pool(&create(&subnets, &brief)).fails(exit::TEMPFAIL, &texts);
    fail(&region, "DescribeSubnets", 0, None, FaultKind::Hang);
    laptop.pool(&create(&subnets, &brief)).fails(exit::TEMPFAIL, &[]);
}

/// With a call that is under way, too, whose own limit is longer.
#[test]
fn the_deadline_holds_for_calls_that_are_under_way() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    let brief = ["--timeout", "2s", "--call-timeout", "100s"];
    let timely = |args: &[&str], texts: &[&str]| {
        let started = Instant::now();
        laptop.pool(&[args, &brief[..]].concat()).fails(exit::TEMPFAIL, texts);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "{args:?} took {took:?}");
    };
    // The plan reads twice; what is asked when it ends half-way hangs, too.
    fail(&region, CREATE, 0, None, FaultKind::Hang);
    fail(&region, "DescribeNetworkInterfaces", 2, None, FaultKind::Hang);
    timely(&create(&subnets, &[]), &["slots 1, 2 and 3 are not, as far as EC2 has answered"]);
    region.clear_faults().unwrap();
    laptop.pool(&create(&subnets, &[])).done();
    fail(&region, "DeleteTags", 0, None, FaultKind::Hang);
    let retire = ["retire", "3", "--confirm", "kafka/3"];
    timely(&retire, &["slot 3 of pool kafka may still be one"]);
    region.clear_faults().unwrap();
    let eni = make_eni(&region, &subnets[..subnets.find(',').unwrap()], &[]);
    fail(&region, "CreateTags", 0, None, FaultKind::Hang);
    let adopt = format!("4={eni}");
    timely(&["adopt", "--yes", "--eni", &adopt], &["slot 4 is not adopted"]);
}

#[test]
fn stale_reads_are_waited_for() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region).join(","));
    region.set_timings(&Timings { stale_ms: Some(2_000), ..Timings::default() }).unwrap();
    let told = laptop.pool(&create(&subnets, &[])).done().stdout;
    assert_eq!(told.matches("eni-").count(), 3, "{told}");
    assert_eq!(region.state().unwrap().enis.len(), 3);
}

#[test]
fn an_adoption_that_fails_half_way_is_told_and_goes_on() {
    let region = Region::up();
    let (laptop, subnets) = (Laptop(&region), subnets(&region));
    let enis: Vec<String> = (0..3).map(|z| make_eni(&region, &subnets[z], &[])).collect();
    let pairs: Vec<String> = (1..).zip(&enis).map(|(k, id)| format!("{k}={id}")).collect();
    let mut args = vec!["adopt", "--yes"];
    args.extend(pairs.iter().flat_map(|pair| ["--eni", pair]));
    fail(&region, "CreateTags", 1, Some(1), FaultKind::Deny);
    let texts = ["slot 1 is adopted, slots 2 and 3 are not adopted", "ec2:CreateTags"];
    laptop.pool(&args).fails(exit::NOPERM, &texts);
    assert_eq!(region.slots().len(), 1);
    fail(&region, "CreateTags", 0, Some(1), FaultKind::LoseReply);
    laptop.pool(&args).done();
    assert_eq!(region.slots().len(), 3);
}
