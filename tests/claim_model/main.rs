//! The claim is safe, and nobody is stuck, under every interleaving: an exhaustive exploration.
//!
//! Three agents, each the claim's own `step`, on three slots of a small EC2 that is written here a
//! second time, whose reads are stale, answers get lost, holders stop and operators meddle, while
//! agents die and start again. Nothing is random: a configuration is explored whole, and a broken
//! promise is printed with the shortest way to it. What the claim cannot promise is here, too, as
//! what it is; so are claims that are wrong on purpose, each of which must be caught.
//!
//! An agent's request is one step: EC2 does it, and the agent is told. That loses no interleaving:
//! until its next request nothing outside the agent can see whether the answer has arrived, so an
//! answer that arrives later commutes with everyone else's steps. Deaths are the exception and
//! have steps of their own: before the request, after it, and while it is on its way. Two
//! configurations let answers travel as steps of their own all the same.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it expects by panicking, and what it explored by printing"
)]

mod agent;
mod broken;
mod check;
mod ec2;
mod explore;
mod moves;
mod names;
mod perform;
mod quick;
mod world;

use std::collections::BTreeSet;

use steadfast::claim::Want;

use agent::{StepFn, honest};
use check::Broken;
use ec2::{HOSTS, Life, Rules, SLOTS};
use explore::{Report, explore};
use world::{Budget, Config, UNLIMITED};

const STALE: Budget = Budget::stale(UNLIMITED, UNLIMITED);

/// Three agents, three free slots, nothing that goes wrong but stale reads.
const BASE: Config = Config {
    name: "races and stale reads",
    agents: 3,
    wants: [Want::Any; HOSTS],
    rules: Rules { slot_versions: 2, life_versions: 2, foreign: None, room: 9, is_lock: true },
    holders: [None; SLOTS],
    fates: [&[]; HOSTS],
    newcomer: None,
    is_imds_late: false,
    is_foreign_known: false,
    is_imds_ignored: false,
    do_answers_travel: false,
    do_attaches_linger: false,
    budget: STALE,
    but: &[],
    step: honest,
};
const TWO: Config = Config { agents: 2, ..BASE };

/// A read may be two changes old.
const OLDER: Rules = Rules { slot_versions: 3, ..BASE.rules };

const DIES: &[Life] = &[Life::ShuttingDown, Life::Terminated, Life::Gone];
const STOPS: &[Life] = &[Life::Stopping, Life::Stopped];
const STARTS_AGAIN: &[Life] = &[Life::Stopping, Life::Stopped, Life::Pending, Life::Running];

/// The fate of the instance that runs no agent, and of the first that does.
const fn fate(of_other: &'static [Life], of_first: &'static [Life]) -> [&'static [Life]; HOSTS] {
    [of_first, &[], &[], of_other]
}

/// One slot is held by the instance that runs no agent.
const ONE_HELD: [Option<u8>; SLOTS] = [Some(3), None, None];
const ALL_HELD: [Option<u8>; SLOTS] = [Some(3); SLOTS];

fn show(report: &Report) {
    let Report { name, worlds, steps, held, time, .. } = report;
    let seconds = time.as_secs_f64();
    println!("{worlds:>8} worlds {steps:>8} steps {seconds:>6.1} s, {held} hold at once: {name}");
}

/// Explores each; none may break a promise, and agents do come to hold slots.
fn all_hold(configs: &[Config]) -> BTreeSet<&'static str> {
    let mut states = BTreeSet::new();
    for config in configs {
        let report = explore(config);
        show(&report);
        if let Some((what, trace)) = report.broken {
            panic!("{}: {what:?}, by\n{trace}", config.name);
        }
        assert!(report.held >= 2, "{}: only {} come to hold a slot", config.name, report.held);
        states.extend(report.states);
    }
    states
}

fn assert_seen(states: &BTreeSet<&str>, expected: &[&str]) {
    for state in expected {
        assert!(states.contains(state), "no agent was ever {state}");
    }
}

