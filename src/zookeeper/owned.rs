//! What a user may not set: the keys that the safety rules own, and those that are computed.
//!
//! From ZooKeeper's own reading of `zoo.cfg` (`QuorumPeerConfig`, 3.8 and 3.9). A setting that says
//! what would be written anyway is not refused, so that a `zoo.cfg` of long standing can be handed
//! over; but one whose right value differs from slot to slot is, always: it would pass on one
//! instance and fail on its replacement.

use super::CLIENT_PORT;
use super::settings::{Origin, SettingsError};

/// One rule.
pub(super) struct Rule {
    pub(super) key: Key,
    pub(super) allowed: Allowed,
    pub(super) why: &'static str,
}

/// Which keys a rule is for.
pub(super) enum Key {
    Is(&'static str),
    StartsWith(&'static str),
}

/// Which values it lets pass.
pub(super) enum Allowed {
    /// None.
    Nothing,
    /// This one, whatever its case, as ZooKeeper reads truths.
    Only(&'static str),
    /// A list of four-letter words that has those that are asked.
    FourLetterWords,
}

use Allowed::{FourLetterWords, Nothing, Only};
use Key::{Is, StartsWith};

const fn rule(key: Key, allowed: Allowed, why: &'static str) -> Rule {
    Rule { key, allowed, why }
}

const PORT: &str = "2181";
const _: () = assert!(CLIENT_PORT == 2181, "the text above");

const SLOT_ADDRESS: &str = "it is the slot's address, which differs from instance to instance";
const POOL_LIST: &str = "the list of servers is the pool's";

pub(super) const RULES: [Rule; 22] = [
    rule(StartsWith("server."), Nothing, POOL_LIST),
    rule(StartsWith("group"), Nothing, "every slot of the pool has one vote"),
    rule(StartsWith("weight"), Nothing, "every slot of the pool has one vote"),
    rule(Is("version"), Nothing, POOL_LIST),
    rule(Is("dynamicConfigFile"), Nothing, POOL_LIST),
    rule(Is("reconfigEnabled"), Only("false"), POOL_LIST),
    rule(Is("myid"), Nothing, "it is the slot's number"),
    rule(Is("peerType"), Only("participant"), "every slot of the pool has one vote"),
    rule(Is("oraclePath"), Nothing, "half of the servers would go on without the others"),
    rule(Is("clientPort"), Only(PORT), "clients know the pool's slots by port 2181"),
    rule(Is("clientPortAddress"), Nothing, SLOT_ADDRESS),
    rule(Is("secureClientPortAddress"), Nothing, SLOT_ADDRESS),
    rule(
        Is("quorumListenOnAllIPs"),
        Only("false"),
        "peers reach a server at its slot's address, and must not once that has moved on",
    ),
    rule(
        Is("standaloneEnabled"),
        Only("false"),
        "in standalone mode ZooKeeper takes an empty disk for a whole one",
    ),
    rule(Is("db.autocreate"), Only("false"), "an empty disk must not vote"),
    rule(Is("snapshot.trust.empty"), Only("false"), "a disk without its snapshots must not vote"),
    rule(Is("forceSync"), Only("yes"), "a server must not forget what it has acknowledged"),
    rule(
        Is("leaderServes"),
        Only("yes"),
        "the leader would not answer on its client port, which tells that it leads",
    ),
    rule(Is("electionAlg"), Only("3"), "ZooKeeper has no other"),
    rule(Is("4lw.commands.whitelist"), FourLetterWords, "srvr and mntr are asked of the server"),
    rule(StartsWith("testingonly."), Nothing, "it is for ZooKeeper's own tests"),
    rule(StartsWith("test."), Nothing, "it is for ZooKeeper's own tests"),
];

impl Rule {
    pub(super) fn is_for(&self, key: &str) -> bool {
        match self.key {
            Is(name) => key == name,
            StartsWith(prefix) => key.starts_with(prefix),
        }
    }

    fn lets_pass(&self, value: &str) -> bool {
        match self.allowed {
            Nothing => false,
            Only(only) => value.eq_ignore_ascii_case(only),
            FourLetterWords => {
                let has = |word| value.split(',').any(|w| w.trim() == word);
                has("*") || (has("srvr") && has("mntr"))
            }
        }
    }

    fn instead(&self) -> String {
        match self.allowed {
            Nothing => "remove it".to_owned(),
            Only(value) => format!("remove it, or write {value}"),
            FourLetterWords => "add them to the list".to_owned(),
        }
    }
}

/// Whether steadfast writes this key itself, so that a user's, which says the same, is left out.
pub(super) fn is_written(key: &str) -> bool {
    super::render::SAFETY.iter().any(|(name, _)| *name == key) || key == "clientPort"
}

/// The keys that rules are for, less those that only begin in some way.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().filter_map(|rule| match rule.key {
        Is(name) => Some(name),
        StartsWith(_) => None,
    })
}

