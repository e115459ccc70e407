//! `pool retire`: only what nobody holds, only with the phrase, and never halfway.

use steadfast_sim::control::FaultKind;

use super::{Laptop, error, fail, layout, subnets, tag};
use crate::region::{POOL, Region, eventually};
use crate::run::exit;
use crate::schema::checked;

const READ: &str = "DescribeNetworkInterfaces ok";

#[test]
fn a_free_slot_goes_and_is_remembered_until_it_comes_back() {
    let region = Region::with_pool(3);
    let laptop = Laptop(&region);
    let slot = region.slots()[1].clone();
    tag(&region, &slot.id, "steadfast:initialized", "a lineage");
    let before = region.changes();
    let phrase = ["--confirm", "kafka/2"];
    laptop
        .pool(&["retire", "2"])
        .fails(exit::CONFIG, &["--confirm kafka/2", "nothing was changed"]);
    laptop.pool(&["retire", "2", "--confirm", "kafka/3"]).fails(exit::CONFIG, &["not confirmed"]);
    let dry = laptop.pool(&["retire", "2", "--dry-run"]).done().stdout;
    for text in ["is to be RETIRED", "2 servers stay for good, slots 1 and 3", "has served"] {
        assert!(dry.contains(text), "{text} in {dry}");
    }
    assert_eq!(region.changes(), before);
    let retire = [&["retire", "2", "--output", "json"], &phrase[..]].concat();
    let calls = laptop.calls(|| {
        let json = checked("pool-retire", &laptop.pool(&retire).done().stdout);
        assert_eq!(json["outcome"], "retired");
        assert_eq!(json["rest"], serde_json::json!([1, 3]));
    });
    assert_eq!(calls, ["CreateTags ok", "DeleteTags ok", READ, READ, READ, READ]);
    let eni = region.eni(&slot.id);
    assert!(eni.tags["steadfast:retired"].starts_with("kafka/2 20"), "{:?}", eni.tags);
    assert!(!eni.tags.contains_key("steadfast:pool") && !eni.tags.contains_key("steadfast:slot"));
    assert_eq!(eni.tags["steadfast:initialized"], "a lineage");
    // Again: nothing is left to do.
    let json = checked("pool-retire", &laptop.pool(&retire).done().stdout);
    assert_eq!((&json["outcome"], &json["changed"]), (&"nothing".into(), &false.into()));
    let show = laptop.pool(&["show"]).done().stdout;
    assert!(show.contains(&format!("retired: slot 2 ({}", slot.id)), "{show}");

    // Its number goes to no other by mistake, and it to no other number.
    let subnet = subnets(&region)[0].clone();
    let create = ["create", "--subnet", &subnet, "--count", "3", "--yes"];
    laptop.pool(&create).fails(exit::CONFIG, &["slot 2 was retired (20", "--reuse-retired"]);
    let address = format!("4={}", slot.ipv4[0]);
    laptop
        .pool(&["create", "--address", &address, "--yes"])
        .fails(exit::CONFIG, &["is the address of slot 2"]);
    let back = |pair: &str| laptop.pool(&["adopt", "--eni", pair, "--yes"]);
    back(&format!("4={}", slot.id)).fails(exit::CONFIG, &["was slot 2 of pool kafka"]);
    back(&format!("2={}", slot.id)).done();
    let eni = region.eni(&slot.id);
    assert!(!eni.tags.contains_key("steadfast:retired"));
    assert_eq!(layout(&region).len(), 3);
}

#[test]
fn a_held_slot_is_refused_with_the_command_that_takes_it() {
    let region = Region::with_pool(2);
    let laptop = Laptop(&region);
    let holder = region.launch("a");
    holder.claim(&["--slot", "1"]).done();
    let before = region.changes();
    let args = ["retire", "1", "--confirm", "kafka/1"];
    let texts = [&holder.id, "`steadfast reclaim 1 --pool kafka --region eu-west-1`"];
    laptop.pool(&args).fails(exit::TEMPFAIL, &texts);
    laptop.pool(&["retire", "9"]).fails(exit::CONFIG, &["has no slot 9: it has 1 and 2"]);
    assert_eq!(region.changes(), before);
    assert_eq!(laptop.pool(&["retire", "x"]).code, exit::USAGE);
}

/// EC2 remembers the client token of a slot that was made, deleted, and is made again alike.
#[test]
fn a_deleted_slot_can_be_made_again() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnets = subnets(&region).join(",");
    let create = ["create", "--subnet", &subnets, "--count", "3", "--yes"];
    laptop.pool(&create).done();
    let first = region.slots();
    let delete = ["retire", "3", "--delete", "--confirm"];
    laptop.pool(&[&delete[..], &["kafka/3"]].concat()).fails(exit::CONFIG, &["kafka/3/delete"]);
    let json = laptop.pool(&[&delete[..], &["kafka/3/delete", "--output", "json"]].concat()).done();
    assert_eq!(checked("pool-retire", &json.stdout)["outcome"], "deleted");
    assert_eq!(region.state().unwrap().enis.len(), 2);
    laptop.pool(&create).done();
    let again = region.slots();
    assert_eq!(again.len(), 3);
    assert_ne!(again[2].id, first[2].id);
    assert_eq!(
        again[..2].iter().map(|it| &it.id).collect::<Vec<_>>(),
        [&first[0].id, &first[1].id]
    );

    // A retired one that is still there makes another token, too.
    laptop.pool(&["retire", "3", "--confirm", "kafka/3"]).done();
    laptop.pool(&[&create[..], &["--reuse-retired"]].concat()).done();
    assert_eq!(region.slots().len(), 3);
    assert_eq!(region.state().unwrap().enis.len(), 4);
}

