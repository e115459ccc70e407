//! What would do harm is refused with its flag, all of it at once, and changes nothing; with the flag
//! it is done.

use super::cast::{Cast, RECLAIMED, Says, changes_nothing, eni};
use crate::region::Region;
use crate::run::exit;
use crate::schema::checked;

const SERVING: &str = "--even-if-serving";
const UNSEEN: &str = "--even-if-unseen";
const QUORUM: &str = "--even-without-quorum";
const DOWN: &str = "--even-if-another-is-down";

/// One region for a row: what the servers say, what is refused, and that the flags are enough.
fn refused(says: [Says; 3], flags: &[&str], texts: &[&str]) {
    let region = Region::with_pool(3);
    let it = Cast::new(&region, says);
    let all = [SERVING, UNSEEN, QUORUM, DOWN];
    changes_nothing(&region, || {
        let outcome = it.reclaim(&["1", "--yes"]);
        let line = outcome.fails(exit::TEMPFAIL, texts);
        for flag in all {
            let is_named = line.contains(&format!("({flag} overrides)"));
            assert_eq!(is_named, flags.contains(&flag), "{flag}: {line}");
        }
        // The other words do not help, nor does one alone of two that are needed.
        let others: Vec<&str> = all.into_iter().filter(|it| *it != flags[0]).collect();
        let line = it.reclaim(&[&["1", "--yes"], &others[..]].concat());
        line.fails(exit::TEMPFAIL, &[flags[0]]);
    });
    let outcome = it.reclaim(&[&["1", "--yes"], flags].concat()).done();
    let holder = &it.holder().id;
    assert!(outcome.stdout.contains(&format!("was taken from {holder} (")), "{}", outcome.stdout);
    assert_eq!(eni(&region, 1).instance, None);
    assert!(eni(&region, 1).tags.contains_key(RECLAIMED));
}

#[test]
fn a_server_that_serves() {
    let says = [Says::Follows, Says::Leads(2), Says::Follows];
    refused(says, &[SERVING], &["slot 1 is left as it is: ZooKeeper on", "serves (follower)"]);
}

#[test]
fn a_leader_whose_others_are_no_quorum() {
    let says = [Says::Leads(1), Says::Follows, Says::Nobody];
    let texts =
        ["serves (leader)", "2 votes are needed, and of the other slots 1 can be seen to vote"];
    refused(says, &[SERVING, QUORUM], &texts);
}

#[test]
fn a_server_that_is_silent_while_the_leader_counts_it() {
    let says = [Says::Nothing, Says::Leads(2), Says::Follows];
    let texts =
        ["is running, and whether its ZooKeeper serves cannot be seen from here", "within 2s"];
    refused(says, &[UNSEEN], &texts);
}

#[test]
fn an_ensemble_without_a_quorum() {
    let says = [Says::NotServing, Says::NotServing, Says::Half];
    let texts = ["slot 2: not serving, slot 3: the answer broke off after 30 bytes"];
    refused(says, &[QUORUM], &texts);
}

#[test]
fn a_laptop_that_sees_nobody() {
    refused([Says::Nothing; 3], &[UNSEEN, QUORUM], &["slot 2: no answer within 2s"]);
}

#[test]
fn garbage_where_zookeeper_should_be() {
    let says = [Says::Garbage, Says::Garbage, Says::Nobody];
    refused(
        says,
        &[UNSEEN, QUORUM],
        &["no ZooKeeper: it answers", "slot 3: unreachable: Connection refused"],
    );
}

/// A pool of five keeps its quorum without two: but with a third it is lost.
#[test]
fn another_slot_that_is_down() {
    let region = Region::with_pool(5);
    let holders = region.launch_many("a", 5);
    let says = [Says::Nobody, Says::Leads(2), Says::Follows, Says::Follows];
    for (slot, (holder, says)) in (1_u8..).zip(holders.iter().zip(says)) {
        holder.claim(&["--only-slot", &slot.to_string()]).done();
        super::cast::listen(holder, slot, says);
    }
    let laptop = &holders[4];
    let reclaim = |more: &[&str]| {
        laptop.steadfast(&[&["reclaim", "--pool", "kafka", "1", "--yes"], more].concat())
    };
    let text = format!("another slot is down: slot 5: held by no instance ({DOWN} overrides)");
    changes_nothing(&region, || {
        reclaim(&[]).fails(exit::TEMPFAIL, &[&text]);
        reclaim(&[SERVING, UNSEEN, QUORUM]).fails(exit::TEMPFAIL, &[&text]);
    });
    reclaim(&[DOWN]).done();
    assert_eq!(eni(&region, 1).instance, None);
}

#[test]
fn a_dry_run_tells_its_refusals_as_json() {
    let region = Region::with_pool(3);
    let it = Cast::new(&region, [Says::Follows, Says::Leads(2), Says::Follows]);
    let outcome = changes_nothing(&region, || it.reclaim(&["1", "--dry-run", "--output", "json"]));
    assert_eq!(outcome.code, exit::TEMPFAIL, "{}", outcome.stderr);
    let json = checked("reclaim", &outcome.stdout);
    assert_eq!(json["outcome"], "refused");
    assert_eq!(json["refusals"][0]["flag"], SERVING);
    assert_eq!(json["refusals"][0]["is_overridden"], false);
    assert_eq!(json["quorum_without_it"], true);
    assert_eq!(json["servers"][1]["answer"], "leader");
}
