//! Every state with every event.

use std::collections::BTreeSet;

use steadfast::claim::{Effect, Event, Failure, HostFault, Memory, State, step};
use steadfast::cloud::{CallError, InstanceState};
use steadfast::pool::PoolError;

use super::given::*;

/// Some of each state, by a name of the test's own.
fn states() -> Vec<(&'static str, State)> {
    let memory = Memory::default;
    let by = || Failure::Interrupted;
    let checking = State::CheckingHolders {
        held: vec![(number(1), attachment(1), instance(OTHER))],
        memory: memory(),
    };
    let detaching = |force| State::Detaching { attachment: attachment(1), force, memory: memory() };
    let attaching = |rest, memory| State::Attaching { target: target(1, 1), rest, memory };
    let explaining = |refusal, memory| State::Explaining { target: target(1, 1), refusal, memory };
    vec![
        ("reading", State::Reading(memory())),
        ("reading, in doubt", State::Reading(doubting(1))),
        ("reading, giving up", State::Reading(giving_up(1, by()))),
        ("pausing", State::Pausing(memory())),
        ("pausing, in doubt", State::Pausing(doubting(1))),
        ("pausing, giving up", State::Pausing(giving_up(1, by()))),
        ("checking holders", checking),
        ("detaching", detaching(false)),
        ("detaching by force", detaching(true)),
        ("attaching", attaching(vec![(number(2), eni(2))], memory())),
        ("attaching the last", attaching(vec![], memory())),
        ("attaching, in doubt", attaching(vec![], doubting(1))),
        ("explaining a taken index", explaining(CallError::IndexTaken, memory())),
        ("explaining no room", explaining(no_room(), memory())),
        ("explaining, in doubt", explaining(CallError::IndexTaken, doubting(1))),
        ("awaiting", State::AwaitingNic(on_me(1, false))),
        ("awaiting, in use", State::AwaitingNic(on_me(9, true))),
        ("configuring", State::Configuring(on_me(1, false))),
        ("configuring, in use", State::Configuring(on_me(9, true))),
        ("undoing", State::Undoing(on_me(1, false), by())),
        ("rolling back", State::RollingBack(on_me(1, false), by(), 0)),
        ("rolling back, last", State::RollingBack(on_me(1, false), by(), 8)),
        ("rollback pausing", State::RollbackPausing(on_me(1, false), by(), 1)),
        ("held", State::Held(on_me(1, false))),
        ("failed", State::Failed { why: by(), left: None }),
        ("failed, left", State::Failed { why: by(), left: Some(number(1)) }),
    ]
}

/// Some of each event, by a name of the test's own.
fn events() -> Vec<(&'static str, Event)> {
    let empty = || PoolError::Empty { pool: "kafka".parse().unwrap() };
    let fault = HostFault { text: "no route".into(), is_permission: false };
    let denied = || CallError::Denied { action: ATTACH };
    vec![
        ("read: free", read([free(1), free(2)])),
        ("read: ours", read([held(1, ME, Attached), free(2)])),
        ("read: ours, attaching", read([held(1, ME, Attaching), free(2)])),
        ("read: ours, leaving", read([held(1, ME, Detaching), free(2)])),
        ("read: held", read([held(1, OTHER, Attached), held(2, OTHER, Attached)])),
        ("read: none here", read([elsewhere(free(1))])),
        ("read: no credentials", Event::PoolRead(Err(no_credentials()))),
        ("read: throttled", Event::PoolRead(Err(CallError::Throttled(ATTACH)))),
        ("read: lost", Event::PoolRead(Err(lost()))),
        ("read: denied", Event::PoolRead(Err(denied()))),
        ("pool invalid", Event::PoolInvalid(empty())),
        ("pause over", Event::PauseOver),
        ("holders: running", holders([(OTHER, InstanceState::Running)])),
        ("holders: dying", holders([(OTHER, InstanceState::ShuttingDown)])),
        ("holders: lost", Event::HoldersRead(Err(lost()))),
        ("holders: denied", Event::HoldersRead(Err(denied()))),
        ("detached", Event::Detached(Ok(()))),
        ("detached: gone", Event::Detached(Err(CallError::AttachmentGone))),
        ("detached: lost", Event::Detached(Err(lost()))),
        ("detached: denied", Event::Detached(Err(denied()))),
        ("attached", Event::Attached(Ok(attachment(1)))),
        ("attached: in use", Event::Attached(Err(CallError::InUse))),
        ("attached: index", Event::Attached(Err(CallError::IndexTaken))),
        ("attached: no room", Event::Attached(Err(no_room()))),
        ("attached: lost", Event::Attached(Err(lost()))),
        ("attached: throttled", Event::Attached(Err(CallError::Throttled(ATTACH)))),
        ("attached: not found", Event::Attached(Err(not_found()))),
        ("attached: denied", Event::Attached(Err(denied()))),
        ("own: slot", Event::OwnRead(Ok(vec![own(Some(1), 1, Attached)]))),
        ("own: stranger", Event::OwnRead(Ok(vec![own(None, 1, Attached)]))),
        ("own: nothing", Event::OwnRead(Ok(vec![]))),
        ("own: lost", Event::OwnRead(Err(lost()))),
        ("own: denied", Event::OwnRead(Err(denied()))),
        ("NIC", Event::NicAppeared),
        ("no NIC", Event::NicMissing),
        ("configured", Event::Configured(Ok(()))),
        ("configured: not", Event::Configured(Err(fault))),
        ("unconfigured", Event::Unconfigured),
        ("deadline", Event::DeadlinePassed),
        ("signal", Event::Interrupted),
    ]
}

