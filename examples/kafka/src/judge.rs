//! Whether all is as promised. Pure.

use super::report::{Event, Kind, Part, Report};

/// What is not; empty if all is well.
pub fn problems(report: &Report) -> Vec<String> {
    if let Some(why) = &report.cut_short {
        // What is missing then is missing for that.
        let parts = [&report.with_pool, &report.without_pool].into_iter().flatten();
        return [why.clone()].into_iter().chain(parts.flat_map(lost)).collect();
    }
    let missing = |which: &str| vec![format!("there is no part {which} the pool")];
    let with = report.with_pool.as_ref();
    let with = with.map_or_else(|| missing("with"), |part| with_pool(part, report.is_short));
    let without = report.without_pool.as_ref().map_or_else(|| missing("without"), without_pool);
    with.into_iter().chain(without).collect()
}

fn with_pool(part: &Part, is_short: bool) -> Vec<String> {
    let mut problems: Vec<String> = known(part).into_iter().chain(lost(part)).collect();
    let edits = part.zookeeper_connect_edits;
    for (count, what) in [
        (Some(part.broker_restarts), "brokers were restarted"),
        (edits, "brokers were told other addresses of ZooKeeper"),
        (part.messages_missed, "acknowledged messages never came to the consumer"),
        (part.messages_corrupt, "messages have a wrong checksum"),
    ] {
        match count {
            Some(0) => {}
            Some(n) => problems.push(format!("{n} {what}")),
            None => problems.push(format!("nobody knows how many {what}")),
        }
    }
    problems.extend(sessions(part));
    problems.extend(part.events.iter().flat_map(undone));
    if !is_short {
        problems.extend(leaders(part));
    }
    problems.into_iter().map(|it| format!("with the pool: {it}")).collect()
}

/// Sessions may expire where two servers are lost at once, or a broker, and at no other time.
fn sessions(part: &Part) -> Option<String> {
    let may = part.events.iter().filter(|it| !it.kind.is_single_loss());
    let allowed: u64 = may.map(|it| it.sessions_expired).sum();
    let others = part.zookeeper_sessions_expired.saturating_sub(allowed);
    (others > 0)
        .then(|| format!("{others} sessions expired that no loss of a single server may end"))
}

fn undone(event: &Event) -> Vec<String> {
    let what = format!("{:?} of {:?}", event.kind, event.slots);
    let never = event.full_after_s.is_none().then(|| format!("{what}: it never was as before"));
    let undone = event.asked.iter().filter(|it| !it.is_done);
    let undone = undone.map(|it| format!("{what}: Kafka did not {}", it.what));
    never.into_iter().chain(undone).collect()
}

/// Each way of losing a server is to come to the leader, too.
fn leaders(part: &Part) -> Vec<String> {
    let led = |kind| part.events.iter().any(|it| it.kind == kind && it.was_leader);
    let kinds = [Kind::Terminated, Kind::Stopped, Kind::Hung, Kind::CutOff];
    let missing = kinds.into_iter().filter(|kind| !led(*kind));
    missing.map(|kind| format!("{kind:?} came to no leader")).collect()
}

/// That the comparison came to its point, and to its end.
fn without_pool(part: &Part) -> Vec<String> {
    let mut problems = known(part);
    if part.events.iter().flat_map(|it| &it.asked).all(|it| it.is_done) {
        problems.push("Kafka did all that it was asked for".to_owned());
    }
    let last = part.events.last();
    if !last.is_some_and(|it| it.kind == Kind::BrokersRestarted && it.full_after_s.is_some()) {
        problems.push("Kafka was not mended".to_owned());
    }
    problems.into_iter().map(|it| format!("without the pool: {it}")).collect()
}

/// That it is known what became of the messages.
fn known(part: &Part) -> Vec<String> {
    let unknown = part.messages_lost.is_none();
    let unknown = unknown.then(|| "nobody knows whether messages were lost".to_owned());
    let none = (part.messages_acknowledged == 0).then(|| "no message was acknowledged".to_owned());
    unknown.into_iter().chain(none).collect()
}

fn lost(part: &Part) -> Option<String> {
    let lost = part.messages_lost.filter(|it| *it > 0)?;
    Some(format!("{lost} acknowledged messages were lost"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    /// A change, and what is said of it.
    type Case = (fn(&mut Report), &'static str);

    /// The problems of a good run after a change.
    fn after(change: impl FnOnce(&mut Report)) -> Vec<String> {
        let mut report = fixture::report();
        change(&mut report);
        problems(&report)
    }

    fn with(report: &mut Report) -> &mut Part {
        report.with_pool.as_mut().unwrap()
    }

    fn without(report: &mut Report) -> &mut Part {
        report.without_pool.as_mut().unwrap()
    }

    #[test]
    fn a_good_run_has_none() {
        assert_eq!(after(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_is_one() {
        let cases: [Case; 13] = [
            (|it| with(it).broker_restarts = 1, "1 brokers were restarted"),
            (
                |it| with(it).zookeeper_connect_edits = Some(2),
                "2 brokers were told other addresses",
            ),
            (
                |it| with(it).zookeeper_connect_edits = None,
                "nobody knows how many brokers were told",
            ),
            (|it| with(it).messages_lost = Some(3), "3 acknowledged messages were lost"),
            (|it| with(it).messages_lost = None, "nobody knows whether"),
            (|it| with(it).messages_missed = Some(1), "never came to the consumer"),
            (|it| with(it).messages_corrupt = Some(1), "wrong checksum"),
            (|it| with(it).messages_acknowledged = 0, "no message was acknowledged"),
            (|it| with(it).zookeeper_sessions_expired += 1, "1 sessions expired"),
            (|it| with(it).events[0].full_after_s = None, "it never was as before"),
            (
                |it| with(it).events[..3].iter_mut().for_each(|it| it.was_leader = false),
                "Terminated",
            ),
            (|it| drop(without(it).events.pop()), "Kafka was not mended"),
            (|it| it.without_pool = None, "there is no part without the pool"),
        ];
        for (change, words) in cases {
            let problems = after(change);
            assert!(problems.len() == 1 && problems[0].contains(words), "{words}: {problems:?}");
        }
    }

    #[test]
    fn what_kafka_did_not_do_is_one_with_the_pool_and_the_point_without_it() {
        let undone = after(|it| {
            with(it)
                .events
                .iter_mut()
                .flat_map(|it| &mut it.asked)
                .for_each(|it| it.is_done = false)
        });
        assert!(
            !undone.is_empty() && undone.iter().all(|it| it.contains("Kafka did not")),
            "{undone:?}"
        );
        let done = after(|it| {
            without(it)
                .events
                .iter_mut()
                .flat_map(|it| &mut it.asked)
                .for_each(|it| it.is_done = true)
        });
        assert_eq!(done, ["without the pool: Kafka did all that it was asked for"]);
    }

    #[test]
    fn sessions_may_expire_where_two_servers_are_lost() {
        let problems = after(|it| {
            let part = with(it);
            let two = part.events.iter_mut().find(|it| it.kind == Kind::TwoTerminated).unwrap();
            two.sessions_expired = 3;
            part.zookeeper_sessions_expired = 3;
        });
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn of_a_run_that_was_cut_short_only_that_is_told_and_what_was_lost() {
        let cut = |lost| {
            after(|it| {
                it.cut_short = Some("interrupted".to_owned());
                it.without_pool = None;
                with(it).messages_lost = Some(lost);
            })
        };
        assert_eq!(cut(0), ["interrupted"]);
        assert_eq!(cut(2), ["interrupted", "2 acknowledged messages were lost"]);
    }
}
