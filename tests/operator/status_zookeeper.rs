//! `steadfast status`, and what `doctor` says of ZooKeeper, of a real ensemble, from whole to without a quorum.

use serde_json::Value;

use crate::doctor::ensemble::finds;
use crate::doctor::host::finds_a_server;
use crate::ensemble::Ensemble;
use crate::region::{Region, eventually};
use crate::schema::checked;
use crate::stub::status;
use crate::version::Version;
use crate::zookeeper::{How, Times};

/// The exit status, and the report, which goes by its schema.
fn report(it: &Ensemble<'_>) -> (i32, Value) {
    let outcome = it.client.0.steadfast(&status(&["--output", "json"]));
    (outcome.code, checked("status", &outcome.stdout))
}

/// The modes that the report has, by slot; `-` for a server that does not serve.
fn modes(report: &Value) -> Vec<&str> {
    let slots = report["slots"].as_array().unwrap().iter();
    slots.map(|it| it["server"]["mode"].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_real_ensemble_from_whole_to_without_a_quorum() {
    let region = Region::with_pool(3);
    let mut it = Ensemble::form(&region, Version::V3_8, How::ByRun(Times::SHORT));
    it.write(1, "before", 10);
    let (code, whole) = report(&it);
    assert_eq!((code, &whole["health"]), (0, &"healthy".into()), "{whole:#}");
    assert_eq!(modes(&whole), ["follower", "follower", "leader"]);
    assert_eq!(whole["oddities"], serde_json::json!([]));
    let opened = &whole["session"]["opened"];
    for time in [&opened["read"]["seconds"], &opened["write"]["seconds"]] {
        assert!(time.as_f64().is_some_and(|time| time > 0.0 && time < 1.5), "{opened:#}");
    }
    assert_eq!(opened["config_differences"], serde_json::json!([]));
    for slot in whole["slots"].as_array().unwrap() {
        assert!(slot["server"]["version"].as_str().unwrap().starts_with("3.8."), "{slot}");
        let zxid = slot["server"]["zxid"].as_str().unwrap();
        assert!(zxid.starts_with("0x1") && zxid.len() == 11, "{zxid}");
        assert!(slot["initialized"].is_string(), "{slot}");
    }
    // By another client's account nothing of the probe is left, on no server.
    for slot in [1, 2, 3] {
        let dump = it.client.dump(&it.hosts[&slot].client_address());
        assert!(dump.contains("before") && !dump.contains("probe"), "{dump}");
    }
    finds(&it.client.0, &[]);
    finds_a_server(&it.hosts[&2].instance);
    it.kill(1);
    finds(&it.client.0, &["servers error"]);
    let (code, one_dead) = report(&it);
    assert_eq!((code, &one_dead["health"]), (1, &"degraded".into()), "{one_dead:#}");
    assert_eq!(modes(&one_dead), ["-", "follower", "leader"]);
    assert_eq!(one_dead["quorum"]["survives"], 0);
    it.kill(3);
    let none = eventually("the survivor notices", || {
        let (code, none) = report(&it);
        (code == 2).then_some(none)
    });
    assert_eq!(modes(&none), ["-", "-", "-"]);
    assert_eq!(none["slots"][1]["server"]["problem"], "not serving");
    // Clients are told to come back later: that is no oddity of its own.
    let not_opened = none["session"]["not_opened"].as_array().unwrap();
    assert_eq!(not_opened.len(), 3, "{none:#}");
    let text = it.client.0.steadfast(&status(&[]));
    let verdict = "no quorum: 0 of 3 servers vote, and 2 are a majority";
    assert!(text.code == 2 && text.stdout.contains(verdict), "{}", text.stdout);
    println!("{}", text.stdout);
    let servers = ["servers error"; 3];
    finds(&it.client.0, &[&servers[..], &["quorum error"]].concat());
}
