//! `steadfast doctor`: each defect is made on a region, found, and gone after the printed command.

mod bad_input;
pub mod ensemble;
pub mod host;
mod mend;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use steadfast_sim::control::GroupRequest;

use crate::region::{Instance, POOL, Region, eventually, program};
use crate::run::{Outcome, Running};
use crate::schema::checked;

/// A pool of three in three zones, each slot held by an instance of one group, and used before.
pub fn healthy() -> Region {
    let region = Region::up();
    region.pool(3);
    let group = GroupRequest {
        name: "zookeeper".to_owned(),
        desired: 3,
        zones: Vec::new(),
        instance_type: "m5.large".to_owned(),
        tags: [("steadfast:pool".to_owned(), POOL.to_owned())].into(),
        user_data: String::new(),
        image: None,
    };
    region.put_group(&group).unwrap();
    for instance in members(&region) {
        instance.wait_up();
        instance.claim(&[]).done();
    }
    for eni in region.slots() {
        tag(&region, &eni.id, "steadfast:initialized", "1");
    }
    region
}

/// The group's instances.
pub fn members(region: &Region) -> Vec<Instance<'_>> {
    let ids = eventually("three instances", || {
        let all = region.state().unwrap().instances.into_iter();
        let ids: Vec<String> = all.filter(|it| it.state == "running").map(|it| it.id).collect();
        (ids.len() == 3).then_some(ids)
    });
    ids.into_iter().map(|id| region.instance(id)).collect()
}

pub fn tag(region: &Region, eni: &str, key: &str, value: &str) {
    let parameters = [("ResourceId.1", eni), ("Tag.1.Key", key), ("Tag.1.Value", value)];
    region.ec2("CreateTags", &parameters);
}

/// From outside, where no slot's address is reached, and this machine is left out.
pub fn outside(region: &Region, args: &[&str]) -> Outcome {
    outside_of(region, POOL, args)
}

/// The same on another pool.
pub fn outside_of(region: &Region, pool: &str, args: &[&str]) -> Outcome {
    let mut command = Command::new(program());
    command.envs(region.info().unwrap().environment);
    command.args(["doctor", "--pool", pool, "--no-host", "--no-zookeeper"]).args(args);
    Running::start(command).finish()
}

/// Its findings that are not fine, each as its check and severity.
pub fn wrong(report: &Value) -> BTreeSet<(String, String)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let all = findings.map(|it| (text(it, "check"), text(it, "severity")));
    all.filter(|(_, severity)| severity != "ok" && severity != "skipped").collect()
}

fn report(region: &Region) -> Value {
    let outcome = outside(region, &["--output", "json"]);
    let report = checked("doctor", &outcome.stdout);
    assert_eq!(report["exit_status"], outcome.code, "{report:#}");
    report
}

#[test]
fn a_healthy_pool_has_nothing_to_mend() {
    let region = healthy();
    let since = region.log(0).unwrap().len();
    let all = outside(&region, &[]).done();
    assert!(all.stdout.contains("nothing to mend: "), "{}", all.stdout);
    let calls = region.log(since).unwrap();
    let calls: Vec<&str> = calls.iter().map(|call| call.action.as_str()).collect();
    println!("from outside, as an operator: {} calls: {calls:?}", calls.len());
    assert_eq!(calls.len(), 13, "{calls:?}");
    let verbose = outside(&region, &["--verbose"]).done().stdout;
    assert!(verbose.contains("every slot reaches every other on 2181, 2888 and 3888"), "{verbose}");
    // On an instance, as its agent.
    let instance = &members(&region)[0];
    let mark = instance.mark();
    let inside = instance.steadfast(&["doctor", "--no-host", "--no-zookeeper", "--role", "agent"]);
    assert!(inside.done().stdout.contains("nothing to mend: "));
    let calls = instance.calls_since(mark);
    println!("from an instance, as its agent: {} calls: {calls:?}", calls.len());
    assert_eq!(calls.len(), 11, "{calls:?}");
    assert_eq!(report(&region)["counts"]["errors"], 0);
}

/// A defect: what is done, and what it is found as.
type Defect = (fn(&Region), &'static str, &'static str);

