//! The design's table of EC2's errors, row by row: what is final ends the claim at once with the
//! right code and changes nothing, anything else is got over.

use steadfast_sim::control::{FaultKind, LaunchRequest};

use crate::region::{Instance, Region};
use crate::run::exit;
use crate::tampering::{ATTACH, DESCRIBE, DETACH, INSTANCES, error};

/// A claim that meets an error at its first attach, and succeeds; the calls that it made.
fn got_over(instance: &Instance<'_>, code: &str, message: &str) -> Vec<String> {
    instance.region.fail(ATTACH, 1, error(code, message));
    let mark = instance.mark();
    instance.claim(&[]).done();
    let calls = instance.calls_since(mark);
    assert_eq!(calls[1], format!("{ATTACH} {code}"), "{calls:?}");
    assert_eq!(calls.last().unwrap(), &format!("{ATTACH} ok"), "{calls:?}");
    assert_eq!(instance.holds().len(), 1);
    instance.release(&[]).done();
    calls
}

/// A claim whose attach is refused for good: one line, the code, nothing changed, no second try.
fn refused(code: &str, message: &str, status: i32, texts: &[&str]) {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let network = instance.network();
    region.fail_always(ATTACH, error(code, message));
    instance.claim(&[]).fails(status, texts);
    let attaches = instance.calls().iter().filter(|call| call.starts_with(ATTACH)).count();
    assert_eq!(attaches, 1, "{:?}", instance.calls());
    assert_eq!(instance.holds(), [0; 0]);
    assert_eq!(instance.network(), network);
    assert!(!instance.has_facts());
}

#[test]
fn a_lost_race_goes_on_with_the_next_candidate_and_no_new_read() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    let spellings = [
        ("InvalidNetworkInterface.InUse", "Interface: [eni-00000000000000000] in use."),
        ("InvalidParameterValue", "Network interface 'eni-00000000000000000' is currently in use."),
    ];
    for (code, message) in spellings {
        let mark = instance.mark();
        assert_eq!(got_over(&instance, code, message).len(), 3);
        let log = region.log(mark).unwrap();
        let tried: Vec<_> = log
            .iter()
            .filter(|call| call.action == ATTACH)
            .map(|call| &call.parameters["NetworkInterfaceId"])
            .collect();
        assert_eq!(tried.len(), 2);
        assert_ne!(tried[0], tried[1]);
    }
}

#[test]
fn a_device_index_that_a_foreign_interface_has_is_left_out() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let foreign = region.attach_foreign(&instance.id, "a", "1");
    wait_nics(&instance, 2);
    instance.claim(&[]).done();
    assert_eq!(region.slots()[0].device_index, Some(2));
    assert_eq!(region.eni(&foreign).device_index, Some(1));
}

/// IMDS tells a device index late, so the claim first tries the one that is taken.
#[test]
fn a_device_index_that_proves_taken_is_looked_into_and_passed_over() {
    let region = Region::with_pool(1);
    let lag = steadfast_sim::control::Timings {
        imds_device_number_lag_ms: Some(600_000),
        ..Default::default()
    };
    region.set_timings(&lag).unwrap();
    let instance = region.launch("a");
    region.attach_foreign(&instance.id, "a", "1");
    wait_nics(&instance, 2);
    instance.claim(&[]).done();
    assert_eq!(region.slots()[0].device_index, Some(2));
    let calls = instance.calls();
    assert_eq!(calls[1], format!("{ATTACH} InvalidParameterValue"), "{calls:?}");
    assert_eq!(calls.len(), 5, "read, attach, look, read, attach: {calls:?}");
}

#[test]
fn an_index_that_is_falsely_told_to_be_taken_is_tried_again() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let message = "Instance 'i-00000000000000000' already has an interface attached at device \
                   index '1'.";
    got_over(&instance, "InvalidParameterValue", message);
}

#[test]
fn an_instance_type_without_room_is_named_with_its_limit() {
    let region = Region::with_pool(1);
    let kind = Some("t3.micro".to_owned());
    let instance =
        region.launch_as(LaunchRequest { instance_type: kind, ..LaunchRequest::default() });
    region.attach_foreign(&instance.id, "a", "1");
    wait_nics(&instance, 2);
    let before = region.changes().1;
    let outcome = instance.claim(&[]);
    outcome.fails(exit::CONFIG, &["slot 1 (eni-", "takes no more interfaces", "t3.micro"]);
    assert_eq!(region.changes().1, before);
}

#[test]
fn another_zones_interface_is_final() {
    let message = "You may not attach a network interface to an instance if they are not in the \
                   same availability zone";
    let texts = ["another zone", "same availability zone"];
    refused("InvalidParameterCombination", message, exit::CONFIG, &texts);
}

#[test]
fn what_is_in_transition_is_read_again() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for code in ["IncorrectState", "IncorrectInstanceState"] {
        let calls = got_over(&instance, code, "The object is between two states.");
        assert_eq!(calls[2], format!("{DESCRIBE} ok"));
    }
}

#[test]
fn what_is_not_found_at_first_is_read_again() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for code in ["InvalidNetworkInterfaceID.NotFound", "InvalidInstanceID.NotFound"] {
        let calls = got_over(&instance, code, "It does not exist.");
        assert_eq!(calls[2], format!("{DESCRIBE} ok"));
    }
}

