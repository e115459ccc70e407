//! `pool create`: what it makes, what it leaves alone, what it refuses.

use std::process::Command;

use super::{Laptop, layout, make_eni, subnets, tag};
use crate::region::{POOL, Region};
use crate::run::{Running, exit};
use crate::schema::checked;

const CREATE: &str = "CreateNetworkInterface ok";
const READ: &str = "DescribeNetworkInterfaces ok";
const SUBNETS: &str = "DescribeSubnets ok";

#[test]
fn it_spreads_the_slots_and_a_second_run_makes_what_is_missing() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnets = subnets(&region).join(",");
    let create = |count: &str, more: &[&str]| {
        laptop.pool(&[&["create", "--subnet", &subnets, "--count", count, "--yes"], more].concat())
    };
    let calls = laptop.calls(|| {
        let told = create("3", &["--tag", "team=data", "--ipv6"]).done().stdout;
        assert!(told.contains("3 ENIs made"), "{told}");
        assert!(told.contains("note: no security group is named"), "{told}");
    });
    assert_eq!(calls, [CREATE, CREATE, CREATE, READ, READ, READ, READ, SUBNETS]);
    let slots = region.slots();
    let zones: Vec<&str> = slots.iter().map(|it| it.zone.as_str()).collect();
    assert_eq!(zones, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    for (k, it) in (1..).zip(&slots) {
        assert_eq!(it.tags["steadfast:slot"], k.to_string());
        assert_eq!(it.tags["Name"], format!("kafka-{k}"));
        assert_eq!(it.tags["team"], "data");
        assert_eq!(it.tags.len(), 4, "{:?}", it.tags);
        assert_eq!((it.ipv4.len(), it.ipv6.len()), (1, 1));
    }
    let before = layout(&region);
    let calls = laptop.calls(|| {
        create("3", &["--tag", "team=data", "--ipv6"]).done();
    });
    assert_eq!(calls, [READ, READ, SUBNETS], "a second run changes nothing");

    let json = create("5", &["--output", "json"]).done();
    let json = checked("pool-create", &json.stdout);
    let missing: Vec<_> =
        json["missing"].as_array().unwrap().iter().map(|it| &it["slot"]).collect();
    assert_eq!(missing, [4, 5]);
    assert_eq!(json["kept"].as_array().unwrap().len(), 3);
    let after = layout(&region);
    assert_eq!(after.len(), 5);
    assert!(before.iter().all(|(slot, place)| after[slot] == *place));
    let servers: Vec<String> = after.values().map(|(ip, _)| format!("{ip}:2181")).collect();
    assert_eq!(json["connect_string"], servers.join(","));
}

#[test]
fn what_is_there_and_differs_is_told_and_never_changed() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnets = subnets(&region);
    laptop.pool(&["create", "--subnet", &subnets[0], "--count", "2", "--yes"]).done();
    let before = region.changes();
    let args = ["create", "--subnet", &subnets[1], "--count", "2", "--tag", "a=b", "--ipv6"];
    let told = laptop.pool(&[&args[..], &["--yes"]].concat()).done().stdout;
    let texts = [
        format!("slot 1 is in {}, not in {}, without an IPv6 address", subnets[0], subnets[1]),
        "not tagged a=b".to_owned(),
        "2 servers survive no more losses than 1".to_owned(),
        "2 of 2 slots lie in eu-west-1a: without that zone there is no quorum".to_owned(),
    ];
    for text in texts {
        assert!(told.contains(&text), "no {text:?} in {told}");
    }
    // Fewer than there are: none is taken away.
    laptop.pool(&["create", "--subnet", &subnets[0], "--count", "1", "--yes"]).done();
    assert_eq!(region.changes(), before);
}

