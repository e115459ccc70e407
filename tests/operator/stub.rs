//! Servers that are no ZooKeeper, on slots that instances have claimed: quick to start, and odd on
//! demand (`stub.py`).

use crate::region::{Instance, POOL, Region, eventually};

const STUB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/operator/stub.py");
const CONFIG: &str = "/run/stub.cfg";
const LOG: &str = "/run/stub.log";

/// An instance that holds a slot, and the stub on it.
pub struct Held<'a> {
    pub instance: Instance<'a>,
    pub slot: u8,
    pub address: String,
}

/// Instances that have claimed slots 1 to so many of [`POOL`], whose servers do not run.
pub fn hold(region: &Region, slots: u8) -> Vec<Held<'_>> {
    let addresses: Vec<String> = region.slots().iter().map(|eni| eni.ipv4[0].clone()).collect();
    let instances = region.launch_many("a", u32::from(slots));
    let held = (1..=slots).zip(instances).zip(addresses);
    held.map(|((slot, instance), address)| {
        instance.claim(&["--only-slot", &slot.to_string()]).done();
        Held { instance, slot, address }
    })
    .collect()
}

/// The same with a stub on each: the last slot's leads. Their ENIs say that they have served.
pub fn ensemble(region: &Region, slots: u8) -> Vec<Held<'_>> {
    let held = hold(region, slots);
    for it in &held {
        let mode = if it.slot == slots { "leader" } else { "follower" };
        it.mark_initialized();
        it.serve(mode, &[&format!("synced={}", slots - 1)]);
    }
    held
}

impl Held<'_> {
    /// Its ENI.
    pub fn eni(&self) -> String {
        self.instance.region.slots()[usize::from(self.slot) - 1].id.clone()
    }

    /// Says that a server was started on the slot before.
    pub fn mark_initialized(&self) {
        self.instance.region.tag(&self.eni(), "steadfast:initialized", "lineage");
    }

    /// Starts a stub in place of the one before, which goes by the pool's list of servers.
    pub fn serve(&self, mode: &str, options: &[&str]) {
        let region = self.instance.region;
        let servers = region.slots().into_iter().enumerate();
        let line = |(index, eni): (usize, steadfast_sim::control::EniView)| {
            format!("server.{}={}:2888:3888:participant;0.0.0.0:2181\n", index + 1, eni.ipv4[0])
        };
        let config: String = servers.map(line).collect::<String>() + "version=0";
        self.serve_with(mode, &config, options);
    }

    /// The same with a list of servers.
    pub fn serve_with(&self, mode: &str, config: &str, options: &[&str]) {
        self.stop();
        let (address, options) = (&self.address, options.join(" "));
        self.instance.sh(&format!(
            "printf %s '{config}' >{CONFIG}; touch {LOG}\n\
             setsid python3 {STUB} {address} {mode} config={CONFIG} log={LOG} {options} \
             >/run/stub.err 2>&1 </dev/null &"
        ));
        eventually("the stub listens", || self.listens().then_some(()));
    }

    /// Ends the stub.
    pub fn stop(&self) {
        self.instance.sh("pkill -KILL -x python3 || true");
        eventually("the stub ends", || (!self.listens()).then_some(()));
    }

    fn listens(&self) -> bool {
        self.instance.sh("ss -Hltn").contains(&format!("{}:2181", self.address))
    }

    /// What clients did with znodes, a line each.
    pub fn operations(&self) -> Vec<String> {
        self.instance.sh(&format!("cat {LOG}")).lines().map(str::to_owned).collect()
    }
}

/// The arguments of `steadfast status` on [`POOL`].
pub fn status<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["status", "--pool", POOL], more].concat()
}
