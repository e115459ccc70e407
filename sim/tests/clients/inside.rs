//! boto3 inside an instance, which knows nothing but what the metadata service tells.

use std::path::PathBuf;

use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{LaunchRequest, ROLE, Timings};

/// What the program inside needs, of its pool and of itself, and no more.
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ec2:DescribeNetworkInterfaces", "Resource": "*"},
    {"Effect": "Allow", "Resource": "arn:aws:ec2:*:*:network-interface/*",
     "Action": ["ec2:AttachNetworkInterface", "ec2:CreateTags", "ec2:DeleteTags"],
     "Condition": {"StringEquals": {"ec2:ResourceTag/steadfast:pool": "zk"}}},
    {"Effect": "Allow", "Action": "ec2:AttachNetworkInterface",
     "Resource": "${ec2:SourceInstanceARN}"}
]}"#;

#[test]
fn boto3_in_an_instance_needs_no_configuration() {
    let (venv, tests) = (super::venv(), super::tests());
    let options = Options {
        sim_binary: PathBuf::from(env!("CARGO_BIN_EXE_steadfast-sim")),
        shares: vec![venv.clone(), tests.clone()],
        timings: Timings { boot_ms: Some(100), ..Timings::default() },
        ..Options::default()
    };
    let region = LocalRegion::up(&options).unwrap();
    region.create_pool("zk", 3, false).unwrap();
    let tags = steadfast_sim::client::tags([("steadfast:pool", "zk")]);
    let zone = Some("b".to_owned());
    let instance = region.launch(&LaunchRequest { zone, tags, ..Default::default() }).unwrap();
    region.wait_running(&instance).unwrap();
    region.set_policy(ROLE, POLICY).unwrap();
    let python = venv.join("bin/python").into_os_string();
    let program = tests.join("inside.py").into_os_string();
    let id = instance.clone().into();
    super::judge(region.exec(&instance, &[python, "-B".into(), program, id]).output().unwrap());
    let calls = region.log(0).unwrap();
    assert!(calls.iter().all(|call| call.caller == instance), "{calls:?}");
    let actions: Vec<_> = calls.iter().map(|call| call.action.as_str()).collect();
    assert_eq!(actions[..2], ["DescribeNetworkInterfaces", "AttachNetworkInterface"]);
    assert_eq!(actions.iter().filter(|action| action.ends_with("Tags")).count(), 5);
    let denied: Vec<_> =
        calls.iter().filter(|call| call.outcome == "UnauthorizedOperation").collect();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(denied[0].action, "TerminateInstances");
}