#[test]
fn explicit_addresses_find_their_subnets_and_never_move() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let create = |args: &[&str]| laptop.pool(&[&["create", "--yes"], args].concat());
    let two = ["--address", "1=10.0.16.77", "--address", "2=10.0.32.77,2001:db8:5f:2::77"];
    let calls = laptop.calls(|| {
        create(&two).done();
    });
    assert_eq!(calls, [CREATE, CREATE, READ, READ, READ, READ, READ, SUBNETS]);
    let places: Vec<_> = layout(&region).into_values().collect();
    let expected = [("10.0.16.77", "eu-west-1a"), ("10.0.32.77", "eu-west-1b")];
    assert_eq!(places, expected.map(|(ip, zone)| (ip.to_owned(), zone.to_owned())));
    assert_eq!(region.slots()[1].ipv6, ["2001:db8:5f:2::77"]);
    create(&two).done();
    let other = make_eni(&region, &subnets(&region)[0], &[("PrivateIpAddress", "10.0.16.90")]);
    let before = region.changes();
    let cases: &[(&str, &[&str])] = &[
        ("1=10.0.16.78", &["slot 1 of pool kafka has the address 10.0.16.77, not 10.0.16.78"]),
        ("3=10.0.16.77", &["10.0.16.77 is the address of slot 1", "slot 3 cannot have it"]),
        ("3=10.0.16.90", &["10.0.16.90 is in use by", &other, "pool adopt"]),
        ("3=10.0.16.3", &["10.0.16.3 is one that EC2 keeps for itself"]),
        ("3=192.168.0.9", &["slot 3: no subnet has the address 192.168.0.9"]),
        ("3=10.0.16.91,2001:db8:5f:3::1", &["2001:db8:5f:3::1 does not lie in subnet-"]),
    ];
    for (address, texts) in cases {
        create(&["--address", address]).fails(exit::CONFIG, texts);
    }
    // All at once.
    create(&["--address", "1=10.0.16.78", "--address", "3=10.0.16.90"]).fails(
        exit::CONFIG,
        &["has the address 10.0.16.77", "is in use by", "nothing was changed"],
    );
    assert_eq!(region.changes(), before);
}

#[test]
fn bad_input_is_told() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnet = subnets(&region)[0].clone();
    let usage = |args: &[&str], text: &str| {
        let told = laptop.pool(&[&["create"], args].concat());
        assert_eq!(told.code, exit::USAGE, "{args:?}: {}", told.stderr);
        assert!(told.stderr.contains(text), "{text} in {}", told.stderr);
    };
    usage(&[], "--count <N>");
    usage(&["--count", "3"], "--subnet");
    usage(&["--count", "0", "--subnet", &subnet], "is not a slot number");
    usage(&["--count", "3", "--subnet", "vpc-1"], "is not a subnet id");
    usage(
        &["--count", "3", "--subnet", &subnet, "--address", "1=10.0.16.9"],
        "cannot be used with",
    );
    usage(&["--address", "10.0.16.9"], "is not N=IPV4");
    usage(&["--address", "1=10.0.16"], "is not an IPv4 address");
    usage(&["--address", "1=10.0.16.9,10.0.16.8"], "is not an IPv6 address");
    usage(&["--address", "1=10.0.16.9", "--tag", "steadfast:slot=9"], "is not for you to set");
    usage(&["--address", "1=10.0.16.9", "--tag", "aws:x=9"], "is not for you to set");
    usage(&["--address", "1=10.0.16.9", "--tag", "x"], "is not KEY=VALUE");
    let config = |args: &[&str], text: &str| {
        laptop.pool(&[&["create"], args].concat()).fails(exit::CONFIG, &[text]);
    };
    let two = ["--address", "1=10.0.16.9", "--address", "1=10.0.16.8"];
    config(&two, "slot 1 is given twice");
    let two = ["--address", "1=10.0.16.9", "--address", "2=10.0.16.9"];
    config(&two, "an address of slot 2 is given twice");
    let two = ["--address", "1=10.0.16.9", "--tag", "a=b", "--tag", "a=c"];
    config(&two, "the tag a is given twice");
    let unknown = "subnet-0123456789abcdef0";
    config(&["--count", "3", "--subnet", unknown], "InvalidSubnetID.NotFound");
    let group = ["--security-group", "sg-0123456789abcdef0"];
    config(&[&["--count", "3", "--subnet", &subnet], &group[..]].concat(), "InvalidGroup.NotFound");
    config(&["--count", "3", "--subnet", &subnet], "not confirmed: without a terminal, say --yes");
    assert_eq!(region.state().unwrap().enis.len(), 0);
}

