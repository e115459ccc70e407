//! A command that is run to its end, to its deadline, or until the run is interrupted.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use super::super::{Result, interrupt};

/// From one look at a command to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A command's end.
#[derive(Debug)]
pub struct Done {
    /// How it ended; nothing if it was still running at its deadline, and was killed.
    pub status: Option<i32>,
    /// Its standard output.
    pub said: String,
    /// Its standard error.
    pub complained: String,
}

impl Done {
    /// Whether it ended well.
    pub fn is_success(&self) -> bool {
        self.status == Some(0)
    }

    /// What it printed; an error, with its own last words, if it did not end well.
    pub fn succeeded(self, what: &str) -> Result<String> {
        if self.is_success() {
            return Ok(self.said);
        }
        let how = self.status.map_or("has not ended".to_owned(), |it| format!("ended with {it}"));
        // Some complain on standard output.
        let words = [self.complained.trim(), self.said.trim()];
        let words = words.into_iter().find(|it| !it.is_empty()).unwrap_or("it said nothing");
        Err(format!("{what} {how}: {words}").into())
    }
}

/// Runs a command.
pub fn done(mut command: Command, deadline: Duration) -> Result<Done> {
    let program = command.get_program().display().to_string();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run {program}: {error}"))?;
    let (said, complained) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status = wait(&mut child, deadline);
    if !matches!(status, Ok(Some(_))) {
        // It may have ended meanwhile. The program that it ran in an instance ends with it; what that has started
        // would live on and keep the streams open, so no command here starts anything.
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = |reader: JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Done { status: status?, said: text(said), complained: text(complained) })
}

fn wait(child: &mut Child, deadline: Duration) -> Result<Option<i32>> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(status) = child.try_wait()? {
            // A signal's end has no code.
            return Ok(Some(status.code().unwrap_or(-1)));
        }
        if Instant::now() > end {
            return Ok(None);
        }
        interrupt::check()?;
        sleep(LOOK_AGAIN);
    }
}

fn drain(stream: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What it said until it could not be heard any more.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