/// A row: a state, an event, the next state's name. By hand, and complete.
const TAKEN: &str = "
    reading                  | read: free            | attaching
    reading                  | read: ours            | awaiting-nic
    reading                  | read: ours, attaching | awaiting-nic
    reading                  | read: ours, leaving   | pausing
    reading                  | read: held            | checking-holders
    reading                  | read: none here       | failed
    reading                  | read: no credentials  | pausing
    reading                  | read: throttled       | pausing
    reading                  | read: lost            | pausing
    reading                  | read: denied          | failed
    reading                  | pool invalid          | failed
    reading, in doubt        | read: free            | attaching
    reading, in doubt        | read: ours            | awaiting-nic
    reading, in doubt        | read: ours, attaching | awaiting-nic
    reading, in doubt        | read: ours, leaving   | pausing
    reading, in doubt        | read: held            | pausing
    reading, in doubt        | read: none here       | attaching
    reading, in doubt        | read: no credentials  | pausing
    reading, in doubt        | read: throttled       | pausing
    reading, in doubt        | read: lost            | pausing
    reading, in doubt        | read: denied          | reading
    reading, in doubt        | pool invalid          | reading
    reading, giving up       | read: free            | pausing
    reading, giving up       | read: ours            | undoing
    reading, giving up       | read: ours, attaching | undoing
    reading, giving up       | read: ours, leaving   | pausing
    reading, giving up       | read: held            | pausing
    reading, giving up       | read: none here       | pausing
    reading, giving up       | read: no credentials  | pausing
    reading, giving up       | read: throttled       | pausing
    reading, giving up       | read: lost            | pausing
    reading, giving up       | read: denied          | failed
    reading, giving up       | pool invalid          | failed
    pausing                  | pause over            | reading
    pausing                  | deadline              | failed
    pausing                  | signal                | failed
    pausing, in doubt        | pause over            | reading
    pausing, in doubt        | deadline              | reading
    pausing, in doubt        | signal                | reading
    pausing, giving up       | pause over            | reading
    pausing, giving up       | deadline              | failed
    pausing, giving up       | signal                | failed
    checking holders         | holders: running      | pausing
    checking holders         | holders: dying        | detaching
    checking holders         | holders: lost         | pausing
    checking holders         | holders: denied       | failed
    detaching                | detached              | pausing
    detaching                | detached: gone        | pausing
    detaching                | detached: lost        | pausing
    detaching                | detached: denied      | failed
    detaching by force       | detached              | pausing
    detaching by force       | detached: gone        | pausing
    detaching by force       | detached: lost        | pausing
    detaching by force       | detached: denied      | failed
    attaching                | attached              | awaiting-nic
    attaching                | attached: in use      | attaching
    attaching                | attached: index       | explaining
    attaching                | attached: no room     | explaining
    attaching                | attached: lost        | reading
    attaching                | attached: throttled   | pausing
    attaching                | attached: not found   | pausing
    attaching                | attached: denied      | failed
    attaching the last       | attached              | awaiting-nic
    attaching the last       | attached: in use      | pausing
    attaching the last       | attached: index       | explaining
    attaching the last       | attached: no room     | explaining
    attaching the last       | attached: lost        | reading
    attaching the last       | attached: throttled   | pausing
    attaching the last       | attached: not found   | pausing
    attaching the last       | attached: denied      | failed
    attaching, in doubt      | attached              | awaiting-nic
    attaching, in doubt      | attached: in use      | pausing
    attaching, in doubt      | attached: index       | explaining
    attaching, in doubt      | attached: no room     | explaining
    attaching, in doubt      | attached: lost        | pausing
    attaching, in doubt      | attached: throttled   | pausing
    attaching, in doubt      | attached: not found   | pausing
    attaching, in doubt      | attached: denied      | reading
    explaining a taken index | own: slot             | awaiting-nic
    explaining a taken index | own: stranger         | reading
    explaining a taken index | own: nothing          | pausing
    explaining a taken index | own: lost             | pausing
    explaining a taken index | own: denied           | failed
    explaining no room       | own: slot             | awaiting-nic
    explaining no room       | own: stranger         | failed
    explaining no room       | own: nothing          | failed
    explaining no room       | own: lost             | pausing
    explaining no room       | own: denied           | failed
    explaining, in doubt     | own: slot             | awaiting-nic
    explaining, in doubt     | own: stranger         | reading
    explaining, in doubt     | own: nothing          | pausing
    explaining, in doubt     | own: lost             | pausing
    explaining, in doubt     | own: denied           | reading
    awaiting                 | NIC                   | configuring
    awaiting                 | no NIC                | undoing
    awaiting                 | signal                | undoing
    awaiting, in use         | NIC                   | configuring
    awaiting, in use         | no NIC                | failed
    awaiting, in use         | signal                | failed
    configuring              | configured            | held
    configuring              | configured: not       | undoing
    configuring, in use      | configured            | held
    configuring, in use      | configured: not       | failed
    undoing                  | unconfigured          | rolling-back
    rolling back             | detached              | failed
    rolling back             | detached: gone        | failed
    rolling back             | detached: lost        | rollback-pausing
    rolling back             | detached: denied      | failed
    rolling back, last       | detached              | failed
    rolling back, last       | detached: gone        | failed
    rolling back, last       | detached: lost        | failed
    rolling back, last       | detached: denied      | failed
    rollback pausing         | pause over            | rolling-back
