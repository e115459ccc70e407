//! QEMU's own protocol: one JSON object a line, a command and its answer. The monitor (QMP) and the
//! guest agent both speak it. (The crates for it are the whole schema as generated types; six commands
//! need none of that.)

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::{Instant, timeout_at};

use crate::fabric::FabricError;
use crate::kernel::error::{Explain, Result};

/// A conversation.
pub struct Lines {
    read: tokio::io::Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    write: Box<dyn AsyncWrite + Send + Unpin>,
}

/// What was answered.
#[derive(Debug)]
pub enum Answer {
    /// Done, with what it returns.
    Done(Value),
    /// Refused, and why.
    Refused(String),
}

impl Lines {
    pub fn over(
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Lines {
        let read: Box<dyn AsyncRead + Send + Unpin> = Box::new(read);
        Lines { read: BufReader::new(read).lines(), write: Box::new(write) }
    }

    /// Says a command.
    pub async fn say(&mut self, command: &str, arguments: &Value) -> Result<()> {
        let mut line = json!({ "execute": command });
        if !arguments.is_null() {
            line["arguments"] = arguments.clone();
        }
        self.write_all(format!("{line}\n").as_bytes()).await
    }

    /// Writes bytes as they are.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let written = async {
            self.write.write_all(bytes).await?;
            self.write.flush().await
        };
        written.await.explain(|| "cannot speak to QEMU")
    }

    /// The next object, whatever it is; nothing if none has come by then.
    pub async fn hear(&mut self, by: Instant) -> Result<Option<Value>> {
        let Ok(line) = timeout_at(by, self.read.next_line()).await else { return Ok(None) };
        let line = line.explain(|| "cannot hear QEMU")?;
        let line = line.ok_or_else(|| FabricError("QEMU has ended".to_owned()))?;
        // The guest agent precedes an answer with a byte that is no character.
        let text = line.trim_start_matches(|c: char| c != '{');
        serde_json::from_str(text).map(Some).explain(|| format!("QEMU says {line:?}"))
    }

    /// Has a command done; events that come in between are passed over.
    pub async fn ask(
        &mut self,
        command: &str,
        arguments: Value,
        within: Duration,
    ) -> Result<Answer> {
        let by = Instant::now() + within;
        self.say(command, &arguments).await?;
        while let Some(mut said) = self.hear(by).await? {
            if let Some(done) = said.get_mut("return") {
                return Ok(Answer::Done(done.take()));
            }
            if let Some(error) = said.get("error") {
                let why = error["desc"].as_str().unwrap_or_default();
                return Ok(Answer::Refused(why.to_owned()));
            }
        }
        let within = within.as_secs();
        Err(FabricError(format!(
            "{command}: no answer within {within} s: see steadfast-sim console"
        )))
    }

    /// The same where a refusal is an error.
    pub async fn order(
        &mut self,
        command: &str,
        arguments: Value,
        within: Duration,
    ) -> Result<Value> {
        match self.ask(command, arguments, within).await? {
            Answer::Done(value) => Ok(value),
            Answer::Refused(why) => Err(FabricError(format!("{command}: {why}"))),
        }
    }
}
