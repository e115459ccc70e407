//! The demo, run whole as its visitor does: three real servers, three losses, the same addresses,
//! nothing lost; judged by its exit status and by what its report says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The demo's own program: `cargo test` builds the examples beside the programs.
fn demo() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_steadfast")).with_file_name("examples/failover")
}

#[test]
fn three_losses_change_no_address_and_lose_nothing() {
    let demo = demo();
    let output = Command::new(&demo).output().unwrap_or_else(|e| {
        panic!("{}: {e}; cargo build --workspace --bins --examples", demo.display())
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{errors}");

    let path = said.lines().find_map(|line| line.strip_prefix("report: ")).expect("a report");
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let connect_string = report["connect_string_before"].as_str().unwrap();
    assert_eq!(connect_string.split(',').count(), 3, "{report:#}");
    assert_eq!(report["connect_string_after"], connect_string, "{report:#}");
    assert!(report["znodes_acknowledged"].as_u64().unwrap() > 100, "{report:#}");
    assert_eq!(report["znodes_read_back"], report["znodes_acknowledged"], "{report:#}");
    assert!(report["sessions_lost"].is_u64() && report["longest_gap_s"].is_f64(), "{report:#}");

    let events = report["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["follower-terminated", "leader-terminated", "holder-stopped"]);
    for event in events {
        assert_eq!(event["address"], event["address_after"], "{event:#}");
        assert!(connect_string.contains(event["address"].as_str().unwrap()), "{event:#}");
        assert_ne!(event["instance_before"], event["instance_after"], "{event:#}");
        let (claimed, member) = (&event["claimed_s"], &event["member_s"]);
        assert!(claimed.as_f64().unwrap() > 0.0 && member.as_f64() > claimed.as_f64(), "{event:#}");
        assert!(event["ec2_calls"].as_u64().unwrap() >= 2, "{event:#}");
        assert!((1..=3).contains(&event["slot"].as_u64().unwrap()), "{event:#}");
    }
}
