//! An attach that got no answer: nothing is assumed, and no second slot comes of it.

use steadfast::claim::{Effect, Event, Failure, State, Want};
use steadfast::cloud::CallError;

use super::given::*;

/// A claim whose attach of slot 1 got no answer.
fn doubting_claim() -> Claim {
    let mut claim = Claim::new(wanting(Want::Prefer(number(1))));
    claim.tell(read([free(1), free(2)])).attaches(1, 1);
    claim.tell(Event::Attached(Err(lost()))).is("reading");
    claim
}

fn elsewhere_now() -> [steadfast::pool::Slot; 2] {
    [held(1, OTHER, Attached), free(2)]
}

#[test]
fn a_read_that_shows_the_slot_ours_settles_it_and_it_is_not_called_resumed() {
    let mut claim = doubting_claim();
    claim.tell(read([held(1, ME, Attaching), free(2)]));
    assert_eq!(claim.asks(), &Effect::AwaitNic(on_me(1, false)));
}

#[test]
fn a_read_that_shows_the_slot_free_leads_to_the_same_attach_again_and_to_no_other() {
    let mut claim = doubting_claim();
    for _ in 0..3 {
        // Stale or not: in use by whom, only a read tells.
        claim.tell(read([free(1), free(2)])).attaches(1, 1);
        claim.tell(Event::Attached(Err(CallError::InUse))).is("pausing").tell(Event::PauseOver);
    }
    claim.tell(read([held(1, ME, Attached), free(2)])).is("awaiting-nic");
}

#[test]
fn the_same_attach_may_be_lost_again_but_not_without_a_pause() {
    let mut claim = doubting_claim();
    claim.tell(read([free(1), free(2)])).tell(Event::Attached(Err(lost()))).is("pausing");
    claim.tell(Event::PauseOver).tell(read([free(1), free(2)])).attaches(1, 1);
    claim.tell(Event::Attached(Ok(attachment(1)))).is("awaiting-nic");
}

#[test]
fn three_reads_that_show_it_elsewhere_settle_it_and_two_do_not() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 2).is("pausing");
    claim.tell_reads(&elsewhere_now(), 1).attaches(2, 1);
}

#[test]
fn a_read_that_shows_it_free_or_leaving_starts_the_count_anew_or_holds_it() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 2).tell_reads(&[free(1), free(2)], 1).attaches(1, 1);
    claim.tell(Event::Attached(Err(CallError::InUse)));
    claim.tell_reads(&elsewhere_now(), 2).is("pausing");
    claim.tell_reads(&[held(1, OTHER, Detaching), free(2)], 4).is("pausing");
    claim.tell_reads(&[held(1, ME, Detaching), free(2)], 4).is("pausing");
    claim.tell_reads(&elsewhere_now(), 1).attaches(2, 1);
}

#[test]
fn the_kernel_is_believed_before_a_read() {
    let mut claim = doubting_claim();
    for _ in 0..5 {
        claim.tell(read_with(elsewhere_now(), [1], [1])).is("pausing").tell(Event::PauseOver);
    }
    claim.tell(read([held(1, ME, Attached), free(2)])).is("awaiting-nic");
}

#[test]
fn an_index_taken_meanwhile_is_explained_before_the_next_is_tried() {
    let mut claim = doubting_claim();
    claim.tell(read([free(1), free(2)])).tell(Event::Attached(Err(CallError::IndexTaken)));
    claim.is("explaining").tell(Event::OwnRead(Ok(vec![]))).is("pausing");
    claim.tell_reads(&[free(1), free(2)], 1).attaches(1, 1);
    claim.tell(Event::Attached(Err(CallError::IndexTaken)));
    claim.tell(Event::OwnRead(Ok(vec![own(None, 1, Attached)])));
    // Still the slot in doubt, at another index.
    claim.tell(read([free(1), free(2)])).attaches(1, 2);
    claim.tell(Event::Attached(Err(CallError::IndexTaken)));
    claim.tell(Event::OwnRead(Ok(vec![own(None, 1, Attached), own(Some(1), 2, Attached)])));
    let State::AwaitingNic(held) = &claim.state else { panic!("{:?}", claim.state) };
    assert!(!held.resumed, "this run attached it");
}

#[test]
fn a_deadline_does_not_leave_it_behind() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 1).tell(Event::DeadlinePassed).is("reading");
    // It was applied after all: given back.
    claim.tell(read([held(1, ME, Attached), free(2)])).is("undoing");
    claim.tell(Event::Unconfigured).detaches(1, false);
    claim.tell(Event::Detached(Ok(()))).failed(&Failure::NoSlot, None);
}

#[test]
fn a_claim_that_gives_up_attaches_nothing_any_more_and_says_what_it_may_have_left() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 1).tell(Event::Interrupted);
    claim.tell_reads(&[free(1), free(2)], 6).is("pausing");
    let Effect::Pause { past_deadline: true, .. } = claim.asks() else {
        panic!("{:?}", claim.effects);
    };
    claim.tell_reads(&[free(1), free(2)], 1).failed(&Failure::Interrupted, Some(1));
}

#[test]
fn a_claim_that_gives_up_is_content_when_the_slot_is_elsewhere() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 1).tell(Event::DeadlinePassed);
    claim.tell_reads(&elsewhere_now(), 2).failed(&Failure::NoSlot, None);
}

#[test]
fn a_claim_that_gives_up_reads_six_times_whatever_it_reads() {
    let mut claim = doubting_claim();
    claim.tell_reads(&elsewhere_now(), 1).tell(Event::DeadlinePassed);
    for _ in 0..6 {
        claim.tell(Event::PoolRead(Err(lost()))).is("pausing").tell(Event::PauseOver);
    }
    claim.tell(Event::PoolRead(Err(lost()))).failed(&Failure::NoSlot, Some(1));
}

#[test]
fn a_refusal_for_good_is_told_after_the_doubt_is_settled() {
    for error in final_refusals() {
        let mut claim = doubting_claim();
        claim.tell(read([free(1), free(2)])).tell(Event::Attached(Err(error.clone())));
        claim.is("reading").tell_reads(&elsewhere_now(), 3).failed(&Failure::Call(error), None);
    }
}
