//! A region for one test, and its instances, with what the judges say of them.

use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadfast_sim::client::{LocalRegion, Options};
use steadfast_sim::control::{EniView, LaunchRequest, Request, Timings};

use crate::run::{Outcome, Running};

/// The pool of every test that needs no other.
pub const POOL: &str = "kafka";
/// The longest that anything here may take; it is never reached where all is well.
pub const DEADLINE: Duration = Duration::from_secs(120);

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// EC2's delays, shortened: every state in between is still there.
const QUICK: Timings = Timings {
    api_ms: Some(5),
    attach_nic_ms: Some(100),
    attached_ms: Some(150),
    detach_ms: Some(150),
    boot_ms: Some(20),
    stop_ms: Some(200),
    terminate_ms: Some(300),
    replace_ms: None,
    stale_ms: None,
    imds_lag_ms: Some(50),
    imds_device_number_lag_ms: Some(200),
};

/// A region that ends with this value.
pub struct Region(LocalRegion);

impl Region {
    /// Three zones.
    pub fn up() -> Self {
        Self::start(3)
    }

    /// One zone, so that every slot will do for every instance.
    pub fn of_one_zone() -> Self {
        Self::start(1)
    }

    /// One zone with a pool of so many slots.
    pub fn with_pool(slots: u32) -> Self {
        let region = Self::of_one_zone();
        region.pool(slots);
        region
    }

    fn start(zones: u8) -> Self {
        let sim = bin_dir().join("steadfast-sim");
        assert!(sim.exists(), "no {}: cargo build --workspace --bins", sim.display());
        let region = LocalRegion::up(&Options {
            sim_binary: sim,
            // What tests start beside the programs lies in the project's folder.
            shares: vec![env!("CARGO_MANIFEST_DIR").into(), bin_dir().to_owned()],
            timings: QUICK,
            seed: None,
            zones: Some(zones),
        });
        Self(region.expect("a local region"))
    }

    /// Makes [`POOL`], with IPv6; the answer is its ENIs in slot order.
    pub fn pool(&self, slots: u32) -> Vec<String> {
        self.create_pool(POOL, slots, true).unwrap()
    }

    /// Launches an instance in a zone, by its letter, and waits until it runs.
    pub fn launch(&self, zone: &str) -> Instance<'_> {
        self.launch_as(LaunchRequest { zone: Some(zone.to_owned()), ..LaunchRequest::default() })
    }

    pub fn launch_as(&self, request: LaunchRequest) -> Instance<'_> {
        let instance = self.instance(self.0.launch(&request).unwrap());
        instance.wait_up();
        instance
    }

    /// Launches instances in a zone together, and waits until they run.
    pub fn launch_many(&self, zone: &str, count: u32) -> Vec<Instance<'_>> {
        let zone = Some(zone.to_owned());
        let request = LaunchRequest { zone, count, ..LaunchRequest::default() };
        let ids = self.0.deref().launch(&request).unwrap();
        let instances: Vec<_> = ids.into_iter().map(|id| self.instance(id)).collect();
        instances.iter().for_each(Instance::wait_up);
        instances
    }

    /// The instance of an id that the region has given.
    pub fn instance(&self, id: String) -> Instance<'_> {
        Instance { region: self, id }
    }

    /// An ENI as it is now.
    pub fn eni(&self, id: &str) -> EniView {
        let enis = self.state().unwrap().enis;
        enis.into_iter().find(|eni| eni.id == id).expect("an ENI of this region")
    }

    /// The ENIs of [`POOL`] as they are now, in slot order.
    pub fn slots(&self) -> Vec<EniView> {
        let of_pool = |eni: &EniView| eni.tags.get("steadfast:pool").is_some_and(|it| it == POOL);
        let enis = self.state().unwrap().enis.into_iter().filter(of_pool);
        let mut enis: Vec<EniView> = enis.collect();
        enis.sort_by_key(slot_of);
        enis
    }

    /// Scales EC2's token buckets, or switches them off.
    pub fn throttle(&self, scale: Option<f64>) {
        let enabled = scale.is_some();
        self.request(&Request::SetThrottling { enabled, scale }).unwrap();
    }

    /// What was changed so far, for comparison: the log without reads and dry runs, and the ENIs
    /// without their status, in which time alone changes something.
    pub fn changes(&self) -> (Vec<String>, Vec<Value>) {
        let calls = self.log(0).unwrap().into_iter();
        let changes = calls.filter(|call| {
            let is_dry = call.parameters.get("DryRun").is_some_and(|dry| dry == "true");
            !call.action.starts_with("Describe") && !is_dry
        });
        let changes = changes.map(|call| format!("{} {}", call.action, call.outcome)).collect();
        let enis = self.state().unwrap().enis.into_iter();
        let enis = enis.map(|eni| EniView { status: String::new(), ..eni });
        (changes, enis.map(|eni| serde_json::to_value(eni).unwrap()).collect())
    }
}

impl Deref for Region {
    type Target = LocalRegion;

    fn deref(&self) -> &LocalRegion {
        &self.0
    }
}

/// What the kernel did not do for the region would be no fault of the program's: it is told.
impl Drop for Region {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let trouble = self.0.state().unwrap().trouble;
            assert!(trouble.is_empty(), "{trouble:#?}");
        }
    }
}

