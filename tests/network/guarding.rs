//! A guard under test: with EC2 and IMDS to which all is well, its log, and what others do to it.

use std::collections::BTreeMap;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use ipnet::IpNet;
use serde_json::Value;
use steadfast::agent::{Facts, Fenced, Guard};
use steadfast::cloud::{
    CallError, Cloud, Eni, Identity, InstanceState, Metadata, MetadataError, MetadataNic, Mode,
};
use steadfast::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, MacAddr, PoolName};
use steadfast::net::SlotNetwork;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::judge::list;
use crate::netns::sh;
use crate::vpc::{SLOT, TABLE, host, wanted};

/// For whatever must happen, however slow the machine is; a test as a whole has a little more.
pub const LONG: Duration = Duration::from_secs(100);

/// A guard at work, on a host to which the slot was applied.
pub struct Guarding {
    pub fenced: JoinHandle<Fenced>,
}

impl Guarding {
    /// Applies the slot's network, waits until the kernel has nothing more to do about it, and
    /// guards it.
    pub async fn begin() -> Self {
        host().apply(&wanted()).await.unwrap();
        settled().await;
        Self::only()
    }

    /// Guards what is there.
    pub fn only() -> Self {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .try_init()
            .unwrap();
        Self { fenced: tokio::spawn(guard(wanted())) }
    }

    /// Waits until it is so; the guard has to be at work all the time.
    pub async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + LONG;
        while !is_so() {
            assert!(!self.fenced.is_finished(), "fenced before {what}: {}", log());
            assert!(Instant::now() < deadline, "not in time: {what}: {}", log());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it has looked at the network that often.
    pub async fn looks(&self, times: usize) {
        self.until("it has looked", || count("looked at the network") >= times).await;
    }

    /// Waits until the slot is lost.
    pub async fn fenced(self) -> Fenced {
        let fenced = tokio::time::timeout(LONG, self.fenced).await;
        fenced.unwrap_or_else(|_| panic!("not fenced: {}", log())).unwrap()
    }
}

/// Guards until the slot is lost.
pub async fn guard(want: SlotNetwork) -> Fenced {
    let facts = facts();
    Guard { cloud: &AllWell, metadata: &AllWell, host: &host(), want: &want, facts: &facts }
        .run()
        .await
}

pub fn facts() -> Facts {
    let facts = serde_json::json!({
        "version": 1, "pool": "zk", "slot": 2,
        "address": SLOT.v4, "addresses": [SLOT.v4, SLOT.v6],
        "eni": "eni-0123456789abcdef0", "attachment": "eni-attach-0123456789abcdef0",
        "device_index": 1, "nic": { "name": SLOT.name, "mac": SLOT.mac },
        "table": TABLE, "instance": "i-0123456789abcdef0",
        "zone": "eu-west-1a", "region": "eu-west-1", "peers": [], "connect_string": "",
    });
    serde_json::from_value(facts).unwrap()
}

/// The clock of the runtime, which this drives: what happens before it has been driven as far as to
/// the next look was told of by an event, on however slow a machine.
pub struct Clock {
    _stopped: mpsc::Sender<()>,
}

impl Clock {
    /// Stops the clock.
    pub fn stop() -> Self {
        tokio::time::pause();
        // Idle, tokio would let the time pass; not so while a blocking task is under way.
        let (stopped, ended) = mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv());
        Self { _stopped: stopped }
    }