/// Refuses a setting that is not the user's to make.
///
/// # Errors
/// The rule, with its reason and what to do.
pub fn check(key: &str, value: &str, origin: &Origin) -> Result<(), SettingsError> {
    match RULES.iter().find(|rule| rule.is_for(key) && !rule.lets_pass(value)) {
        None => Ok(()),
        Some(rule) => Err(SettingsError::Owned {
            origin: origin.clone(),
            key: key.to_owned(),
            why: rule.why,
            instead: rule.instead(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(key: &str, value: &str) -> Option<String> {
        check(key, value, &Origin::Table("x.toml".into())).err().map(|e| e.to_string())
    }

    #[test]
    fn each_rule_refuses_with_its_reason_and_lets_its_own_value_pass() {
        for rule in &RULES {
            let key = match rule.key {
                Is(key) => key.to_owned(),
                StartsWith(prefix) => format!("{prefix}7"),
            };
            let error = refusal(&key, "something").expect("a rule that refuses nothing");
            let said = format!("x.toml, [zookeeper]: {key} cannot be set: {}: ", rule.why);
            assert!(error.starts_with(&said), "{error}");
            assert!(refusal(&key, "").is_some(), "{key} without a value passed");
            if let Only(value) = rule.allowed {
                assert_eq!(refusal(&key, value), None);
                assert_eq!(refusal(&key, &value.to_uppercase()), None);
            }
        }
    }

    #[test]
    fn the_dangerous_spellings_are_refused() {
        let cases = [
            ("server.1", "10.0.0.1:2888:3888"),
            ("group.1", "1:2:3"),
            ("weight.1", "0"),
            ("db.autocreate", "true"),
            ("standaloneEnabled", "TRUE"),
            ("reconfigEnabled", "true"),
            ("clientPort", "2182"),
            ("clientPort", "02181"),
            ("clientPortAddress", "10.0.0.1"),
            ("peerType", "observer"),
            ("leaderServes", "no"),
            ("forceSync", "no"),
            ("electionAlg", "0"),
            ("4lw.commands.whitelist", "srvr"),
            ("4lw.commands.whitelist", "mntr, ruok"),
            ("4lw.commands.whitelist", "srvr mntr"),
        ];
        for (key, value) in cases {
            assert!(refusal(key, value).is_some(), "{key}={value} passed");
        }
    }

    #[test]
    fn what_would_be_written_anyway_passes_and_so_does_the_rest() {
        let cases = [
            ("clientPort", "2181"),
            ("peerType", "PARTICIPANT"),
            ("4lw.commands.whitelist", "*"),
            ("4lw.commands.whitelist", "ruok, mntr ,srvr"),
            ("tickTime", "3000"),
            ("sslQuorum", "true"),
            ("secureClientPort", "2281"),
            ("serverCnxnFactory", "org.apache.zookeeper.server.NettyServerCnxnFactory"),
        ];
        for (key, value) in cases {
            assert_eq!(refusal(key, value), None);
        }
    }
}
