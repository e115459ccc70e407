//! Programs in a machine, by its guest agent: what `exec` is for namespaces.
//!
//! The agent is in an image for tests' and people's eyes alone; nothing of the product needs it.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use super::lines::{Answer, Lines};
use crate::fabric::FabricError;
use crate::kernel::error::{Explain, Result};

/// The longest that the agent may take to answer: milliseconds, more only on a machine that is swamped.
const ANSWER: Duration = Duration::from_secs(60);
/// After how long it is asked whether a program has ended, at first and at most: each question is a line
/// in the guest's journal.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How a program in a machine ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; 128 and its number for a signal.
    pub code: u8,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it printed on standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not run.
#[derive(Debug)]
pub enum NotRun {
    /// The agent was not reached, or not understood.
    Unreachable(FabricError),
    /// There is no such program, or it cannot be run.
    Refused(String),
}

impl From<FabricError> for NotRun {
    fn from(error: FabricError) -> Self {
        Self::Unreachable(error)
    }
}

/// Whether the agent answers by a deadline.
pub async fn answers(socket: &Path, within: Duration) -> bool {
    connect(socket, within).await.is_ok()
}

/// Runs a program to its end, however long that takes; each word of the agent's has a deadline.
pub async fn run(
    socket: &Path,
    command: &[String],
    environment: &[String],
) -> std::result::Result<Ended, NotRun> {
    let mut lines = connect(socket, ANSWER).await?;
    let [program, arguments @ ..] = command else {
        return Err(NotRun::Refused("no command".to_owned()));
    };
    let order = json!({
        "path": program, "arg": arguments, "env": environment, "capture-output": true,
    });
    let pid = match lines.ask("guest-exec", order, ANSWER).await? {
        Answer::Done(started) => started["pid"].clone(),
        Answer::Refused(why) => return Err(NotRun::Refused(why)),
    };
    let (mut wait, longest) = LOOK_AGAIN;
    loop {
        let status = lines.order("guest-exec-status", json!({ "pid": pid }), ANSWER).await?;
        if status["exited"] == true {
            return Ok(ended(&status)?);
        }
        sleep(wait).await;
        wait = (wait * 2).min(longest);
    }
}

/// A conversation in which no answer to somebody else's question is heard.
async fn connect(socket: &Path, within: Duration) -> Result<Lines> {
    let by = Instant::now() + within;
    let stream = UnixStream::connect(socket).await;
    let stream = stream.explain(|| format!("cannot reach {}", socket.display()))?;
    let (read, write) = stream.into_split();
    let mut lines = Lines::over(read, write);
    // A byte that no JSON has ends what an earlier caller left half said.
    lines.write_all(&[0xff]).await?;
    let id = fastrand::u32(..);
    lines.say("guest-sync", &json!({ "id": id })).await?;
    while let Some(said) = lines.hear(by).await? {
        if said["return"] == id {
            return Ok(lines);
        }
    }
    let within = within.as_secs();
    Err(FabricError(format!("its guest agent does not answer within {within} s")))
}

fn ended(status: &Value) -> Result<Ended> {
    let output = |name: &str| {
        let text = status[name].as_str().unwrap_or_default();
        STANDARD.decode(text).explain(|| format!("the guest agent's {name}"))
    };
    let code = status["exitcode"].as_i64();
    let code = code.or_else(|| status["signal"].as_i64().map(|signal| 128 + signal));
    let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
    Ok(Ended { code, stdout: output("out-data")?, stderr: output("err-data")? })
}
