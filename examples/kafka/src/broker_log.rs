//! What an unmodified broker's own log says: how it stands with ZooKeeper, who is controller, when it
//! started. Pure.

use std::time::UNIX_EPOCH;

use super::timeline::{Controller, Session, SessionState};

/// Something that a broker tells. What it says, by its log, is in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// "starting": a process of Kafka's begins.
    Starting,
    /// "started": it serves.
    Started,
    /// "shut down completed".
    Ended,
    /// ZooKeeper's client has "Session establishment complete", anew or again.
    Connected,
    /// It is "Closing socket connection. Attempting reconnect".
    Disconnected,
    /// "Session expired."
    Expired,
    /// "successfully elected as the controller".
    Elected,
}

/// By what each is known: a part of the line from the class's name on.
const WORDS: [(&str, Word); 7] = [
    ("KafkaServer: starting", Word::Starting),
    ("] started", Word::Started),
    ("] shut down completed", Word::Ended),
    ("ClientCnxn: Session establishment complete on server", Word::Connected),
    ("Closing socket connection. Attempting reconnect", Word::Disconnected),
    ("[ZooKeeperClient Kafka server] Session expired.", Word::Expired),
    ("successfully elected as the controller", Word::Elected),
];

/// A word and when it was said, in seconds since the epoch.
pub type Said = (f64, Word);

/// What a console tells of a broker, in order.
pub fn words(console: &str) -> Vec<Said> {
    console.lines().filter_map(word).collect()
}

fn word(line: &str) -> Option<Said> {
    // Such as `2026-11-23T04:28:02.587Z INFO  KafkaServer: [KafkaServer id=1] started`.
    let (time, rest) = line.split_once(' ')?;
    let time = humantime::parse_rfc3339(time).ok()?;
    let (_, word) = WORDS.iter().find(|(part, word)| {
        rest.contains(part) && (*word != Word::Started || rest.contains("[KafkaServer id="))
    })?;
    Some((time.duration_since(UNIX_EPOCH).ok()?.as_secs_f64(), *word))
}

/// Starts beyond the first that came so far that it served.
pub fn restarts(words: &[Said]) -> usize {
    words.iter().filter(|(_, word)| *word == Word::Started).count().saturating_sub(1)
}

/// How often one of its sessions expired in `from..to`.
pub fn expired(words: &[Said], from: f64, to: f64) -> usize {
    let is_one = |(at, word): &&Said| *word == Word::Expired && (from..to).contains(at);
    words.iter().filter(is_one).count()
}

/// Whether the last that was said of its session is that it is connected.
pub fn is_connected(words: &[Said]) -> bool {
    words.iter().rev().find_map(|(_, word)| state(*word)) == Some(SessionState::Connected)
}

/// The elections that a broker won.
pub fn elections(broker: u8, words: &[Said]) -> Vec<Controller> {
    let elected = words.iter().filter(|(_, word)| *word == Word::Elected);
    elected.map(|(at, _)| Controller { at: *at, broker }).collect()
}

/// How a broker stood with ZooKeeper in `from..to`, by what it said on one instance.
pub fn sessions(broker: u8, words: &[Said], from: f64, to: f64) -> Vec<Session> {
    let mut pieces = Vec::new();
    let mut now = (from, SessionState::Down);
    let changes = words.iter().filter_map(|(at, word)| Some((*at, state(*word)?)));
    for (at, state) in changes.chain([(to, SessionState::Down)]) {
        let at = at.clamp(from, to);
        // An expired session stays that until there is a new one: its connections do not matter.
        if now.1 == SessionState::Expired && state == SessionState::Disconnected {
            continue;
        }
        if at > now.0 {
            pieces.push(Session { broker, state: now.1, from: now.0, to: at });
        }
        now = (at, state);
    }
    joined(pieces)
}

/// The same where ZooKeeper was seen, at a moment, to know no broker any more that looks for a server: its
/// session has expired by then, which it cannot hear.
pub fn forgotten(pieces: Vec<Session>, at: f64) -> Vec<Session> {
    let mut seen = Vec::new();
    for piece in pieces {
        let is_one =
            piece.state == SessionState::Disconnected && (piece.from..piece.to).contains(&at);
        match is_one {
            true => seen.extend([
                Session { to: at, ..piece },
                Session { from: at, state: SessionState::Expired, ..piece },
            ]),
            false => seen.push(piece),
        }
    }
    seen
}

