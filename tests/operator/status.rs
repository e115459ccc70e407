//! `steadfast status`: what it shows of a pool, what it finds odd, what it costs.

use std::collections::BTreeMap;

use serde_json::Value;
use steadfast_sim::control::GroupRequest;

use crate::region::{Instance, Region, eventually};
use crate::run::Outcome;
use crate::schema::checked;
use crate::stub::{ensemble, hold, status};

/// The report as JSON, which goes by its schema, with its exit status.
fn report(from: &Instance<'_>, more: &[&str]) -> (i32, Value) {
    let outcome = from.steadfast(&status(&[&["--output", "json"], more].concat()));
    (outcome.code, checked("status", &outcome.stdout))
}

fn kinds(report: &Value) -> Vec<&str> {
    let oddities = report["oddities"].as_array().unwrap().iter();
    oddities.map(|it| it["kind"].as_str().unwrap()).collect()
}

/// Refuses a report without this oddity, or with another exit status.
#[track_caller]
fn is_odd(from: &Instance<'_>, kind: &str, code: i32) -> Value {
    let (got, report) = report(from, &[]);
    let oddities = &report["oddities"];
    assert!(kinds(&report).contains(&kind), "no {kind}: {oddities:#}");
    assert_eq!(got, code, "{oddities:#}");
    let all = oddities.as_array().unwrap();
    all.iter().find(|it| it["kind"] == kind).unwrap().clone()
}

#[track_caller]
fn shows(outcome: &Outcome, code: i32, texts: &[&str]) {
    assert_eq!(outcome.code, code, "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.stderr, "");
    let missing: Vec<_> = texts.iter().filter(|text| !outcome.stdout.contains(**text)).collect();
    assert!(missing.is_empty(), "no {missing:?} in:\n{}", outcome.stdout);
}

#[test]
fn a_healthy_pool_costs_two_calls() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let mark = laptop.mark();
    let text = laptop.steadfast(&status(&[]));
    println!("{}", text.stdout);
    let verdict = "pool kafka: healthy: there is a quorum, 3 of 3 servers vote, and it survives one \
                   more loss\na session with slot ";
    shows(
        &text,
        0,
        &["SLOT  ADDRESS", "follower", "leader", "done", "3.8.0", verdict, ", a write "],
    );
    assert!(!text.stdout.contains('\x1b'), "colour in a pipe");
    let calls = ["DescribeNetworkInterfaces ok", "DescribeInstances ok"];
    assert_eq!(laptop.calls_since(mark), calls);
    for it in &held {
        let row = text.stdout.lines().find(|row| row.contains(&it.address)).unwrap();
        assert!(row.contains(&it.instance.id) && row.contains(&it.eni()), "{row}");
    }
    let (code, report) = report(&laptop, &[]);
    assert_eq!((code, &report["health"]), (0, &"healthy".into()));
    assert_eq!(kinds(&report), [""; 0]);
    let quorum = &report["quorum"];
    assert_eq!(quorum["leaders"], serde_json::json!([3]));
    assert_eq!((&quorum["majority"], &quorum["survives"]), (&2.into(), &1.into()));
    let slot = &report["slots"][0];
    assert_eq!(slot["server"]["zxid"], "0x100000002");
    assert_eq!(slot["holder"]["state"], "running");
    let since = slot["holder"]["attached_at"].as_str().unwrap();
    assert!(since.starts_with("20") && since.ends_with('Z'), "{since}");
    assert_eq!(report["session"]["opened"]["config_differences"], serde_json::json!([]));
}