/// A running instance.
#[derive(Clone)]
pub struct Instance<'a> {
    pub region: &'a Region,
    pub id: String,
}

impl Instance<'_> {
    /// Waits until programs can be started in it.
    pub fn wait_up(&self) {
        self.region.wait_running(&self.id).unwrap();
        // EC2 says `running` before the kernel has booted, here as there.
        eventually("it boots", || {
            let status = self.region.exec(&self.id, &["true"]).output().unwrap().status;
            status.success().then_some(())
        });
    }

    /// `steadfast claim` on [`POOL`].
    pub fn claim(&self, more: &[&str]) -> Outcome {
        self.steadfast(&[&["claim", "--pool", POOL], more].concat())
    }

    /// `steadfast release` on [`POOL`].
    pub fn release(&self, more: &[&str]) -> Outcome {
        self.steadfast(&[&["release", "--pool", POOL], more].concat())
    }

    /// `steadfast` with nothing but these arguments.
    pub fn steadfast(&self, args: &[&str]) -> Outcome {
        self.start(args).finish()
    }

    /// The same with variables in its environment.
    pub fn steadfast_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Outcome {
        let command = [&[program()], args].concat();
        Running::start(self.region.exec_with(&self.id, environment, &command)).finish()
    }

    /// Starts `steadfast`.
    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(&[&[program()], args].concat()))
    }

    /// Starts `steadfast claim` on [`POOL`].
    pub fn start_claim(&self, more: &[&str]) -> Running {
        self.start(&[&["claim", "--pool", POOL], more].concat())
    }

    /// A command in the instance.
    pub fn command(&self, args: &[&str]) -> Command {
        self.region.exec(&self.id, args)
    }

    /// Runs shell commands, which succeed.
    pub fn sh(&self, script: &str) -> String {
        let outcome = Running::start(self.command(&["sh", "-ec", script])).finish();
        assert_eq!(outcome.code, 0, "{script}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    /// The EC2 calls that it has made, each with its outcome.
    pub fn calls(&self) -> Vec<String> {
        self.calls_since(0)
    }

    /// The same from a place in the log on, which [`Self::mark`] gives.
    pub fn calls_since(&self, since: usize) -> Vec<String> {
        let calls = self.region.log(since).unwrap().into_iter();
        let own = calls.filter(|call| call.caller == self.id);
        own.map(|call| format!("{} {}", call.action, call.outcome)).collect()
    }

    /// The place that the log has come to.
    pub fn mark(&self) -> usize {
        self.region.log(0).unwrap().len()
    }

    /// The slots that are attached to it by EC2's account, whatever their status.
    pub fn holds(&self) -> Vec<u8> {
        let slots = self.region.slots();
        let held = slots.iter().filter(|eni| eni.instance.as_ref() == Some(&self.id));
        held.map(slot_of).collect()
    }

    /// What it says it holds.
    pub fn slot_json(&self) -> Value {
        serde_json::from_str(&self.sh("cat /run/steadfast/slot.json")).unwrap()
    }

    /// Whether it says that it holds anything.
    pub fn has_facts(&self) -> bool {
        self.sh("ls -A /run/steadfast 2>/dev/null || true").contains("slot.")
    }

    /// Its network by `ip -j`, but for link-local addresses and what belongs to them, which the
    /// kernel makes by itself some time after a link comes up.
    pub fn network(&self) -> Value {
        let script = "ip -j address; ip -j -4 route show table all; ip -j -6 route show table all; \
                      ip -j -4 rule; ip -j -6 rule";
        let text = self.sh(script);
        let lists = serde_json::Deserializer::from_str(&text).into_iter::<Vec<Value>>();
        let lists: Vec<Vec<Value>> = lists.map(Result::unwrap).collect();
        let [links, ipv4, ipv6, rules4, rules6] = &lists[..] else { panic!("{text}") };
        let links: Vec<Value> = links.iter().map(link).collect();
        let ipv6: Vec<&Value> = ipv6.iter().filter(|route| !is_link_local(route)).collect();
        json!({ "links": links, "ipv4": ipv4, "ipv6": ipv6, "rules": [rules4, rules6] })
    }

    /// Whether the address is on one of its NICs.
    pub fn has_address(&self, address: &str) -> bool {
        self.sh("ip -o address").split([' ', '/']).any(|word| word == address)
    }
}

fn link(link: &Value) -> Value {
    let addresses = link["addr_info"].as_array().unwrap().iter();
    let addresses: Vec<_> = addresses.filter(|it| it["scope"] != "link").collect();
    json!({ "name": link["ifname"], "mtu": link["mtu"], "addresses": addresses })
}

fn is_link_local(route: &Value) -> bool {
    let to = route["dst"].as_str().unwrap_or_default();
    to.starts_with("fe80:") || to.starts_with("ff00:")
}

/// The slot number that an ENI is tagged with.
pub fn slot_of(eni: &EniView) -> u8 {
    eni.tags["steadfast:slot"].parse().unwrap()
}

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_steadfast")
}

fn bin_dir() -> &'static Path {
    Path::new(program()).parent().unwrap()
}

/// Looks until there is something to see.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}");
        sleep(LOOK_AGAIN);
    }
}
