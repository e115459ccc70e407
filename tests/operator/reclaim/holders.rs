//! Holders in every state: how each loses its slot, and what is said.

use steadfast_sim::control::{Call, Timings};

use super::cast::{ASSUMED, Cast, RECLAIMED, Says, changes_nothing, detaches, eni};
use crate::region::{DEADLINE, POOL, Region, eventually};
use crate::run::exit;
use crate::schema::checked;
use crate::tampering::DETACH;

/// Each detach as `(force, outcome)`, all of one attachment.
fn forces(calls: &[Call], attachment: &str) -> Vec<(bool, String)> {
    let one = |call: &Call| {
        assert_eq!(call.parameters["AttachmentId"], attachment);
        (call.parameters.get("Force").is_some_and(|it| it == "true"), call.outcome.clone())
    };
    calls.iter().map(one).collect()
}

/// A clean one: no force, four calls and the reads of the wait, and the trace that it leaves.
#[test]
fn one_that_runs_without_a_server_gives_its_slot_up() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let attachment = eni(&region, 1).attachment.unwrap();
    let args = ["1", "--yes", "--reason", "its host; is <dead>", "--output", "json"];
    let outcome = it.reclaim(&args).done();
    let json = checked("reclaim", &outcome.stdout);
    assert_eq!((&json["outcome"], &json["forced"]), (&"done".into(), &false.into()));
    assert_eq!(json["holder"]["instance"], it.holder().id);
    assert!(json["free_after_seconds"].as_f64().unwrap() > 0.0);
    assert!(json["successor"].is_null() && json["attached"].is_null());
    let now = eni(&region, 1);
    assert_eq!((now.instance, now.status.as_str()), (None, "available"));
    assert_eq!(forces(&it.detaches(), &attachment), [(false, "ok".to_owned())]);
    let tag = &now.tags[RECLAIMED];
    let (at, rest) = tag.split_once(" by ").unwrap();
    assert!(humantime::parse_rfc3339(at).is_ok(), "{tag}");
    let (laptop, holder) = (&it.laptop.id, &it.holder().id);
    assert_eq!(rest, format!("{ASSUMED}{laptop} from {holder}: its host_ is _dead_"));
    let calls = it.laptop.calls();
    let names: Vec<&str> = calls.iter().map(|it| it.split(' ').next().unwrap()).collect();
    // Read and asked; then, in this order, the trace, the detach and the wait.
    let changes = names.iter().position(|name| *name == "CreateTags").unwrap();
    let mut first = names[..changes].to_vec();
    first.sort_unstable();
    assert_eq!(first, ["DescribeInstances", "DescribeNetworkInterfaces", "GetCallerIdentity"]);
    assert_eq!(names[changes + 1], DETACH);
    assert!(names[changes + 2..].iter().all(|name| *name == "DescribeNetworkInterfaces"));
    assert!(outcome.stderr.contains("ZooKeeper  unreachable"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("quorum     stays without it"), "{}", outcome.stderr);
    // The second time there is nothing to do, and who did it is known.
    let again = changes_nothing(&region, || it.reclaim(&["1"]).done());
    let text = "slot 1 is held by no instance: there is nothing to take; nothing was changed\n";
    assert_eq!(again.stdout, text);
}

#[test]
fn a_dry_run_asks_ec2_and_changes_nothing() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let mark = it.laptop.mark();
    let outcome = changes_nothing(&region, || it.reclaim(&["1", "--dry-run"]).done());
    let text = "nothing was changed; EC2 permits ec2:CreateTags, ec2:DetachNetworkInterface\n";
    assert!(outcome.stdout.ends_with(text), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("is to be taken from its holder"), "{}", outcome.stdout);
    let asked = it.laptop.calls_since(mark);
    let dry: Vec<_> = asked.iter().filter(|it| it.ends_with("DryRunOperation")).collect();
    assert_eq!(dry, ["CreateTags DryRunOperation", "DetachNetworkInterface DryRunOperation"]);
    let outcome = it.reclaim(&["1", "--dry-run", "--output", "json"]).done();
    let json = checked("reclaim", &outcome.stdout);
    assert_eq!(json["outcome"], "would-do");
    assert_eq!(
        json["permitted"],
        serde_json::json!(["ec2:CreateTags", "ec2:DetachNetworkInterface"])
    );
    // What EC2 would refuse is told now.
    region.fail_for(&it.laptop.id, DETACH, steadfast_sim::control::FaultKind::Deny);
    let outcome = it.reclaim(&["1", "--dry-run", "--output", "json"]);
    outcome.fails(exit::NOPERM, &["EC2 refuses ec2:DetachNetworkInterface"]);
}

#[test]
fn one_that_is_stopped_or_gone_loses_it_by_force() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let attachment = eni(&region, 1).attachment.unwrap();
    region.stop(&it.holder().id).unwrap();
    region.wait_state(&it.holder().id, "stopped", DEADLINE).unwrap();
    let outcome = it.reclaim(&["1", "--yes"]).done();
    assert!(outcome.stdout.contains(", by force ("), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("stopped; attached since"), "{}", outcome.stderr);
    let forces = forces(&it.detaches(), &attachment);
    // Without force first, which EC2 grants to one caller alone.
    assert_eq!(forces[0], (false, "ok".to_owned()));
    assert!(forces.len() == 2 && forces[1].0, "{forces:?}");
    assert_eq!(eni(&region, 1).instance, None);
}