const DEFECTS: [Defect; 9] = [
    (
        |region| {
            let slot = &region.slots()[0];
            let attachment = slot.attachment.clone().unwrap();
            let parameters = [
                ("NetworkInterfaceId", slot.id.as_str()),
                ("Attachment.AttachmentId", attachment.as_str()),
                ("Attachment.DeleteOnTermination", "true"),
            ];
            region.ec2("ModifyNetworkInterfaceAttribute", &parameters);
        },
        "delete-on-termination",
        "error",
    ),
    (
        |region| {
            let slot = region.slots()[1].id.clone();
            let parameters =
                [("NetworkInterfaceId", slot.as_str()), ("SourceDestCheck.Value", "false")];
            region.ec2("ModifyNetworkInterfaceAttribute", &parameters);
        },
        "source-dest-check",
        "warning",
    ),
    (|region| metadata(region, "HttpTokens", "optional"), "metadata-tokens", "warning"),
    (|region| metadata(region, "HttpPutResponseHopLimit", "9"), "metadata-hop-limit", "warning"),
    (|region| metadata(region, "InstanceMetadataTags", "disabled"), "metadata-tags", "warning"),
    (|region| metadata(region, "HttpEndpoint", "disabled"), "metadata-enabled", "error"),
    (
        |region| {
            let slot = region.slots()[2].id.clone();
            let parameters = [("ResourceId.1", slot.as_str()), ("Tag.1.Key", "steadfast:slot")];
            region.ec2("DeleteTags", &parameters);
        },
        "tags",
        "error",
    ),
    (
        |region| {
            let slot = region.slots()[2].id.clone();
            tag(region, &slot, "steadfast:bootstrap", "eni-attach-0123456789abcdef0");
        },
        "bootstrap-override",
        "warning",
    ),
    (
        |region| {
            let all = region.ec2("DescribeSecurityGroups", &[]);
            let group = &all[all.find("<groupId>").unwrap() + 9..];
            let group = &group[..group.find('<').unwrap()];
            let parameters = [
                ("GroupId", group),
                ("IpPermissions.1.IpProtocol", "-1"),
                ("IpPermissions.1.Groups.1.GroupId", group),
            ];
            region.ec2("RevokeSecurityGroupIngress", &parameters);
        },
        "ports",
        "error",
    ),
];

fn metadata(region: &Region, option: &str, value: &str) {
    let id = members(region)[0].id.clone();
    let parameters = [("InstanceId", id.as_str()), (option, value)];
    region.ec2("ModifyInstanceMetadataOptions", &parameters);
}

#[test]
fn each_defect_is_found_and_is_gone_after_the_printed_command() {
    let region = healthy();
    region.throttle(None);
    for (make, check, severity) in DEFECTS {
        make(&region);
        let sick = report(&region);
        let found = (check.to_owned(), severity.to_owned());
        assert!(wrong(&sick).contains(&found), "{check}: {sick:#}");
        let findings = sick["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|it| it["check"] == check && it["severity"] == severity);
        let commands = findings.flat_map(|it| it["commands"].as_array().unwrap());
        let commands: Vec<&str> = commands.map(|it| it.as_str().unwrap()).collect();
        assert!(!commands.is_empty(), "{check}");
        commands.iter().for_each(|command| mend::run(&region, command));
        let mended = report(&region);
        assert_eq!(wrong(&mended), BTreeSet::new(), "{check}: {commands:?}: {mended:#}");
        assert_eq!(mended["exit_status"], 0);
    }
}

#[test]
fn a_group_that_wants_fewer_instances_than_there_are_slots_is_told() {
    let region = healthy();
    let group = GroupRequest {
        name: "zookeeper".to_owned(),
        desired: 2,
        zones: Vec::new(),
        instance_type: "m5.large".to_owned(),
        tags: Default::default(),
        user_data: String::new(),
        image: None,
    };
    region.put_group(&group).unwrap();
    eventually("a slot is free", || {
        region.slots().iter().any(|eni| eni.instance.is_none()).then_some(())
    });
    let report = report(&region);
    let want = [("capacity", "warning"), ("held", "warning")];
    assert_eq!(
        wrong(&report),
        want.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        "{report:#}"
    );
    let findings = report["findings"].as_array().unwrap();
    let capacity = findings.iter().find(|it| it["check"] == "capacity").unwrap();
    let command = "aws autoscaling set-desired-capacity --auto-scaling-group-name zookeeper \
                   --desired-capacity 3 --region eu-west-1";
    assert_eq!(capacity["commands"][0], command);
}