#[test]
fn free_slots_are_claimed_whatever_gets_lost() {
    let states = all_hold(&[
        Config { do_answers_travel: true, ..BASE },
        Config {
            name: "two lost answers, older reads",
            budget: Budget { losses: 2, ..STALE },
            rules: OLDER,
            ..BASE
        },
        Config {
            name: "a lost answer, a deadline or signal",
            budget: Budget { losses: 1, ends: 1, ..STALE },
            ..BASE
        },
        Config {
            name: "a throttled call, a refusal for good, a host that cannot be configured",
            budget: Budget { throttles: 1, denials: 1, host_errors: 1, ..STALE },
            ..BASE
        },
        Config {
            name: "a NIC that does not appear, a lost answer, a throttled call",
            budget: Budget { missing: 1, losses: 1, throttles: 1, ..STALE },
            ..TWO
        },
    ]);
    assert_seen(&states, &["rolling-back", "rollback-pausing", "undoing", "failed", "held"]);
}

#[test]
fn an_agent_may_die_at_any_point() {
    let crash = Budget { crashes: 1, ..STALE };
    let states = all_hold(&[
        Config { name: "a crash, older reads", budget: crash, rules: OLDER, ..BASE },
        Config { name: "a crash, a lost answer", budget: Budget { losses: 1, ..crash }, ..BASE },
        Config {
            name: "a crash, a lost answer; answers travel",
            budget: Budget { losses: 1, ..crash },
            do_answers_travel: true,
            ..TWO
        },
        Config {
            name: "a crash, a NIC that does not appear, a deadline or signal",
            budget: Budget { missing: 1, ends: 1, ..crash },
            ..TWO
        },
        Config {
            name: "a crash, a lost answer; IMDS before or after the kernel",
            budget: Budget { losses: 1, ..crash },
            is_imds_late: true,
            ..TWO
        },
        Config {
            name: "a crash, a lost answer; another interface has the index",
            budget: Budget { losses: 1, ..crash },
            rules: Rules { foreign: Some(1), ..OLDER },
            ..TWO
        },
        Config {
            name: "a crash; another interface has the index, and IMDS says so",
            budget: crash,
            rules: Rules { foreign: Some(1), ..BASE.rules },
            is_foreign_known: true,
            ..TWO
        },
        Config {
            name: "a crash, a lost answer; room for one interface only",
            budget: Budget { losses: 1, ..crash },
            rules: Rules { room: 1, ..OLDER },
            ..TWO
        },
    ]);
    assert_seen(&states, &["explaining", "held", "failed"]);
}

#[test]
fn lost_holders_are_followed_and_running_ones_are_not_robbed() {
    let states = all_hold(&[
        Config {
            name: "the holder of two slots dies, a lost answer",
            holders: [Some(3), None, Some(3)],
            fates: fate(DIES, &[]),
            budget: Budget { losses: 1, ..STALE },
            ..TWO
        },
        Config {
            name: "a holder dies, three agents",
            holders: ONE_HELD,
            fates: fate(DIES, &[]),
            ..BASE
        },
        Config {
            name: "the holder of two slots stops",
            holders: [Some(3), None, Some(3)],
            fates: fate(STOPS, &[]),
            ..TWO
        },
        Config {
            name: "a holder stops and starts again",
            holders: ONE_HELD,
            fates: fate(STARTS_AGAIN, &[]),
            ..BASE
        },
        Config {
            name: "a holder's agent is stopped and started with its instance; older reads",
            holders: ONE_HELD,
            fates: fate(&[], STARTS_AGAIN),
            rules: OLDER,
            ..BASE
        },
        Config {
            name: "a holder's agent dies with its instance, a lost answer",
            holders: ONE_HELD,
            fates: fate(&[], DIES),
            budget: Budget { losses: 1, ..STALE },
            ..BASE
        },
        Config {
            name: "a holder too new to be shown, two stale reads of it",
            holders: ONE_HELD,
            newcomer: Some(3),
            budget: Budget::stale(UNLIMITED, 2),
            ..BASE
        },
        Config {
            name: "a holder dies, a lost answer, a deadline or signal; two older reads",
            holders: ONE_HELD,
            fates: fate(DIES, &[]),
            rules: OLDER,
            budget: Budget { losses: 1, ends: 1, ..Budget::stale(2, 0) },
            ..TWO
        },
    ]);
    assert_seen(&states, &["checking-holders", "detaching", "held"]);
}

