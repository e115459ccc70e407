//! A pool of three whose slots are held, servers that say what a test wants, and an operator's laptop.

use steadfast_sim::control::{Call, EniView};

use crate::region::{Instance, POOL, Region, eventually, slot_of};
use crate::run::{Outcome, Running};
use crate::tampering::DETACH;

/// The tag under test.
pub const RECLAIMED: &str = "steadfast:reclaimed";
/// By whom, as the region's STS says of an instance.
pub const ASSUMED: &str = "arn:aws:sts::123456789012:assumed-role/steadfast/";

/// What a server says to `srvr` and `mntr`; it is a small program that listens on the slot's address.
#[derive(Debug, Clone, Copy)]
pub enum Says {
    /// It leads, and counts so many followers in step.
    Leads(u32),
    /// It follows.
    Follows,
    /// It runs without a quorum.
    NotServing,
    /// Something else listens there.
    Garbage,
    /// Half of an answer.
    Half,
    /// The connection is accepted, and nothing comes.
    Nothing,
    /// Nothing listens there.
    Nobody,
}

impl Says {
    fn answers(self) -> Option<[String; 2]> {
        let serves = |mode: &str| {
            format!("Zookeeper version: 3.8.0-x, built\nZxid: 0x1\nMode: {mode}\nNode count: 5\n")
        };
        let counts = |more: &str| format!("zk_version\t3.8.0\n{more}");
        let not = "This ZooKeeper instance is not currently serving requests\n";
        Some(match self {
            Self::Leads(n) => [serves("leader"), counts(&format!("zk_synced_followers\t{n}\n"))],
            Self::Follows => [serves("follower"), counts("")],
            Self::NotServing => [not.to_owned(), not.to_owned()],
            Self::Garbage => ["HTTP/1.1 400 Bad Request\r\n".to_owned(), "?".to_owned()],
            Self::Half => ["Zookeeper version: 3.8.0-x, bu".to_owned(), "zk_ver".to_owned()],
            Self::Nothing => ["-".to_owned(), "-".to_owned()],
            Self::Nobody => return None,
        })
    }
}

const SERVER: &str = "import socket, sys, threading
server = socket.create_server((sys.argv[1], 2181))
answers = {b'srvr': sys.argv[2], b'mntr': sys.argv[3]}
open('/run/listens', 'w')
def serve(peer):
    answer = answers[peer.recv(4)]
    if answer == '-':
        peer.recv(1)
    else:
        peer.sendall(answer.encode())
    peer.close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
";

/// The region's pool of three, held.
pub struct Cast<'a> {
    pub region: &'a Region,
    pub holders: Vec<Instance<'a>>,
    pub laptop: Instance<'a>,
}

impl<'a> Cast<'a> {
    /// Slot `n` is held by `holders[n - 1]`, whose server says that.
    pub fn new(region: &'a Region, says: [Says; 3]) -> Self {
        let mut holders = region.launch_many("a", 4);
        let laptop = holders.pop().unwrap();
        for (slot, (holder, says)) in (1_u8..).zip(holders.iter().zip(says)) {
            holder.claim(&["--only-slot", &slot.to_string()]).done();
            listen(holder, slot, says);
        }
        Self { region, holders, laptop }
    }

    /// A healthy ensemble but for slot 1, of whose server only the leader's count is known.
    pub fn with_first(region: &'a Region, first: Says) -> Self {
        let followers = if matches!(first, Says::Follows) { 2 } else { 1 };
        Self::new(region, [first, Says::Leads(followers), Says::Follows])
    }

    /// `steadfast reclaim` on the laptop.
    pub fn reclaim(&self, args: &[&str]) -> Outcome {
        self.start(args).finish()
    }

    pub fn start(&self, args: &[&str]) -> Running {
        self.laptop.start(&[&["reclaim", "--pool", POOL], args].concat())
    }

    /// The holder of slot 1.
    pub fn holder(&self) -> &Instance<'a> {
        &self.holders[0]
    }

    /// The detaches that anyone has asked for.
    pub fn detaches(&self) -> Vec<Call> {
        detaches(self.region)
    }
}

/// Starts a server on a slot's address.
pub fn listen(holder: &Instance<'_>, slot: u8, says: Says) {
    let Some([srvr, mntr]) = says.answers() else { return };
    let address = &eni(holder.region, slot).ipv4[0];
    let quoted = |text: &str| format!("'{text}'");
    let words = [SERVER.replace('\'', "\""), address.clone(), srvr, mntr].map(|it| quoted(&it));
    let [code, address, srvr, mntr] = words;
    holder.sh(&format!(
        "setsid python3 -c {code} {address} {srvr} {mntr} >/run/server.log 2>&1 </dev/null &"
    ));
    eventually("the server listens", || (holder.sh("ls /run").contains("listens")).then_some(()));
}

/// The ENI of a slot, as it is now.
pub fn eni(region: &Region, slot: u8) -> EniView {
    region.slots().into_iter().find(|eni| slot_of(eni) == slot).unwrap()
}

/// The detaches that anyone has asked for, dry runs left out.
pub fn detaches(region: &Region) -> Vec<Call> {
    let calls = region.log(0).unwrap().into_iter().filter(|call| call.action == DETACH);
    calls.filter(|call| call.outcome != "DryRunOperation").collect()
}

/// Refuses any change to the region by what is done.
pub fn changes_nothing<T>(region: &Region, what: impl FnOnce() -> T) -> T {
    let changes = || {
        let (mut calls, enis) = region.changes();
        // To ask who one is changes nothing, and what was refused has changed nothing.
        calls.retain(|call| !call.starts_with("GetCallerIdentity") && call.ends_with(" ok"));
        (calls, enis)
    };
    let before = changes();
    let done = what();
    assert_eq!(changes(), before);
    done
}