    /// Lets all be done that is ready, and all be heard that the kernel has told, in no time.
    pub async fn stand(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Drives it until it is so, as far as that time.
    pub async fn pass(&self, time: Duration, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            tokio::time::advance(Duration::from_millis(20)).await;
            self.stand().await;
            if is_so() {
                return;
            }
            // Others of this test's processes may have to go on, too.
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("not within {time:?}: {}", log());
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

/// Waits until the host's NICs have their link-local addresses and are done with them: from then on
/// the kernel does nothing by itself.
pub async fn settled() {
    let deadline = Instant::now() + LONG;
    let is_settled = |link: &Value| {
        let mut addresses = link["addr_info"].as_array().unwrap().iter();
        addresses.any(|it| it["scope"] == "link" && it["tentative"].is_null())
    };
    while !["eth0", "eth1"]
        .iter()
        .all(|nic| list(&format!("ip -j -6 address show dev {nic}")).iter().any(is_settled))
    {
        assert!(Instant::now() < deadline, "a link-local address stays tentative");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Kinds of events.
pub enum Flood {
    Links,
    Routes,
}

/// Makes more events at once than a socket's buffer holds, while the runtime stands still.
pub fn flood(kind: Flood) {
    let batch: String = match kind {
        // On the primary: of no account to the slot.
        Flood::Links => {
            (0..1000).map(|n| format!("link set eth0 mtu {}\n", 9001 - n % 2)).collect()
        }
        Flood::Routes => (0..2000)
            .map(|n| format!("route add blackhole 198.18.{}.{}/32 table 99\n", n / 256, n % 256))
            .collect(),
    };
    std::fs::write("/run/batch", batch).unwrap();
    sh(
        "ip -batch /run/batch; ip route flush table 99 2>/dev/null || true; ip link set eth0 mtu 9001",
    );
}

/// A shell script that goes on and on, until this value is dropped.
pub struct Fighter(Child);

impl Fighter {
    pub fn begin(script: &str) -> Self {
        let script = format!("while :; do {script}; done 2>/dev/null");
        // It ends with this process, whatever becomes of the test.
        let dies_with_us = ["--pdeathsig", "KILL", "sh", "-c", &script];
        Self(Command::new("setpriv").args(dies_with_us).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Fighter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What was logged.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn log() -> String {
    String::from_utf8(LOG.lock().unwrap().clone()).unwrap()
}

/// How many lines hold the text.
pub fn count(text: &str) -> usize {
    log().lines().filter(|line| line.contains(text)).count()
}

/// How many warnings do.
pub fn warnings(text: &str) -> usize {
    log().lines().filter(|line| line.contains(" WARN ") && line.contains(text)).count()
}

/// IMDS lists the slot; EC2 is never to be asked.
struct AllWell;

impl Metadata for AllWell {
    async fn lists(&self, _: MacAddr) -> Result<bool, MetadataError> {
        Ok(true)
    }

    async fn identity(&self) -> Result<Identity, MetadataError> {
        panic!("the guard asks IMDS for the list alone")
    }

    async fn tag(&self, _: &str) -> Result<Option<String>, MetadataError> {
        panic!("the guard asks IMDS for the list alone")
    }

    async fn nics(&self) -> Result<Vec<MetadataNic>, MetadataError> {
        panic!("the guard asks IMDS for the list alone")
    }

    async fn subnet_networks(&self, _: MacAddr) -> Result<Vec<IpNet>, MetadataError> {
        panic!("the guard asks IMDS for the list alone")
    }
}

impl Cloud for AllWell {
    async fn attached_to(&self, _: &InstanceId) -> Result<Vec<Eni>, CallError> {
        panic!("EC2 was asked")
    }

    async fn pool(&self, _: &PoolName) -> Result<Vec<Eni>, CallError> {
        panic!("EC2 was asked")
    }

    async fn states(
        &self,
        _: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        panic!("EC2 was asked")
    }

    async fn attach(
        &self,
        _: &EniId,
        _: &InstanceId,
        _: DeviceIndex,
        _: Mode,
    ) -> Result<Option<AttachmentId>, CallError> {
        panic!("EC2 was asked")
    }

    async fn detach(&self, _: &AttachmentId, _: bool, _: Mode) -> Result<(), CallError> {
        panic!("EC2 was asked")
    }

    async fn set_tag(&self, _: &EniId, _: &str, _: &str, _: Mode) -> Result<(), CallError> {
        panic!("EC2 was asked")
    }

    async fn remove_tag(&self, _: &EniId, _: &str, _: &str, _: Mode) -> Result<(), CallError> {
        panic!("EC2 was asked")
    }
}
