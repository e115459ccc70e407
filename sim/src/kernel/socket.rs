//! The control socket: one request a line in, one reply a line out, both JSON.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::control::{Reply, Request};
use crate::region::Region;

/// Serves the socket until the region ends.
pub async fn serve(listener: UnixListener, region: Region) {
    loop {
        // A failure to accept is the caller's (it went away) or passes (out of descriptors).
        if let Ok((caller, _)) = listener.accept().await {
            tokio::spawn(answer(caller, region.clone()));
        }
    }
}

/// Answers a caller until it hangs up.
async fn answer(caller: UnixStream, region: Region) -> std::io::Result<()> {
    let (requests, mut replies) = caller.into_split();
    let mut requests = BufReader::new(requests).lines();
    while let Some(line) = requests.next_line().await? {
        let reply = match serde_json::from_str::<Request>(&line) {
            Ok(request) => region.control(request).await,
            Err(error) => Reply::Error { message: format!("not a request: {error}") },
        };
        let mut line = serde_json::to_vec(&reply)?;
        line.push(b'\n');
        replies.write_all(&line).await?;
    }
    Ok(())
}
