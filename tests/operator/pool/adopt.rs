//! `pool adopt`: what fits is tagged, what does not is told, all at once.

use super::{Laptop, error, fail, layout, make_eni, subnets, tag};
use crate::region::{Region, eventually};
use crate::run::exit;
use crate::schema::checked;

const READ: &str = "DescribeNetworkInterfaces ok";
const TAG: &str = "CreateTags ok";

#[test]
fn enis_become_slots_and_a_second_run_changes_nothing() {
    let region = Region::up();
    let laptop = Laptop(&region);
    let subnets = subnets(&region);
    let enis: Vec<String> = (0..3).map(|z| make_eni(&region, &subnets[z], &[])).collect();
    let pairs: Vec<String> = (1..).zip(&enis).map(|(k, id)| format!("{k}={id}")).collect();
    let mut args = vec!["adopt", "--yes", "--output", "json"];
    args.extend(pairs.iter().flat_map(|pair| ["--eni", pair]));
    let dry = [&args[..], &["--dry-run"]].concat();
    let before = region.changes();
    assert_eq!(checked("pool-adopt", &laptop.pool(&dry).done().stdout)["changed"], false);
    assert_eq!(region.changes(), before);
    let calls = laptop.calls(|| {
        let json = checked("pool-adopt", &laptop.pool(&args).done().stdout);
        assert_eq!(json["adopted"].as_array().unwrap().len(), 3);
        assert!(json["connect_string"].as_str().unwrap().contains(":2181,"));
    });
    assert_eq!(calls, [TAG, TAG, TAG, READ, READ, READ, READ, READ, READ]);
    let slots: Vec<String> = region.slots().into_iter().map(|it| it.id).collect();
    assert_eq!(slots, enis);
    let calls = laptop.calls(|| {
        let json = checked("pool-adopt", &laptop.pool(&args).done().stdout);
        assert_eq!(json["kept"].as_array().unwrap().len(), 3);
    });
    assert_eq!(calls, [READ, READ, READ]);
    let holder = region.launch("a");
    holder.claim(&[]).done();
}

#[test]
fn what_does_not_fit_is_told_all_at_once() {
    let region = Region::with_pool(2);
    let laptop = Laptop(&region);
    let subnet = subnets(&region)[0].clone();
    let instance = region.launch("a");
    let enis = region.state().unwrap().enis;
    let primary = enis.iter().find(|it| it.device_index == Some(0)).unwrap().id.clone();
    let (foreign, forwarding, doomed) = (
        make_eni(&region, &subnet, &[]),
        make_eni(&region, &subnet, &[]),
        make_eni(&region, &subnet, &[]),
    );
    tag(&region, &foreign, "steadfast:pool", "other");
    let check = [("NetworkInterfaceId", forwarding.as_str()), ("SourceDestCheck.Value", "false")];
    region.ec2("ModifyNetworkInterfaceAttribute", &check);
    let at = [
        ("NetworkInterfaceId", doomed.as_str()),
        ("InstanceId", &instance.id),
        ("DeviceIndex", "1"),
    ];
    region.ec2("AttachNetworkInterface", &at);
    let attachment = region.eni(&doomed).attachment.unwrap();
    let delete = [
        ("NetworkInterfaceId", doomed.as_str()),
        ("Attachment.AttachmentId", &attachment),
        ("Attachment.DeleteOnTermination", "true"),
    ];
    region.ec2("ModifyNetworkInterfaceAttribute", &delete);
    let slot_2 = region.slots()[1].id.clone();
    let gone = "eni-0123456789abcdef0";
    let wanted = [&primary, &foreign, &forwarding, &doomed, &slot_2];
    let mut pairs: Vec<String> = (3..).zip(wanted).map(|(k, id)| format!("{k}={id}")).collect();
    pairs.push(format!("8={gone}"));
    // A number that is taken, too.
    let taken = make_eni(&region, &subnet, &[]);
    pairs.push(format!("1={taken}"));
    let mut args = vec!["adopt", "--yes"];
    args.extend(pairs.iter().flat_map(|pair| ["--eni", pair]));
    let before = region.changes();
    laptop.pool(&args).fails(
        exit::CONFIG,
        &[
            &format!("{primary} is the primary interface of {}", instance.id),
            &format!("{foreign} belongs to pool other"),
            &format!("{forwarding} does not check source and destination"),
            &format!("{doomed} is deleted with its instance"),
            &format!("AttachmentId={attachment},DeleteOnTermination=false"),
            &format!("{slot_2} is slot 2 of pool kafka: a server id never moves"),
            &format!("{gone} is not there"),
            &format!("slot 1 of pool kafka is {}", region.slots()[0].id),
            "nothing was changed",
        ],
    );
    assert_eq!(region.changes(), before);
    // The commands that it names mend it.
    let keep = [&delete[..2], &[("Attachment.DeleteOnTermination", "false")]].concat();
    region.ec2("ModifyNetworkInterfaceAttribute", &keep);
    laptop.pool(&["adopt", "--yes", "--eni", &format!("6={doomed}")]).done();
    assert!(layout(&region).contains_key(&6));
}

