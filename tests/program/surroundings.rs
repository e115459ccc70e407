//! What a boot, a unit file or a pipe does to the program: a network that comes late, empty
//! variables, a standard error that nobody reads.

use crate::region::{POOL, Region};
use crate::run::exit;

/// Its log cannot be written from the first line on, and it must not matter.
#[test]
fn a_closed_standard_error_does_not_end_a_claim() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let program = crate::region::program();
    for command in ["claim", "release"] {
        let script = format!(
            "{{ sleep 0.3; {program} {command} --pool {POOL} && touch /tmp/{command}; }} \
             2>&1 >/dev/null | true; \
             for look in $(seq 200); do [ -e /tmp/{command} ] && exit 0; sleep 0.1; done; exit 1"
        );
        instance.sh(&script);
        let expected: &[u8] = if command == "claim" { &[1] } else { &[] };
        assert_eq!(instance.holds(), expected, "{command}");
    }
}

/// As for the AWS tools: it is how a unit file takes back what another place has set.
#[test]
fn an_empty_variable_says_nothing() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh("echo 'pool = \"kafka\"' >/etc/steadfast/steadfast.toml");
    let empty = [
        ("STEADFAST_POOL", ""),
        ("STEADFAST_SLOT", ""),
        ("STEADFAST_ONLY_SLOT", ""),
        ("STEADFAST_WAIT", ""),
        ("STEADFAST_NIC_TIMEOUT", ""),
        ("STEADFAST_CALL_TIMEOUT", ""),
        ("STEADFAST_RUN_DIR", ""),
        ("STEADFAST_CONFIG", ""),
        ("STEADFAST_LOG_FORMAT", ""),
        ("AWS_REGION", ""),
    ];
    instance.steadfast_with(&empty, &["claim"]).done();
    assert_eq!(instance.holds(), [1]);
    assert!(instance.has_facts());
}

#[test]
fn a_time_has_a_limit() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for flag in ["--wait", "--nic-timeout", "--call-timeout"] {
        let outcome = instance.claim(&[flag, "500000000000y"]);
        assert_eq!(outcome.code, exit::USAGE, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("longer than a year"), "{}", outcome.stderr);
    }
}

#[test]
fn a_region_that_is_not_the_instances_own_is_told() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let outcome =
        instance.steadfast_with(&[("AWS_REGION", "us-east-1")], &["claim", "--pool", POOL]);
    let told = "EC2 is asked in us-east-1, but this instance is in eu-west-1";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

/// Early at boot the metadata service is out of reach; a dry run does not wait for it.
#[test]
fn a_claim_waits_for_the_network() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    instance.sh("ip route add blackhole 169.254.169.254/32");
    instance.claim(&["--dry-run"]).fails(exit::TEMPFAIL, &["metadata service does not answer"]);
    let mut claim = instance.start_claim(&[]);
    assert!(claim.wait_line("it is asked again"));
    instance.sh("ip route del blackhole 169.254.169.254/32");
    claim.finish().done();
    assert_eq!(instance.holds(), [1]);
}