";

/// The table's rows.
fn taken() -> Vec<[&'static str; 3]> {
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?} is no row"))
    };
    TAKEN.lines().filter(|line| !line.trim().is_empty()).map(row).collect()
}

/// The attachment of slot 9 was brought into use by an earlier run.
fn in_use() -> steadfast::claim::Setup {
    steadfast::claim::Setup { in_use: Some(attachment(9)), ..setup() }
}

/// Of each pair: its names, the state and event, and the state that the table takes it to.
fn each_pair(mut check: impl FnMut([&str; 2], &State, Event, Option<&str>)) {
    let taken = taken();
    for (from, state) in states() {
        for (with, event) in events() {
            let to = taken.iter().find(|[f, w, _]| (*f, *w) == (from, with)).map(|row| row[2]);
            check([from, with], &state, event, to);
        }
    }
}

#[test]
fn every_pair_is_taken_as_the_table_says_or_refused_by_name() {
    let mut matched = 0;
    each_pair(|pair, state, event, to| {
        let (state_name, event_name) = (state.name(), event.name());
        match (step(&in_use(), state, event), to) {
            (Ok((next, _)), Some(to)) => {
                assert_eq!(next.name(), to, "{pair:?}");
                matched += 1;
            }
            (Ok((next, _)), None) => panic!("{pair:?} is taken to {}", next.name()),
            (Err(error), Some(to)) => panic!("{pair:?} is not taken to {to}: {error}"),
            (Err(error), None) => {
                assert_eq!((error.state, error.event), (state_name, event_name));
                let text = error.to_string();
                assert!(text.contains(state_name) && text.contains(event_name), "{text}");
            }
        }
    });
    assert_eq!(matched, taken().len(), "a row names no state or event of this test");
}