#[test]
fn an_eni_of_the_pool_without_a_number_gets_one() {
    let region = Region::with_pool(2);
    let laptop = Laptop(&region);
    tag(&region, &region.slots()[0].id, "steadfast:initialized", "a lineage");
    let stray = make_eni(&region, &subnets(&region)[0], &[]);
    tag(&region, &stray, "steadfast:pool", "kafka");
    laptop.pool(&["adopt", "--yes", "--eni", &format!("3={stray}")]).done();
    let it = region.eni(&stray);
    assert_eq!(it.tags["steadfast:slot"], "3");
    assert_eq!(it.tags["steadfast:initialized"], "joined a pool that had served");
}

#[test]
fn bad_input_is_told() {
    let region = Region::with_pool(1);
    let laptop = Laptop(&region);
    let usage = |args: &[&str], text: &str| {
        let told = laptop.pool(&[&["adopt"], args].concat());
        assert_eq!(told.code, exit::USAGE, "{args:?}: {}", told.stderr);
        assert!(told.stderr.contains(text), "{text} in {}", told.stderr);
    };
    usage(&[], "--eni <N=ENI>");
    usage(&["--eni", "eni-0123456789abcdef0"], "is not N=ENI");
    usage(&["--eni", "0=eni-0123456789abcdef0"], "is not a slot number");
    usage(&["--eni", "1=i-0123456789abcdef0"], "is not an ENI id");
    let two = ["adopt", "--eni", "1=eni-0123456789abcdef0", "--eni", "1=eni-0123456789abcdef1"];
    laptop.pool(&two).fails(exit::CONFIG, &["slot 1 is given twice"]);
    let two = ["adopt", "--eni", "1=eni-0123456789abcdef0", "--eni", "2=eni-0123456789abcdef0"];
    laptop.pool(&two).fails(exit::CONFIG, &["eni-0123456789abcdef0 is given twice"]);
}

/// Somebody else was quicker, while the plan was read by whoever is to say yes.
#[test]
fn an_eni_that_another_pool_got_meanwhile_stays_there() {
    let region = Region::with_pool(1);
    let laptop = Laptop(&region);
    let eni = make_eni(&region, &subnets(&region)[0], &[]);
    let mark = region.log(0).unwrap().len();
    fail(&region, "DescribeNetworkInterfaces", 3, None, error(503, "RequestLimitExceeded"));
    let running = laptop.start(&["adopt", "--yes", "--eni", &format!("2={eni}")]);
    eventually("the plan is made", || {
        let log = region.log(mark).unwrap();
        log.iter().any(|call| call.outcome.contains("RequestLimitExceeded")).then_some(())
    });
    tag(&region, &eni, "steadfast:pool", "other");
    tag(&region, &eni, "steadfast:slot", "1");
    region.clear_faults().unwrap();
    let texts = [&format!("the tags of {eni} were changed"), "nothing was changed"];
    running.finish().fails(exit::TEMPFAIL, &texts);
    assert_eq!(region.eni(&eni).tags["steadfast:pool"], "other");
}
