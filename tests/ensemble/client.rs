//! The client, in an instance of its own: the program `examples/workload.rs`, one thing at a time
//! or writing without pause.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::handle::Handle;
use crate::protocol::{ReadBack, Written};
use crate::region::{Instance, program};
use crate::run::{Outcome, Running};

/// An instance for the client. Servers are told by `address:port`.
pub struct Client<'a>(pub Instance<'a>);

impl Client<'_> {
    /// Each server's mode; absent if it does not serve.
    pub fn modes(&self, servers: &[String]) -> BTreeMap<String, String> {
        let outcome = self.once(&["mode", &servers.join(",")]);
        let words = outcome.stdout.lines().filter_map(|line| line.split_once(' '));
        let modes = words.filter(|(_, mode)| *mode != "-");
        modes.map(|(server, mode)| (server.to_owned(), mode.to_owned())).collect()
    }

    /// Writes so many znodes through one server, as many as it acknowledges in time.
    pub fn write(&self, server: &str, prefix: &str, count: u64, time: Duration) -> Written {
        let (count, time) = (count.to_string(), format!("{}ms", time.as_millis()));
        let which = ["--server", server, "--prefix", prefix, "--count", &count];
        let outcome = self.once(&[&["write"], &which[..], &["--timeout", &time]].concat());
        serde_json::from_value(outcome.json()).unwrap()
    }

    /// What one server has of these znodes.
    pub fn read(&self, server: &str, prefix: &str, count: u64) -> ReadBack {
        let count = count.to_string();
        let outcome =
            self.once(&["read", "--server", server, "--prefix", prefix, "--count", &count]);
        serde_json::from_value(outcome.json()).unwrap()
    }

    /// Every znode that a server has, one a line.
    pub fn dump(&self, server: &str) -> String {
        self.once(&["dump", "--server", server]).done().stdout
    }

    /// A number that a server's `mntr` tells.
    pub fn monitored(&self, server: &str, key: &str) -> Option<String> {
        let place = server.replace(':', "/");
        let script =
            format!("exec 3<>/dev/tcp/{place}; printf mntr >&3; timeout 2 cat <&3 || true");
        let outcome = Running::start(self.0.command(&["bash", "-c", &script])).finish();
        let mut values = outcome.stdout.lines().filter_map(|line| line.split_once('\t'));
        values.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    }

    /// Writes without pause through some servers, and asks and checks all.
    pub fn run(&self, through: &[String], all: &[String]) -> Handle<'static> {
        let (program, through, all) = (workload(), through.join(","), all.join(","));
        let command = [program.as_str(), "run", &through, "--servers", &all];
        Handle::start(self.0.command(&command), |_| ()).unwrap()
    }

    fn once(&self, args: &[&str]) -> Outcome {
        let program = workload();
        Running::start(self.0.command(&[&[program.as_str()], args].concat())).finish()
    }
}

/// Where the client's program lies: beside the others.
fn workload() -> String {
    let path = Path::new(program()).with_file_name("examples/workload");
    assert!(path.exists(), "no {}: cargo build --bins --examples", path.display());
    path.display().to_string()
}