#[test]
fn the_tests_know_every_state_and_every_event() {
    // Exhaustive, so that a new variant does not compile here until it has a row.
    let index_of = |state: &State| match state {
        State::Reading(_) => 0,
        State::Pausing(_) => 1,
        State::CheckingHolders { .. } => 2,
        State::Detaching { .. } => 3,
        State::Attaching { .. } => 4,
        State::Explaining { .. } => 5,
        State::AwaitingNic(_) => 6,
        State::Configuring(_) => 7,
        State::Undoing(..) => 8,
        State::RollingBack(..) => 9,
        State::RollbackPausing(..) => 10,
        State::Held(_) => 11,
        State::Failed { .. } => 12,
    };
    let index_of_event = |event: &Event| match event {
        Event::PoolRead(_) => 0,
        Event::PoolInvalid(_) => 1,
        Event::PauseOver => 2,
        Event::HoldersRead(_) => 3,
        Event::Detached(_) => 4,
        Event::Attached(_) => 5,
        Event::OwnRead(_) => 6,
        Event::NicAppeared => 7,
        Event::NicMissing => 8,
        Event::Configured(_) => 9,
        Event::Unconfigured => 10,
        Event::DeadlinePassed => 11,
        Event::Interrupted => 12,
    };
    let seen: BTreeSet<i32> = states().iter().map(|(_, state)| index_of(state)).collect();
    assert_eq!(seen, (0..13).collect());
    let seen: BTreeSet<i32> = events().iter().map(|(_, event)| index_of_event(event)).collect();
    assert_eq!(seen, (0..13).collect());
    let names: BTreeSet<&str> = states().iter().map(|(_, state)| state.name()).collect();
    let event_names: BTreeSet<&str> = events().iter().map(|(_, event)| event.name()).collect();
    assert_eq!((names.len(), event_names.len()), (13, 13), "two share a name");
}

/// The one effect whose outcome each state waits for; none, at the end.
fn waits_for(state: &State, effects: &[Effect]) -> bool {
    match (state, effects) {
        (State::Reading(_), [Effect::ReadPool])
        | (State::Pausing(_), [Effect::Pause { .. }])
        | (State::CheckingHolders { .. }, [Effect::ReadHolders(_)])
        | (State::Explaining { .. }, [Effect::ReadOwn])
        | (State::RollbackPausing(..), [Effect::Pause { past_deadline: true, .. }])
        | (State::Held(_) | State::Failed { .. }, []) => true,
        (
            State::Detaching { attachment, force, .. },
            [Effect::Detach { attachment: a, force: f }],
        ) => (attachment, force) == (a, f),
        (State::Attaching { target, .. }, [Effect::Attach(asked)]) => target == asked,
        (State::AwaitingNic(held), [Effect::AwaitNic(asked)])
        | (State::Configuring(held), [Effect::Configure(asked)])
        | (State::Undoing(held, _), [Effect::Unconfigure(asked)]) => held == asked,
        (State::RollingBack(held, ..), [Effect::Detach { attachment, force: false }]) => {
            &held.attachment == attachment
        }
        _ => false,
    }
}

#[test]
fn each_state_asks_for_what_it_waits_for_and_the_last_for_nothing() {
    let mut steps = 0;
    each_pair(|pair, state, event, _| {
        if let Ok((next, effects)) = step(&in_use(), state, event) {
            assert!(waits_for(&next, &effects), "{pair:?}: {} asks {effects:?}", next.name());
            assert_eq!(next.is_terminal(), effects.is_empty(), "{pair:?}");
            steps += 1;
        }
    });
    assert_eq!(steps, taken().len());
}

#[test]
fn the_last_states_are_never_left() {
    let mut refused = 0;
    each_pair(|pair, state, event, _| {
        if state.is_terminal() {
            assert!(step(&in_use(), state, event).is_err(), "{pair:?}");
            refused += 1;
        }
    });
    assert_eq!(refused, 3 * events().len());
}

/// The same state after as many reads without progress.
fn idle_for(state: &State, reads: u32) -> State {
    let mut state = state.clone();
    match &mut state {
        State::Reading(memory)
        | State::Pausing(memory)
        | State::CheckingHolders { memory, .. }
        | State::Detaching { memory, .. }
        | State::Attaching { memory, .. }
        | State::Explaining { memory, .. } => memory.idle_reads = reads,
        _ => {}
    }
    state
}

/// The model checker relies on it: it leaves the count out.
#[test]
fn reads_without_progress_change_nothing_but_the_length_of_a_pause() {
    let mut compared = 0;
    each_pair(|pair, state, event, _| {
        let (idle, fresh) = (idle_for(state, 5), idle_for(state, 0));
        let (after_idle, after_fresh) =
            (step(&in_use(), &idle, event.clone()), step(&in_use(), &fresh, event));
        let (Ok((idle, mut asked)), Ok((fresh, mut asked_fresh))) = (after_idle, after_fresh)
        else {
            return;
        };
        assert_eq!(idle_for(&idle, 0), idle_for(&fresh, 0), "{pair:?}");
        for effect in asked.iter_mut().chain(&mut asked_fresh) {
            if let Effect::Pause { round, .. } = effect {
                *round = 0;
            }
        }
        assert_eq!(asked, asked_fresh, "{pair:?}");
        compared += 1;
    });
    assert_eq!(compared, taken().len());
}
