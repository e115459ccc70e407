//! What is wrong before anything begins: each one line that a person can act on, the right exit
//! code, nothing changed.

use steadfast_sim::control::FaultKind;

use crate::region::{Instance, POOL, Region};
use crate::run::exit;
use crate::tampering::{ATTACH, DETACH, element, error};

/// The command fails so, and neither EC2 nor the host is any different afterwards.
#[track_caller]
fn refused(instance: &Instance<'_>, args: &[&str], code: i32, texts: &[&str]) {
    refused_with(instance, &[], args, code, texts);
}

#[track_caller]
fn refused_with(
    instance: &Instance<'_>,
    environment: &[(&str, &str)],
    args: &[&str],
    code: i32,
    texts: &[&str],
) {
    let before = (instance.region.changes(), instance.network());
    let outcome = instance.steadfast_with(environment, args);
    outcome.fails(code, texts);
    assert_eq!((instance.region.changes(), instance.network()), before);
    assert!(!instance.has_facts());
}

const CLAIM: [&str; 3] = ["claim", "--pool", POOL];
const RELEASE: [&str; 3] = ["release", "--pool", POOL];
/// For what is asked again until the time is over.
const BRIEFLY: (&str, &str) = ("STEADFAST_WAIT", "1s");

#[test]
fn no_pool_is_named_anywhere() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let places = ["--pool", "STEADFAST_POOL", "/etc/steadfast/steadfast.toml", "steadfast:pool"];
    refused(&instance, &["claim"], exit::CONFIG, &places);
    refused(&instance, &["release"], exit::CONFIG, &places);
    assert_eq!(instance.calls(), [""; 0]);
}

#[test]
fn a_pool_without_enis() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let args = ["claim", "--pool", "kafak"];
    refused(&instance, &args, exit::CONFIG, &["pool kafak has no ENI", "steadfast:pool=kafak"]);
}

#[test]
fn two_enis_with_one_slot_number() {
    let region = Region::of_one_zone();
    let mut enis = region.pool(2);
    region.tag(&enis[1], "steadfast:slot", "1");
    enis.sort();
    let instance = region.launch("a");
    let texts = ["slot 1 twice", &enis[0], &enis[1]];
    refused(&instance, &CLAIM, exit::CONFIG, &texts);
}

#[test]
fn a_slot_number_that_is_none() {
    let region = Region::of_one_zone();
    let enis = region.pool(2);
    let instance = region.launch("a");
    for number in ["0", "256", "x", "01", ""] {
        region.tag(&enis[0], "steadfast:slot", number);
        let told = format!("steadfast:slot={number:?}");
        refused(&instance, &CLAIM, exit::CONFIG, &[&enis[0], &told, "1 to 255", "create-tags"]);
    }
}

#[test]
fn an_eni_without_slot_number() {
    let region = Region::of_one_zone();
    let enis = region.pool(2);
    region.untag(&enis[1], "steadfast:slot");
    let instance = region.launch("a");
    refused(&instance, &CLAIM, exit::CONFIG, &[&enis[1], "no tag steadfast:slot", "create-tags"]);
}

#[test]
fn no_metadata_service() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let dead = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"), BRIEFLY];
    let texts = ["metadata service does not answer", "IMDS"];
    refused_with(&instance, &dead, &CLAIM, exit::TEMPFAIL, &texts);
    refused_with(&instance, &dead, &RELEASE, exit::TEMPFAIL, &texts);
    instance.sh("ip route add blackhole 169.254.169.254/32 metric 1 || true; \
                 ip route get 169.254.169.254 && exit 1 || true");
    refused_with(&instance, &[BRIEFLY], &CLAIM, exit::TEMPFAIL, &texts);
    assert_eq!(instance.calls(), [""; 0]);
}

/// It takes the request and says nothing, as with a hop limit that is too small.
#[test]
fn a_metadata_service_that_hangs() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always("imds-token", FaultKind::Hang);
    let texts = ["metadata service does not answer"];
    refused_with(&instance, &[BRIEFLY], &CLAIM, exit::TEMPFAIL, &texts);
}

/// A service that knows version 1 alone answers a request for a token with an error.
#[test]
fn a_metadata_service_without_tokens() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for status in [403, 404, 405] {
        region.clear_faults().unwrap();
        let (code, message) = (String::new(), String::new());
        region.fail_always("imds-token", FaultKind::Error { status, code, message });
        let texts = ["gives no IMDSv2 token", "version 1 is never used"];
        refused(&instance, &CLAIM, exit::CONFIG, &texts);
    }
    assert_eq!(instance.calls(), [""; 0]);
}

/// Switched off in the instance's metadata options, as EC2 does it.
#[test]
fn a_metadata_service_that_is_switched_off() {
    let region = Region::with_pool(1);
    let options = [("MetadataOptions.HttpEndpoint", "disabled"), ("IamInstanceProfile.Name", "it")];
    let instance = run(&region, &options);
    refused(&instance, &CLAIM, exit::CONFIG, &["IMDSv2", "metadata options"]);
}