#[test]
fn a_retirement_that_is_cut_off_leaves_a_slot_or_none_and_goes_on() {
    let region = Region::with_pool(3);
    let laptop = Laptop(&region);
    let args = ["retire", "2", "--confirm", "kafka/2"];
    fail(&region, "CreateTags", 0, Some(1), FaultKind::Deny);
    laptop.pool(&args).fails(exit::NOPERM, &["ec2:CreateTags"]);
    fail(&region, "DeleteTags", 0, Some(1), FaultKind::Deny);
    let texts =
        ["slot 2 of pool kafka may still be one", "the same command goes on", "ec2:DeleteTags"];
    laptop.pool(&args).fails(exit::NOPERM, &texts);
    assert_eq!(layout(&region).len(), 3);
    fail(&region, "DeleteTags", 0, Some(1), FaultKind::LoseReply);
    laptop.pool(&args).done();
    assert_eq!(layout(&region).len(), 2);
    let delete = ["retire", "2", "--delete", "--confirm", "kafka/2/delete"];
    fail(&region, "DeleteNetworkInterface", 0, Some(1), error(400, "SomethingElse"));
    laptop.pool(&delete).fails(exit::CONFIG, &["is retired, but eni-", "the same command goes on"]);
    laptop.pool(&delete).done();
    assert_eq!(region.state().unwrap().enis.len(), 2);
}

/// An agent has read the pool before the tags went, and attaches after: it has a slot in the end, and
/// the operator is told.
#[test]
fn an_agent_that_claims_at_the_same_moment_keeps_its_slot() {
    // What the command asks last, and so is held up until the slot is attached.
    for (more, last) in
        [(&[][..], "DescribeNetworkInterfaces"), (&["--delete"], "DeleteNetworkInterface")]
    {
        let region = Region::with_pool(1);
        let laptop = Laptop(&region);
        let agent = region.launch("a");
        let eni = region.slots()[0].id.clone();
        let reads_first = if last.starts_with("Describe") { 3 } else { 0 };
        fail(&region, last, reads_first, None, error(503, "RequestLimitExceeded"));
        let phrase = if more.is_empty() { "kafka/1" } else { "kafka/1/delete" };
        let args = ["retire", "1", "--confirm", phrase, "--timeout", "100s"];
        let retire = laptop.start(&[&args[..], more].concat());
        eventually("the tags are gone", || {
            (!region.eni(&eni).tags.contains_key("steadfast:pool")).then_some(())
        });
        let at = [("NetworkInterfaceId", &*eni), ("InstanceId", &agent.id), ("DeviceIndex", "1")];
        region.ec2("AttachNetworkInterface", &at);
        region.clear_faults().unwrap();
        let text = "its tags are put back, it is a slot as before";
        retire.finish().fails(exit::TEMPFAIL, &["slot 1 of pool kafka was claimed by", text]);
        let tags = region.eni(&eni).tags;
        assert_eq!((tags["steadfast:pool"].as_str(), tags["steadfast:slot"].as_str()), (POOL, "1"));
        assert!(!tags.contains_key("steadfast:retired"), "{tags:?}");
        agent.claim(&[]).done();
        assert_eq!(agent.holds(), [1]);
    }
}

/// What was shown is an hour old by the time that somebody has typed the phrase.
#[test]
fn what_changed_after_the_plan_was_shown_is_not_overrun() {
    let region = Region::with_pool(2);
    let laptop = Laptop(&region);
    let agent = region.launch("a");
    let slots = region.slots();
    let retire = |slot: &str, more: &[&str], meanwhile: &dyn Fn()| {
        let delete = if more.is_empty() { "" } else { "/delete" };
        let phrase = format!("{POOL}/{slot}{delete}");
        let (mark, args) = (region.log(0).unwrap().len(), ["retire", slot, "--confirm", &phrase]);
        fail(&region, "DescribeNetworkInterfaces", 2, None, error(503, "RequestLimitExceeded"));
        let running = laptop.start(&[&args[..], more].concat());
        eventually("the plan is made", || {
            let log = region.log(mark).unwrap();
            log.iter().any(|call| call.outcome.contains("RequestLimitExceeded")).then_some(())
        });
        meanwhile();
        region.clear_faults().unwrap();
        running.finish()
    };
    let claimed = retire("1", &[], &|| {
        let at = [
            ("NetworkInterfaceId", slots[0].id.as_str()),
            ("InstanceId", &agent.id),
            ("DeviceIndex", "1"),
        ];
        region.ec2("AttachNetworkInterface", &at);
    });
    let held = format!("slot 1 of pool kafka is held by {}", agent.id);
    claimed.fails(exit::TEMPFAIL, &[&held, "nothing was changed"]);
    assert!(!region.eni(&slots[0].id).tags.contains_key("steadfast:retired"));

    // A retired one that is to be deleted, and that somebody brings back.
    laptop.pool(&["retire", "2", "--confirm", "kafka/2"]).done();
    let back = retire("2", &["--delete"], &|| {
        tag(&region, &slots[1].id, "steadfast:pool", POOL);
        tag(&region, &slots[1].id, "steadfast:slot", "2");
        region.untag(&slots[1].id, "steadfast:retired");
    });
    back.fails(exit::TEMPFAIL, &["was made a slot again", "nothing was changed"]);
    assert_eq!(layout(&region).len(), 2);
}