fn state(word: Word) -> Option<SessionState> {
    match word {
        Word::Starting | Word::Ended => Some(SessionState::Down),
        Word::Connected => Some(SessionState::Connected),
        Word::Disconnected => Some(SessionState::Disconnected),
        Word::Expired => Some(SessionState::Expired),
        Word::Started | Word::Elected => None,
    }
}

/// Neighbours of one state as one piece.
fn joined(pieces: Vec<Session>) -> Vec<Session> {
    let mut whole: Vec<Session> = Vec::new();
    for piece in pieces {
        match whole.last_mut() {
            Some(last) if last.state == piece.state => last.to = piece.to,
            _ => whole.push(piece),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a broker of Kafka 3.9.2 wrote it, whose server of ZooKeeper was cut off.
    const LOG: &str = r#"{"timestamp":"1970-01-01T00:00:00.5Z","level":"INFO","message":"started bash"}
1970-01-01T00:00:01.000Z INFO  KafkaServer: starting
1970-01-01T00:00:02.000Z INFO  ClientCnxn: Session establishment complete on server /10.0.17.1:2181, session id = 0x10002e261920000, negotiated timeout = 18000
1970-01-01T00:00:02.100Z INFO  ReplicaStateMachine$: [ReplicaStateMachine controllerId=1] started
1970-01-01T00:00:02.200Z INFO  KafkaController: [Controller id=1] 1 successfully elected as the controller. Epoch incremented to 1 and epoch zk version is now 1
1970-01-01T00:00:03.000Z INFO  KafkaServer: [KafkaServer id=1] started
1970-01-01T00:00:10.000Z WARN  ClientCnxn: Session 0x10002e261920000 for server /10.0.17.1:2181, Closing socket connection. Attempting reconnect except it is a SessionExpiredException.
org.apache.zookeeper.ClientCnxn$SessionTimeoutException: Client session timed out, have not heard from server in 12004ms
1970-01-01T00:00:11.000Z INFO  ZooKeeperClient: [ZooKeeperClient Kafka server] Session expired.
1970-01-01T00:00:11.500Z WARN  ClientCnxn: Session 0x0 for server /10.0.33.2:2181, Closing socket connection. Attempting reconnect except it is a SessionExpiredException.
1970-01-01T00:00:12.000Z INFO  ClientCnxn: Session establishment complete on server /10.0.49.3:2181, session id = 0x10002ed3c7a0000, negotiated timeout = 18000
"#;

    #[test]
    fn the_words_of_a_real_log_and_none_else() {
        let words = words(LOG);
        let at: Vec<f64> = words.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [1.0, 2.0, 2.2, 3.0, 10.0, 11.0, 11.5, 12.0]);
        assert_eq!(elections(1, &words), [Controller { at: 2.2, broker: 1 }]);
        assert_eq!((expired(&words, 0.0, 20.0), expired(&words, 0.0, 11.0)), (1, 0));
        assert!(is_connected(&words) && !is_connected(&words[..6]) && !is_connected(&[]));
    }

    #[test]
    fn a_session_that_expired_is_that_until_there_is_a_new_one() {
        let pieces: Vec<(SessionState, f64, f64)> = sessions(1, &words(LOG), 1.5, 20.0)
            .iter()
            .map(|it| (it.state, it.from, it.to))
            .collect();
        let expected = [
            (SessionState::Down, 1.5, 2.0),
            (SessionState::Connected, 2.0, 10.0),
            (SessionState::Disconnected, 10.0, 11.0),
            (SessionState::Expired, 11.0, 12.0),
            (SessionState::Connected, 12.0, 20.0),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn who_looks_for_a_server_when_zookeeper_knows_nobody_has_no_session() {
        let piece = |state, from, to| Session { broker: 1, state, from, to };
        let pieces = vec![
            piece(SessionState::Connected, 0.0, 5.0),
            piece(SessionState::Disconnected, 5.0, 9.0),
            piece(SessionState::Connected, 0.0, 9.0),
        ];
        let expected = [
            pieces[0],
            piece(SessionState::Disconnected, 5.0, 7.0),
            piece(SessionState::Expired, 7.0, 9.0),
            pieces[2],
        ];
        assert_eq!(forgotten(pieces, 7.0), expected);
    }

    #[test]
    fn a_restart_is_a_start_after_one_that_served() {
        let started = (1.0, Word::Started);
        assert_eq!(restarts(&[(0.0, Word::Starting), (0.5, Word::Starting), started]), 0);
        assert_eq!(restarts(&[started, (2.0, Word::Starting), (3.0, Word::Started)]), 1);
    }
}
