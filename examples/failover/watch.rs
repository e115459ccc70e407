//! Asks every server again and again what it is (`mntr`), from the client's instance: when a server
//! was a member, and how many followers a leader has in step. None of ours is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Result, now};

/// The demo's own argument, by which it does that.
pub const WATCH: &str = "watch-servers";

/// From one look at a server to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long it may take: a server answers in a millisecond, and one that hangs never.
const ANSWER: Duration = Duration::from_millis(500);

/// A member of the ensemble, as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// When it was asked, in seconds since the epoch.
    pub at: f64,
    /// Its `address:port`.
    pub server: String,
    /// `leader` or `follower`.
    pub mode: String,
    /// The followers in step with it, if it leads.
    pub followers: Option<u64>,
}

/// The watch; it ends with this value.
pub struct Watch {
    child: Child,
    sightings: Arc<Mutex<Vec<Sighting>>>,
}

impl Watch {
    /// Starts it by this command, which runs [`watch`].
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the watch has no output")?;
        let watch = Self { child, sightings: Arc::default() };
        let sightings = Arc::clone(&watch.sightings);
        spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                if let Ok(sighting) = serde_json::from_str(&line) {
                    sightings.lock().unwrap_or_else(PoisonError::into_inner).push(sighting);
                }
            }
        });
        Ok(watch)
    }

    /// Everything that was seen so far.
    pub fn sightings(&self) -> MutexGuard<'_, Vec<Sighting>> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a server was first a member after a time, both in seconds since the epoch.
    pub fn member_after(&self, server: &str, after: f64) -> Option<Sighting> {
        let is_it = |it: &&Sighting| it.server == server && it.at > after;
        self.sightings().iter().find(is_it).cloned()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints every sighting of every server, for ever.
pub fn watch(connect_string: &str) -> Result<()> {
    // A thread each: one that does not answer must not keep the others waiting.
    let watches = connect_string.split(',').map(|server| {
        let server = server.to_owned();
        spawn(move || {
            loop {
                if let Some(sighting) = look(&server) {
                    let line = serde_json::to_string(&sighting).unwrap_or_default();
                    // Ends with its reader.
                    writeln!(std::io::stdout(), "{line}")?;
                }
                sleep(LOOK_AGAIN);
            }
        })
    });
    let watches: Vec<std::thread::JoinHandle<std::io::Result<()>>> = watches.collect();
    for watch in watches {
        watch.join().map_err(|_| "a watch over a server has ended")??;
    }
    Ok(())
}

/// `None` if the server is no member, or does not answer.
fn look(server: &str) -> Option<Sighting> {
    let at = now();
    let mut stream = TcpStream::connect_timeout(&server.parse().ok()?, ANSWER).ok()?;
    stream.set_read_timeout(Some(ANSWER)).ok()?;
    stream.write_all(b"mntr").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    sighting(&answer, server, at)
}

fn sighting(mntr: &str, server: &str, at: f64) -> Option<Sighting> {
    let value = |key: &str| {
        mntr.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t')).map(str::to_owned)
    };
    let followers = value("zk_synced_followers").and_then(|text| text.parse().ok());
    Some(Sighting { at, server: server.to_owned(), mode: value("zk_server_state")?, followers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_a_member_says_so_and_a_leader_counts() {
        let seen = |text| sighting(text, "a", 1.0).map(|it| (it.mode, it.followers));
        let leader =
            "zk_version\t3.8.0\nzk_server_state\tleader\nzk_synced_followers\t4\nzk_x\t1\n";
        assert_eq!(seen(leader), Some(("leader".to_owned(), Some(4))));
        let follower = "zk_version\t3.8.0\nzk_server_state\tfollower\n";
        assert_eq!(seen(follower), Some(("follower".to_owned(), None)));
        assert_eq!(seen("This ZooKeeper instance is not currently serving requests\n"), None);
    }
}
