//! What ZooKeeper answers to four-letter words, and what it means.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The part that a server has in its ensemble, as `srvr` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It leads.
    Leader,
    /// It follows a leader, and votes.
    Follower,
    /// It follows a leader, and does not vote.
    Observer,
    /// It has no ensemble.
    Standalone,
}

impl Mode {
    fn named(word: &str) -> Option<Self> {
        let all = [Self::Leader, Self::Follower, Self::Observer, Self::Standalone];
        all.into_iter().find(|mode| mode.as_str() == word)
    }

    /// The word that ZooKeeper uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Follower => "follower",
            Self::Observer => "observer",
            Self::Standalone => "standalone",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a serving server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Its part.
    pub mode: Mode,
    /// The last transaction that it has applied.
    pub zxid: Option<u64>,
    /// Clients' connections, the one that asked included.
    pub connections: Option<u64>,
    /// Its version, as `3.8.0`, without the build's.
    pub version: Option<String>,
}

/// The answer to `srvr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Srvr {
    /// It is a member of an ensemble with a leader, or stands alone, and serves clients.
    Serves(Serving),
    /// ZooKeeper runs there, and has no leader; or serves reads without one.
    NotServing,
    /// It could not be learnt.
    Silent(Silence),
}

impl Srvr {
    /// Its part, if it serves.
    pub fn mode(&self) -> Option<Mode> {
        match self {
            Self::Serves(serving) => Some(serving.mode),
            _ => None,
        }
    }
}

impl fmt::Display for Srvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves(serving) => serving.mode.fmt(f),
            Self::NotServing => f.write_str("not serving"),
            Self::Silent(silence) => silence.fmt(f),
        }
    }
}

/// Why nothing was learnt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// No connection: refused, no route, reset.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No whole answer by the deadline.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Late(Duration),
    /// ZooKeeper does not answer this word: its `4lw.commands.whitelist` lacks it.
    #[error("{0} is not in its 4lw.commands.whitelist")]
    NotAllowed(&'static str),
    /// `mntr` of a server without a leader.
    #[error("not serving")]
    NotServing,
    /// The connection ended before the answer did.
    #[error("the answer broke off after {0} bytes")]
    Half(usize),
    /// Something else answers there.
    #[error("no ZooKeeper: it answers {0:?}")]
    Garbage(String),
}

const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests";
const NOT_ALLOWED: &str = " is not executed because it is not in the whitelist";
/// A server that has no leader and serves reads alone (`readonlymode.enabled`).
const READ_ONLY: &str = "read-only";
/// As much of an unknown answer as an error shows.
const EXCERPT_CHARS: usize = 40;

/// Reads the answer to `srvr`.
pub fn srvr(answer: &[u8]) -> Srvr {
    let text = String::from_utf8_lossy(answer);
    if let Some(silence) = refusal("srvr", &text) {
        return match silence {
            Silence::NotServing => Srvr::NotServing,
            silence => Srvr::Silent(silence),
        };
    }
    if !text.starts_with("Zookeeper version: ") {
        return Srvr::Silent(not_an_answer(&text, &["Zookeeper version: ", NOT_SERVING]));
    }
    // The part after the last line break may be half a line.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let field =
        |name: &str| whole.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let Some(word) = field("Mode") else { return Srvr::Silent(Silence::Half(answer.len())) };
    match Mode::named(word.trim()) {
        _ if word.trim() == READ_ONLY => Srvr::NotServing,
        None => Srvr::Silent(Silence::Garbage(format!("Mode: {}", excerpt(word)))),
        Some(mode) => Srvr::Serves(Serving {
            mode,
            zxid: field("Zxid")
                .and_then(|text| u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()),
            connections: field("Connections").and_then(|text| text.trim().parse().ok()),
            version: field("Zookeeper version").map(|text| version(text).to_owned()),
        }),
    }
}

/// `3.8.0` of `3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on ...`.
fn version(text: &str) -> &str {
    text.split(['-', ',']).next().unwrap_or(text).trim()
}

/// What a server counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mntr(BTreeMap<String, String>);

impl Mntr {
    /// A value as it was told, by its full name, such as `zk_server_state`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Followers that are in step with this server, if it leads; it does not count itself.
    pub fn synced_followers(&self) -> Option<u64> {
        self.number("zk_synced_followers")
    }