#[test]
fn an_operator_may_detach_at_any_point_and_wishes_are_kept() {
    let operator = Budget { operator: 1, ..STALE };
    let one = Want::Only(names::number(0));
    let states = all_hold(&[
        Config { name: "an operator", budget: operator, ..BASE },
        Config {
            name: "an operator, a crash, a lost answer",
            budget: Budget { crashes: 1, losses: 1, ..operator },
            ..TWO
        },
        Config {
            name: "two that want one slot only, a lost answer, a NIC that does not appear",
            wants: [one, one, Want::Prefer(names::number(0)), Want::Any],
            budget: Budget { losses: 1, missing: 1, ..STALE },
            ..BASE
        },
    ]);
    assert_seen(&states, &["failed", "held"]);
}

/// The first promise that a configuration breaks, and that it is the one expected.
fn breaks(expected: Broken, config: Config) {
    let report = explore(&config);
    show(&report);
    let (what, trace) = report.broken.unwrap_or_else(|| panic!("{}: not caught", config.name));
    assert_eq!(what, expected, "{}: by\n{trace}", config.name);
}

/// Not flaws to mend, but the edge of what reads that are never fresh, and calls that are applied
/// at any time, leave to be promised. Everything but the one promise still holds.
#[test]
fn what_cannot_be_promised_is_known() {
    let lingering = Config {
        name: "an attach that is applied long after it was given up for lost",
        do_attaches_linger: true,
        budget: Budget { losses: 1, missing: 1, ends: 1, ..STALE },
        ..TWO
    };
    let never_fresh = Config {
        name: "three reads in a row that are two changes old",
        holders: [Some(3), Some(2), None],
        fates: fate(DIES, &[]),
        rules: OLDER,
        budget: Budget { losses: 1, ends: 1, ..STALE },
        ..TWO
    };
    let never_shown = Config {
        name: "a new holder that three reads do not show",
        holders: ALL_HELD,
        newcomer: Some(3),
        ..TWO
    };
    breaks(Broken::LeftBehind, lingering);
    breaks(Broken::LeftBehind, never_fresh);
    breaks(Broken::Robbed, never_shown);
    all_hold(&[
        Config { but: &[Broken::LeftBehind], ..lingering },
        Config { but: &[Broken::Robbed], ..never_shown },
    ]);
}

#[test]
fn each_promise_is_broken_by_a_mistake_that_breaks_it() {
    let lossy = Budget { losses: 1, ends: 1, ..STALE };
    let no_lock = Rules { is_lock: false, ..BASE.rules };
    let wrong = |name, step: StepFn, budget| Config { name, step, budget, ..TWO };
    let cases = [
        (Broken::HoldsNothing, Config { name: "no lock", rules: no_lock, ..BASE }),
        (
            Broken::TwoHolders,
            Config { name: "no lock", rules: no_lock, but: &[Broken::HoldsNothing], ..BASE },
        ),
        (Broken::LeftBehind, wrong("no doubt", broken::forgets_its_doubt, lossy)),
        (Broken::Stuck, wrong("only doubt", broken::waits_out_its_doubt, lossy)),
        (
            Broken::Robbed,
            Config {
                holders: ALL_HELD,
                ..wrong("no mercy", broken::takes_everyone_for_dead, STALE)
            },
        ),
        (
            Broken::TwoSlots,
            wrong("no why", broken::goes_on_to_the_next_index, Budget { crashes: 1, ..STALE }),
        ),
        (Broken::HoldsNothing, wrong("no question", broken::takes_silence_for_success, lossy)),
        (Broken::Hurried, wrong("no pause", broken::never_pauses, lossy)),
        (Broken::Refused, wrong("no signal", broken::refuses_a_signal, lossy)),
        // The instance must count what IMDS lists among its interfaces, not the kernel's alone.
        (
            Broken::TwoSlots,
            Config {
                name: "no IMDS",
                is_imds_late: true,
                is_imds_ignored: true,
                budget: Budget { crashes: 1, ..STALE },
                ..TWO
            },
        ),
    ];
    for (expected, config) in cases {
        breaks(expected, config);
    }
}
