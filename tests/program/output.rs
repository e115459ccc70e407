//! How it is told: for people on a terminal, for machines everywhere else.

use serde_json::Value;

use crate::region::{Instance, POOL, Region, program};
use crate::run::{Outcome, Running, exit};

/// Runs `steadfast` on a terminal of its own: `script` is util-linux's.
fn on_terminal(instance: &Instance<'_>, args: &str) -> Outcome {
    let command = format!("{} {args}", program());
    let script = ["script", "--quiet", "--return", "--command", &command, "/dev/null"];
    Running::start(instance.command(&script)).finish()
}

#[test]
fn a_person_on_a_terminal_sees_each_step_with_its_time() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let outcome = on_terminal(&instance, &format!("claim --pool {POOL}"));
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    let lines: Vec<&str> = outcome.stdout.lines().map(str::trim_end).collect();
    let (last, steps) = lines.split_last().unwrap();
    assert!(last.starts_with(&format!("{} claimed slot 1", instance.id)), "{lines:#?}");
    let mut times = Vec::new();
    for step in steps {
        let (time, sentence) = step.trim_start().split_once(" s  ").expect(step);
        times.push(time.parse::<f64>().expect(step));
        assert!(!sentence.contains('='), "no fields for people: {step}");
    }
    assert!(times.len() >= 6, "{lines:#?}");
    assert!(times.is_sorted(), "{times:?}");
    let sentences =
        ["pool kafka of 1 slot: 1 free", "attaching slot 1 (eni-", "is in the kernel", "verified:"];
    let missing: Vec<_> = sentences.iter().filter(|it| !outcome.stdout.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?}: {lines:#?}");
}

#[test]
fn an_error_on_a_terminal_is_one_line_after_the_steps() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let outcome = on_terminal(&instance, "claim --pool nobodys");
    assert_eq!(outcome.code, exit::CONFIG, "{}", outcome.stdout);
    let last = outcome.stdout.lines().last().unwrap();
    assert!(last.starts_with("steadfast: pool nobodys has no ENI"), "{}", outcome.stdout);
}

#[test]
fn a_pipe_gets_fields() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let outcome = instance.claim(&[]).done();
    assert!(!outcome.stderr.contains('\u{1b}'), "no colours: {}", outcome.stderr);
    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert!(lines.len() >= 6, "{lines:#?}");
    let plain: Vec<_> = lines.iter().filter(|line| !line.contains(" INFO ")).collect();
    assert!(plain.is_empty(), "{plain:#?}");
    let attaching = lines.iter().find(|line| line.contains("attaching slot 1")).unwrap();
    let eni = format!("eni={}", region.slots()[0].id);
    assert!(attaching.contains("slot=1") && attaching.contains(&eni), "{attaching}");
}

#[test]
fn the_json_log_is_an_object_a_line() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let args = ["--log-format", "json", "claim", "--pool", POOL, "--output", "json"];
    let outcome = instance.steadfast(&args).done();
    let events: Vec<Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(events.len() >= 6, "{}", outcome.stderr);
    let says = |event: &&Value| event["message"].as_str().unwrap().starts_with("attaching slot 1");
    let attaching = events.iter().find(says).unwrap();
    assert_eq!(attaching["slot"], 1);
    assert_eq!(attaching["eni"], region.slots()[0].id.as_str());
    assert_eq!(attaching["level"], "INFO");
    assert_eq!(outcome.json()["slot"], 1);
}

#[test]
fn a_claims_json_is_the_facts_and_what_it_took() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let first = instance.claim(&["--output", "json"]).done().json();
    let mut told = first.as_object().unwrap().clone();
    assert_eq!(told.remove("resumed"), Some(Value::from(false)));
    assert_eq!(told.remove("ec2_calls"), Some(Value::from(2)));
    let seconds = told.remove("seconds").unwrap().as_f64().unwrap();
    assert!((0.05..120.0).contains(&seconds), "{seconds}");
    assert_eq!(Value::from(told), instance.slot_json());
    let second = instance.claim(&["--output", "json"]).done().json();
    assert_eq!((&second["resumed"], &second["ec2_calls"]), (&Value::from(true), &Value::from(1)));
}

#[test]
fn a_dry_runs_json_says_what_would_be_done() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let plan = instance.claim(&["--dry-run", "--output", "json"]).done().json();
    let expected = serde_json::json!({
        "would": "attach",
        "slot": 1,
        "eni": region.slots()[0].id,
        "device_index": 1,
        "permitted": ["ec2:AttachNetworkInterface"],
    });
    assert_eq!(plan, expected);
}

#[test]
fn a_releases_json_names_slot_and_attachment() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let eni = region.slots().remove(0);
    let released = instance.release(&["--output", "json"]).done().json();
    assert_eq!(
        released["slots"],
        serde_json::json!([{ "slot": 1, "eni": eni.id, "attachment": eni.attachment }])
    );
    assert!(!released["network"].as_array().unwrap().is_empty());
    let nothing = instance.release(&["--output", "json"]).done().json();
    let (slots, network) = (&nothing["slots"], &nothing["network"]);
    assert_eq!((slots, network), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn a_reader_that_went_away_does_not_undo_the_claim() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let claim = format!("{} claim --pool {POOL} --output json", program());
    instance.sh(&format!("{{ {claim}; echo $? >/tmp/status; }} | true"));
    assert_eq!(instance.sh("cat /tmp/status").trim(), "0");
    assert_eq!(instance.holds(), [1]);
}

#[test]
fn help_and_version_are_no_errors() {
    let region = Region::of_one_zone();
    let instance = region.launch("a");
    for args in [&["--help"][..], &["--version"], &["claim", "--help"], &["release", "-h"]] {
        let outcome = instance.steadfast(args).done();
        assert!(outcome.stdout.contains("steadfast"), "{args:?}: {}", outcome.stdout);
        assert_eq!(outcome.stderr, "");
    }
    let help = instance.steadfast(&["claim", "--help"]).stdout;
    let flags = ["--pool", "--wait", "--slot", "--only-slot", "--dry-run", "--nic-timeout"];
    let missing: Vec<_> = flags.iter().filter(|flag| !help.contains(**flag)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
