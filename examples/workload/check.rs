//! Reads what every server holds.

use std::collections::BTreeMap;
use std::time::Duration;

use zookeeper_client as zk;

use super::Result;
use super::client::{Znodes, connect};
use super::judge::{Found, Holdings, judge};
use super::protocol::Checked;
use super::writer::Shared;

/// Kafka's default: one server may take so long to take a session.
const SESSION_TIMEOUT: Duration = Duration::from_secs(18);
/// Znodes of one request.
const AT_ONCE: usize = 100;
/// How often servers that differ are read: a write whose outcome is unknown may still be under
/// way, and arrive between the reading of two servers.
const READINGS_MAX: usize = 3;
const READ_AGAIN: Duration = Duration::from_millis(500);

/// A znode as a server has it.
#[derive(Debug)]
pub struct Znode {
    pub path: String,
    pub czxid: i64,
    pub mzxid: i64,
    pub data: Vec<u8>,
}

/// Reads every server, while writing goes on, and holds it against what had been acknowledged.
pub async fn check(servers: &[String], znodes: &Znodes, shared: &Shared) -> Checked {
    let (entries, settled) = {
        let state = shared.state();
        (state.ledger.entries().to_vec(), state.settled)
    };
    let mut readings = 1;
    loop {
        let mut read = BTreeMap::new();
        for server in servers {
            let holdings = read_server(server, znodes).await.map_err(|error| error.to_string());
            read.insert(server.clone(), holdings);
        }
        let checked = judge(&entries, settled, znodes, &read);
        if checked.diverged == 0 || readings == READINGS_MAX {
            return checked;
        }
        readings += 1;
        tokio::time::sleep(READ_AGAIN).await;
    }
}

async fn read_server(server: &str, znodes: &Znodes) -> Result<Holdings> {
    let client = connect(server, SESSION_TIMEOUT).await?;
    let mut holdings = Holdings::default();
    for znode in read_tree(&client, znodes.root()).await? {
        match znodes.number(&znode.path) {
            Some(number) => {
                let is_ours = znode.data == znodes.data(number);
                holdings.znodes.insert(number, Found { czxid: znode.czxid, is_ours });
            }
            None if is_directory(&znode, znodes) => {}
            None => holdings.foreign.push(znode.path),
        }
    }
    Ok(holdings)
}

fn is_directory(znode: &Znode, znodes: &Znodes) -> bool {
    let below_root = znode.path.rsplit_once('/').is_some_and(|(above, _)| above == znodes.root());
    znode.data.is_empty() && (below_root || znode.path == znodes.root())
}

/// Every znode at and below a path, of the server that the session is on.
pub async fn read_tree(client: &zk::Client, root: &str) -> Result<Vec<Znode>> {
    // A server may be behind the others; it catches up to this moment first.
    client.sync(root).await?;
    let mut all = Vec::new();
    let mut level = vec![root.to_owned()];
    while !level.is_empty() {
        let mut below = Vec::new();
        for paths in level.chunks(AT_ONCE) {
            for (znode, children) in read_znodes(client, paths).await? {
                if children > 0 {
                    below.extend(children_of(client, &znode.path).await?);
                }
                all.push(znode);
            }
        }
        level = below;
    }
    Ok(all)
}

/// Those of the znodes that are there, each with the number of its children.
async fn read_znodes(client: &zk::Client, paths: &[String]) -> Result<Vec<(Znode, i32)>> {
    let mut reader = client.new_multi_reader();
    for path in paths {
        reader.add_get_data(path)?;
    }
    let mut found = Vec::new();
    for (path, result) in paths.iter().zip(reader.commit().await?) {
        match result {
            zk::MultiReadResult::Data { data, stat } => {
                let (czxid, mzxid) = (stat.czxid, stat.mzxid);
                found.push((Znode { path: path.clone(), czxid, mzxid, data }, stat.num_children));
            }
            zk::MultiReadResult::Error { err: zk::Error::NoNode } => {}
            zk::MultiReadResult::Error { err } => return Err(format!("{path}: {err}").into()),
            other => return Err(format!("{path}: {other:?}").into()),
        }
    }
    Ok(found)
}

async fn children_of(client: &zk::Client, path: &str) -> Result<Vec<String>> {
    let names = client.list_children(path).await?;
    Ok(names.iter().map(|name| format!("{}/{name}", path.trim_end_matches('/'))).collect())
}
