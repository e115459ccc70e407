//! A claim where all is well: two calls, a network that works, facts that are true, and nothing
//! to do the second time.

use serde_json::{Value, json};
use steadfast_sim::client::tags;
use steadfast_sim::control::{EniView, LaunchRequest};

use crate::region::{Instance, POOL, Region, eventually, slot_of};

const CLEAN: [&str; 2] = ["DescribeNetworkInterfaces ok", "AttachNetworkInterface ok"];

#[test]
fn a_clean_claim_makes_two_calls_and_gets_the_slot_of_its_zone() {
    let region = Region::up();
    let enis = region.pool(3);
    let instance = region.launch("b");
    let said = instance.claim(&[]).done().stdout;
    assert_eq!(instance.calls(), CLEAN);
    let eni = region.eni(&enis[1]);
    assert_eq!(eni.instance.as_ref(), Some(&instance.id));
    assert_eq!(eni.device_index, Some(1));
    let wanted = format!("{} claimed slot 2 of pool kafka: {}", instance.id, eni.ipv4[0]);
    assert!(said.starts_with(&wanted) && said.contains("2 EC2 calls"), "{said}");
    for address in eni.ipv4.iter().chain(&eni.ipv6) {
        assert!(instance.has_address(address), "{address}: {}", instance.sh("ip address"));
    }
    assert_eq!((eni.ipv4.len(), eni.ipv6.len()), (1, 1));
}

#[test]
fn without_ipv6_it_is_the_same() {
    let region = Region::of_one_zone();
    region.create_pool(POOL, 1, false).unwrap();
    let instance = region.launch("a");
    instance.claim(&[]).done();
    assert_eq!(instance.calls(), CLEAN);
    assert_eq!(instance.slot_json()["addresses"], json!(region.slots()[0].ipv4));
}

#[test]
fn the_facts_say_what_ec2_and_the_kernel_say() {
    let region = Region::up();
    region.pool(3);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let slots = region.slots();
    let eni = &slots[0];
    let facts = instance.slot_json();
    let nic = nic_name(&instance, &eni.mac);
    let expected = json!({
        "version": 1,
        "pool": POOL,
        "slot": 1,
        "address": eni.ipv4[0],
        "addresses": [eni.ipv4[0], eni.ipv6[0]],
        "eni": eni.id,
        "attachment": eni.attachment,
        "device_index": eni.device_index,
        "nic": { "name": nic, "mac": eni.mac },
        "table": 10_001,
        "instance": instance.id,
        "zone": eni.zone,
        "region": region.info().unwrap().region,
        "peers": slots.iter().map(peer).collect::<Vec<_>>(),
        "connect_string": connect_string(&slots),
    });
    assert_eq!(facts, expected);
}

#[test]
fn a_shell_can_read_the_facts() {
    let region = Region::up();
    region.pool(3);
    let instance = region.launch("c");
    instance.claim(&[]).done();
    let slots = region.slots();
    let script = ". /run/steadfast/slot.env; echo \"$STEADFAST_POOL $STEADFAST_SLOT \
                  $STEADFAST_ADDRESS $STEADFAST_ENI $STEADFAST_NIC\"; \
                  echo \"$STEADFAST_CONNECT_STRING\"; echo \"$STEADFAST_PEERS\"";
    let said = instance.sh(script);
    let nic = nic_name(&instance, &slots[2].mac);
    let own = format!("{POOL} 3 {} {} {nic}", slots[2].ipv4[0], slots[2].id);
    let peers: Vec<_> =
        slots.iter().map(|eni| format!("{}={}", slot_of(eni), eni.ipv4[0])).collect();
    let expected = [own, connect_string(&slots), peers.join(",")];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_second_claim_changes_nothing() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let (facts, network) = (stat_and_text(&instance), instance.network());
    let mark = instance.mark();
    let said = instance.claim(&[]).done().stdout;
    assert_eq!(instance.calls_since(mark), ["DescribeNetworkInterfaces ok"]);
    assert!(said.contains("holds slot"), "{said}");
    assert_eq!(stat_and_text(&instance), facts);
    assert_eq!(instance.network(), network);
}

