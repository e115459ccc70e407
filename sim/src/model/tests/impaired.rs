//! Hosts that hang or are cut off.

use super::{brief, model};
use crate::fabric::Impairment;
use crate::model::effect::Effect;
use crate::model::instance::{Impaired, State};

#[test]
fn only_a_running_instance_can_hang_and_of_several_all_or_none() {
    let mut model = model();
    let running = model.running_in('a', "t3.small");
    let pending = model.launch_in('a', "t3.small");
    model.take_effects();
    let refused = model.impair(&[running.clone(), pending], Impairment::Hang).unwrap_err();
    assert!(refused.message.ends_with("is pending: only a running one can hang"), "{refused:?}");
    assert_eq!(model.take_effects(), []);
    assert_eq!(model.world().instance(&running).unwrap().impaired, Impaired::default());
}

#[test]
fn what_does_not_ail_an_instance_needs_no_end() {
    let mut model = model();
    let id = [model.running_in('a', "t3.small")];
    model.take_effects();
    for (how, does_something) in [
        (Impairment::Resume, false),
        (Impairment::Hang, true),
        (Impairment::Hang, true),
        (Impairment::Mend, false),
        (Impairment::Resume, true),
    ] {
        model.impair(&id, how).unwrap();
        let effect = Effect::Impair { instance: id[0].to_string(), how };
        let expected = if does_something { vec![effect] } else { vec![] };
        assert_eq!(model.take_effects(), expected, "{how:?}");
    }
}

#[test]
fn a_power_cut_ends_what_ails_an_instance() {
    let mut model = model();
    let (stopped, terminated) =
        (model.running_in('a', "t3.small"), model.running_in('a', "t3.small"));
    let (by_itself, both) =
        (model.running_in('a', "t3.small"), [Impairment::Hang, Impairment::Cut]);
    let ids = [stopped.clone(), terminated.clone(), by_itself.clone()];
    for how in both {
        model.impair(&ids, how).unwrap();
    }
    let impaired = Impaired { hung: true, cut: true };
    assert!(ids.iter().all(|id| model.world().instance(id).unwrap().impaired == impaired));
    assert!(ids.iter().all(|id| model.state_of(id) == State::Running), "EC2 sees nothing of it");
    model.take_effects();
    model.stop(&[stopped], false).unwrap();
    model.terminate(&[terminated]).unwrap();
    model.ended_by_itself(&by_itself);
    let sound = Impaired::default();
    assert!(ids.iter().all(|id| model.world().instance(id).unwrap().impaired == sound));
    // The kernel side forgets it with the power, so it is told no more than that.
    assert!(brief(&model.take_effects()).iter().all(|(what, _)| *what == "power-off"));
}
