//! An instance that is cut off the network: silence, on both sides.

use steadfast_sim::client::LocalRegion;

use super::support::{DEADLINE, attach, detach, instance, ip, region, shell, until};
use super::traffic::{
    Conversation, Server, address, configure, connect, connect_to, eni, route, slots,
};

/// IMDS and the EC2 endpoint, as instances have them.
const SERVICES: [&str; 2] = ["169.254.169.254", "10.0.0.2"];

/// The links and addresses of an instance as `ip` tells them, without the counters.
fn nics(region: &LocalRegion, instance: &str) -> String {
    let nics = ip(region.exec(instance, &["ip", "-j", "address"]));
    serde_json::to_string(&nics).expect("JSON")
}

/// The state of an instance's neighbour by IPv4.
fn neighbour(region: &LocalRegion, instance: &str, address: &str) -> String {
    let found = ip(region.exec(instance, &["ip", "-j", "neigh", "show", "to", address]));
    format!("{} {}", found[0]["lladdr"], found[0]["state"])
}

#[test]
fn a_cut_host_is_silent_and_its_connections_live_on() {
    let region = region();
    let (peer, victim) = (instance(&region), instance(&region));
    let (from, to) = (address(&region, &peer), address(&region, &victim));
    let mut outward = Conversation::start(&region, &victim, &peer);
    let mut inward = Conversation::start(&region, &peer, &victim);
    until("the links have settled", || !nics(&region, &victim).contains("tentative"));
    let before = nics(&region, &victim);
    region.cut(&victim).expect("it is cut off");
    assert_eq!(inward.say("lost"), "unacknowledged");
    assert_eq!(outward.say("lost"), "unacknowledged");
    assert_eq!(nics(&region, &victim), before, "it sees nothing of it");
    let view = region.wait_running(&victim).expect("EC2 says that it runs");
    assert!(view.cut && !view.hung, "{view:?}");
    // Neither side's kernel is left without an answer to ARP: it would tell its programs.
    for (on, other) in [(&peer, &to), (&victim, &from)] {
        shell(&region, on, "ip neigh flush all");
        let source = address(&region, on);
        assert_eq!(connect(&region, on, other, &source), "dropped");
        assert!(neighbour(&region, on, other).contains(':'), "{}", neighbour(&region, on, other));
    }
    for service in SERVICES {
        assert_eq!(connect_to(&region, &victim, (service, 80), &to), "dropped");
    }
    region.mend(&victim).expect("it is mended");
    for conversation in [&mut inward, &mut outward] {
        // What was lost is sent again, so it is the first to be heard.
        until("what was lost arrives", || conversation.say("again").starts_with("lost"));
    }
    let mended = region.wait_running(&victim).expect("it runs");
    assert!(!mended.cut, "{mended:?}");
}

#[test]
fn a_cut_host_that_is_terminated_dies_without_a_word() {
    let region = region();
    let (peer, plain, silent) = (instance(&region), instance(&region), instance(&region));
    let mut with_plain = Conversation::start(&region, &peer, &plain);
    let mut with_silent = Conversation::start(&region, &peer, &silent);
    region.cut(&silent).expect("it is cut off");
    for id in [&plain, &silent] {
        region.terminate(id).expect("it is terminated");
        region.wait_state(id, "terminated", DEADLINE).expect("it is terminated");
    }
    let said = with_plain.say("still there?");
    assert!(["end", "ConnectionResetError", "BrokenPipeError"].contains(&said.as_str()), "{said}");
    assert_eq!(with_silent.say("still there?"), "unacknowledged");
}

#[test]
fn what_is_attached_to_a_cut_host_is_cut_off_until_it_is_elsewhere() {
    let region = region();
    let (victim, other, peer) = (instance(&region), instance(&region), instance(&region));
    let [slot, of_peer] = slots(&region);
    attach(&region, &of_peer.id, &peer, 1);
    configure(&region, &peer, &of_peer);
    route(&region, &peer, &of_peer);
    region.cut(&victim).expect("it is cut off");
    for holder in [&victim, &other] {
        attach(&region, &slot.id, holder, 1);
        configure(&region, holder, &slot);
        route(&region, holder, &slot);
        for (to, from) in [(&slot.ipv4[0], &of_peer.ipv4[0]), (&slot.ipv6[0], &of_peer.ipv6[0])] {
            let _server = Server::start(&region, holder, to);
            let expected = if holder == &victim { "dropped" } else { from };
            assert_eq!(connect(&region, &peer, to, from), expected, "{holder} of {victim}");
        }
        detach(&region, &slot.id);
        until("it is free", || eni(&region, &slot.id).status == "available");
    }
}
