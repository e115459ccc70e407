//! Auto Scaling groups and pools.

use std::collections::BTreeMap;

use super::{model, zone};
use crate::control::{GroupRequest, PoolRequest};
use crate::model::Model;
use crate::model::ids::InstanceId;

fn group(desired: u32) -> GroupRequest {
    GroupRequest {
        name: "zk".to_owned(),
        desired,
        zones: Vec::new(),
        instance_type: "t3.small".to_owned(),
        tags: BTreeMap::from([("steadfast:pool".to_owned(), "zk".to_owned())]),
        user_data: "#!/bin/sh\n".to_owned(),
        image: None,
    }
}

fn up(model: &Model) -> Vec<(String, InstanceId)> {
    let all = model.world().instances.values().filter(|instance| instance.state.is_up());
    let mut up: Vec<_> = all.map(|instance| (instance.zone.clone(), instance.id.clone())).collect();
    up.sort();
    up
}

fn zones_up(model: &Model) -> Vec<String> {
    up(model).into_iter().map(|(zone, _)| zone).collect()
}

#[test]
fn a_group_spreads_over_its_zones_at_once() {
    let mut model = model();
    model.put_group(group(5)).unwrap();
    let expected = ['a', 'a', 'b', 'b', 'c'].map(zone);
    assert_eq!(zones_up(&model), expected);
    let (_, id) = &up(&model)[0];
    let instance = model.world().instance(id).unwrap();
    assert_eq!(instance.tags["aws:autoscaling:groupName"], "zk");
    assert_eq!(instance.tags["steadfast:pool"], "zk");
    assert!(instance.profile.is_some());
}

#[test]
fn a_loss_is_replaced_in_its_zone_after_a_delay() {
    for stop in [false, true] {
        let mut model = model();
        model.put_group(group(3)).unwrap();
        model.pass(300);
        let (lost_zone, lost) = up(&model)[1].clone();
        if stop {
            model.stop(std::slice::from_ref(&lost), false).unwrap();
        } else {
            model.terminate(std::slice::from_ref(&lost)).unwrap();
        }
        model.keep_groups();
        model.pass(49);
        assert_eq!(zones_up(&model), ['a', 'c'].map(zone));
        model.pass(1);
        assert_eq!(zones_up(&model), ['a', 'b', 'c'].map(zone));
        assert!(up(&model).iter().all(|(zone, id)| *zone != lost_zone || *id != lost));
        model.pass(60_000);
        assert_eq!(up(&model).len(), 3);
        let name = model.state_of(&lost).name();
        assert_eq!(name, if stop { "stopped" } else { "terminated" });
    }
}

#[test]
fn a_group_shrinks_and_ends() {
    let mut model = model();
    model.put_group(group(6)).unwrap();
    model.put_group(group(3)).unwrap();
    assert_eq!(zones_up(&model), ['a', 'b', 'c'].map(zone));
    model.delete_group("zk").unwrap();
    model.pass(10_000);
    assert!(up(&model).is_empty());
    assert!(model.delete_group("zk").is_err());
}

#[test]
fn a_group_that_leaves_a_zone_moves_its_instances() {
    let mut model = model();
    model.put_group(group(3)).unwrap();
    let zones = vec!["eu-west-1a".to_owned(), "b".to_owned()];
    model.put_group(GroupRequest { zones, ..group(3) }).unwrap();
    assert_eq!(zones_up(&model), ['a', 'a', 'b'].map(zone));
}

#[test]
fn bad_groups_are_refused() {
    let mut model = model();
    let zones = vec!["eu-west-1x".to_owned()];
    let error = model.put_group(GroupRequest { zones, ..group(3) }).unwrap_err();
    assert!(error.message.contains("eu-west-1a, eu-west-1b, eu-west-1c"), "{error}");
    let instance_type = "t3.vast".to_owned();
    assert!(model.put_group(GroupRequest { instance_type, ..group(3) }).is_err());
    assert!(up(&model).is_empty());
}

#[test]
fn a_pools_addresses_are_fixed_and_legible() {
    let mut model = model();
    let request = PoolRequest { name: "zk".to_owned(), slots: 5, ipv6: true };
    let enis = model.create_pool(&request).unwrap();
    let addresses: Vec<_> = enis
        .iter()
        .map(|id| model.world().interface(id).unwrap())
        .map(|eni| (eni.zone.clone(), eni.ipv4[0].to_string(), eni.ipv6[0].to_string()))
        .collect();
    let expected = [
        ('a', "10.0.17.1", "2001:db8:5f:1::1:1"),
        ('b', "10.0.33.2", "2001:db8:5f:2::1:2"),
        ('c', "10.0.49.3", "2001:db8:5f:3::1:3"),
        ('a', "10.0.17.4", "2001:db8:5f:1::1:4"),
        ('b', "10.0.33.5", "2001:db8:5f:2::1:5"),
    ];
    let expected = expected.map(|(z, v4, v6)| (zone(z), v4.to_owned(), v6.to_owned()));
    assert_eq!(addresses, expected);
    assert!(model.create_pool(&request).is_err(), "a pool is made once");
    let slots = 256;
    assert!(model.create_pool(&PoolRequest { name: "x".to_owned(), slots, ipv6: false }).is_err());
}

#[test]
fn a_second_pool_gets_other_addresses() {
    let mut model = model();
    for name in ["one", "two"] {
        let request = PoolRequest { name: name.to_owned(), slots: 3, ipv6: true };
        model.create_pool(&request).unwrap();
    }
    let mut all: Vec<_> = model.world().interfaces.values().map(|eni| eni.primary_ipv4()).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6);
}
