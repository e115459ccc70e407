//! Two operators and an agent after one slot, with starts that a seed draws: one operator does it, the
//! other is told so, and nobody detaches another attachment than the one that he was shown.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use steadfast_sim::control::Call;

use super::cast::{RECLAIMED, detaches, eni};
use crate::region::{DEADLINE, Instance, POOL, Region, eventually};
use crate::run::{Outcome, Running};
use crate::schema::checked;

const SEEDS: std::ops::Range<u64> = 0..4;
const ARGS: [&str; 8] =
    ["reclaim", "--pool", POOL, "1", "--yes", "--even-without-quorum", "--output", "json"];

#[test]
fn from_one_that_runs_one_takes_it_and_the_other_is_told() {
    let region = Region::with_pool(1);
    let all = region.launch_many("a", 4);
    let [first, second, holder, agent] = &all[..] else { panic!("four") };
    let (mut holder, mut agent) = (holder, agent);
    for seed in SEEDS {
        holder.claim(&["--wait", "60s"]).done();
        play(&region, seed, [first, second], holder, Some(agent));
        // The replacement has the slot, and is the next holder.
        std::mem::swap(&mut holder, &mut agent);
    }
}

/// It goes by force, which EC2 grants to anyone.
#[test]
fn from_one_that_is_stopped_one_takes_it_and_the_other_is_told() {
    let region = Region::with_pool(1);
    let all = region.launch_many("a", 3);
    let [first, second, holder] = &all[..] else { panic!("three") };
    for seed in SEEDS {
        holder.claim(&["--wait", "60s"]).done();
        region.stop(&holder.id).unwrap();
        region.wait_state(&holder.id, "stopped", DEADLINE).unwrap();
        play(&region, seed, [first, second], holder, None);
        region.start(&holder.id).unwrap();
        holder.wait_up();
        first_free(&region);
    }
}

fn first_free(region: &Region) {
    eventually("the slot is free", || eni(region, 1).instance.is_none().then_some(()));
}

fn play(
    region: &Region,
    seed: u64,
    operators: [&Instance<'_>; 2],
    holder: &Instance<'_>,
    agent: Option<&Instance<'_>>,
) {
    let mut luck = fastrand::Rng::with_seed(seed);
    let shown = eni(region, 1).attachment.unwrap();
    let since = region.log(0).unwrap().len();
    let claim = agent.map(|agent| {
        let mut claim = agent.start_claim(&[]);
        assert!(claim.wait_line("0 free"));
        claim
    });
    let start = |operator: &&Instance<'_>| {
        let reclaim = operator.start(&ARGS);
        sleep(Duration::from_millis(luck.u64(0..200)));
        reclaim
    };
    let running: Vec<Running> = operators.iter().map(start).collect();
    let outcomes: Vec<Outcome> = running.into_iter().map(Running::finish).collect();
    let when = format!("seed {seed}: {outcomes:#?}");
    let asked: Vec<Call> =
        detaches(region).into_iter().filter(|call| call.number >= since).collect();
    let reports: Vec<Value> = outcomes.iter().map(|it| checked("reclaim", &it.stdout)).collect();
    for (operator, report) in operators.iter().zip(&reports) {
        let own = asked.iter().filter(|call| call.caller == operator.id);
        for call in own {
            let told = &report["holder"]["attachment"];
            assert_eq!(call.parameters["AttachmentId"], *told, "not what was shown: {when}");
        }
    }
    let unforced = asked.iter().filter(|call| {
        let force = call.parameters.get("Force").is_some_and(|it| it == "true");
        !force && call.outcome == "ok" && call.parameters["AttachmentId"] == shown
    });
    assert_eq!(unforced.count(), 1, "{when}");
    judge(region, operators, holder, &outcomes, &reports, &when);
    if let (Some(claim), Some(agent)) = (claim, agent) {
        claim.finish().done();
        assert_eq!(agent.holds(), [1], "{when}");
    }
}

/// One has done it; the other is told who, or that there is nothing to do any more.
fn judge(
    region: &Region,
    operators: [&Instance<'_>; 2],
    holder: &Instance<'_>,
    outcomes: &[Outcome],
    reports: &[Value],
    when: &str,
) {
    let winner = reports.iter().position(|it| it["outcome"] == "done");
    let winner = winner.unwrap_or_else(|| panic!("nobody did it: {when}"));
    assert_eq!(outcomes[winner].code, 0, "{when}");
    let (loser, report) = (&outcomes[1 - winner], &reports[1 - winner]);
    match loser.code {
        // It began when all was over.
        0 => assert_eq!(report["outcome"], "nothing-to-do", "{when}"),
        1 => {
            assert_eq!(report["outcome"], "done-by-another", "{when}");
            let by = report["taken_by"].as_str().unwrap_or_default();
            assert!(by.contains(&operators[winner].id), "{by}: {when}");
        }
        _ => panic!("{when}"),
    }
    let tag = &eni(region, 1).tags[RECLAIMED];
    assert!(tag.contains(&operators[winner].id) && tag.ends_with(&holder.id), "{tag}: {when}");
}
