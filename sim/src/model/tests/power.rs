//! Start, stop and terminate.

use super::{brief, model};
use crate::fabric::PowerOff;
use crate::model::delays::Delays;
use crate::model::effect::Effect;
use crate::model::instance::{Cause, State};

#[test]
fn terminate_frees_secondary_interfaces_only_at_its_end() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.attach_at(&eni, &instance, 1).unwrap();
    model.pass(150);
    model.take_effects();
    model.terminate(std::slice::from_ref(&instance)).unwrap();
    let off = Effect::PowerOff { instance: instance.to_string(), how: PowerOff::DropDisk };
    assert_eq!(model.take_effects(), [off]);
    model.pass(499);
    assert_eq!(model.state_of(&instance), State::ShuttingDown);
    assert_eq!(model.holder(&eni), Some(instance.clone()));
    model.pass(1);
    assert_eq!(model.state_of(&instance), State::Terminated);
    assert_eq!(model.holder(&eni), None);
    assert_eq!(model.world().interfaces.len(), 1, "the primary interface is gone");
    model.pass(Delays::FORGET);
    assert!(model.world().instance(&instance).is_err());
}

#[test]
fn stop_keeps_interfaces_attached_and_start_shows_them_again() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.attach_at(&eni, &instance, 1).unwrap();
    model.pass(150);
    model.take_effects();
    model.stop(std::slice::from_ref(&instance), false).unwrap();
    let off = Effect::PowerOff { instance: instance.to_string(), how: PowerOff::KeepDisk };
    assert_eq!(model.take_effects(), [off]);
    model.pass(10_000);
    assert_eq!(model.state_of(&instance), State::Stopped);
    assert_eq!(model.holder(&eni), Some(instance.clone()));
    model.start(std::slice::from_ref(&instance)).unwrap();
    model.pass(300);
    let effects = model.take_effects();
    let [Effect::Boot(spec)] = &effects[..] else { panic!("not one boot: {effects:?}") };
    assert_eq!(spec.primary.device_index, 0);
    let secondary: Vec<_> = spec.secondary.iter().map(|nic| nic.eni.as_str()).collect();
    assert_eq!(secondary, [eni.as_str()]);
}

#[test]
fn a_stopped_instance_may_get_an_interface_and_sees_it_when_started() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    model.stop(std::slice::from_ref(&instance), false).unwrap();
    model.pass(400);
    let eni = model.eni_in('a');
    model.take_effects();
    model.attach_at(&eni, &instance, 1).unwrap();
    model.pass(150);
    assert_eq!(model.take_effects(), []);
    model.start(std::slice::from_ref(&instance)).unwrap();
    model.pass(300);
    let effects = model.take_effects();
    assert!(matches!(&effects[..], [Effect::Boot(spec)] if spec.secondary.len() == 1));
}

#[test]
fn a_detach_without_force_waits_for_an_instance_on_its_way_down() {
    for forced in [false, true] {
        let mut model = model();
        let instance = model.running_in('a', "t3.small");
        let eni = model.eni_in('a');
        let attachment = model.attach_at(&eni, &instance, 1).unwrap();
        model.pass(150);
        model.stop(std::slice::from_ref(&instance), false).unwrap();
        model.detach(&attachment, forced).unwrap();
        model.pass(399);
        assert_eq!(model.holder(&eni).is_none(), forced);
        model.pass(1);
        assert_eq!(model.holder(&eni), None);
    }
}

#[test]
fn a_stopped_instance_lets_go_without_force() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    let attachment = model.attach_at(&eni, &instance, 1).unwrap();
    model.stop(std::slice::from_ref(&instance), false).unwrap();
    model.pass(400);
    model.detach(&attachment, false).unwrap();
    model.pass(200);
    assert_eq!(model.holder(&eni), None);
}

#[test]
fn an_instance_that_ends_by_itself_is_stopped() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    model.ended_by_itself(&instance);
    assert_eq!(model.state_of(&instance), State::Stopping);
    model.pass(400);
    assert_eq!(model.state_of(&instance), State::Stopped);
    model.ended_by_itself(&instance);
    assert_eq!(model.state_of(&instance), State::Stopped);
}

#[test]
fn an_instance_that_does_not_boot_is_terminated() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    model.boot_failed(&instance);
    model.pass(500);
    let instance = model.world().instance(&instance).unwrap();
    assert_eq!(instance.state, State::Terminated);
    assert_eq!(instance.reason.unwrap().cause, Cause::Machine);
}

#[test]
fn a_timer_of_an_earlier_stop_does_not_end_a_later_one() {
    let mut model = model();
    let id = model.running_in('a', "t3.small");
    let ids = std::slice::from_ref(&id);
    model.stop(ids, false).unwrap();
    model.stop(ids, true).unwrap();
    model.pass(40);
    assert_eq!(model.state_of(&id), State::Stopped);
    model.start(ids).unwrap();
    model.pass(300);
    model.stop(ids, false).unwrap();
    // The first stop would have been over by now, the last one is not.
    model.pass(100);
    assert_eq!(model.state_of(&id), State::Stopping);
}

#[test]
fn wrong_states_are_refused_and_nothing_is_changed() {
    let mut model = model();
    let (up, pending) = (model.running_in('a', "t3.small"), model.launch_in('a', "t3.small"));
    let error = model.stop(&[up.clone(), pending.clone()], false).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    assert_eq!(model.state_of(&up), State::Running);
    model.terminate(std::slice::from_ref(&pending)).unwrap();
    let error = model.start(std::slice::from_ref(&pending)).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    // To terminate twice is fine.
    model.terminate(&[pending]).unwrap();
}

#[test]
fn a_nic_is_not_plugged_into_an_instance_that_is_off() {
    let mut model = model();
    let instance = model.running_in('a', "t3.small");
    let eni = model.eni_in('a');
    model.attach_at(&eni, &instance, 1).unwrap();
    model.terminate(std::slice::from_ref(&instance)).unwrap();
    model.take_effects();
    model.pass(150);
    assert_eq!(brief(&model.take_effects()), []);
}
