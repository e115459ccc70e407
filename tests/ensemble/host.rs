//! An instance that holds a slot: its disk and its server.

use crate::defence::Defence;
use crate::region::{Instance, Region, eventually};
use crate::server::{ADMITTED, AGENT_LOG, FRAGMENT, Server};
use crate::version::Version;
use crate::zookeeper::{CLIENT_PORT, Config, DATA, How, LOG, Times, command};

/// An instance that holds a slot, or is about to.
pub struct Host<'a> {
    pub instance: Instance<'a>,
    pub slot: u8,
    /// The slot's address.
    pub address: String,
    pub server: Option<Server<'a>>,
    /// What is left of the lines of defence in its network when a server starts.
    pub defence: Defence,
}

impl<'a> Host<'a> {
    /// An instance for a slot. Its disk is empty.
    pub fn new(instance: Instance<'a>, slot: u8) -> Self {
        let mut peers = peers(instance.region).into_iter();
        let address = peers.find(|(number, _)| *number == slot).expect("a slot of the pool").1;
        Self { instance, slot, address, server: None, defence: Defence::Claimed }
    }

    /// Claims the slot, for a server that is started by hand.
    pub fn claim(&self) {
        self.instance.claim(&["--only-slot", &self.slot.to_string()]).done();
    }

    /// Lets an empty disk vote at the next start by hand.
    pub fn mark_first_boot(&self) {
        self.instance.sh(&format!("mkdir -p {DATA}; touch {DATA}/initialize"));
    }

    /// Starts its server.
    pub fn start(&mut self, version: Version, how: How) {
        assert!(self.server.is_none(), "slot {} has a server", self.slot);
        self.server = Some(match how {
            How::ByHand(config) => self.start_by_hand(version, config),
            How::ByRun(times) => self.start_by_run(version, times),
        });
    }

    fn start_by_hand(&self, version: Version, config: Config) -> Server<'a> {
        let peers = peers(self.instance.region);
        self.write("/run/zoo.cfg", &config.render(&self.address, &peers));
        self.instance.sh(&format!("mkdir -p {DATA}"));
        self.write(&format!("{DATA}/myid"), &format!("{}\n", self.slot));
        self.defence.leave(self);
        Server::by_hand(&self.instance, &command(version, "/run/zoo.cfg"))
    }

    fn start_by_run(&self, version: Version, times: Times) -> Server<'a> {
        self.write(FRAGMENT, &times.render());
        self.instance.sh(&format!("rm -f {ADMITTED}"));
        let command = command(version, "/run/steadfast/zoo.cfg");
        let server = Server::by_run(&self.instance, self.slot, &command);
        // Before its first word to a peer, and after the agent's last look at the way there.
        if self.defence != Defence::Claimed {
            eventually("the slot is claimed", || self.instance.has_facts().then_some(()));
            self.defence.leave(self);
        }
        self.instance.sh(&format!("touch {ADMITTED}"));
        server
    }

    fn write(&self, path: &str, text: &str) {
        self.instance.sh(&format!("cat >{path} <<'END'\n{text}END"));
    }

    /// Gives it all of its defence back, before its agent is started once more.
    pub fn restore_defence(&mut self) {
        self.defence.undo(self);
        self.defence = Defence::Claimed;
    }

    /// Kills its server.
    pub fn kill(&mut self) {
        self.server.take().expect("a server").kill();
    }

    /// By which clients reach its server.
    pub fn client_address(&self) -> String {
        format!("{}:{CLIENT_PORT}", self.address)
    }

    /// The address that stays when the slot is gone.
    pub fn primary_address(&self) -> String {
        let instances = self.instance.region.state().unwrap().instances;
        let own = instances.into_iter().find(|instance| instance.id == self.instance.id);
        own.expect("an instance of the region").private_ip
    }

    /// What its servers have logged, one after the other.
    pub fn log(&self) -> String {
        self.instance.sh(&format!("cat {LOG} 2>/dev/null || true"))
    }

    /// Whether a server of its has ever been in this state: `LOOKING`, `LEADING`, `FOLLOWING`.
    pub fn was(&self, state: &str) -> bool {
        self.log().lines().any(|line| line.contains("QuorumPeer") && line.ends_with(state))
    }

    /// What its agents have said.
    pub fn agent_log(&self) -> String {
        self.instance.sh(&format!("cat {AGENT_LOG} 2>/dev/null || true"))
    }
}

/// The numbers and addresses of all slots.
pub fn peers(region: &Region) -> Vec<(u8, String)> {
    let slots = region.slots();
    slots.iter().map(|eni| (crate::region::slot_of(eni), eni.ipv4[0].clone())).collect()
}
