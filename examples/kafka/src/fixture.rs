//! A plausible run, made up, for the tests of what is drawn and written.

use crate::report::{Asked, Event, Kind, Part, Report};
use crate::timeline::{
    Controller, Count, Latency, Mark, Session, SessionState, Timeline, Timelines,
};

/// Seconds of the part with the pool.
const WITH_S: f64 = 560.0;
/// Seconds of the part without it.
const WITHOUT_S: f64 = 372.0;
/// When three servers are lost without the pool, and the brokers have none left.
const ALL_LOST: f64 = 100.0;
/// When a broker is lost without the pool, and when it serves again.
const BROKER_LOST: (f64, f64) = (150.0, 287.0);

/// What the report says.
pub fn report() -> Report {
    Report {
        kafka: "3.9.1".to_owned(),
        zookeeper: "3.9.3".to_owned(),
        is_short: false,
        cut_short: None,
        with_pool: Some(with_pool()),
        without_pool: Some(without_pool()),
    }
}

/// What it was drawn from.
pub fn timelines() -> Timelines {
    Timelines {
        with_pool: Some(timeline(&with_pool(), WITH_S, &[(502.0, 516.5)])),
        without_pool: Some(Timeline {
            leaderless: counts(&[(0.0, 0), (BROKER_LOST.0 + 1.0, 4), (BROKER_LOST.1, 0)]),
            sessions: (1..=3).flat_map(broken).collect(),
            controllers: [(4.0, 1), (276.0, 1)]
                .map(|(at, broker)| Controller { at, broker })
                .to_vec(),
            ..timeline(&without_pool(), WITHOUT_S, &[BROKER_LOST])
        }),
    }
}

fn with_pool() -> Part {
    let kinds = [Kind::Terminated, Kind::Stopped, Kind::Hung, Kind::CutOff];
    let singles = kinds.into_iter().flat_map(|kind| (1..=3).map(move |slot| (kind, vec![slot])));
    let mut events: Vec<Event> = singles
        .zip(0_u8..)
        .map(|((kind, slots), i)| {
            let at = 12.0 + 32.0 * f64::from(i);
            event(kind, &slots, at, Some(11.0 + f64::from(i * 7 % 17)))
        })
        .collect();
    let asked = ["create a topic", "elect leaders", "change a topic's settings"].map(done);
    events.push(Event {
        asked: asked.to_vec(),
        ..event(Kind::ChangesMeanwhile, &[2], 398.0, Some(24.0))
    });
    events.push(event(Kind::TwoTerminated, &[1, 3], 432.0, Some(58.0)));
    events.push(event(Kind::BrokerTerminated, &[3], 501.0, Some(26.0)));
    let longest_produce_gap_s = 14.5;
    Part { longest_produce_gap_s, longest_consume_gap_s: 14.8, events, ..part(55_871) }
}

fn without_pool() -> Part {
    let failed = |what: &str| Asked { what: what.to_owned(), is_done: false, after_s: 30.0 };
    let events = vec![
        event(Kind::Terminated, &[1], 20.0, None),
        event(Kind::Stopped, &[2], 60.0, None),
        Event {
            asked: vec![failed("create a topic"), failed("elect leaders")],
            sessions_expired: 3,
            ..event(Kind::Hung, &[3], ALL_LOST, None)
        },
        event(Kind::BrokerTerminated, &[2], BROKER_LOST.0, None),
        event(Kind::ZooKeeperMended, &[1, 2, 3], 225.0, Some(38.0)),
        Event {
            asked: vec![done("create a topic")],
            ..event(Kind::BrokersRestarted, &[1, 2, 3], 266.0, Some(80.0))
        },
    ];
    Part {
        broker_restarts: 3,
        zookeeper_connect_edits: Some(3),
        zookeeper_sessions_expired: 3,
        longest_produce_gap_s: 137.2,
        longest_consume_gap_s: 137.4,
        events,
        ..part(23_480)
    }
}

fn part(messages: u64) -> Part {
    Part {
        messages_acknowledged: messages,
        messages_consumed: messages,
        messages_lost: Some(0),
        messages_duplicated: Some(0),
        messages_missed: Some(0),
        messages_corrupt: Some(0),
        zookeeper_connect_edits: Some(0),
        ..Part::default()
    }
}

fn done(what: &str) -> Asked {
    Asked { what: what.to_owned(), is_done: true, after_s: 0.3 }
}

fn event(kind: Kind, slots: &[u8], at_s: f64, full_after_s: Option<f64>) -> Event {
    Event {
        kind,
        slots: slots.to_vec(),
        was_leader: slots == [3] || kind == Kind::BrokerTerminated,
        at_s,
        full_after_s,
        produce_gap_s: 0.4,
        consume_gap_s: 0.4,
        sessions_expired: 0,
        asked: Vec::new(),
    }
}