#[test]
fn the_probe_is_removed_again_and_not_made_where_it_is_not_wanted() {
    let region = Region::with_pool(1);
    let held = ensemble(&region, 1);
    let laptop = region.launch("a");
    let (_, told) = report(&laptop, &["--no-probe"]);
    assert_eq!(held[0].operations(), ["get /zookeeper/config"]);
    let opened = &told["session"]["opened"];
    assert!(opened["read"]["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(opened["write"], Value::Null);
    let (_, told) = report(&laptop, &[]);
    assert!(told["session"]["opened"]["write"]["seconds"].as_f64().unwrap() > 0.0);
    let operations = held[0].operations();
    let [_, _, create, delete] = &operations[..] else { panic!("{operations:?}") };
    assert!(create.starts_with("create /steadfast-probe-"), "{create}");
    assert_eq!(create.replace("create", "delete"), *delete);
}

#[test]
fn a_pool_that_nobody_holds_has_no_quorum_and_costs_one_call() {
    let region = Region::with_pool(3);
    let laptop = region.launch("a");
    let mark = laptop.mark();
    let told = laptop.steadfast(&status(&[]));
    shows(&told, 2, &["free", "no quorum: 0 of 3 servers vote", "no session: no slot is held"]);
    assert_eq!(laptop.calls_since(mark), ["DescribeNetworkInterfaces ok"]);
    assert_eq!(report(&laptop, &[]).0, 2);
}

#[test]
fn what_is_odd_about_an_eni_is_told_with_what_mends_it() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let (eni, attachment) = (held[0].eni(), region.slots()[0].attachment.clone().unwrap());
    let modify = |more: &[(&str, &str)]| {
        let parameters = [&[("NetworkInterfaceId", eni.as_str())], more].concat();
        region.ec2("ModifyNetworkInterfaceAttribute", &parameters);
    };
    let ends_with = |value| {
        modify(&[
            ("Attachment.AttachmentId", &attachment),
            ("Attachment.DeleteOnTermination", value),
        ]);
    };
    ends_with("true");
    let odd = is_odd(&laptop, "delete-on-termination", 1);
    let mends = odd["next_step"].as_str().unwrap();
    assert!(mends.contains(&eni) && mends.contains(&attachment), "{mends}");
    ends_with("false");
    modify(&[("SourceDestCheck.Value", "false")]);
    is_odd(&laptop, "source-dest-check-off", 1);
    modify(&[("SourceDestCheck.Value", "true")]);
    region.tag(&eni, "steadfast:bootstrap", &attachment);
    is_odd(&laptop, "bootstrap-override", 1);
    region.tag(&eni, "steadfast:bootstrap", "eni-attach-00000000000000000");
    is_odd(&laptop, "bootstrap-override", 0);
    region.untag(&eni, "steadfast:bootstrap");
    region.untag(&eni, "steadfast:initialized");
    is_odd(&laptop, "first-boot-untagged", 0);
    held[0].mark_initialized();
    assert_eq!(report(&laptop, &[]).0, 0);
    // One wrong tag does not hide the rest.
    region.untag(&eni, "steadfast:slot");
    let odd = is_odd(&laptop, "pool-defect", 1);
    assert!(odd["sentence"].as_str().unwrap().contains("has no tag steadfast:slot"), "{odd}");
    let text = laptop.steadfast(&status(&[]));
    shows(&text, 1, &[&held[1].address, &held[2].address, "aws ec2 create-tags"]);
}

#[test]
fn what_is_odd_about_servers_is_told() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    let [one, two, three] = &held[..] else { panic!() };
    two.serve("follower", &["version=3.9.2"]);
    is_odd(&laptop, "several-versions", 0);
    three.serve("leader", &["zxid=0x100010000"]);
    is_odd(&laptop, "server-far-behind", 1);
    three.serve("leader", &["synced=3"]);
    is_odd(&laptop, "twin", 1);
    two.serve("leader", &[]);
    is_odd(&laptop, "several-leaders", 2);
    two.serve("standalone", &[]);
    is_odd(&laptop, "server-without-vote", 1);
    two.serve("not-serving", &[]);
    is_odd(&laptop, "server-not-serving", 1);
    two.stop();
    is_odd(&laptop, "server-down", 1);
    for it in [one, three] {
        let mode = if it.slot == 3 { "leader" } else { "follower" };
        it.serve_with(mode, "server.1=10.9.9.9:2888:3888:participant\nversion=0", &[]);
    }
    let odd = is_odd(&laptop, "server-list-differs", 1);
    let sentence = odd["sentence"].as_str().unwrap();
    assert!(sentence.contains("10.9.9.9") && sentence.contains("server 3"), "{sentence}");
    for it in [one, three] {
        let mode = if it.slot == 3 { "leader" } else { "follower" };
        it.serve(mode, &["auth=yes"]);
    }
    is_odd(&laptop, "authentication-required", 1);
    one.stop();
    let (code, told) = report(&laptop, &[]);
    assert_eq!((code, &told["health"]), (2, &"no_quorum".into()), "{:#}", told["oddities"]);
}

