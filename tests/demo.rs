//! The demo, run whole as its visitor does: five real servers, five losses, the same addresses,
//! nothing lost, no server twice; judged by its exit status and by what its report says.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The demo's own program: `cargo test` builds the examples beside the programs.
fn demo() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_steadfast")).with_file_name("examples/failover")
}

#[test]
fn five_losses_change_no_address_and_lose_nothing() {
    let demo = demo();
    let output = Command::new(&demo).output().unwrap_or_else(|e| {
        panic!("{}: {e}; cargo build --workspace --bins --examples", demo.display())
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{errors}");

    let path = said.lines().find_map(|line| line.strip_prefix("report: ")).expect("a report");
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let connect_string = report["connect_string"].as_str().unwrap();
    assert_eq!(connect_string.split(',').count(), 5, "{report:#}");
    assert!(report["znodes_acknowledged"].as_u64().unwrap() > 100, "{report:#}");
    assert_eq!(report["znodes_read_back"], report["znodes_acknowledged"], "{report:#}");
    assert!(report["sessions_lost"].is_u64() && report["longest_gap_s"].is_f64(), "{report:#}");
    assert_eq!(report["twin_writes"], 0, "{report:#}");
    // All four followers were seen in step, and never a fifth.
    assert_eq!(report["synced_followers_max"], 4, "{report:#}");
    assert!(report["leader_looks"].as_u64().unwrap() > 10, "{report:#}");

    let events = report["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let all = [
        "follower-terminated",
        "leader-terminated",
        "holder-stopped",
        "two-terminated",
        "leader-hung",
    ];
    assert_eq!(kinds, all);
    for event in events {
        assert!(event["gap_s"].as_f64().unwrap() > 0.0, "{event:#}");
        let replacements = event["replacements"].as_array().unwrap();
        let count = if event["kind"] == "two-terminated" { 2 } else { 1 };
        let slots: BTreeSet<_> = replacements.iter().map(|it| it["slot"].as_u64()).collect();
        assert_eq!((replacements.len(), slots.len()), (count, count), "{event:#}");
        replacements.iter().for_each(|it| replaced(it, connect_string));
    }
    fenced(&events[4]);
}

fn replaced(replacement: &Value, connect_string: &str) {
    let it = replacement.as_object().unwrap();
    assert_eq!(it["connect_string"], connect_string, "{replacement:#}");
    assert_eq!(it["address"], it["address_after"], "{replacement:#}");
    assert!(connect_string.contains(it["address"].as_str().unwrap()), "{replacement:#}");
    assert_ne!(it["instance_before"], it["instance_after"], "{replacement:#}");
    let (claimed, member) = (it["claimed_s"].as_f64().unwrap(), it["member_s"].as_f64().unwrap());
    assert!(0.0 < claimed && claimed < member, "{replacement:#}");
    assert!(it["ec2_calls"].as_u64().unwrap() >= 2, "{replacement:#}");
    assert!((1..=5).contains(&it["slot"].as_u64().unwrap()), "{replacement:#}");
}

fn fenced(event: &Value) {
    let fence = &event["fence"];
    assert_eq!(fence["instance"], event["replacements"][0]["instance_before"], "{event:#}");
    assert_eq!(fence["exit_status"], 79, "{event:#}");
    assert_eq!(
        (&fence["processes"], &fence["processes_left"]),
        (&1.into(), &0.into()),
        "{event:#}"
    );
    let (fenced, dead) = (fence["fenced_s"].as_f64().unwrap(), fence["dead_s"].as_f64().unwrap());
    assert!(fenced > 0.0 && dead > 0.0, "{event:#}");
    assert!(fence["gap_s"].is_f64(), "{event:#}");
}