#[test]
fn lost_facts_are_written_again_word_for_word() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let (facts, network) = (instance.sh("cat /run/steadfast/slot.*"), instance.network());
    instance.sh("rm -r /run/steadfast");
    let mark = instance.mark();
    instance.claim(&[]).done();
    assert_eq!(instance.calls_since(mark), ["DescribeNetworkInterfaces ok"]);
    assert_eq!(instance.sh("cat /run/steadfast/slot.*"), facts);
    assert_eq!(instance.network(), network);
}

/// A reboot from EC2's side: the ENI stays attached, the kernel and `/run` begin anew.
#[test]
fn after_a_reboot_the_slot_is_configured_again_without_an_attach() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let (before, slot) = (instance.slot_json(), instance.holds());
    region.stop(&instance.id).unwrap();
    region.wait_state(&instance.id, "stopped", crate::region::DEADLINE).unwrap();
    region.start(&instance.id).unwrap();
    instance.wait_up();
    assert!(!instance.has_facts());
    let mark = instance.mark();
    instance.claim(&[]).done();
    assert_eq!(instance.calls_since(mark), ["DescribeNetworkInterfaces ok"]);
    assert_eq!(instance.slot_json(), before);
    assert_eq!(instance.holds(), slot);
    assert!(instance.has_address(before["address"].as_str().unwrap()));
}

#[test]
fn the_instance_tag_alone_is_configuration_enough() {
    let region = Region::with_pool(1);
    let instance = region.launch_as(LaunchRequest {
        tags: tags([("steadfast:pool", POOL)]),
        ..LaunchRequest::default()
    });
    instance.steadfast(&["claim"]).done();
    assert_eq!(instance.calls(), CLEAN);
    assert_eq!(instance.holds(), [1]);
}

/// Between two members: what one dials leaves from its slot's address and arrives at the other's.
#[test]
fn a_member_meets_its_peer_from_its_own_slots_address() {
    const SERVE: &str = "import socket, sys\n\
        server = socket.create_server((sys.argv[1], 2888), family=int(sys.argv[2]))\n\
        print('ready', file=sys.stderr, flush=True)\n\
        peer, address = server.accept()\n\
        peer.sendall(address[0].encode())\n";
    let region = Region::up();
    region.pool(3);
    let (one, two) = (region.launch("a"), region.launch("b"));
    one.claim(&[]).done();
    two.claim(&[]).done();
    let slots = region.slots();
    let families =
        [("2", &slots[0].ipv4[0], &slots[1].ipv4[0]), ("10", &slots[0].ipv6[0], &slots[1].ipv6[0])];
    for (family, from, to) in families {
        let serve = two.command(&["python3", "-c", SERVE, to, family]);
        let mut server = crate::run::Running::start(serve);
        assert!(server.wait_line("ready"));
        let seen = one.sh(&format!(
            "python3 -c \"import socket; s = socket.create_connection(('{to}', 2888), 30); \
             print(s.recv(99).decode())\""
        ));
        assert_eq!(seen.trim(), from);
        assert_eq!(server.finish().code, 0);
    }
}

/// The slot's files with the time of their last change, which a needless write would move.
fn stat_and_text(instance: &Instance<'_>) -> String {
    instance.sh("cd /run/steadfast; stat -c '%n %i %Y %z' slot.*; cat slot.*")
}

fn peer(eni: &EniView) -> Value {
    let addresses = [&eni.ipv4[0], &eni.ipv6[0]];
    json!({ "slot": slot_of(eni), "address": eni.ipv4[0], "addresses": addresses })
}

fn connect_string(slots: &[EniView]) -> String {
    let servers: Vec<_> = slots.iter().map(|eni| format!("{}:2181", eni.ipv4[0])).collect();
    servers.join(",")
}

/// The kernel's name of the NIC with a MAC address; the ENI's NIC is there.
fn nic_name(instance: &Instance<'_>, mac: &str) -> String {
    eventually("the NIC", || {
        let links: Vec<Value> = serde_json::from_str(&instance.sh("ip -j link")).unwrap();
        let nic = links.iter().find(|link| link["address"] == mac)?;
        Some(nic["ifname"].as_str().unwrap().to_owned())
    })
}
