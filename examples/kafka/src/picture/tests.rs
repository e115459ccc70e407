//! The pictures, judged by their elements.

pub mod judge;

use super::*;
use crate::fixture;
use crate::timeline::{Controller, Count, Latency, Mark, Session, SessionState};
use judge::Element;

fn drawn(report: &Report, timelines: &Timelines) -> String {
    let pictures = pictures(report, timelines);
    svg(&pictures.iter().flatten().collect::<Vec<_>>(), timelines).unwrap()
}

/// Nothing of it is outside, and no text lies on another one.
fn judged(svg: &str) -> Vec<Element<'_>> {
    let elements = judge::well_formed(svg);
    let [.., right, bottom] = elements[0].bounds();
    for element in &elements {
        let [x0, y0, x1, y1] = element.bounds();
        assert!(x0 >= 0.0 && y0 >= 0.0 && x1 <= right && y1 <= bottom, "outside: {element:?}");
    }
    let texts: Vec<_> = elements.iter().filter(|it| it.name == "text").collect();
    for (i, one) in texts.iter().enumerate() {
        let [left, top, right, bottom] = one.bounds();
        for other in &texts[..i] {
            let [x0, y0, x1, y1] = other.bounds();
            let is_apart = x1 <= left || right <= x0 || y1 <= top || bottom <= y0;
            assert!(is_apart, "one on the other: {one:?}, {other:?}");
        }
    }
    elements
}

fn texts<'a>(elements: &'a [Element<'_>]) -> Vec<&'a str> {
    elements.iter().filter(|it| it.name == "text").map(|it| it.text.trim()).collect()
}

#[test]
fn a_whole_run_is_drawn() {
    let timelines = fixture::timelines();
    let svg = drawn(&fixture::report(), &timelines);
    let elements = judged(&svg);
    assert_eq!(elements[1].attributes["fill"], "#FFFFFF", "a white ground");
    assert_eq!(elements[1].bounds(), elements[0].bounds());
    let texts = texts(&elements);
    assert!(texts.contains(&"With steadfast: ZooKeeper&apos;s addresses stay"), "{texts:?}");
    let both = [timelines.with_pool.unwrap(), timelines.without_pool.unwrap()];
    for n in 1..=15 {
        // Above the panels and below, in both parts as far as they have so many.
        let times = both.iter().filter(|it| it.marks.len() >= n).count() * 2;
        let is_number = |it: &&Element<'_>| it.attributes.get("text-anchor") == Some(&"middle");
        let is_it = |it: &&Element<'_>| it.text.trim() == n.to_string() && is_number(it);
        assert_eq!(elements.iter().filter(is_it).count(), times, "{n}");
    }
    for mark in both.iter().flat_map(|it| &it.marks) {
        let count = texts.iter().filter(|it| it.starts_with(&mark.label)).count();
        assert_eq!(
            count,
            both.iter().flat_map(|it| &it.marks).filter(|it| it.label == mark.label).count()
        );
    }
}

#[test]
fn its_time_is_the_same_in_both() {
    let timelines = fixture::timelines();
    let svg = drawn(&fixture::report(), &timelines);
    let elements = judged(&svg);
    let minutes: Vec<f64> =
        elements.iter().filter(|it| it.text.trim() == "3:00").map(|it| it.bounds()[0]).collect();
    assert_eq!(minutes, [minutes[0]; 2]);
    let marks = |color: &str| {
        elements.iter().filter(|it| it.name == "circle" && it.attributes["fill"] == color).count()
    };
    // Twice each, as above: without the pool nothing came back by itself.
    assert_eq!(["#E69F00", "#D55E00", "#CC79A7"].map(marks), [30, 8, 4]);
}

#[test]
fn each_state_of_a_session_has_its_colour() {
    let bar = |state| {
        let sessions = vec![Session { broker: 1, state, from: 1.0, to: 9.0 }];
        let timeline = Timeline { seconds: 10.0, sessions, ..Timeline::default() };
        let timelines = Timelines { with_pool: Some(timeline), without_pool: None };
        let svg = drawn(&Report::default(), &timelines);
        let scale = Scale::over(timelines.with_pool.as_ref());
        let (from, to) = (f64::from(scale.x(1.0)), f64::from(scale.x(9.0)));
        let elements = judged(&svg);
        let is_bar = |it: &&Element<'_>| it.name == "rect" && (it.bounds()[0] - from).abs() < 2.0;
        let bars: Vec<_> = elements.iter().filter(is_bar).collect();
        assert!(bars.len() == 1 && (bars[0].bounds()[2] - to).abs() < 2.0, "{bars:?}");
        bars[0].attributes["fill"].to_owned()
    };
    use SessionState::{Connected, Disconnected, Down, Expired};
    let colours = [Connected, Disconnected, Expired, Down].map(bar);
    assert_eq!(colours, ["#009E73", "#E69F00", "#D55E00", "#777777"]);
}

#[test]
fn many_events_at_once_stand_apart() {
    let mark = |i: u8| Mark {
        at: 300.0 + f64::from(i),
        until: None,
        label: format!("something with <many> & \"long\" words, the {i}th of these in the story"),
        is_mending: false,
    };
    let timeline =
        Timeline { seconds: 600.0, marks: (0..15).map(mark).collect(), ..Timeline::default() };
    let timelines = Timelines { with_pool: None, without_pool: Some(timeline) };
    let svg = drawn(
        &Report { cut_short: Some("interrupted ".repeat(20)), ..Report::default() },
        &timelines,
    );
    let elements = judged(&svg);
    let texts = texts(&elements);
    assert!(texts.iter().any(|it| it.contains("cut short: inter")), "{texts:?}");
    assert_eq!(texts.iter().filter(|it| it.contains("with &lt;many&gt; &amp; &quot;")).count(), 15);
}

#[test]
fn an_empty_part_is_drawn_and_one_of_no_time() {
    let mut odd = fixture::timelines();
    let mut all = vec![Timelines::default(), odd.clone()];
    for part in [&mut odd.with_pool, &mut odd.without_pool] {
        for seconds in [0.0, -1.0, 40.0, f64::NAN, f64::INFINITY] {
            part.as_mut().unwrap().seconds = seconds;
            all.push(Timelines { with_pool: part.clone(), without_pool: None });
            let empty = Timeline { seconds, ..Timeline::default() };
            all.push(Timelines { with_pool: part.clone(), without_pool: Some(empty) });
        }
    }
    for timelines in &all {
        judged(&drawn(&fixture::report(), timelines));
        judged(&drawn(&Report::default(), timelines));
    }
}

#[test]
fn what_is_no_time_and_no_number_does_no_harm() {
    let nan = f64::NAN;
    let timeline = Timeline {
        seconds: 10.0,
        produce: vec![Latency { at: nan, median_s: -1.0, worst_s: f64::INFINITY }; 2],
        consume: vec![Latency { at: 99.0, median_s: nan, worst_s: 1e-9 }; 2],
        under_replicated: vec![Count { at: 99.0, count: u64::MAX }],
        leaderless: vec![Count { at: -9.0, count: 3 }],
        sessions: vec![Session { broker: 9, state: SessionState::Down, from: 8.0, to: 2e9 }],
        controllers: vec![Controller { at: -1.0, broker: 200 }],
        marks: vec![Mark { at: nan, until: Some(-3.0), label: String::new(), is_mending: true }],
    };
    let svg =
        drawn(&fixture::report(), &Timelines { with_pool: Some(timeline), without_pool: None });
    judged(&svg);
}
