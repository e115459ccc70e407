//! A host for each slot, and a client in an instance of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::Client;
use crate::handle::Handle;
use crate::host::{Host, peers};
use crate::protocol::ReadBack;
use crate::region::{Instance, Region, eventually};
use crate::tampering::DETACH;
use crate::version::Version;
use crate::zookeeper::{CLIENT_PORT, How};

/// Every slot of a pool of three.
pub const ALL: [u8; 3] = [1, 2, 3];

/// An ensemble on the region's pool.
pub struct Ensemble<'a> {
    pub region: &'a Region,
    pub version: Version,
    pub how: How,
    pub hosts: BTreeMap<u8, Host<'a>>,
    pub client: Client<'a>,
}

impl<'a> Ensemble<'a> {
    /// Hosts with empty disks; no server runs.
    pub fn new(region: &'a Region, version: Version, how: How) -> Self {
        let slots = peers(region).into_iter().map(|(slot, _)| slot);
        let mut instances = region.launch_many("a", slots.len() as u32 + 1);
        let client = Client(instances.pop().expect("one more"));
        let mut ensemble = Self { region, version, how, hosts: BTreeMap::new(), client };
        for (slot, instance) in slots.zip(instances) {
            ensemble.give(slot, instance);
        }
        ensemble
    }

    /// The same, with every server running for the first time.
    pub fn form(region: &'a Region, version: Version, how: How) -> Self {
        let mut ensemble = Self::new(region, version, how);
        ensemble.form_led_by(3, 2, 1);
        ensemble
    }

    /// Starts all servers for the first time, on empty disks: the first two form an ensemble that
    /// the first leads, which therefore must have the larger number.
    pub fn form_led_by(&mut self, leader: u8, second: u8, third: u8) {
        assert!(leader > second, "of two new servers the larger number leads");
        if let How::ByHand(_) = self.how {
            self.hosts.values().for_each(Host::mark_first_boot);
        }
        self.start(leader);
        self.start(second);
        assert_eq!(self.wait_members(&[second, leader]), leader);
        self.start(third);
        assert_eq!(self.wait_members(&ALL), leader);
    }

