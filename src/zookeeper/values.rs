//! What ZooKeeper would not understand or would silently ignore, refused before it is started.
//!
//! The kinds are those that ZooKeeper 3.8 and 3.9 read `zoo.cfg` with (`QuorumPeerConfig`). Any
//! other key becomes a system property `zookeeper.KEY`, whose value is not looked at here.

use std::path::{Component, Path};

use super::settings::{Origin, Setting, Settings, SettingsError};
use super::{CLIENT_PORT, ELECTION_PORT, PEER_PORT, owned};

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An `int` of Java's.
    Int,
    /// A `long` of Java's.
    Long,
    /// An `int` above 0.
    Positive,
    /// `true` or `false`, in any case.
    Truth,
    /// A TCP port that no other listener of the server has.
    Port,
    /// A directory's absolute path.
    Directory,
    /// Anything.
    Text,
}

use Kind::{Directory, Int, Long, Port, Positive, Text, Truth};

/// What `QuorumPeerConfig` reads, less what is [`owned`].
const KINDS: [(&str, Kind); 35] = [
    ("dataDir", Directory),
    ("dataLogDir", Directory),
    ("tickTime", Positive),
    ("initLimit", Positive),
    ("syncLimit", Positive),
    ("connectToLearnerMasterLimit", Int),
    ("maxClientCnxns", Int),
    ("minSessionTimeout", Int),
    ("maxSessionTimeout", Int),
    ("secureClientPort", Port),
    ("observerMasterPort", Port),
    ("clientPortListenBacklog", Int),
    ("autopurge.snapRetainCount", Int),
    ("autopurge.purgeInterval", Int),
    ("localSessionsEnabled", Truth),
    ("localSessionsUpgradingEnabled", Truth),
    ("syncEnabled", Truth),
    ("sslQuorum", Truth),
    ("portUnification", Truth),
    ("sslQuorumReloadCertFiles", Truth),
    ("quorum.auth.enableSasl", Truth),
    ("quorum.auth.serverRequireSasl", Truth),
    ("quorum.auth.learnerRequireSasl", Truth),
    ("quorum.auth.kerberos.servicePrincipal", Text),
    ("quorum.auth.learner.saslLoginContext", Text),
    ("quorum.auth.server.saslLoginContext", Text),
    ("quorum.cnxn.threads.size", Int),
    ("jvm.pause.monitor", Truth),
    ("jvm.pause.info-threshold.ms", Long),
    ("jvm.pause.warn-threshold.ms", Long),
    ("jvm.pause.sleep.time.ms", Long),
    ("metricsProvider.className", Text),
    ("multiAddress.enabled", Truth),
    ("multiAddress.reachabilityCheckEnabled", Truth),
    ("multiAddress.reachabilityCheckTimeoutMs", Int),
];

impl Kind {
    fn takes(self, value: &str) -> bool {
        match self {
            Int => value.parse::<i32>().is_ok(),
            Long => value.parse::<i64>().is_ok(),
            Positive => value.parse::<i32>().is_ok_and(|n| n > 0),
            Truth => ["true", "false"].iter().any(|t| value.eq_ignore_ascii_case(t)),
            Port => value.parse::<u16>().is_ok_and(|port| {
                port > 0 && ![CLIENT_PORT, PEER_PORT, ELECTION_PORT].contains(&port)
            }),
            Directory => is_plain_directory(value),
            Text => true,
        }
    }

    fn expected(self) -> String {
        match self {
            Int => "a whole number (of 32 bits)".into(),
            Long => "a whole number (of 64 bits)".into(),
            Positive => "a whole number above 0".into(),
            Truth => "true or false".into(),
            Port => format!(
                "a port (1 to 65535) other than {CLIENT_PORT}, {PEER_PORT} and {ELECTION_PORT}"
            ),
            Directory => {
                "an absolute path below / in printable ASCII, without . and .. (Java reads other \
                 characters by its locale)"
                    .into()
            }
            Text => "anything".into(),
        }
    }
}

/// Absolute, below the root, and meaning the same to Java whatever its locale.
fn is_plain_directory(text: &str) -> bool {
    // By its text: `components` leaves out a `.` in the middle.
    let steps_about = text.split('/').any(|part| part == "." || part == "..");
    let below_root = Path::new(text).components().filter(|c| matches!(c, Component::Normal(_)));
    text.starts_with('/')
        && text.bytes().all(|b| matches!(b, b' '..=b'~'))
        && !steps_about
        && below_root.count() > 0
}