/// No kernel answers the detach: it ends when the instance has.
#[test]
fn one_that_shuts_down_is_waited_for_and_terminated_it_is_gone() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let slow = Timings { terminate_ms: Some(4_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    region.terminate(&it.holder().id).unwrap();
    let outcome = it.reclaim(&["1", "--yes"]).done();
    assert!(outcome.stderr.contains("shutting-down"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("EC2 takes it when"), "{}", outcome.stderr);
    assert_eq!(eni(&region, 1).instance, None);
}

#[test]
fn one_that_is_stopping_is_taken_by_force_when_it_is_down() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    region.set_timings(&Timings { stop_ms: Some(3_000), ..Timings::default() }).unwrap();
    region.stop(&it.holder().id).unwrap();
    it.reclaim(&["1", "--yes"]).done();
    assert_eq!(eni(&region, 1).instance, None);
}

/// Its kernel accepts connections, and its leader has given it up.
#[test]
fn one_that_hangs_is_told_by_the_leaders_count_and_loses_it() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nothing);
    region.hang(&it.holder().id).unwrap();
    let outcome = it.reclaim(&["1", "--yes", "--force"]).done();
    assert!(outcome.stderr.contains("ZooKeeper  no answer within 2s"), "{}", outcome.stderr);
    assert_eq!(eni(&region, 1).instance, None);
    region.resume(&it.holder().id).unwrap();
}

#[test]
fn one_that_is_cut_off_likewise() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nothing);
    region.cut(&it.holder().id).unwrap();
    it.reclaim(&["1", "--yes"]).done();
    assert_eq!(eni(&region, 1).instance, None);
}

/// EC2 waits for a kernel that does not let go: it is said, and a second run with force ends it.
#[test]
fn a_detach_that_is_stuck_is_told_and_finished_by_force() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let attachment = eni(&region, 1).attachment.unwrap();
    let slow = Timings { detach_ms: Some(100_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let mut first = it.start(&["1", "--yes", "--timeout", "20s"]);
    assert!(first.wait_line("to let go of slot 1: if it hangs, interrupt this and run it again"));
    let texts = [&format!("slot 1 is still being detached from {}", it.holder().id), "--force"];
    first.finish().fails(exit::TEMPFAIL, &texts);
    // Without force there is nothing to be asked for, and no trace of who did not.
    let before = eni(&region, 1).tags[RECLAIMED].clone();
    it.reclaim(&["1", "--yes", "--timeout", "2s"]).fails(exit::TEMPFAIL, &["still being detached"]);
    assert_eq!(eni(&region, 1).tags[RECLAIMED], before);
    region.set_timings(&Timings { detach_ms: Some(1_500), ..Timings::default() }).unwrap();
    let outcome = it.reclaim(&["1", "--yes", "--force"]).done();
    assert!(outcome.stderr.contains("being detached (eni-attach-"), "{}", outcome.stderr);
    assert!(outcome.stdout.contains(", by force ("), "{}", outcome.stdout);
    let asked = forces(&it.detaches(), &attachment);
    assert_eq!(asked, [(false, "ok".to_owned()), (true, "ok".to_owned())]);
    assert_eq!(eni(&region, 1).instance, None);
}

#[test]
fn a_replacement_that_waits_is_named_with_its_time() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let replacement = it.region.launch("a");
    let mut claim = replacement.start_claim(&[]);
    assert!(claim.wait_line("0 free"));
    let outcome = it.reclaim(&["1", "--yes", "--output", "json"]).done();
    claim.finish().done();
    assert_eq!(replacement.holds(), [1]);
    let json = checked("reclaim", &outcome.stdout);
    assert_eq!(json["successor"]["instance"], replacement.id, "{json:#}");
    assert!(json["successor"]["after_seconds"].as_f64() >= json["free_after_seconds"].as_f64());
}

/// Its agent gives the slot back at the same time: it is free, and not by this command's doing.
#[test]
fn a_holder_that_releases_at_the_same_time_was_faster() {
    let region = Region::with_pool(1);
    let (holder, laptop) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    // The operator's detach is performed when the slot is gone.
    region.fail_for(&laptop.id, DETACH, steadfast_sim::control::FaultKind::Delay { ms: 3_000 });
    let args = ["reclaim", "--pool", POOL, "1", "--yes", "--even-without-quorum"];
    let mut reclaim = laptop.start(&args);
    assert!(reclaim.wait_line("detaching slot 1"));
    holder.release(&[]).done();
    let outcome = reclaim.finish();
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    let text = format!("somebody else took slot 1 from {}\n", holder.id);
    assert!(outcome.stdout.starts_with(&text), "{}", outcome.stdout);
    assert_eq!(detaches(&region).len(), 2);
    eventually("no trace of what was not done", || {
        (!eni(&region, 1).tags.contains_key(RECLAIMED)).then_some(())
    });
}