/// What fits a part's events, with messages that waited from one moment until another.
fn timeline(part: &Part, seconds: f64, stalls: &[(f64, f64)]) -> Timeline {
    let broker = part.events.iter().find(|it| it.kind == Kind::BrokerTerminated);
    let broker = broker.map_or((0.0, 0.0), |it| (it.at_s, it.at_s + 26.0));
    let until = stalls.last().map_or(broker.1, |stall| stall.1.max(broker.1));
    Timeline {
        seconds,
        produce: latencies(seconds, stalls, 0.006),
        consume: latencies(seconds, stalls, 0.009),
        under_replicated: counts(&[(0.0, 0), (broker.0 + 1.0, 12), (until, 5), (until + 4.0, 0)]),
        leaderless: counts(&[(0.0, 0), (broker.0 + 1.0, 4), (broker.0 + 13.0, 0)]),
        sessions: (1..=3).flat_map(|broker| steady(broker, part, seconds)).collect(),
        controllers: [(4.0, 1), (broker.0 + 14.0, 2)]
            .map(|(at, broker)| Controller { at, broker })
            .to_vec(),
        marks: part.events.iter().map(mark).collect(),
    }
}

fn mark(event: &Event) -> Mark {
    let slots: Vec<String> = event.slots.iter().map(u8::to_string).collect();
    let slots = slots.join(" and ");
    let who = if event.was_leader { ", the leader" } else { "" };
    let label = match event.kind {
        Kind::Terminated => format!("server {slots} terminated{who}"),
        Kind::Stopped => format!("server {slots} stopped{who}"),
        Kind::Hung => format!("server {slots} hangs{who}"),
        Kind::CutOff => format!("server {slots} cut off{who}"),
        Kind::ChangesMeanwhile => format!("changes while server {slots} hangs"),
        Kind::TwoTerminated => format!("servers {slots} terminated"),
        Kind::BrokerTerminated => format!("broker {slots} terminated, the controller"),
        Kind::ZooKeeperMended => "operators mend ZooKeeper".to_owned(),
        Kind::BrokersRestarted => "operators restart every broker".to_owned(),
    };
    let is_mending = matches!(event.kind, Kind::ZooKeeperMended | Kind::BrokersRestarted);
    let until = event.full_after_s.map(|after| event.at_s + after);
    Mark { at: event.at_s, until, label, is_mending }
}

/// Of every second: some milliseconds, and what is left of a stall.
fn latencies(seconds: f64, stalls: &[(f64, f64)], base_s: f64) -> Vec<Latency> {
    let mut random = fastrand::Rng::with_seed(6);
    let moments = std::iter::successors(Some(0.0), |at| Some(at + 1.0));
    let latency = |at: f64| {
        let stalled = stalls.iter().find(|(from, to)| (*from..*to).contains(&at));
        let wait = stalled.map_or(0.0, |(_, to)| to - at);
        let bump = if random.u8(..20) == 0 { 0.05 + 0.3 * random.f64() } else { 0.0 };
        let median_s = base_s * (0.8 + 0.4 * random.f64()) + (wait - 0.5).max(0.0);
        Latency { at, median_s, worst_s: median_s * (1.3 + random.f64()) + bump }
    };
    moments.take_while(|at| *at < seconds).map(latency).collect()
}

fn counts(counts: &[(f64, u64)]) -> Vec<Count> {
    counts.iter().map(|&(at, count)| Count { at, count }).collect()
}

/// A broker that finds another server within seconds when its own is lost.
fn steady(broker: u8, part: &Part, seconds: f64) -> Vec<Session> {
    let mut pieces = vec![(0.0, SessionState::Connected)];
    for event in &part.events {
        let state = match event.kind {
            Kind::BrokerTerminated if event.slots == [broker] => SessionState::Down,
            Kind::TwoTerminated => SessionState::Disconnected,
            _ if event.slots == [broker] => SessionState::Disconnected,
            _ => continue,
        };
        let away = if state == SessionState::Down { 19.0 } else { 3.5 };
        pieces.extend([(event.at_s, state), (event.at_s + away, SessionState::Connected)]);
    }
    sessions(broker, &pieces, seconds)
}

/// A broker that knows no server's address any more until it is restarted with new ones.
fn broken(broker: u8) -> Vec<Session> {
    let restart = 266.0 + 24.0 * f64::from(broker - 1);
    let mut pieces = vec![
        (0.0, SessionState::Connected),
        (ALL_LOST, SessionState::Disconnected),
        (ALL_LOST + 18.0, SessionState::Expired),
        (restart, SessionState::Down),
        (restart + 9.0, SessionState::Connected),
    ];
    if broker == 2 {
        pieces.insert(3, (BROKER_LOST.0, SessionState::Down));
    }
    sessions(broker, &pieces, WITHOUT_S)
}

fn sessions(broker: u8, pieces: &[(f64, SessionState)], seconds: f64) -> Vec<Session> {
    let ends = pieces.iter().skip(1).map(|(at, _)| *at).chain([seconds]);
    let session = |(&(from, state), to)| Session { broker, state, from, to };
    pieces.iter().zip(ends).map(session).collect()
}
