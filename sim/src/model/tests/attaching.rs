//! Attach and detach.

use super::{brief, model};
use crate::model::attach::Attach;
use crate::model::interfaces::Attribute;

#[test]
fn of_two_callers_one_is_refused_in_either_of_ec2s_ways() {
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let mut model = model();
        let (a, b) = (model.running_in('a', "t3.small"), model.running_in('a', "t3.small"));
        let eni = model.eni_in('a');
        model.attach_at(&eni, &a, 1).unwrap();
        for _ in 0..20 {
            let error = model.attach_at(&eni, &b, 1).unwrap_err();
            assert!(error.message.contains(eni.as_str()) && error.message.contains("in use"));
            codes.insert(error.code);
        }
        assert_eq!(model.holder(&eni), Some(a));
    }
    let codes: Vec<_> = codes.into_iter().collect();
    assert_eq!(codes, ["InvalidNetworkInterface.InUse", "InvalidParameterValue"]);
}

#[test]
fn the_nic_appears_between_the_answer_and_attached() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.take_effects();
    model.attach_at(&eni, &instance, 1).unwrap();
    model.pass(99);
    assert_eq!(model.take_effects(), []);
    model.pass(1);
    assert_eq!(brief(&model.take_effects()), [("plug", eni.as_str())]);
    assert_eq!(model.attachment_status(&eni), Some("attaching"));
    model.pass(50);
    assert_eq!(model.attachment_status(&eni), Some("attached"));
}

#[test]
fn each_refusal_has_ec2s_code() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let (one, two, three) = (model.eni_in('a'), model.eni_in('a'), model.eni_in('a'));
    let elsewhere = model.eni_in('b');
    let pending = model.launch_in('a', "t3.small");
    let code = |result: Result<_, crate::model::error::Ec2Error>| result.unwrap_err().code;
    assert_eq!(code(model.attach_at(&elsewhere, &instance, 1)), "InvalidParameterCombination");
    assert_eq!(code(model.attach_at(&one, &pending, 1)), "IncorrectState");
    assert_eq!(code(model.attach_at(&one, &instance, 0)), "InvalidParameterValue");
    model.attach_at(&one, &instance, 1).unwrap();
    let taken = model.attach_at(&two, &instance, 1).unwrap_err();
    assert_eq!(
        taken.message,
        format!("Instance '{instance}' already has an interface attached at device index '1'.")
    );
    model.attach_at(&two, &instance, 2).unwrap();
    let full = model.attach_at(&three, &instance, 3).unwrap_err();
    assert_eq!(full.code, "AttachmentLimitExceeded");
    assert_eq!(full.message, "Interface count 4 exceeds the limit for t3.small");
    model.terminate(std::slice::from_ref(&pending)).unwrap();
    assert_eq!(code(model.attach_at(&three, &pending, 1)), "IncorrectInstanceState");
}

#[test]
fn several_cards_report_a_taken_index_unless_the_card_is_named() {
    let mut model = model();
    let instance = model.running_in('a', "p4d.24xlarge");
    let eni = model.eni_in('a');
    let error = model.attach_at(&eni, &instance, 1).unwrap_err();
    assert!(error.message.contains("already has an interface attached at device index"));
    let request = Attach { eni, instance, device_index: 1, network_card: Some(0) };
    model.attach(&request).unwrap();
}

#[test]
fn a_detach_frees_and_an_old_attachment_id_stays_dead() {
    let mut model = model();
    let (a, b) = (model.running_in('a', "t3.small"), model.running_in('a', "t3.small"));
    let eni = model.eni_in('a');
    let first = model.attach_at(&eni, &a, 1).unwrap();
    model.pass(150);
    model.take_effects();
    model.detach(&first, false).unwrap();
    assert_eq!(model.attachment_status(&eni), Some("detaching"));
    assert!(model.attach_at(&eni, &b, 1).is_err());
    assert_eq!(model.detach(&first, false).unwrap_err().code, "IncorrectState");
    model.pass(200);
    assert_eq!(brief(&model.take_effects()), [("unplug", eni.as_str())]);
    let second = model.attach_at(&eni, &b, 1).unwrap();
    assert_ne!(first, second);
    assert_eq!(model.detach(&first, true).unwrap_err().code, "InvalidAttachmentID.NotFound");
    assert_eq!(model.holder(&eni), Some(b));
}

#[test]
fn force_hastens_a_detach() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    let attachment = model.attach_at(&eni, &instance, 1).unwrap();
    model.detach(&attachment, false).unwrap();
    model.detach(&attachment, true).unwrap();
    model.pass(20);
    assert_eq!(model.holder(&eni), None);
}

#[test]
fn the_primary_interface_stays() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let (_, attachment) = model.world().interfaces_of(&instance)[0];
    let attachment = attachment.id.clone();
    assert_eq!(model.detach(&attachment, true).unwrap_err().code, "OperationNotPermitted");
}

#[test]
fn a_withheld_nic_never_appears_though_it_is_attached() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.take_effects();
    model.attach_at(&eni, &instance, 1).unwrap();
    model.withhold_nic(&eni);
    model.pass(10_000);
    assert_eq!(model.take_effects(), []);
    assert_eq!(model.attachment_status(&eni), Some("attached"));
    model.stop(std::slice::from_ref(&instance), false).unwrap();
    model.pass(400);
    model.start(std::slice::from_ref(&instance)).unwrap();
    model.take_effects();
    model.pass(300);
    let boot = model.take_effects();
    assert!(matches!(&boot[..], [super::Effect::Boot(spec)] if spec.secondary.is_empty()));
}

#[test]
fn an_attached_interface_cannot_be_deleted() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.attach_at(&eni, &instance, 1).unwrap();
    let error = model.delete_interface(&eni).unwrap_err();
    assert!(error.message.contains("in use"));
}

#[test]
fn what_is_to_be_deleted_on_termination_is() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    let attachment = model.attach_at(&eni, &instance, 1).unwrap();
    model.modify_interface(&eni, Attribute::DeleteOnTermination(attachment, true)).unwrap();
    model.terminate(std::slice::from_ref(&instance)).unwrap();
    model.pass(500);
    assert!(model.world().interface(&eni).is_err());
}
