//! `iam-policy`: what it prints, enforced by the local region: it is enough for every command, and no
//! statement of it could go.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use steadfast_sim::control::{OPERATOR, ROLE};

use crate::pool::{Laptop, make_eni, subnets, tag};
use crate::region::{Instance, POOL, Region, program};
use crate::run::{Outcome, Running, exit};

/// As printed on a machine that knows nothing: no credentials, no region, no metadata.
fn printed(role: &str) -> Value {
    let mut command = Command::new(program());
    command.env_clear();
    command.args(["iam-policy", "--role", role, "--pool", POOL, "--region", "eu-west-1"]);
    let told = Running::start(command).finish().done();
    let policy: Value = told.json();
    let length = policy.to_string().len();
    assert!(length <= 6144, "{length} characters are no managed policy");
    println!("{role}: {length} characters, {} statements", statements(&policy).len());
    policy
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().unwrap()
}

/// The actions that a policy grants, without their services.
fn granted(policy: &Value) -> BTreeSet<String> {
    let actions = statements(policy).iter().flat_map(|it| match &it["Action"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let bare = |action: &Value| action.as_str().unwrap().split(':').nth(1).unwrap().to_owned();
    actions.map(|it| bare(&it)).collect()
}

/// A policy without one of its statements, and that one's name.
fn without_each(policy: &Value) -> Vec<(String, Value)> {
    let without = |k: usize| {
        let mut less = policy.clone();
        let gone = less["Statement"].as_array_mut().unwrap().remove(k);
        (gone["Sid"].as_str().unwrap().to_owned(), less)
    };
    (0..statements(policy).len()).map(without).collect()
}

/// The calls of somebody since a place in the log, and those of them that were refused.
fn calls(region: &Region, caller: &str, since: usize) -> (BTreeSet<String>, Vec<String>) {
    let calls = region.log(since).unwrap().into_iter().filter(|it| it.caller == caller);
    let (mut made, mut denied) = (BTreeSet::new(), Vec::new());
    for it in calls {
        match it.outcome.as_str() {
            "UnauthorizedOperation" | "AccessDenied" => denied.push(it.action.clone()),
            _ => {}
        }
        made.insert(it.action);
    }
    (made, denied)
}

fn mark(region: &Region) -> usize {
    region.log(0).unwrap().len()
}

/// Everything that an agent does in its life, on a region of its own.
fn agents_life(policy: &Value) -> (BTreeSet<String>, Vec<String>) {
    let region = Region::with_pool(1);
    let gone = region.launch("a");
    gone.claim(&[]).done();
    region.set_policy(ROLE, &policy.to_string()).unwrap();
    region.stop(&gone.id).unwrap();
    region.wait_state(&gone.id, "stopped", crate::region::DEADLINE).unwrap();
    // It takes the slot over, boots a server that never comes up, and gives the slot back.
    let agent = region.launch("a");
    let briefly = ["--wait", "10s"];
    let run = ["run", "--pool", POOL, "--user", "root", "--release-on-stop", "--wait", "10s"];
    agent.steadfast(&[&run[..], &["--", "sh", "-c", "exit 1"]].concat());
    agent.claim(&briefly);
    agent.release(&briefly);
    calls(&region, &agent.id, 0)
}

#[test]
fn the_agents_policy_is_enough_and_nothing_of_it_could_go() {
    let policy = printed("agent");
    let (made, denied) = agents_life(&policy);
    assert_eq!(denied, [] as [&str; 0]);
    assert_eq!(made, granted(&policy));
    for (gone, policy) in without_each(&policy) {
        let (_, denied) = agents_life(&policy);
        assert!(!denied.is_empty(), "nobody misses {gone}");
    }
}

#[test]
fn the_agents_policy_is_no_more_than_it_needs() {
    let region = Region::with_pool(3);
    region.create_pool("other", 1, false).unwrap();
    let holder = region.launch("a");
    holder.claim(&["--slot", "1"]).done();
    tag(&region, &region.slots()[0].id, "steadfast:initialized", "a lineage");
    region.set_policy(ROLE, &printed("agent").to_string()).unwrap();
    let agent = region.launch("a");
    let before = region.changes().1;
    let refused = |agent: &Instance<'_>, args: &[&str], action: &str| {
        let told = agent.steadfast(args);
        assert_eq!(told.code, exit::NOPERM, "{args:?}: {}{}", told.stdout, told.stderr);
        assert!(told.stderr.contains(action), "no {action}: {}", told.stderr);
    };
    // A slot of another pool; a slot of its own for another instance; another tag; what it has no
    // business with at all.
    refused(&agent, &["claim", "--pool", "other"], "ec2:AttachNetworkInterface");
    let to = ["reclaim", "2", "--pool", POOL, "--to", &holder.id, "--yes"];
    let anyhow = ["--even-if-unseen", "--even-without-quorum", "--even-if-another-is-down"];
    let told = agent.steadfast(&[&to[..], &anyhow].concat());
    assert!(told.code != 0, "{}{}", told.stdout, told.stderr);
    let (_, denied) = calls(&region, &agent.id, 0);
    assert!(denied.contains(&"AttachNetworkInterface".to_owned()), "{denied:?}: {}", told.stderr);
    let retire = ["pool", "retire", "3", "--pool", POOL, "--confirm", "kafka/3"];
    refused(&agent, &retire, "ec2:CreateTags");
    let eni = region.slots()[2].id.clone();
    let adopt = format!("9={}", make_eni(&region, &subnets(&region)[0], &[]));
    refused(&agent, &["pool", "adopt", "--pool", POOL, "--eni", &adopt, "--yes"], "ec2:CreateTags");
    let address = ["--address", "7=10.0.16.77", "--yes"];
    let create = [&["pool", "create", "--pool", POOL], &address[..]].concat();
    refused(&agent, &create, "ec2:DescribeSubnets");
    let after: Vec<_> = region.changes().1.into_iter().filter(|it| before.contains(it)).collect();
    assert_eq!(after, before);
    assert_eq!(region.eni(&eni).tags["steadfast:pool"], POOL);
    // And its own it still can.
    agent.claim(&["--slot", "2"]).done();
}

/// Each command once, as a dry run, which is the same to IAM: nothing changes.
fn operators_questions(region: &Region, free: &str) {
    let laptop = Laptop(region);
    let subnet = subnets(region)[0].clone();
    let adopt = format!("9={free}");
    let run = |args: &[&str]| -> Outcome {
        let mut command = laptop.command();
        command.args(args).args(["--pool", POOL]);
        Running::start(command).finish()
    };
    let asked = |args: &[&str]| run(&[args, &["--dry-run"]].concat());
    asked(&["pool", "create", "--subnet", &subnet, "--count", "5", "--reuse-retired"]);
    asked(&["pool", "adopt", "--eni", &adopt]);
    asked(&["pool", "retire", "3", "--delete"]);
    // The one that was retired before.
    asked(&["pool", "retire", "4", "--delete"]);
    run(&["doctor", "--role", "operator", "--no-zookeeper", "--no-host"]);
}

#[test]
fn the_operators_policy_is_enough_and_nothing_of_it_could_go() {
    let region = Region::with_pool(4);
    let laptop = Laptop(&region);
    let holder = region.launch("a");
    holder.claim(&["--slot", "1"]).done();
    tag(&region, &region.slots()[0].id, "steadfast:initialized", "a lineage");
    laptop.pool(&["retire", "4", "--confirm", "kafka/4"]).done();
    let free = make_eni(&region, &subnets(&region)[0], &[]);
    let other = region.launch("a");
    let policy = printed("operator");
    region.set_policy(OPERATOR, &policy.to_string()).unwrap();
    let since = mark(&region);
    operators_questions(&region, &free);
    // Those that ask servers, too, once: here nobody answers them.
    let reclaim = "reclaim 1 --dry-run --even-if-unseen --even-without-quorum \
                   --even-if-another-is-down --to";
    for line in [
        "pool show".to_owned(),
        "connect-string".to_owned(),
        "status --no-probe".to_owned(),
        "pool bootstrap --slot 1 --dry-run".to_owned(),
        format!("{reclaim} {}", other.id),
    ] {
        let mut command = laptop.command();
        command.args(line.split_whitespace()).args(["--pool", POOL]);
        let told = Running::start(command).finish();
        assert!(told.code < exit::USAGE, "{line}: {}{}", told.stdout, told.stderr);
    }
    let (made, denied) = calls(&region, OPERATOR, since);
    assert_eq!(denied, [] as [&str; 0]);
    let mut granted = granted(&policy);
    // Who one is everybody may ask.
    granted.insert("GetCallerIdentity".to_owned());
    assert_eq!(made, granted);
    for (gone, policy) in without_each(&policy) {
        region.set_policy(OPERATOR, &policy.to_string()).unwrap();
        let since = mark(&region);
        operators_questions(&region, &free);
        let (_, denied) = calls(&region, OPERATOR, since);
        assert!(!denied.is_empty(), "nobody misses {gone}");
    }
}

/// What dry runs do not show: the tags change on the way, and with them what may be done.
#[test]
fn an_operator_with_the_policy_brings_each_command_to_its_end() {
    let region = Region::up();
    region.set_policy(OPERATOR, &printed("operator").to_string()).unwrap();
    let laptop = Laptop(&region);
    let subnet_list = subnets(&region).join(",");
    let create =
        ["create", "--subnet", &subnet_list, "--count", "3", "--tag", "team=data", "--yes"];
    laptop.pool(&create).done();
    let slot = region.slots()[2].id.clone();
    laptop.pool(&["retire", "3", "--confirm", "kafka/3"]).done();
    let back = format!("3={slot}");
    laptop.pool(&["adopt", "--eni", &back, "--yes"]).done();
    laptop.pool(&["retire", "3", "--delete", "--confirm", "kafka/3/delete"]).done();
    let holder = region.launch("a");
    holder.claim(&["--slot", "1"]).done();
    let other = region.launch("a");
    let mut reclaim = laptop.command();
    let anyhow = ["--even-if-unseen", "--even-without-quorum", "--even-if-another-is-down"];
    reclaim
        .args(["reclaim", "1", "--pool", POOL, "--to", &other.id, "--yes", "--reason", "a test"]);
    reclaim.args(anyhow);
    let told = Running::start(reclaim).finish();
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let (_, denied) = calls(&region, OPERATOR, 0);
    assert_eq!(denied, [] as [&str; 0]);
    // An ENI of another pool is none of its business.
    region.clear_policy(OPERATOR).unwrap();
    region.create_pool("other", 1, false).unwrap();
    let enis = region.state().unwrap().enis;
    let of_other = |it: &&steadfast_sim::control::EniView| {
        it.tags.get("steadfast:pool").is_some_and(|pool| pool == "other")
    };
    let foreign = enis.iter().find(of_other).unwrap().id.clone();
    region.set_policy(OPERATOR, &printed("operator").to_string()).unwrap();
    for (action, parameters) in [
        ("DeleteNetworkInterface", vec![("NetworkInterfaceId", &*foreign)]),
        (
            "CreateTags",
            vec![
                ("ResourceId.1", &*foreign),
                ("Tag.1.Key", "steadfast:pool"),
                ("Tag.1.Value", POOL),
            ],
        ),
        ("DeleteTags", vec![("ResourceId.1", &*region.slots()[0].id)]),
    ] {
        let answer = std::ops::Deref::deref(&region).ec2(action, &parameters);
        let refused = answer.expect_err(action).to_string();
        assert!(refused.contains("UnauthorizedOperation"), "{action}: {refused}");
    }
}

#[test]
fn bad_input_is_told() {
    let run = |args: &[&str]| {
        let mut command = Command::new(program());
        command.env_clear().arg("iam-policy").args(args);
        Running::start(command).finish()
    };
    let whole = ["--role", "agent", "--pool", POOL, "--region", "eu-west-1"];
    for (args, text) in [
        (&[][..], "--role <ROLE>"),
        (&["--role", "root"], "[possible values: agent, operator]"),
        (&["--role", "agent", "--region", "EU WEST"], "is not a region's name"),
        (&["--role", "agent", "--account", "12"], "is not an account's number"),
    ] {
        let told = run(args);
        assert_eq!(told.code, exit::USAGE, "{args:?}: {}", told.stderr);
        assert!(told.stderr.contains(text), "{text}: {}", told.stderr);
    }
    run(&whole[..2]).fails(exit::CONFIG, &["no pool"]);
    run(&whole[..4]).fails(exit::CONFIG, &["no region"]);
    let account = run(&[&whole[..], &["--account", "123456789012"]].concat()).done().json();
    let arn = "arn:aws:ec2:eu-west-1:123456789012:network-interface/*";
    assert_eq!(account["Statement"][1]["Resource"], json!(arn));
}