#[test]
fn what_is_never_found_is_final_after_a_few_reads() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    let message = "The networkInterface ID 'eni-00000000000000000' does not exist";
    region.fail_always(ATTACH, error("InvalidNetworkInterfaceID.NotFound", message));
    instance.claim(&[]).fails(exit::TEMPFAIL, &["eni-00000000000000000", "does not exist"]);
    let attaches = instance.calls().iter().filter(|call| call.starts_with(ATTACH)).count();
    assert!((2..=5).contains(&attaches), "{attaches}");
}

/// For real: a read that is older than the deletion.
#[test]
fn a_slot_that_was_just_deleted_is_got_over() {
    let region = Region::of_one_zone();
    let enis = region.pool(2);
    let instance = region.launch("a");
    region.fail(DESCRIBE, 1, FaultKind::LoseReply);
    let mut claim = instance.start_claim(&["--slot", "1"]);
    assert!(claim.wait_line("no answer from EC2"));
    region.ec2("DeleteNetworkInterface", &[("NetworkInterfaceId", &enis[0])]);
    claim.finish().done();
    assert_eq!(instance.holds(), [2]);
}

#[test]
fn what_ec2_never_permits_is_final() {
    let message = "The network interface is managed by an AWS service.";
    let texts = ["slot ", " (eni-", "cannot be attached", message];
    refused("OperationNotPermitted", message, exit::NOPERM, &texts);
}

#[test]
fn an_error_that_nobody_knows_is_final_and_quoted() {
    let texts = ["AttachNetworkInterface", "Out of unicorns.", "NoSuchUnicorn"];
    refused("NoSuchUnicorn", "Out of unicorns.", exit::CONFIG, &texts);
}

#[test]
fn throttling_is_waited_out() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    for code in ["RequestLimitExceeded", "Throttling"] {
        region.fail(DESCRIBE, 2, error(code, "Slow down."));
        region.fail(ATTACH, 2, error(code, "Slow down."));
        let mark = instance.mark();
        instance.claim(&[]).done();
        let calls = instance.calls_since(mark);
        assert_eq!(calls.iter().filter(|call| call.ends_with(code)).count(), 4, "{calls:?}");
        instance.release(&[]).done();
    }
}

#[test]
fn throttling_without_end_is_told_at_the_deadline() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always(ATTACH, error("RequestLimitExceeded", "Slow down."));
    let outcome = instance.claim(&["--wait", "2s"]);
    outcome.fails(
        exit::TEMPFAIL,
        &["within 2s", "slot 1 is free", "throttles AttachNetworkInterface"],
    );
    assert_eq!(instance.holds(), [0; 0]);
}

#[test]
fn a_denied_read_names_action_and_statement() {
    let region = Region::with_pool(1);
    let instance = region.launch("a");
    region.fail_always(DESCRIBE, FaultKind::Deny);
    instance.claim(&[]).fails(exit::NOPERM, &statement(DESCRIBE));
    assert_eq!(instance.calls(), [format!("{DESCRIBE} UnauthorizedOperation")]);
}

#[test]
fn a_denied_attach_names_action_and_statement() {
    let region = Region::with_pool(2);
    let instance = region.launch("a");
    region.fail_always(ATTACH, FaultKind::Deny);
    instance.claim(&[]).fails(exit::NOPERM, &statement(ATTACH));
    assert_eq!(instance.calls().len(), 2, "{:?}", instance.calls());
    assert_eq!(instance.holds(), [0; 0]);
}

#[test]
fn a_denied_look_at_the_holders_names_action_and_statement() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    region.fail_always(INSTANCES, FaultKind::Deny);
    instance.claim(&[]).fails(exit::NOPERM, &statement(INSTANCES));
    assert_eq!(holder.holds(), [1]);
}

#[test]
fn a_denied_takeover_names_action_and_statement() {
    let region = Region::with_pool(1);
    let (holder, instance) = (region.launch("a"), region.launch("a"));
    holder.claim(&[]).done();
    region.stop(&holder.id).unwrap();
    region.fail_always(DETACH, FaultKind::Deny);
    instance.claim(&[]).fails(exit::NOPERM, &statement(DETACH));
    assert_eq!(holder.holds(), [1]);
}

/// What a refusal of an action must say. The statement is the one that grants it.
fn statement(action: &str) -> [&'static str; 2] {
    match action {
        DESCRIBE => {
            ["ec2:DescribeNetworkInterfaces", r#""Action":"ec2:DescribeNetworkInterfaces""#]
        }
        ATTACH => ["ec2:AttachNetworkInterface", r#""Action":"ec2:AttachNetworkInterface""#],
        DETACH => ["ec2:DetachNetworkInterface", r#""Action":"ec2:DetachNetworkInterface""#],
        INSTANCES => ["ec2:DescribeInstances", r#""Action":"ec2:DescribeInstances""#],
        other => panic!("{other}"),
    }
}

/// Waits until IMDS lists so many interfaces, and the kernel has them.
fn wait_nics(instance: &Instance<'_>, count: usize) {
    const LIST: &str = "python3 -c \"
import urllib.request as u
at = 'http://169.254.169.254/latest/'
ttl = {'X-aws-ec2-metadata-token-ttl-seconds': '60'}
token = u.urlopen(u.Request(at + 'api/token', method='PUT', headers=ttl)).read().decode()
macs = u.Request(at + 'meta-data/network/interfaces/macs/')
macs.add_header('X-aws-ec2-metadata-token', token)
print(u.urlopen(macs).read().decode())\"";
    crate::region::eventually("the foreign NIC", || {
        let listed = instance.sh(LIST).lines().filter(|line| line.ends_with('/')).count();
        let links = instance.sh("ip -o link").lines().filter(|it| it.contains("ether")).count();
        (listed == count && links == count).then_some(())
    });
}
