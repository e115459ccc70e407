//! The configuration and command of the servers under test. A configuration here is a fixture: it is
//! written by hand, so that it can lack what `steadfast run` never leaves out.

use std::time::Duration;

use crate::version::{SERVER, Version};

/// Where a server's data lies in its instance.
pub const DATA: &str = "/var/lib/zookeeper";
/// What a server writes to standard output and error.
pub const LOG: &str = "/var/log/zookeeper.log";
/// The port for clients.
pub const CLIENT_PORT: u16 = 2181;

/// The command of a server, for a shell.
pub fn command(version: Version, config: &str) -> String {
    let java = version.java();
    let words = java.iter().map(String::as_str).chain([SERVER, config]);
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

/// A test of this name for each version: of a function that takes the version.
macro_rules! each_version {
    ($name:ident, $play:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn v3_8() {
                ($play)(Version::V3_8);
            }

            #[test]
            fn v3_9() {
                ($play)(Version::V3_9);
            }
        }
    };
}
pub(crate) use each_version;

/// The same for one version: what is told apart is not a matter of ZooKeeper's version, and takes
/// its time.
macro_rules! one_version {
    ($name:ident, $play:expr) => {
        #[test]
        fn $name() {
            ($play)(Version::V3_9);
        }
    };
}
pub(crate) use one_version;

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
