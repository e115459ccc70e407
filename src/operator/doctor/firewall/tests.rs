use super::super::Severity;
use super::super::testing::{self, group_id};
use super::*;
use crate::cloud::account::Interface;

fn rule(protocol: &str, ports: Option<(u16, u16)>, from: &[&str]) -> Permission {
    Permission {
        protocol: protocol.to_owned(),
        ports,
        networks: from.iter().filter_map(|it| it.parse().ok()).collect(),
        groups: from.iter().filter_map(|it| it.parse().ok()).collect(),
    }
}

fn found(rules: Vec<Permission>, change: impl FnOnce(&mut Vec<Interface>)) -> Vec<Finding> {
    let changed = |facts: &mut Facts| {
        facts.groups.as_mut().unwrap()[0].ingress = rules;
        change(facts.interfaces.as_mut().unwrap());
    };
    testing::found(changed, check)
}

/// The ports that are said to be closed, and the commands.
fn closed(rules: Vec<Permission>) -> Vec<String> {
    let found = found(rules, |_| {});
    found.into_iter().filter(|it| it.severity == Severity::Error).map(|it| it.what).collect()
}

#[test]
fn each_way_to_let_them_in_will_do() {
    let own = group_id(1).to_string();
    let open = [
        vec![rule("-1", None, &[&own])],
        vec![rule("tcp", Some((0, 65535)), &[&own])],
        vec![rule("tcp", None, &["10.0.0.0/16"])],
        vec![rule("6", Some((2181, 3888)), &["10.0.1.0/24", "10.0.2.0/24", "10.0.3.9/32"])],
        vec![
            rule("tcp", Some((2181, 2181)), &["0.0.0.0/0"]),
            rule("tcp", Some((2888, 2888)), &[&own]),
            rule("tcp", Some((3888, 3888)), &[&own]),
        ],
    ];
    for rules in open {
        assert_eq!(closed(rules.clone()), Vec::<String>::new(), "{rules:?}");
    }
}

#[test]
fn what_is_closed_is_named_pair_by_pair_and_port_by_port() {
    let all = "no security group lets packets pass from slots 1, 2 and 3 to slots 1, 2 and 3 on \
               TCP 2181, 2888, 3888";
    let other = group_id(7).to_string();
    for rules in [
        vec![],
        vec![rule("udp", None, &["0.0.0.0/0"])],
        vec![rule("-1", None, &["::/0"])],
        vec![rule("-1", None, &[&other])],
        vec![rule("tcp", Some((2182, 2887)), &["0.0.0.0/0"])],
    ] {
        assert_eq!(closed(rules.clone()), [all], "{rules:?}");
    }
    // Only slot 3's address is left out.
    let most = rule("-1", None, &["10.0.1.0/24", "10.0.2.0/24"]);
    let from_3 = "no security group lets packets pass from slot 3 to slots 1 and 2 on TCP 2181, \
                  2888, 3888";
    assert_eq!(closed(vec![most]), [from_3]);
}

#[test]
fn the_commands_open_what_is_missing() {
    let own = group_id(1).to_string();
    let found = found(vec![rule("tcp", Some((2181, 2888)), &[&own])], |_| {});
    let command = format!(
        "aws ec2 authorize-security-group-ingress --group-id {own} --protocol tcp --port 3888 \
         --source-group {own}"
    );
    assert_eq!(found[0].commands, [command]);
}

#[test]
fn ipv6_is_judged_where_it_is_the_slots_address() {
    let v6 = |all: &mut Vec<Interface>| {
        for (n, it) in all.iter_mut().enumerate() {
            it.eni.addresses = vec![format!("2001:db8::{}", n + 1).parse().unwrap()];
        }
    };
    assert_eq!(found(vec![rule("-1", None, &["2001:db8::/64"])], v6)[0].severity, Severity::Ok);
    assert_eq!(found(vec![rule("-1", None, &["0.0.0.0/0"])], v6)[0].severity, Severity::Error);
}

#[test]
fn a_prefix_list_is_not_taken_for_a_closed_door() {
    let found = found(vec![rule("tcp", None, &[])], |_| {});
    assert_eq!((found.len(), found[0].severity), (1, Severity::Unknown), "{found:#?}");
}

#[test]
fn groups_of_different_slots_are_judged_together() {
    let own = group_id(1).to_string();
    let found = found(vec![rule("-1", None, &[&own])], |all| {
        all[2].groups = vec![group_id(2)];
    });
    // Slot 3's own group lets nobody in, and its packets come from no group that is let in.
    let what: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(what.len(), 2, "{what:#?}");
    assert!(what[0].contains("from slot 3 to slots 1 and 2"), "{what:#?}");
    assert!(what[1].contains("from slots 1 and 2 to slot 3"), "{what:#?}");
}
