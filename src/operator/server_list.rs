//! The list of servers that an ensemble goes by, held against the pool: what `/zookeeper/config` says
//! is what the servers were started with, whatever the pool has become since.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::Serialize;

use crate::pool::Pool;
use crate::zookeeper::{ELECTION_PORT, PEER_PORT};

/// A server that the ensemble and the pool do not know alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Its id; a slot's number, if it is the pool's.
    pub id: u64,
    /// What the pool has, as `ADDRESS:2888:3888`; absent if it has no such slot.
    pub in_pool: Option<String>,
    /// What the ensemble goes by, in its own words; absent if it has no such server.
    pub in_ensemble: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, in_pool, in_ensemble } = self;
        match (in_pool, in_ensemble) {
            (Some(pool), Some(there)) => {
                // As a literal: whatever answers must not write to a terminal.
                write!(f, "server {id} is {there:?} there and {pool} in the pool")
            }
            (Some(pool), None) => write!(f, "server {id} ({pool}) is missing there"),
            (None, _) => write!(f, "server {id} is there and no slot of the pool"),
        }
    }
}

/// Compares the text of `/zookeeper/config` with a pool; the answer is empty if they agree. Lines that
/// are no servers (`version=0`, groups, weights) count for nothing.
pub fn differences(config: &str, pool: &Pool) -> Vec<Difference> {
    let there: BTreeMap<u64, &str> = config.lines().filter_map(line).collect();
    let slots = pool.slots.values();
    let wanted: BTreeMap<u64, IpAddr> =
        slots.map(|slot| (u64::from(slot.number.get()), slot.address())).collect();
    let mut ids: Vec<u64> = there.keys().chain(wanted.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let difference = |id: u64| {
        let (text, address) = (there.get(&id), wanted.get(&id));
        let agree = address.zip(text).is_some_and(|(address, text)| is_at(text, *address));
        (!agree).then(|| Difference {
            id,
            in_pool: address.map(|address| expected(*address)),
            in_ensemble: text.map(|text| (*text).to_owned()),
        })
    };
    ids.into_iter().filter_map(difference).collect()
}

fn expected(address: IpAddr) -> String {
    format!("{}:{ELECTION_PORT}", SocketAddr::new(address, PEER_PORT))
}

/// `server.3=10.0.0.3:2888:3888:participant;0.0.0.0:2181` as its id and what is before the semicolon:
/// where clients are served is each server's own affair.
fn line(line: &str) -> Option<(u64, &str)> {
    let (id, value) = line.trim().strip_prefix("server.")?.split_once('=')?;
    let peers = value.split(';').next().unwrap_or(value);
    Some((id.trim().parse().ok()?, peers.trim()))
}

/// Whether a server is one that votes, at this address and the two ports.
fn is_at(text: &str, address: IpAddr) -> bool {
    let text = text.strip_suffix(":participant").unwrap_or(text);
    let Some((text, election)) = text.rsplit_once(':') else { return false };
    // Java writes all eight groups of an IPv6 address: it is compared as one, not as text.
    let peer = text.parse::<SocketAddr>().ok();
    peer == Some(SocketAddr::new(address, PEER_PORT)) && election == ELECTION_PORT.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::testing::pool;

    fn said(config: &str, addresses: &[&str]) -> Vec<String> {
        let differences = differences(config, &pool(addresses));
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_agrees_is_not_told() {
        let config = "server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\n\
                      server.2=[fd00:0:0:0:0:0:0:2]:2888:3888:participant\n\
                      server.3=10.0.0.3:2888:3888\nversion=0\n";
        assert!(said(config, &["10.0.0.1", "fd00::2", "10.0.0.3"]).is_empty());
    }

    #[test]
    fn each_server_that_differs_is_told() {
        let config = "server.1=10.0.0.9:2888:3888:participant\nserver.2=10.0.0.2:2889:3888\n\
                      server.3=10.0.0.3:2888:3888:observer\nserver.300=host:2888:3888\nversion=0";
        let said = said(config, &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
        let expected = [
            "server 1 is \"10.0.0.9:2888:3888:participant\" there and 10.0.0.1:2888:3888 in the pool",
            "server 2 is \"10.0.0.2:2889:3888\" there and 10.0.0.2:2888:3888 in the pool",
            "server 3 is \"10.0.0.3:2888:3888:observer\" there and 10.0.0.3:2888:3888 in the pool",
            "server 4 (10.0.0.4:2888:3888) is missing there",
            "server 300 is there and no slot of the pool",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn garbage_is_no_server() {
        for config in ["", "\u{0}\u{1}", "server.=x\nserver.x=y\nserver.1", "<html>"] {
            assert_eq!(
                said(config, &["10.0.0.1"]),
                ["server 1 (10.0.0.1:2888:3888) is missing there"]
            );
        }
        assert_eq!(
            said("server.1=", &["10.0.0.1"]),
            ["server 1 is \"\" there and 10.0.0.1:2888:3888 in the pool"]
        );
    }
}
