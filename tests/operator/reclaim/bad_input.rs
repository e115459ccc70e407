//! What is typed wrong, denied or unreachable: one line, in time, and nothing is changed.

use std::time::Instant;

use steadfast_sim::control::FaultKind;

use super::cast::{Cast, RECLAIMED, Says, changes_nothing, eni};
use crate::region::{POOL, Region};
use crate::run::exit;
use crate::tampering::{DESCRIBE, DETACH, INSTANCES};

#[test]
fn what_there_is_not_is_told() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let laptop = &it.laptop;
    changes_nothing(&region, || {
        it.reclaim(&["4", "--yes"])
            .fails(exit::CONFIG, &["pool kafka has no slot 4: it has 1, 2, 3"]);
        let args = ["reclaim", "--pool", "nowhere", "1", "--yes"];
        laptop.steadfast(&args).fails(exit::CONFIG, &["pool nowhere has no ENI"]);
        for typed in ["0", "256", "x", "-1"] {
            assert_eq!(it.reclaim(&[typed, "--yes"]).code, exit::USAGE, "{typed}");
        }
        assert_eq!(it.reclaim(&["1", "--to", "m-1"]).code, exit::USAGE);
        // Nobody to ask.
        it.reclaim(&["1"]).fails(exit::CONFIG, &["not confirmed: without a terminal, say --yes"]);
        for action in [DESCRIBE, INSTANCES, "CreateTags"] {
            region.fail_for(&laptop.id, action, FaultKind::Deny);
            let text = format!("EC2 refuses ec2:{action}: add this statement");
            it.reclaim(&["1", "--yes"]).fails(exit::NOPERM, &[&text]);
            region.clear_faults().unwrap();
        }
    });
}

/// The tag was set by then, and says what was not done.
#[test]
fn a_detach_that_is_denied_leaves_no_trace() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    region.fail_for(&it.laptop.id, DETACH, FaultKind::Deny);
    it.reclaim(&["1", "--yes"]).fails(exit::NOPERM, &["EC2 refuses ec2:DetachNetworkInterface"]);
    assert!(!eni(&region, 1).tags.contains_key(RECLAIMED));
    assert_eq!(it.holder().holds(), [1]);
    // What was done before is still known.
    let earlier =
        "2026-01-02T03:04:05Z by arn:aws:iam::123456789012:user/ann from i-0123456789abcdef0";
    region.tag(&eni(&region, 1).id, RECLAIMED, earlier);
    it.reclaim(&["1", "--yes"]).fails(exit::NOPERM, &["EC2 refuses ec2:DetachNetworkInterface"]);
    assert_eq!(eni(&region, 1).tags[RECLAIMED], earlier);
}

#[test]
fn ec2_that_does_not_answer_ends_by_the_deadline() {
    let region = Region::with_pool(1);
    let laptop = region.launch("a");
    let started = Instant::now();
    let endpoint = [("AWS_ENDPOINT_URL", "http://10.255.255.1:9")];
    let args = ["reclaim", "--pool", POOL, "1", "--yes", "--timeout", "3s"];
    let outcome = laptop.steadfast_with(&endpoint, &args);
    outcome.fails(exit::TEMPFAIL, &[]);
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}

/// STS has no way into many a network: then the host's own names are told.
#[test]
fn without_sts_the_host_is_named() {
    let region = Region::with_pool(1);
    let (holder, laptop) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    let args = ["reclaim", "--pool", POOL, "1", "--yes", "--even-without-quorum"];
    let environment = [("USER", "ann"), ("AWS_ENDPOINT_URL_STS", "http://10.255.255.1:9")];
    laptop.steadfast_with(&environment, &args).done();
    let tag = &eni(&region, 1).tags[RECLAIMED];
    assert!(tag.contains(" by ann@") && tag.ends_with(&holder.id), "{tag}");
}

#[test]
fn throttling_and_lost_replies_are_got_over() {
    let region = Region::with_pool(1);
    let (holder, laptop) = (region.launch("a"), region.launch("a"));
    for action in [DESCRIBE, "CreateTags", DETACH] {
        holder.claim(&["--wait", "60s"]).done();
        region.fail(action, 1, crate::tampering::error("RequestLimitExceeded", "Slow down."));
        region.fail(action, 1, FaultKind::LoseReply);
        let args = ["reclaim", "--pool", POOL, "1", "--yes", "--even-without-quorum"];
        let outcome = laptop.steadfast(&args).done();
        assert!(outcome.stdout.contains("was taken from"), "{action}: {}", outcome.stdout);
        assert_eq!(eni(&region, 1).instance, None, "{action}");
    }
}
