//! The versions of ZooKeeper that tests run on: where their jars are, and the JVM for them.
//!
//! Other tests take this file by its path (`#[path = "../zookeeper/version.rs"]`).

use std::path::Path;

/// The class that is a server; its argument is the path of a `zoo.cfg`.
pub const SERVER: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// This folder, with the settings of both versions' logs. They log to standard error.
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zookeeper");
/// What `tests/zookeeper/setup` has fetched.
const FETCHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/zookeeper-3.9");
/// Debian's; the first names the rest of ZooKeeper's own in its manifest, and without the other two
/// nothing is logged.
const DEBIANS: [&str; 3] = [
    "/usr/share/java/zookeeper.jar",
    "/usr/share/java/slf4j-log4j12.jar",
    "/usr/share/java/log4j-1.2.jar",
];

/// A JVM that starts quickly and stays small: a third less CPU time to the first answer than with
/// Java's defaults. Of these it is the compiler's first tier alone that counts.
const FLAGS: [&str; 4] = [
    "-Xmx128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    // Debian's has no JMX for its log.
    "-Dzookeeper.jmx.log4j.disable=true",
];

/// A version of ZooKeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Debian's package.
    V3_8,
    /// The one of `pom.xml`.
    V3_9,
}

impl Version {
    /// Every version.
    pub const ALL: [Version; 2] = [Version::V3_8, Version::V3_9];

    /// How it begins to tell its version.
    pub fn name(self) -> &'static str {
        match self {
            Version::V3_8 => "3.8",
            Version::V3_9 => "3.9",
        }
    }

    /// Java's class path: the settings of the log, the server, and all that it needs.
    pub fn class_path(self) -> String {
        match self {
            Version::V3_8 => {
                for jar in DEBIANS {
                    assert!(Path::new(jar).exists(), "there is no {jar}: run scripts/setup test");
                }
                format!("{HERE}:{}", DEBIANS.join(":"))
            }
            Version::V3_9 => {
                let setup = "run tests/zookeeper/setup";
                assert!(Path::new(FETCHED).exists(), "there is no {FETCHED}: {setup}");
                format!("{HERE}:{FETCHED}/*")
            }
        }
    }

    /// The command up to the main class, such as [`SERVER`]. No argument needs a shell's quotes,
    /// but for the last one's `*`.
    pub fn java(self) -> Vec<String> {
        let class_path = ["-cp".to_owned(), self.class_path()];
        let flags = FLAGS.map(str::to_owned);
        std::iter::once("java".to_owned()).chain(flags).chain(class_path).collect()
    }
}
