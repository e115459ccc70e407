use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const SOON: Duration = Duration::from_secs(120);

/// A server that says this to everyone who connects, and closes, or does not.
async fn server(says: &'static [u8], closes: bool) -> Target {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(says).await;
            if !closes {
                open.push(stream);
            }
        }
    });
    Target { slot: 1.try_into().unwrap(), server }
}

/// A connect response: protocol, session time-out, session id, password.
fn connected(timeout: i32, id: i64, is_read_only: bool) -> &'static [u8] {
    let mut body = Vec::new();
    body.extend(0_i32.to_be_bytes());
    body.extend(timeout.to_be_bytes());
    body.extend(id.to_be_bytes());
    body.extend(16_i32.to_be_bytes());
    body.extend([0; 16]);
    body.push(u8::from(is_read_only));
    let mut all = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    all.extend(body);
    all.leak()
}

async fn refusals(servers: Vec<Target>, within: Duration) -> Vec<String> {
    match open(servers, within, Instant::now() + within).await {
        Ok(open) => panic!("{:?} opened a session", open.target),
        Err(refusals) => refusals.into_iter().map(|it| it.problem).collect(),
    }
}

#[tokio::test]
async fn no_server_is_no_session() {
    assert!(refusals(vec![], SOON).await.is_empty());
    let pool = crate::operator::testing::pool(&["10.0.0.1"]);
    assert_eq!(look(&pool, Probe::Write, SOON).await, Session::NotOpened(vec![]));
}

#[test]
fn each_reason_is_told_once() {
    let refusal = |slot: u8, problem: &str| {
        let slot = slot.try_into().unwrap();
        Target { slot, server: ([10, 0, 0, 1], 2181).into() }.refusal(problem)
    };
    let refusals = [refusal(1, "late"), refusal(2, "busy"), refusal(3, "late")];
    assert_eq!(reasons(&refusals), "slot 2: busy; slots 1, 3: late");
}

#[tokio::test]
async fn garbage_and_half_an_answer_are_told() {
    let negative = (-1_i32).to_be_bytes().to_vec().leak();
    for says in [&b""[..], b"\0\0\0\x01x", negative, &connected(4000, 1, false)[..20]] {
        let servers = vec![server(says, true).await];
        assert_eq!(refusals(servers, SOON).await, ["it opens no session"], "{says:?}");
    }
}

#[tokio::test]
async fn silence_takes_the_given_time_and_no_more() {
    let within = Duration::from_millis(300);
    for says in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let servers = vec![server(says, false).await, server(says, false).await];
        assert_eq!(refusals(servers, within).await, ["no session within 300ms"; 2], "{says:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    drop(listener);
    let target = Target { slot: 1.try_into().unwrap(), server };
    assert_eq!(refusals(vec![target], SOON).await, ["it opens no session"]);
}

/// A server that opens sessions, answers pings, and says nothing more.
async fn opening(slot: u8, timeout: i32, is_read_only: bool) -> Target {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, timeout, is_read_only));
        }
    });
    Target { slot: slot.try_into().unwrap(), server }
}

async fn serve(mut stream: TcpStream, timeout: i32, is_read_only: bool) -> std::io::Result<()> {
    let mut is_open = false;
    loop {
        let mut request = vec![0; usize::try_from(stream.read_u32().await?).unwrap()];
        stream.read_exact(&mut request).await?;
        let ping = (-2_i32).to_be_bytes();
        match is_open {
            false => stream.write_all(connected(timeout, 7, is_read_only)).await?,
            // Its number, a transaction's, no error.
            true if request.starts_with(&ping) => {
                stream.write_all(&[&[0, 0, 0, 16], &ping[..], &[0; 12]].concat()).await?;
            }
            true => {}
        }
        is_open = true;
    }
}

async fn opened(servers: Vec<Target>, within: Duration) -> Open {
    let outcome = open(servers, within, Instant::now() + within).await;
    outcome.unwrap_or_else(|refusals| panic!("{refusals:?}"))
}

/// Each operation ends by its time, and so does the whole.
#[tokio::test]
async fn a_server_that_falls_silent_is_told() {
    let open = opened(vec![opening(1, 4000, false).await], SOON).await;
    let pool = crate::operator::testing::pool(&["10.0.0.1"]);
    let end = Instant::now() + Duration::from_millis(300);
    let opened = look_through(open, &pool, Probe::Write, end).await;
    assert_eq!((opened.read.seconds, opened.config_differences), (None, None));
    for problem in [opened.read.problem, opened.write.unwrap().problem] {
        assert!(problem.as_ref().unwrap().contains("no answer within"), "{problem:?}");
    }
}

/// It is not asked what the crate makes of an absurd session time-out, only that it ends.
#[tokio::test]
async fn an_absurd_session_timeout_is_survived() {
    for timeout in [0, -1, i32::MIN, i32::MAX] {
        let within = Duration::from_millis(300);
        let servers = vec![opening(1, timeout, false).await];
        let Ok(open) = open(servers, within, Instant::now() + within).await else { continue };
        close(open.client).await;
    }
}

#[tokio::test]
async fn a_server_that_may_write_is_preferred() {
    for servers in [[true, false], [false, true]] {
        let mut targets = Vec::new();
        for (slot, is_read_only) in (1..).zip(servers) {
            targets.push(opening(slot, 4000, is_read_only).await);
        }
        assert!(!is_read_only(&opened(targets, SOON).await));
    }
    let open = opened(vec![opening(1, 4000, true).await], SOON).await;
    let pool = crate::operator::testing::pool(&["10.0.0.1"]);
    let end = Instant::now() + Duration::from_millis(300);
    let opened = look_through(open, &pool, Probe::Write, end).await;
    assert!(opened.is_read_only);
    assert_eq!(opened.write.unwrap().problem.unwrap(), "the server is read-only");
}
