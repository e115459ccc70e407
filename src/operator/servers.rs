//! Every server of a pool, asked at once what it is: what no answer means is said with it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::{join, join_all};

use super::session::Session;
use crate::ids::SlotNumber;
use crate::pool::{Pool, Slot};
use crate::zookeeper::CLIENT_PORT;
use crate::zookeeper::answer::{Mntr, Mode, Silence, Srvr};
use crate::zookeeper::ask::{mntr, srvr};
use crate::zookeeper::twin::Twin;

/// A slot's server, asked.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its slot.
    pub slot: SlotNumber,
    /// Where clients find it.
    pub address: SocketAddr,
    /// What it says it is.
    pub answer: Srvr,
    /// What it counts.
    pub counts: Result<Mntr, Silence>,
    /// Whether an instance holds the slot.
    pub is_held: bool,
}

/// Asks every server of the pool at once, and takes `within` at most.
pub async fn ask(pool: &Pool, within: Duration) -> Vec<Server> {
    join_all(pool.slots.values().map(|slot| ask_one(slot, within))).await
}

async fn ask_one(slot: &Slot, within: Duration) -> Server {
    let address = SocketAddr::new(slot.address(), CLIENT_PORT);
    let (answer, counts) = join(srvr(address, None, within), mntr(address, None, within)).await;
    Server { slot: slot.number, address, answer, counts, is_held: slot.attachment.is_some() }
}

impl Server {
    /// Whether it may well serve for all that was learnt: a host that refuses the connection tells
    /// that nothing listens there, silence tells nothing.
    pub fn is_unseen(&self) -> bool {
        match &self.answer {
            Srvr::Serves(_) | Srvr::NotServing => false,
            Srvr::Silent(Silence::Unreachable(cause)) if cause.contains("refused") => false,
            Srvr::Silent(_) => self.is_held,
        }
    }

    /// Whether it is a member of a quorum that votes.
    pub fn votes(&self) -> bool {
        matches!(self.answer.mode(), Some(Mode::Leader | Mode::Follower))
    }
}

/// How many servers there are: by the pool, and by the list that the ensemble still goes by while not
/// every server was restarted since the pool has grown or shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The pool's slots.
    pub pool: usize,
    /// The ensemble's servers; absent if no session could read its list.
    pub ensemble: Option<usize>,
}

impl Size {
    /// Of a pool, with what a session with one of its servers shows.
    pub fn of(pool: usize, session: Option<&Session>) -> Self {
        let change = session.and_then(Session::beyond_pool);
        let ensemble = change.and_then(|change| pool.checked_add_signed(change));
        Self { pool, ensemble: ensemble.filter(|size| *size > 0) }
    }

    /// So many votes are a majority of one of the two: with fewer nothing is served.
    pub fn enough(self) -> usize {
        majority(self.pool.min(self.other()))
    }

    /// So many votes are a majority of both: what is promised goes by them.
    pub fn needed(self) -> usize {
        majority(self.largest())
    }

    /// The longer of both lists.
    pub fn largest(self) -> usize {
        self.pool.max(self.other())
    }

    fn other(self) -> usize {
        self.ensemble.unwrap_or(self.pool)
    }
}

/// How many of so many servers are a majority.
pub fn majority(servers: usize) -> usize {
    servers / 2 + 1
}

/// What the leader's counts say of an old server with a slot's id. One that has left the pool, and not
/// yet the ensemble's list, is none.
pub fn twin(servers: &[Server], size: Size) -> Option<Twin> {
    let leader = servers.iter().find(|server| server.answer.mode() == Some(Mode::Leader))?;
    Twin::seen(leader.counts.as_ref().ok()?, size.largest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_no_proof_that_nobody_serves() {
        let refused = || Silence::Unreachable("Connection refused (os error 111)".to_owned());
        let no_route = || Silence::Unreachable("No route to host (os error 113)".to_owned());
        let cases = [
            (Srvr::NotServing, true, false),
            (Srvr::Silent(refused()), true, false),
            (Srvr::Silent(no_route()), true, true),
            (Srvr::Silent(Silence::Late(Duration::from_secs(2))), true, true),
            // Nobody has the address, so nobody serves on it.
            (Srvr::Silent(Silence::Late(Duration::from_secs(2))), false, false),
            (Srvr::Silent(Silence::Garbage("?".to_owned())), true, true),
        ];
        for (answer, is_held, is_unseen) in cases {
            let address = SocketAddr::from(([10, 0, 0, 1], CLIENT_PORT));
            let server = Server {
                slot: 1.try_into().unwrap(),
                address,
                answer,
                counts: Err(Silence::NotServing),
                is_held,
            };
            assert_eq!(server.is_unseen(), is_unseen, "{server:?}");
        }
    }
}
