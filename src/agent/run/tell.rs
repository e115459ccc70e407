//! Tells systemd (`sd_notify`) and `slot.json` how it goes. Nothing depends on their hearing it.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sd_notify::NotifyState;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::agent::{Facts, Status};

/// How often systemd hears that a start is still under way.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How much longer the start may take from each such word on: three may be lost.
const START_EXTENSION: Duration = Duration::from_secs(20);

/// What has been told.
#[derive(Debug)]
pub struct Teller {
    run_dir: PathBuf,
    facts: RefCell<Option<Facts>>,
    is_ready: Cell<bool>,
}

impl Teller {
    /// Nothing is told yet.
    pub fn new(run_dir: &Path) -> Self {
        Self { run_dir: run_dir.to_owned(), facts: RefCell::default(), is_ready: Cell::new(false) }
    }

    /// A sentence on how it goes.
    pub fn say(&self, text: &str) {
        notify(&[NotifyState::Status(text)]);
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
            notify(&[NotifyState::Ready]);
        }
    }

    /// The command is being stopped.
    pub fn stopping(&self, text: &str) {
        notify(&[NotifyState::Stopping]);
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
        let watchdog = sd_notify::watchdog_enabled();
        let pause = watchdog.map_or(HEARTBEAT, |limit| HEARTBEAT.min(limit / 3));
        loop {
            let extension = u32::try_from(START_EXTENSION.as_micros()).unwrap_or(u32::MAX);
            let mut states = Vec::new();
            if watchdog.is_some() {
                states.push(NotifyState::Watchdog);
            }
            if !self.is_ready.get() {
                states.push(NotifyState::ExtendTimeoutUsec(extension));
            }
            if !states.is_empty() {
                notify(&states);
            }
            sleep(pause).await;
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!("systemd was not told: {error}");
    }
}