/// Refuses a key that ZooKeeper would ignore: it takes any, and says nothing.
///
/// # Errors
/// With the key that was meant, where that is known.
pub fn check_key(key: &str, origin: &Origin) -> Result<(), SettingsError> {
    let unknown = |instead: String| {
        Err(SettingsError::Unknown { origin: origin.clone(), key: key.to_owned(), instead })
    };
    if let Some(short) = key.strip_prefix("zookeeper.") {
        // It makes the property zookeeper.KEY of a KEY that it does not know: this one would
        // become zookeeper.zookeeper.KEY, which nothing reads.
        return unknown(format!("write {short}"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if key.is_empty() || !key.bytes().all(plain) {
        return unknown("a key has ASCII letters, digits, dots, - and _ only".to_owned());
    }
    let known = KINDS.iter().map(|(name, _)| *name).chain(owned::names());
    match known.into_iter().find(|name| name.eq_ignore_ascii_case(key) && *name != key) {
        Some(name) => unknown(format!("write {name}")),
        None => Ok(()),
    }
}

/// Refuses a value that ZooKeeper would not start with.
///
/// # Errors
/// With what is expected.
pub fn check(key: &str, value: &str, origin: &Origin) -> Result<(), SettingsError> {
    let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == key) else { return Ok(()) };
    match kind.takes(value) {
        true => Ok(()),
        false => Err(refusal(key, value, origin, kind.expected())),
    }
}

/// Refuses settings that are wrong together.
///
/// # Errors
/// The first pair that is.
pub fn check_together(settings: &Settings) -> Result<(), SettingsError> {
    let data = settings.get("dataDir").map_or(super::render::DATA_DIR, |s| s.value.as_str());
    // Both would have their version-2 in one another: what is set aside with one is the other's.
    if let Some(Setting { value, origin }) = settings.get("dataLogDir")
        && (within_version(value, data) || within_version(data, value))
    {
        let expected = format!("a directory apart from version-2 of dataDir, {data}");
        return Err(refusal("dataLogDir", value, origin, expected));
    }
    Ok(())
}

/// Whether a path is `version-2` of a directory, or in it.
fn within_version(path: &str, directory: &str) -> bool {
    Path::new(path).starts_with(Path::new(directory).join("version-2"))
}

fn refusal(key: &str, value: &str, origin: &Origin, expected: String) -> SettingsError {
    let (key, value) = (key.to_owned(), value.to_owned());
    SettingsError::Value { origin: origin.clone(), key, value, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::Line("zoo.cfg".into(), 4)
    }

    #[test]
    fn values_are_taken_or_refused_as_zookeeper_would() {
        let cases: [(&str, &[&str], &[&str]); 7] = [
            ("tickTime", &["1", "2000", "+5"], &["0", "-1", "", "2s", "2147483648", "1.5"]),
            ("maxClientCnxns", &["0", "-1", "60"], &["", "many", "2147483648"]),
            ("jvm.pause.sleep.time.ms", &["2147483648"], &["1e3", "9223372036854775808"]),
            ("sslQuorum", &["true", "False"], &["yes", "1", ""]),
            ("secureClientPort", &["2281"], &["0", "2181", "2888", "3888", "65536", "x"]),
            (
                "dataDir",
                &["/data", "/var/lib/zoo keeper/", "/a//b", "/a..b/.c"],
                &["", "/", "//", "data", "./data", "~/zk", "/a/../b", "/a/./b", "/d\u{e4}ten"],
            ),
            ("snapCount", &["anything"], &[]),
        ];
        for (key, good, bad) in cases {
            for value in good {
                assert!(check(key, value, &origin()).is_ok(), "{key}={value} was refused");
            }
            for value in bad {
                let error = check(key, value, &origin()).unwrap_err().to_string();
                let said = format!("zoo.cfg, line 4: {key} = {value:?} is not ");
                assert!(error.starts_with(&said), "{error}");
            }
        }
    }

    #[test]
    fn keys_that_zookeeper_would_ignore_are_refused() {
        let cases = [
            ("zookeeper.snapCount", "write snapCount"),
            ("zookeeper.db.autocreate", "write db.autocreate"),
            ("clientport", "write clientPort"),
            ("ticktime", "write tickTime"),
            ("DataDir", "write dataDir"),
            ("", "a key has"),
            ("data dir", "a key has"),
            ("d\u{e4}tum", "a key has"),
            ("a=b", "a key has"),
        ];
        for (key, instead) in cases {
            let error = check_key(key, &origin()).unwrap_err().to_string();
            let said = format!("zoo.cfg, line 4: {key:?} is no setting of ZooKeeper: {instead}");
            assert!(error.starts_with(&said), "{error}");
        }
        for key in ["tickTime", "4lw.commands.whitelist", "ssl.quorum.keyStore.location", "a_b-c"] {
            assert!(check_key(key, &origin()).is_ok(), "{key} was refused");
        }
    }

    #[test]
    fn the_log_directory_is_not_in_the_other_s_version() {
        let settings = |data: &str, log: &str| {
            let toml = format!("dataDir = {data:?}\ndataLogDir = {log:?}\n");
            Settings::read(Some((Path::new("x"), &toml.parse().unwrap())), None)
        };
        for (data, log) in [("/d", "/d"), ("/d", "/d/log"), ("/d/snap", "/d"), ("/d", "/e")] {
            assert!(settings(data, log).is_ok(), "{data}, {log}");
        }
        for (data, log) in
            [("/d", "/d/version-2"), ("/d", "/d/version-2/log"), ("/d/version-2", "/d")]
        {
            let error = settings(data, log).unwrap_err().to_string();
            assert!(error.contains("apart from version-2"), "{error}");
        }
    }
}