#[test]
fn a_dry_run_asks_and_makes_nothing() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnets = subnets(&region).join(",");
    let args = ["create", "--subnet", &subnets, "--count", "4", "--dry-run"];
    let calls = laptop.calls(|| {
        let told = laptop.pool(&args).done().stdout;
        assert!(told.contains("EC2 permits ec2:CreateNetworkInterface"), "{told}");
        assert_eq!(told.matches("to be made").count(), 5, "{told}");
    });
    let dry = "CreateNetworkInterface DryRunOperation";
    assert_eq!(calls, [dry, dry, dry, READ, READ, SUBNETS]);
    let json = laptop.pool(&[&args[..], &["--output", "json"]].concat()).done();
    assert_eq!(checked("pool-create", &json.stdout)["changed"], false);
    assert_eq!(region.state().unwrap().enis.len(), 0);
}

#[test]
fn a_slot_that_joins_a_pool_which_has_served_does_not_vote_empty() {
    let region = Region::with_pool(3);
    let laptop = Laptop(&region);
    tag(&region, &region.slots()[0].id, "steadfast:initialized", "a lineage");
    let subnet = subnets(&region)[0].clone();
    let told = laptop.pool(&["create", "--subnet", &subnet, "--count", "5", "--yes"]).done().stdout;
    assert!(told.contains("slots 4 and 5 will be filled by the other servers"), "{told}");
    for it in &region.slots()[3..] {
        assert_eq!(it.tags["steadfast:initialized"], "joined a pool that had served");
    }
}

#[test]
fn a_pool_with_defects_is_mended_first() {
    let region = Region::with_pool(2);
    let laptop = Laptop(&region);
    let (subnet, slots) = (subnets(&region)[0].clone(), region.slots());
    tag(&region, &slots[1].id, "steadfast:slot", "1");
    let args = ["create", "--subnet", &subnet, "--count", "3", "--yes"];
    laptop.pool(&args).fails(exit::CONFIG, &["has slot 1 twice, on eni-", "nothing was changed"]);
    tag(&region, &slots[1].id, "steadfast:slot", "zwei");
    laptop.pool(&args).fails(exit::CONFIG, &["which is not a slot number"]);
}

/// A pty, as `script` makes it.
#[test]
fn on_a_terminal_it_shows_the_plan_and_asks() {
    let region = Region::up();
    let subnets = subnets(&region).join(",");
    let on_terminal = |answer: &str| {
        let line = format!(
            "printf '{answer}\\n' | script -qec \"{} pool create --pool {POOL} --subnet {subnets} \
             --count 3\" /dev/null",
            crate::region::program()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &line]).envs(region.info().unwrap().environment);
        Running::start(command).finish()
    };
    let no = on_terminal("n");
    assert_eq!(no.code, exit::CONFIG, "{}", no.stdout);
    assert!(no.stdout.contains("Make 3 ENIs? [y/N]"), "{}", no.stdout);
    assert!(no.stdout.contains("not confirmed: nothing was changed"), "{}", no.stdout);
    assert_eq!(region.slots().len(), 0);
    let yes = on_terminal("y");
    assert_eq!(yes.code, 0, "{}", yes.stdout);
    assert!(yes.stdout.contains("3 ENIs made"), "{}", yes.stdout);
    assert_eq!(region.slots().len(), 3);
}
