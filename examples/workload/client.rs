//! Sessions, the znodes that the client writes, and a server's mode.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zookeeper_client as zk;

use super::Result;

/// How long one server may take to say its mode.
const SRVR_TIMEOUT: Duration = Duration::from_secs(1);
/// Znodes of one directory: a listing of them all must fit into ZooKeeper's 1 MiB a message.
const IN_A_DIRECTORY: u64 = 1000;

/// Znodes that the client writes: numbered from 1, below a directory of their own, each with
/// content that tells its number, so that a wrong one is noticed.
#[derive(Debug, Clone)]
pub struct Znodes {
    root: String,
}

impl Znodes {
    /// Those below `/name`.
    pub fn below(name: &str) -> Self {
        Self { root: format!("/{}", name.trim_matches('/')) }
    }

    /// The directory of all.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The directory of one.
    pub fn directory(&self, number: u64) -> String {
        format!("{}/{:06}", self.root, number / IN_A_DIRECTORY)
    }

    /// The path of one.
    pub fn path(&self, number: u64) -> String {
        format!("{}/{number:09}", self.directory(number))
    }

    /// The number of a path, if the client makes such.
    pub fn number(&self, path: &str) -> Option<u64> {
        let number = path.rsplit_once('/')?.1.parse().ok()?;
        (self.path(number) == path).then_some(number)
    }

    /// What one holds.
    pub fn data(&self, number: u64) -> Vec<u8> {
        format!("{number}:{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes()
    }

    /// Creates one; the answer is the transaction that made it.
    pub async fn create(&self, client: &zk::Client, number: u64) -> Result<i64, zk::Error> {
        let (path, data) = (self.path(number), self.data(number));
        match client.create(&path, &data, &persistent()).await {
            // A refusal, so nothing is there: a second try makes no second znode.
            Err(zk::Error::NoNode) => {
                client.mkdir(&self.directory(number), &persistent()).await?;
                Ok(client.create(&path, &data, &persistent()).await?.0.czxid)
            }
            made => Ok(made?.0.czxid),
        }
    }
}

fn persistent() -> zk::CreateOptions<'static> {
    zk::CreateMode::Persistent.with_acls(zk::Acls::anyone_all())
}

/// Opens a session on any server of a connect string.
pub async fn connect(servers: &str, session_timeout: Duration) -> Result<zk::Client> {
    Ok(zk::Client::connector().with_session_timeout(session_timeout).connect(servers).await?)
}

/// A server's mode by the four-letter word `srvr`: only a member of a quorum tells one.
pub async fn mode(server: &str) -> Option<String> {
    let ask = async {
        let mut stream = TcpStream::connect(server).await.ok()?;
        stream.write_all(b"srvr").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let mode = answer.lines().find_map(|line| line.strip_prefix("Mode: "))?;
        Some(mode.to_owned())
    };
    tokio::time::timeout(SRVR_TIMEOUT, ask).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_number_and_no_other_path_does() {
        let znodes = Znodes::below("demo");
        assert_eq!(znodes.path(12_345), "/demo/000012/000012345");
        for number in [1, 999, 1000, 12_345_678] {
            assert_eq!(znodes.number(&znodes.path(number)), Some(number));
        }
        for path in ["/demo/000012/12345", "/demo/000011/000012345", "/demo/000000/x", "/demo"] {
            assert_eq!(znodes.number(path), None, "{path}");
        }
        assert_ne!(znodes.data(1), znodes.data(2));
    }
}