#[test]
fn no_instance_profile_and_so_no_credentials() {
    let region = Region::with_pool(1);
    let instance = run(&region, &[]);
    let texts = ["no credentials: there are none in", "attach an instance profile"];
    // A claim goes on asking: see below.
    refused_with(&instance, &[BRIEFLY], &CLAIM, exit::CONFIG, &texts);
    refused(&instance, &RELEASE, exit::CONFIG, &texts);
    assert_eq!(instance.calls(), [""; 0]);
}

/// It is told at once, and by then the claim is nearly over.
#[test]
fn a_role_that_comes_late() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    // The first requests are for a token and for the instance's identity.
    let kind = FaultKind::Error { status: 404, code: String::new(), message: String::new() };
    region.fail_after(2, "imds", kind);
    let mut claim = instance.start_claim(&["--wait", "1h", "--only-slot", "1"]);
    assert!(claim.wait_line("no credentials: "));
    region.clear_faults().unwrap();
    claim.finish().done();
    assert_eq!(instance.holds(), [1]);
}

#[test]
fn credentials_that_ec2_does_not_take() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAWRONGWRONGWRONG0"), ("AWS_SECRET_ACCESS_KEY", "wrong")];
    refused_with(&instance, &keys, &CLAIM, exit::CONFIG, &["credentials", "AuthFailure"]);
    region.fail_always("*", error("ExpiredToken", "The security token has expired."));
    refused(&instance, &CLAIM, exit::CONFIG, &["The security token has expired.", "ExpiredToken"]);
}

#[test]
fn another_region() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let args = [&CLAIM[..], &["--region", "us-east-1"]].concat();
    refused(&instance, &args, exit::CONFIG, &["us-east-1"]);
}

/// The endpoint of a region that does not exist, or that no route leads to.
#[test]
fn no_way_to_ec2() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let dead = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    let args = [&CLAIM[..], &["--wait", "2s"]].concat();
    let texts = ["no answer from EC2 to DescribeNetworkInterfaces", "within 2s"];
    refused_with(&instance, &dead, &args, exit::TEMPFAIL, &texts);
}

#[test]
fn denied_permission_to_release() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.claim(&[]).done();
    let before = (region.slots()[0].attachment.clone(), instance.network(), instance.slot_json());
    region.fail_always(DETACH, FaultKind::Deny);
    for args in [&[][..], &["--dry-run"]] {
        let outcome = instance.release(args);
        outcome.fails(exit::NOPERM, &[r#""Action":"ec2:DetachNetworkInterface""#]);
        let after =
            (region.slots()[0].attachment.clone(), instance.network(), instance.slot_json());
        assert_eq!(after, before);
    }
}

#[test]
fn a_run_directory_that_cannot_be_made() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let args = [&CLAIM[..], &["--run-dir", "/proc/steadfast"]].concat();
    refused(&instance, &args, exit::CONFIG, &["/proc/steadfast", "--run-dir"]);
    let args = [&CLAIM[..], &["--run-dir", "/etc/hostname/steadfast"]].concat();
    refused(&instance, &args, exit::CONFIG, &["/etc/hostname/steadfast", "--run-dir"]);
}

/// Without the right to change the network: the slot is given back, and the status says why.
#[test]
fn no_right_to_change_the_network() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let claim = crate::region::program();
    let command = ["setpriv", "--bounding-set", "-net_admin", claim, "claim", "--pool", POOL];
    let outcome = crate::run::Running::start(instance.command(&command)).finish();
    outcome.fails(exit::NOPERM, &["not permitted", "CAP_NET_ADMIN", "slot 1 was given back"]);
    let free = || (region.slots()[0].status == "available").then_some(());
    crate::region::eventually("the slot is free", free);
    assert!(!instance.has_facts());
}

#[test]
fn command_lines_that_are_none() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let wrong: [(&[&str], &str); 8] = [
        (&[], "Usage"),
        (&["grab"], "grab"),
        (&["claim", "--poool", "x"], "--poool"),
        (&["claim", "--pool", "no blanks"], "is not a pool name"),
        (&["claim", "--wait", "soon"], "--wait"),
        (&["claim", "--slot", "256"], "is not a slot number (1 to 255)"),
        (&["claim", "--slot", "1", "--only-slot", "2"], "cannot be used with"),
        (&["claim", "--output", "xml"], "xml"),
    ];
    for (args, told) in wrong {
        let outcome = instance.steadfast(args);
        assert_eq!(outcome.code, exit::USAGE, "{args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{args:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{args:?}");
    }
    assert_eq!(instance.calls(), [""; 0]);
    assert!(!region.changes().0.iter().any(|call| call.starts_with(ATTACH)));
}

/// An instance as only EC2's own call can launch it.
fn run<'a>(region: &'a Region, options: &[(&str, &str)]) -> Instance<'a> {
    let plain = [
        ("ImageId", "ami-05eadfa5705eadfa5"),
        ("InstanceType", "t3.small"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let answer = region.ec2("RunInstances", &[&plain, options].concat());
    let instance = region.instance(element(&answer, "instanceId"));
    instance.wait_up();
    instance
}