    /// Connections of followers and observers, if it leads, in step or not.
    pub fn learners(&self) -> Option<u64> {
        self.number("zk_learners")
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// Reads the answer to `mntr`.
///
/// # Errors
/// It is none.
pub fn mntr(answer: &[u8]) -> Result<Mntr, Silence> {
    let text = String::from_utf8_lossy(answer);
    if let Some(silence) = refusal("mntr", &text) {
        return Err(silence);
    }
    if !text.starts_with("zk_version\t") {
        return Err(not_an_answer(&text, &["zk_version\t", NOT_SERVING]));
    }
    match text.ends_with('\n') {
        false => Err(Silence::Half(answer.len())),
        true => {
            let pairs = text.lines().filter_map(|line| line.split_once('\t'));
            Ok(Mntr(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
        }
    }
}

/// A server's own word that it will not answer.
fn refusal(word: &'static str, text: &str) -> Option<Silence> {
    match text {
        text if text.starts_with(NOT_SERVING) => Some(Silence::NotServing),
        text if text.starts_with(&format!("{word}{NOT_ALLOWED}")) => {
            Some(Silence::NotAllowed(word))
        }
        _ => None,
    }
}

/// The beginning of an answer, or none.
fn not_an_answer(text: &str, beginnings: &[&str]) -> Silence {
    match beginnings.iter().any(|beginning| beginning.starts_with(text)) {
        true => Silence::Half(text.len()),
        false => Silence::Garbage(excerpt(text)),
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEADER: &str = "Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2024-12-29\n\
        Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 3\nOutstanding: 0\n\
        Zxid: 0x100000002\nMode: leader\nNode count: 5\nProposal sizes last/min/max: -1/-1/-1\n";

    #[test]
    fn a_serving_server_is_read_whole() {
        let serving = Serving {
            mode: Mode::Leader,
            zxid: Some(0x1_0000_0002),
            connections: Some(3),
            version: Some("3.8.0".into()),
        };
        assert_eq!(srvr(LEADER.as_bytes()), Srvr::Serves(serving));
        for word in ["leader", "follower", "observer", "standalone"] {
            let answer = LEADER.replace("leader", word);
            assert_eq!(srvr(answer.as_bytes()).to_string(), word);
        }
    }

    #[test]
    fn no_half_of_an_answer_says_that_a_server_serves_otherwise() {
        let known = LEADER.find("leader\n").unwrap() + "leader\n".len();
        for end in 0..LEADER.len() {
            let got = srvr(&LEADER.as_bytes()[..end]);
            let want = if end < known { None } else { Some(Mode::Leader) };
            assert_eq!(got.mode(), want, "{end}: {got:?}");
            assert!(want.is_some() || got == Srvr::Silent(Silence::Half(end)), "{end}: {got:?}");
        }
    }

    #[test]
    fn everything_else_is_told_apart() {
        let not_serving = "This ZooKeeper instance is not currently serving requests\n";
        let read_only = LEADER.replace("leader", "read-only");
        for answer in [not_serving, &read_only] {
            assert_eq!(srvr(answer.as_bytes()), Srvr::NotServing);
        }
        let silences = [
            (
                "srvr is not executed because it is not in the whitelist.\n",
                "srvr is not in its 4lw",
            ),
            ("", "the answer broke off after 0 bytes"),
            ("HTTP/1.1 400 Bad Request\r\n", "no ZooKeeper: it answers \"HTTP/1.1 400"),
            ("Zookeeper version: 3.8.0\nMode: dictator\n", "\"Mode: dictator\""),
            ("\u{0}\u{1}\u{2}", "no ZooKeeper: it answers \"\\0\\u{1}\\u{2}\""),
        ];
        for (answer, said) in silences {
            let got = srvr(answer.as_bytes()).to_string();
            assert!(got.contains(said), "{got}");
        }
        assert!(matches!(srvr(b"\xff\xfe"), Srvr::Silent(Silence::Garbage(_))));
    }

    #[test]
    fn counts_are_read() {
        let text = "zk_version\t3.8.0\nzk_server_state\tleader\nzk_synced_followers\t2\n\
                    zk_learners\t3\nzk_avg_latency\t0.5\n";
        let got = mntr(text.as_bytes()).unwrap();
        assert_eq!((got.synced_followers(), got.learners()), (Some(2), Some(3)));
        assert_eq!(got.get("zk_server_state"), Some("leader"));
        let follower = mntr(b"zk_version\t3.8.0\nzk_server_state\tfollower\n").unwrap();
        assert_eq!(follower.synced_followers(), None);
        let refused = b"mntr is not executed because it is not in the whitelist.\n";
        assert_eq!(mntr(refused), Err(Silence::NotAllowed("mntr")));
        assert_eq!(mntr(NOT_SERVING.as_bytes()), Err(Silence::NotServing));
        assert_eq!(mntr(b"zk_version\t3.8.0\nzk_syn"), Err(Silence::Half(23)));
        assert_eq!(mntr(b"zk_ver"), Err(Silence::Half(6)));
        assert_eq!(mntr(b"220 smtp\n"), Err(Silence::Garbage("220 smtp\n".into())));
    }
}