    pub fn host(&mut self, slot: u8) -> &mut Host<'a> {
        self.hosts.get_mut(&slot).expect("a slot of the pool")
    }

    /// The slots that have a host.
    pub fn slots(&self) -> Vec<u8> {
        self.hosts.keys().copied().collect()
    }

    /// Starts a server.
    pub fn start(&mut self, slot: u8) {
        let (version, how) = (self.version, self.how);
        self.host(slot).start(version, how);
    }

    /// Kills a server, as a crash does.
    pub fn kill(&mut self, slot: u8) {
        self.host(slot).kill();
    }

    /// Puts a new instance with an empty disk in the place of a slot's holder, which is terminated.
    pub fn replace(&mut self, slot: u8) {
        let replacement = self.region.launch("a");
        let lost = self.hosts.remove(&slot).expect("a slot of the pool");
        self.region.terminate(&lost.instance.id).unwrap();
        self.give(slot, replacement);
    }

    /// Takes a slot from its holder, which runs on, without a word to it. The answer is that
    /// former holder.
    pub fn take(&mut self, slot: u8) -> Host<'a> {
        let former = self.hosts.remove(&slot).expect("a slot of the pool");
        let eni = || self.region.slots().swap_remove(usize::from(slot) - 1);
        let attachment = eni().attachment.expect("a held slot");
        self.region.ec2(DETACH, &[("AttachmentId", &attachment)]);
        eventually("the slot comes free", || (eni().status == "available").then_some(()));
        former
    }

    /// Gives a slot that is free, or comes free, to an instance with an empty disk.
    pub fn give(&mut self, slot: u8, instance: Instance<'a>) {
        let host = Host::new(instance, slot);
        if let How::ByHand(_) = self.how {
            host.claim();
        }
        self.hosts.insert(slot, host);
    }

    /// By which clients reach these servers.
    pub fn addresses(&self, slots: &[u8]) -> Vec<String> {
        slots.iter().map(|slot| self.hosts[slot].client_address()).collect()
    }

    /// Each server's mode, by slot; absent if it does not serve.
    pub fn modes(&self) -> BTreeMap<u8, String> {
        let hosts = || self.hosts.values();
        let modes = self.client.modes(&hosts().map(Host::client_address).collect::<Vec<_>>());
        let mode = |host: &Host<'_>| Some((host.slot, modes.get(&host.client_address())?.clone()));
        hosts().filter_map(mode).collect()
    }

    /// The mode of the server that a host's primary address leads to.
    pub fn mode_beside(&self, host: &Host<'_>) -> Option<String> {
        let address = format!("{}:{CLIENT_PORT}", host.primary_address());
        self.client.modes(&[address]).into_values().next()
    }

    /// Waits until the servers' modes are so; the answer is the modes.
    pub fn wait_modes(
        &self,
        what: &str,
        fits: impl Fn(&BTreeMap<u8, String>) -> bool,
    ) -> BTreeMap<u8, String> {
        eventually(what, || {
            let modes = self.modes();
            fits(&modes).then_some(modes)
        })
    }

    /// Waits until these servers, and no others, are members of one ensemble; the answer is the
    /// leader.
    pub fn wait_members(&self, slots: &[u8]) -> u8 {
        let is_leader = |(_, mode): &(&u8, &String)| *mode == "leader";
        let modes = self.wait_modes(&format!("{slots:?} are members"), |modes| {
            let mut members: Vec<u8> = slots.to_vec();
            members.sort_unstable();
            modes.keys().eq(&members) && modes.iter().filter(is_leader).count() == 1
        });
        *modes.iter().find(is_leader).expect("a leader").0
    }

    /// How many synced followers a leader counts: more than the others there are, and a twin is
    /// among them.
    pub fn synced_followers(&self, leader: u8) -> Option<u8> {
        let server = self.hosts[&leader].client_address();
        self.client.monitored(&server, "zk_synced_followers")?.parse().ok()
    }

    /// Writes so many znodes through one server, which acknowledges all.
    pub fn write(&self, slot: u8, prefix: &str, count: u64) {
        let time = Duration::from_secs(60);
        let written = self.client.write(&self.hosts[&slot].client_address(), prefix, count, time);
        assert_eq!(written.acknowledged, count, "{written:?}");
    }

    /// What one server has of these znodes.
    pub fn read(&self, slot: u8, prefix: &str, count: u64) -> ReadBack {
        self.client.read(&self.hosts[&slot].client_address(), prefix, count)
    }

    /// By server, how many of these znodes it has.
    pub fn found(&self, prefix: &str, count: u64) -> BTreeMap<u8, u64> {
        ALL.into_iter().map(|slot| (slot, self.read(slot, prefix, count).found)).collect()
    }

    /// Whether all servers hold the same.
    pub fn agree(&self) -> bool {
        let dump = |host: &Host<'_>| self.client.dump(&host.client_address());
        let dumps: Vec<_> = self.hosts.values().map(dump).collect();
        dumps.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// A client that writes without pause through these servers, and asks and checks all.
    pub fn start_workload(&self, through: &[u8]) -> Handle<'static> {
        self.client.run(&self.addresses(through), &self.addresses(&self.slots()))
    }
}

/// What was said last, for whoever looks into a failure.
impl Drop for Ensemble<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for host in self.hosts.values() {
                for log in [host.agent_log(), host.log()] {
                    let lines: Vec<_> = log.lines().collect();
                    let last = lines[lines.len().saturating_sub(40)..].join("\n");
                    eprintln!("== slot {} on {}:\n{last}", host.slot, host.instance.id);
                }
            }
        }
    }
}