#[test]
fn what_is_odd_about_holders_is_told() {
    let region = Region::with_pool(3);
    let held = ensemble(&region, 3);
    let laptop = region.launch("a");
    region.stop(&held[0].instance.id).unwrap();
    eventually("it stops", || {
        let all = region.state().unwrap().instances;
        let own = all.into_iter().find(|it| it.id == held[0].instance.id).unwrap();
        (own.state == "stopped").then_some(())
    });
    let odd = is_odd(&laptop, "holder-not-running", 1);
    assert!(odd["sentence"].as_str().unwrap().ends_with("which is stopped"), "{odd}");
    let first = region.slots()[0].clone();
    region.ec2("DetachNetworkInterface", &[("AttachmentId", &first.attachment.unwrap())]);
    eventually("it is free", || (region.slots()[0].status == "available").then_some(()));
    is_odd(&laptop, "slot-free", 1);
    region.attach(&first.id, &held[1].instance.id, "2");
    eventually("it is attached", || (region.slots()[0].status == "in-use").then_some(()));
    let odd = is_odd(&laptop, "several-slots-on-one-instance", 1);
    assert_eq!(odd["slots"], serde_json::json!([1, 2]));
}

#[test]
fn a_group_that_holds_a_slot_of_another_zone_is_told() {
    let region = Region::up();
    region.pool(3);
    let laptop = region.launch("a");
    for (name, zones) in [("of-a", &["a", "b"][..]), ("of-c", &["c"][..])] {
        let group = GroupRequest {
            name: name.to_owned(),
            desired: zones.len() as u32,
            zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
            instance_type: "t3.small".to_owned(),
            tags: BTreeMap::new(),
            user_data: String::new(),
            image: None,
        };
        region.put_group(&group).unwrap();
    }
    let members = eventually("the groups have launched", || {
        let all = region.state().unwrap().instances.into_iter();
        let members: Vec<String> = all.map(|it| it.id).filter(|id| *id != laptop.id).collect();
        (members.len() == 3).then_some(members)
    });
    for id in members {
        let member = region.instance(id);
        member.wait_up();
        member.claim(&[]).done();
    }
    let odd = is_odd(&laptop, "group-in-several-zones", 2);
    assert_eq!(odd["slots"], serde_json::json!([1, 2]));
    assert!(odd["sentence"].as_str().unwrap().contains("group of-a holds slots 1 in"), "{odd}");
    let mut groups: Vec<Value> = report(&laptop, &[]).1["slots"].as_array().unwrap().clone();
    let groups: Vec<Value> = groups.iter_mut().map(|it| it["holder"]["group"].take()).collect();
    assert_eq!(groups, ["of-a", "of-a", "of-c"]);
}

#[test]
fn a_slot_between_two_states_is_told() {
    use steadfast_sim::control::Timings;
    let region = Region::with_pool(1);
    let held = hold(&region, 1);
    let laptop = region.launch("a");
    let slow = Timings { detach_ms: Some(120_000), ..Timings::default() };
    region.set_timings(&slow).unwrap();
    let attachment = region.slots()[0].attachment.clone().unwrap();
    region.ec2("DetachNetworkInterface", &[("AttachmentId", &attachment)]);
    is_odd(&laptop, "attachment-in-transit", 2);
    let text = laptop.steadfast(&status(&[]));
    shows(&text, 2, &["detaching", "slot 1 is detaching", &held[0].instance.id]);
}
