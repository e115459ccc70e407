//! How numbers, times and events are put into words, alike in the pictures, on the page, in the
//! README and in the terminal. Pure.

use crate::report::{Asked, Event, Kind, Part};

/// A duration: `0.4 s`, `131 s`.
pub fn seconds(seconds: f64) -> String {
    // Of two minutes, nobody wants to know the tenths.
    match seconds.abs() < 99.95 {
        true => format!("{seconds:.1} s"),
        false => format!("{seconds:.0} s"),
    }
}

/// A moment since the beginning: `4:05`.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).floor();
    format!("{:.0}:{:02.0}", (whole / 60.0).floor(), whole % 60.0)
}

/// A number with its thousands apart: `53,211`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same, where it may not be known.
pub fn counted(n: Option<u64>) -> String {
    n.map_or("not known".to_owned(), count)
}

/// A program with its version: `Kafka 3.9.1`.
pub fn version(name: &str, version: &str) -> String {
    let version = if version.is_empty() { "of an unknown version" } else { version };
    format!("{name} {version}")
}

/// What happens, in a few words.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Terminated => "a server terminated",
        Kind::Stopped => "a server stopped",
        Kind::Hung => "a server's host hung",
        Kind::CutOff => "a server cut off",
        Kind::ChangesMeanwhile => "changes while a server is away",
        Kind::TwoTerminated => "two servers terminated at once",
        Kind::BrokerTerminated => "a broker terminated",
        Kind::ZooKeeperMended => "operators mend ZooKeeper",
        Kind::BrokersRestarted => "operators restart the brokers",
    }
}

/// What one server's loss is called in the picture, such as `server 2 hangs (leader)`.
pub fn loss(kind: Kind, server: u8, was_leader: bool) -> String {
    let how = match kind {
        Kind::Stopped => "stopped",
        Kind::Hung => "hangs",
        Kind::CutOff => "cut off",
        _ => "terminated",
    };
    let who = if was_leader { " (leader)" } else { "" };
    format!("server {server} {how}{who}")
}

/// What was not as before again: something that operators mended later, or nobody.
pub fn not_again(is_mended_later: bool) -> &'static str {
    if is_mended_later { "not by itself" } else { "not by the end" }
}

/// What Kafka was asked for, and what came of it.
pub fn asked(asked: &Asked) -> String {
    let Asked { what, is_done, after_s } = asked;
    match is_done {
        true => format!("{what}: done after {}", seconds(*after_s)),
        false => format!("{what}: not done after {}", seconds(*after_s)),
    }
}

/// How many of the requests that need ZooKeeper were done: `7 of 8`; nothing if none was asked for.
pub fn done(part: &Part) -> Option<String> {
    let asked: Vec<&Asked> = part.events.iter().flat_map(|event| &event.asked).collect();
    let done = asked.iter().filter(|asked| asked.is_done).count();
    (!asked.is_empty()).then(|| format!("{done} of {}", asked.len()))
}

/// Whether operators mended something after this event.
pub fn is_mended_later(part: &Part, event: &Event) -> bool {
    let mendings = part.events.iter().filter(|it| is_mending(it.kind));
    mendings.into_iter().any(|it| it.at_s >= event.at_s && it.full_after_s.is_some())
}

fn is_mending(kind: Kind) -> bool {
    matches!(kind, Kind::ZooKeeperMended | Kind::BrokersRestarted)
}

/// What a reader wants to know of a part first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// With its unit.
    pub number: String,
    /// Of what.
    pub of: &'static str,
    /// Whether that is how it should be; absent where it is the reader's to judge.
    pub is_good: Option<bool>,
}

/// A part in five numbers at most.
pub fn headlines(part: &Part) -> Vec<Headline> {
    let count = |n: u64, [one, many]: [&'static str; 2]| Headline {
        number: count(n),
        of: if n == 1 { one } else { many },
        is_good: Some(n == 0),
    };
    let lost = Headline {
        number: part.messages_lost.map_or("?".to_owned(), self::count),
        of: if part.messages_lost == Some(1) { "message lost" } else { "messages lost" },
        is_good: Some(part.messages_lost == Some(0)),
    };
    let mut headlines = vec![
        count(part.broker_restarts, ["broker restart", "broker restarts"]),
        count(part.zookeeper_sessions_expired, ["session expired", "sessions expired"]),
        lost,
        Headline {
            number: seconds(part.longest_produce_gap_s),
            of: "longest produce pause",
            is_good: None,
        },
    ];
    headlines.extend(done(part).map(|number| {
        let is_good = Some(part.events.iter().flat_map(|it| &it.asked).all(|it| it.is_done));
        Headline { number, of: "admin requests done", is_good }
    }));
    headlines
}

/// A part in a line.
pub fn summary(part: &Part) -> String {
    let words = |it: Headline| format!("{} {}", it.number, it.of);
    headlines(part).into_iter().map(words).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn numbers_and_times() {
        assert_eq!([0.44, 9.96, 99.96, 131.2].map(seconds), ["0.4 s", "10.0 s", "100 s", "131 s"]);
        assert_eq!([-1.0, 0.0, 65.9, 600.0].map(clock), ["0:00", "0:00", "1:05", "10:00"]);
        assert_eq!([None, Some(1000)].map(counted), ["not known", "1,000"]);
        assert_eq!(version("Kafka", "3.9.1"), "Kafka 3.9.1");
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_part_in_a_line() {
        let report = fixture::report();
        let part = report.without_pool.unwrap();
        let good: Vec<_> = headlines(&part).into_iter().map(|it| it.is_good).collect();
        assert_eq!(good, [Some(false), Some(false), Some(true), None, Some(false)]);
        assert_eq!(
            summary(&part),
            "3 broker restarts, 3 sessions expired, 0 messages lost, \
             137 s longest produce pause, 1 of 3 admin requests done"
        );
    }

    #[test]
    fn what_is_not_known_is_not_good() {
        let of = |messages_lost| {
            let lost = headlines(&Part { messages_lost, ..Part::default() }).remove(2);
            (lost.number, lost.of, lost.is_good)
        };
        assert_eq!(of(None), ("?".to_owned(), "messages lost", Some(false)));
        assert_eq!(of(Some(1)), ("1".to_owned(), "message lost", Some(false)));
        assert_eq!(of(Some(0)), ("0".to_owned(), "messages lost", Some(true)));
    }

    #[test]
    fn what_is_mended_later_is_not_by_itself() {
        let part = fixture::report().without_pool.unwrap();
        assert!(is_mended_later(&part, &part.events[0]));
        let cut = Part { events: part.events[..3].to_vec(), ..part };
        assert!(!is_mended_later(&cut, &cut.events[0]));
    }
}
