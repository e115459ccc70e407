//! The versions under test, their configuration and command. A configuration here is a fixture: it
//! is written by hand, so that it can lack what `steadfast run` never leaves out.

use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Where a server's data lies in its instance.
pub const DATA: &str = "/var/lib/zookeeper";
/// What a server writes to standard output and error.
pub const LOG: &str = "/var/log/zookeeper.log";
/// The port for clients.
pub const CLIENT_PORT: u16 = 2181;

/// A version of ZooKeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Debian's package.
    V3_8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V3_8 => "3.8",
        })
    }
}

impl Version {
    /// Java's class path: the server, and what it logs with.
    fn class_path(self) -> String {
        match self {
            // Without the last two Debian's package logs nothing.
            Version::V3_8 => ["zookeeper", "slf4j-log4j12", "log4j-1.2"]
                .map(|name| jar(&format!("/usr/share/java/{name}.jar")))
                .join(":"),
        }
    }

    /// The command of a server: quick to start, small, and it logs to standard output.
    pub fn command(self, config: &str) -> String {
        format!(
            "java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
             -Dlog4j.configuration=file:/run/log4j.properties -Dzookeeper.jmx.log4j.disable=true \
             -cp {} org.apache.zookeeper.server.quorum.QuorumPeerMain {config}",
            self.class_path()
        )
    }
}

fn jar(path: &str) -> String {
    assert!(Path::new(path).exists(), "no {path}: run scripts/setup test");
    path.to_owned()
}

/// What a server's command expects beside its configuration.
pub const LOG4J: &str = "\
log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p %c{1}: %m%n
";

/// A test of this name for each version: of a function that takes the version.
macro_rules! each_version {
    ($name:ident, $play:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn v3_8() {
                ($play)(Version::V3_8);
            }
        }
    };
}
pub(crate) use each_version;

/// How long an ensemble takes to notice and to wait.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// `tickTime`: the unit of the others.
    pub tick: Duration,
    /// `initLimit`: how many ticks a server that means to lead waits for its followers.
    pub init: u32,
    /// `syncLimit`: after how many ticks of silence a server is given up.
    pub sync: u32,
}

impl Times {
    /// The settings that passed in the project's measurements, and the renderer's defaults.
    pub const MEASURED: Self = Self { tick: Duration::from_secs(2), init: 10, sync: 5 };
    /// The same at a quarter of the time.
    pub const SHORT: Self = Self { tick: Duration::from_millis(500), ..Self::MEASURED };

    /// How long a server that falsely leads holds on to it.
    pub fn stall(self) -> Duration {
        self.tick * self.init
    }

    /// As lines of `zoo.cfg`.
    pub fn render(self) -> String {
        let Self { tick, init, sync } = self;
        format!("tickTime={}\ninitLimit={init}\nsyncLimit={sync}\n", tick.as_millis())
    }
}

/// A fixture configuration.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    pub times: Times,
    /// Whether a server without any data makes an empty database and votes with it.
    pub autocreate: bool,
    /// Whether clients are served on every address of the host, as without
    /// `clientPortAddress`: so a server is reached by the host's primary address, too.
    pub serves_everywhere: bool,
}

impl Config {
    /// What passed in the project's measurements.
    pub const SAFE: Self =
        Self { times: Times::SHORT, autocreate: false, serves_everywhere: false };

    /// `zoo.cfg` of a server; `peers` are all servers' numbers and addresses.
    pub fn render(&self, address: &str, peers: &[(u8, String)]) -> String {
        let mut text = self.times.render();
        text += &format!(
            "dataDir={DATA}\nclientPort={CLIENT_PORT}\ndb.autocreate={}\n\
             fastleader.maxNotificationInterval=3000\n4lw.commands.whitelist=srvr,mntr\n\
             admin.enableServer=false\nstandaloneEnabled=false\nreconfigEnabled=false\n",
            self.autocreate,
        );
        if !self.serves_everywhere {
            text += &format!("clientPortAddress={address}\n");
        }
        for (slot, address) in peers {
            text += &format!("server.{slot}={address}:2888:3888\n");
        }
        text
    }
}

/// How servers are started.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// On a slot that `steadfast claim` has claimed, with a fixture; nobody guards it.
    ByHand(Config),
    /// By `steadfast run`, which renders its configuration itself.
    ByRun(Times),
}

impl How {
    pub fn times(self) -> Times {
        match self {
            How::ByHand(config) => config.times,
            How::ByRun(times) => times,
        }
    }
}
