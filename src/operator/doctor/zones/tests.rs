use super::super::testing::{self, GROUP, interface, subnet, subnet_id, vpc_id, zone};
use super::super::{Missing, Severity};
use super::*;

fn wrong(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    testing::wrong(change, check)
}

fn group(change: impl FnOnce(&mut ScalingGroup)) -> Vec<Finding> {
    wrong(|facts| change(&mut facts.scaling.as_mut().unwrap()[0]))
}

fn one(found: &[Finding]) -> &Finding {
    let [one] = found else { panic!("{found:#?}") };
    one
}

#[test]
fn a_pool_as_its_group_has_nothing_wrong() {
    assert_eq!(wrong(|_| {}), []);
}

#[test]
fn a_zone_with_the_majority_is_the_quorums_end() {
    let found = wrong(|facts| {
        let slots = facts.interfaces.as_mut().unwrap();
        slots[1].eni.zone = zone(1);
        slots.extend([4, 5].map(interface));
        facts.scaling = Err(Missing::NotAsked);
    });
    assert_eq!(one(&found).what, "eu-west-1a has 3 of 5 slots");
}

#[test]
fn a_zone_that_no_group_fills_is_told_with_the_groups_new_subnets() {
    let found = group(|group| {
        group.zones.remove(&zone(3));
        group.subnets.remove(&subnet_id(3));
        group.desired = 3;
    });
    let missing = found.iter().find(|it| it.check == "zone-without-group").unwrap();
    let subnets = format!("{},{},{}", subnet_id(1), subnet_id(2), subnet_id(3));
    let command = format!("--auto-scaling-group-name {GROUP} --vpc-zone-identifier {subnets}");
    assert!(missing.commands[0].ends_with(&command), "{missing:#?}");
}

#[test]
fn a_groups_zone_without_a_slot_is_told_with_the_subnets_that_remain() {
    let found = wrong(|facts| {
        facts.scaling.as_mut().unwrap()[0].zones.insert("eu-west-1f".to_owned());
        facts.scaling.as_mut().unwrap()[0].subnets.insert(subnet_id(9));
        let nine = Subnet { zone: "eu-west-1f".to_owned(), ..subnet(9) };
        facts.subnets.as_mut().unwrap().push(nine);
    });
    let missing = found.iter().find(|it| it.check == "zone-without-slot").unwrap();
    let subnets = format!("{},{},{}", subnet_id(1), subnet_id(2), subnet_id(3));
    assert!(missing.commands[0].ends_with(&subnets), "{missing:#?}");
}

#[test]
fn more_or_fewer_instances_than_slots_are_told() {
    let found = group(|group| group.desired = 2);
    assert_eq!(one(&found).severity, Severity::Warning);
    let command = "aws autoscaling set-desired-capacity --auto-scaling-group-name zookeeper \
                   --desired-capacity 3";
    assert_eq!(one(&found).commands, [command]);
    let found = group(|group| group.desired = 4);
    assert_eq!(one(&found).severity, Severity::Error);
    let found = group(|group| group.desired = 6);
    assert_eq!(found.len(), 4, "each zone, and the whole: {found:#?}");
}

#[test]
fn subnets_of_another_vpc_and_full_ones_are_told() {
    let found = wrong(|facts| facts.subnets.as_mut().unwrap()[0].vpc = vpc_id(2));
    assert_eq!(one(&found).check, "group-vpc");
    let found = wrong(|facts| facts.subnets.as_mut().unwrap()[0].free_addresses = 0);
    assert_eq!(one(&found).check, "free-addresses");
}

#[test]
fn without_a_group_it_is_said_so() {
    let found = wrong(|facts| {
        facts.scaling = Err(Missing::NotAsked);
        facts.scaling_names.clear();
    });
    assert_eq!(one(&found).severity, Severity::Skipped);
    let found = wrong(|facts| facts.scaling = Ok(Vec::new()));
    assert_eq!(one(&found).what, "there is no Auto Scaling group zookeeper");
}

#[test]
fn a_groups_name_may_be_anything() {
    assert_eq!(quoted("zk-eu.1"), "zk-eu.1");
    assert_eq!(quoted("it's mine"), r"'it'\''s mine'");
}
