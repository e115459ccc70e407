//! Four-letter words over TCP: one question, one answer, one deadline for all of it.
//!
//! `srvr` tells whether a server serves. `ruok` is never asked: it answers `imok` without a quorum.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::answer::{self, Mntr, Silence, Srvr};

/// `srvr` answers some 250 bytes and `mntr` some 17,000: whoever sends more is no ZooKeeper.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Asks a server whether it serves, and as what: from this address of ours, or from any. Takes
/// `within` at most, all told.
pub async fn srvr(server: SocketAddr, from: Option<IpAddr>, within: Duration) -> Srvr {
    match ask(b"srvr", server, from, within).await {
        Ok(bytes) => answer::srvr(&bytes),
        Err(silence) => Srvr::Silent(silence),
    }
}

/// Asks a server what it counts. Takes `within` at most, all told.
///
/// # Errors
/// Why it could not be learnt.
pub async fn mntr(
    server: SocketAddr,
    from: Option<IpAddr>,
    within: Duration,
) -> Result<Mntr, Silence> {
    answer::mntr(&ask(b"mntr", server, from, within).await?)
}

async fn ask(
    word: &[u8; 4],
    server: SocketAddr,
    from: Option<IpAddr>,
    within: Duration,
) -> Result<Vec<u8>, Silence> {
    match tokio::time::timeout(within, exchange(word, server, from)).await {
        Err(_) => Err(Silence::Late(within)),
        Ok(Err(error)) => Err(Silence::Unreachable(error.to_string())),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

async fn exchange(word: &[u8; 4], server: SocketAddr, from: Option<IpAddr>) -> io::Result<Vec<u8>> {
    let mut stream = connect(server, from).await?;
    stream.write_all(word).await?;
    let mut bytes = Vec::new();
    match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await {
        // A reset after an answer is how some servers close; without one it is the news.
        Err(error) if bytes.is_empty() => Err(error),
        _ => Ok(bytes),
    }
}

async fn connect(server: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    socket.connect(server).await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;
    use crate::zookeeper::answer::Mode;

    const SOON: Duration = Duration::from_secs(120);
    const ANSWER: &[u8] = b"Zookeeper version: 3.8.0\nMode: follower\nNode count: 5\n";

    /// A server that reads the question, says this, and then closes, or does not.
    async fn server(says: &'static [u8], closes: bool) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.unwrap();
            assert!(&word == b"srvr" || &word == b"mntr");
            stream.write_all(says).await.unwrap();
            if !closes {
                std::future::pending::<()>().await;
            }
        });
        address
    }

    #[tokio::test]
    async fn an_answer_is_read() {
        let address = server(ANSWER, true).await;
        let answer = srvr(address, Some(Ipv4Addr::LOCALHOST.into()), SOON).await;
        assert_eq!(answer.mode(), Some(Mode::Follower));
        let address = server(b"zk_version\t3.8.0\nzk_learners\t1\n", true).await;
        assert_eq!(mntr(address, None, SOON).await.unwrap().learners(), Some(1));
    }

    #[tokio::test]
    async fn half_an_answer_and_none_are_told() {
        let address = server(&ANSWER[..30], true).await;
        assert_eq!(srvr(address, None, SOON).await, Srvr::Silent(Silence::Half(30)));
        let address = server(b"", true).await;
        assert_eq!(srvr(address, None, SOON).await, Srvr::Silent(Silence::Half(0)));
    }

    /// Also one that has said all, and does not close: who speaks for ever is no ZooKeeper.
    #[tokio::test]
    async fn a_server_that_hangs_takes_the_deadline() {
        for says in [&b""[..], ANSWER] {
            let address = server(says, false).await;
            let within = Duration::from_millis(200);
            assert_eq!(srvr(address, None, within).await, Srvr::Silent(Silence::Late(within)));
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_with_the_cause() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let answer = srvr(address, None, SOON).await.to_string();
        assert!(answer.starts_with("unreachable: Connection refused"), "{answer}");
        // Not an address of ours.
        let from = Some("192.0.2.1".parse().unwrap());
        let answer = srvr(address, from, SOON).await.to_string();
        assert!(answer.starts_with("unreachable: "), "{answer}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        let answer = srvr(address, None, SOON).await;
        assert!(matches!(answer, Srvr::Silent(Silence::Garbage(_))), "{answer:?}");
    }
}
