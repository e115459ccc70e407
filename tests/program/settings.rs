//! Where a setting comes from: flag over environment over file over instance tag; and what is
//! said of a file that is wrong.

use steadfast_sim::client::tags;
use steadfast_sim::control::LaunchRequest;

use crate::region::{Instance, POOL, Region};
use crate::run::exit;
use crate::tampering::ATTACH;

const FILE: &str = "/etc/steadfast/steadfast.toml";

fn write(instance: &Instance<'_>, text: &str) {
    instance.sh(&format!("cat >{FILE} <<'END'\n{text}\nEND"));
}

/// The pool that a dry run asks for: there are four, of one slot each, by the place that names it.
fn pool_asked_for(instance: &Instance<'_>, environment: &[(&str, &str)], args: &[&str]) -> String {
    let args = [&["claim", "--dry-run"], args].concat();
    instance.steadfast_with(environment, &args).done();
    let calls = instance.region.log(0).unwrap();
    let attach = calls.iter().rfind(|call| call.action == ATTACH).unwrap();
    let eni = instance.region.eni(&attach.parameters["NetworkInterfaceId"]);
    eni.tags["steadfast:pool"].clone()
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_tag() {
    let region = Region::of_one_zone();
    for pool in ["by-flag", "by-env", "by-file", "by-tag"] {
        region.create_pool(pool, 1, false).unwrap();
    }
    let instance = region.launch_as(LaunchRequest {
        tags: tags([("steadfast:pool", "by-tag")]),
        ..LaunchRequest::default()
    });
    let env = [("STEADFAST_POOL", "by-env")];
    assert_eq!(pool_asked_for(&instance, &[], &[]), "by-tag");
    write(&instance, "pool = \"by-file\"");
    assert_eq!(pool_asked_for(&instance, &[], &[]), "by-file");
    assert_eq!(pool_asked_for(&instance, &env, &[]), "by-env");
    assert_eq!(pool_asked_for(&instance, &env, &["--pool", "by-flag"]), "by-flag");
}

/// The same for the slot, and the wish of a nearer place wins over the demand of a farther one.
#[test]
fn the_slot_may_be_named_anywhere() {
    let region = Region::with_pool(4);
    let instance = region.launch_as(LaunchRequest {
        tags: tags([("steadfast:pool", POOL), ("steadfast:only-slot", "1")]),
        ..LaunchRequest::default()
    });
    let slot = |environment: &[(&str, &str)], args: &[&str]| {
        let args = [&["claim", "--dry-run", "--output", "json"], args].concat();
        instance.steadfast_with(environment, &args).done().json()["slot"].clone()
    };
    assert_eq!(slot(&[], &[]), 1);
    write(&instance, "slot = 2");
    assert_eq!(slot(&[], &[]), 2);
    assert_eq!(slot(&[("STEADFAST_SLOT", "3")], &[]), 3);
    assert_eq!(slot(&[("STEADFAST_ONLY_SLOT", "3")], &[]), 3);
    assert_eq!(slot(&[("STEADFAST_SLOT", "3")], &["--slot", "4"]), 4);
    // slot.env, sourced by a script that then demands another slot, is no contradiction.
    assert_eq!(slot(&[("STEADFAST_SLOT", "3")], &["--only-slot", "4"]), 4);
    assert_eq!(slot(&[("STEADFAST_ONLY_SLOT", "3")], &["--slot", "4"]), 4);
}

#[test]
fn every_setting_of_the_file_counts() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    write(
        &instance,
        "pool = \"kafka\"\nonly-slot = 2\nwait = \"90s\"\nnic-timeout = \"10s\"\n\
         call-timeout = \"5s\"\nrun-dir = \"/run/elsewhere\"\nregion = \"eu-west-1\"",
    );
    instance.steadfast(&["claim"]).done();
    assert_eq!(instance.holds(), [2]);
    assert!(instance.sh("cat /run/elsewhere/slot.env").contains("STEADFAST_SLOT=2"));
    assert!(!instance.has_facts());
}

#[test]
fn another_file_can_be_named() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    write(&instance, "this is not read");
    instance.sh("echo 'pool = \"kafka\"' >/tmp/mine.toml");
    instance.steadfast(&["claim", "--dry-run", "--config", "/tmp/mine.toml"]).done();
    instance
        .steadfast_with(&[("STEADFAST_CONFIG", "/tmp/mine.toml")], &["claim", "--dry-run"])
        .done();
}

/// Each mistake by file, line and key; nothing is asked of EC2.
#[test]
fn a_mistyped_file_is_told_by_line_and_key() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let mistakes = [
        ("pool = \"kafka\"\npoool = \"x\"", "line 2: poool: unknown field"),
        ("pool = \"kafka\"\n\nwait = 10", "line 3: wait: invalid type: integer `10`"),
        ("wait = \"soon\"", "line 1: wait: \"soon\" is not a time"),
        ("pool = \"kafka\"\nslot = 0", "line 2: slot: \"0\" is not a slot number"),
        ("slot = 256", "line 1: slot: \"256\" is not a slot number (1 to 255)"),
        ("pool = \"no blanks\"", "line 1: pool: \"no blanks\" is not a pool name"),
        ("pool kafka", "line 1: "),
        ("slot = 1\nonly-slot = 2", "both slot and only-slot"),
    ];
    for (text, told) in mistakes {
        write(&instance, text);
        instance.steadfast(&["claim", "--pool", POOL]).fails(exit::CONFIG, &[FILE, told]);
    }
    assert_eq!(instance.calls(), [""; 0]);
}

/// Root reads whatever its mode, so a directory stands in the file's place.
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh(&format!("mkdir {FILE}"));
    instance.claim(&[]).fails(exit::CONFIG, &[FILE, "directory"]);
    instance.release(&[]).fails(exit::CONFIG, &[FILE, "directory"]);
    assert_eq!(instance.calls(), [""; 0]);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let outcome = instance.claim(&["--config", "/etc/steadfast/other.toml"]);
    outcome.fails(exit::CONFIG, &["/etc/steadfast/other.toml", "No such file", "--config"]);
    assert_eq!(instance.calls(), [""; 0]);
}

#[test]
fn a_wrong_instance_tag_is_named() {
    let region = Region::with_pool(1);
    let wrong = [
        ("steadfast:pool", "no blanks", "the instance tag steadfast:pool"),
        ("steadfast:slot", "x", "the instance tag steadfast:slot"),
        ("steadfast:only-slot", "256", "the instance tag steadfast:only-slot"),
    ];
    for (key, value, told) in wrong {
        let mut tags = tags([("steadfast:pool", POOL)]);
        tags.insert(key.to_owned(), value.to_owned());
        let instance = region.launch_as(LaunchRequest { tags, ..LaunchRequest::default() });
        instance.steadfast(&["claim"]).fails(exit::CONFIG, &[told, value]);
        assert_eq!(instance.calls(), [""; 0]);
    }
}
