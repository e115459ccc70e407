//! Tells systemd (`sd_notify`) and `slot.json` how it goes. Nothing depends on their hearing it.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use tracing::{debug, warn};

use crate::agent::{Facts, Status};

/// How often systemd hears that a start or a stop is still under way.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How much longer a start or a stop may take from each such word on: three may be lost.
const EXTENSION: Duration = Duration::from_secs(20);

/// What has been told.
#[derive(Debug)]
pub struct Teller {
    run_dir: PathBuf,
    facts: RefCell<Option<Facts>>,
    is_ready: Cell<bool>,
    is_stopping: Cell<bool>,
    has_answered: Cell<bool>,
}

impl Teller {
    /// Nothing is told yet.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            run_dir: run_dir.to_owned(),
            facts: RefCell::default(),
            is_ready: Cell::default(),
            is_stopping: Cell::default(),
            has_answered: Cell::default(),
        }
    }

    /// A sentence on how it goes.
    pub fn say(&self, text: &str) {
        status(text);
    }

    /// From here on there is a `slot.json` to tell it.
    pub fn holds(&self, facts: &Facts) {
        *self.facts.borrow_mut() = Some(facts.clone());
    }

    /// How the command fares, with ZooKeeper's mode if it has one.
    pub fn fares(&self, text: &str, mode: Option<&str>) {
        let slot = self.facts.borrow().as_ref().map(|facts| facts.slot);
        let full = slot.map_or_else(|| text.to_owned(), |slot| format!("slot {slot}: {text}"));
        self.say(&full);
        let mut facts = self.facts.borrow_mut();
        let Some(facts) = facts.as_mut() else { return };
        let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        facts.status = Some(Status { text: text.to_owned(), mode: mode.map(str::to_owned), since });
        if let Err(error) = facts.write(&self.run_dir) {
            warn!("{error}");
        }
    }

    /// The command serves: systemd starts what comes after.
    pub fn ready(&self) {
        if !self.is_ready.replace(true) {
            notify(&["READY=1".to_owned()]);
        }
    }

    /// Something has answered on the slot's client port.
    pub fn hears(&self) {
        self.has_answered.set(true);
    }

    /// Whether anything has.
    pub fn has_heard(&self) -> bool {
        self.has_answered.get()
    }

    /// The command is being stopped.
    pub fn stopping(&self, text: &str) {
        self.is_stopping.set(true);
        notify(&["STOPPING=1".to_owned()]);
        self.fares(text, None);
    }

    /// The command has ended; what there was to tell of it is over.
    pub fn ended(&self, text: &str) {
        self.fares(text, None);
    }

    /// Keeps systemd from giving the start up and from taking the agent for dead; never ends.
    ///
    /// It is run by the same thread as the guard, so a hung agent falls silent.
    pub async fn heartbeat(&self) -> Infallible {
        let watchdog = watchdog();
        let pause = watchdog.map_or(HEARTBEAT, |limit| HEARTBEAT.min(limit / 3));
        let extension = format!("EXTEND_TIMEOUT_USEC={}", EXTENSION.as_micros());
        loop {
            let is_under_way = !self.is_ready.get() || self.is_stopping.get();
            let alive = watchdog.map(|_| "WATCHDOG=1".to_owned());
            let words = [alive, is_under_way.then(|| extension.clone())];
            notify(&words.into_iter().flatten().collect::<Vec<_>>());
            sleep(pause).await;
        }
    }
}

/// The status line of the unit, also where there is no [`Teller`]: before a run has one, when it has
/// ended, and of a claim that waits.
pub fn status(text: &str) {
    // A word to systemd is a line.
    notify(&[format!("STATUS={}", text.replace('\n', " "))]);
}

/// How soon systemd wants to hear from this process, if it does (`WatchdogSec=`).
fn watchdog() -> Option<Duration> {
    let read = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let is_ours = read("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    read("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0).map(Duration::from_micros)
}

/// Without waiting: a systemd that does not read must not keep the guard from its work, and a word
/// that is lost is covered by the next.
fn notify(words: &[String]) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&path, &words.join("\n")) {
        debug!("systemd was not told: {error}");
    }
}

fn send(path: &OsStr, text: &str) -> io::Result<()> {
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(path)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text.as_bytes(), &address).map(drop)
}
