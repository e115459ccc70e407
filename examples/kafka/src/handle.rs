//! The handle of a program that starts the client: it hears what the client says, and ends it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command as Program, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::protocol::{Command, Line, Partitions, Passed, Tick, Verdict};
use crate::passed::{latencies, not_among};
use crate::timeline::Latency;
use crate::{Result, interrupt};

/// From one look for an interrupt to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A running client; it ends with this value.
pub struct Handle {
    child: Child,
    commands: Option<ChildStdin>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    /// Told at the verdict, and at the output's end.
    news: Condvar,
}

/// All that the client has said. Times are in seconds since the epoch.
#[derive(Debug, Default)]
pub struct Seen {
    /// All messages that Kafka acknowledged.
    pub produced: Vec<Passed>,
    /// All messages that the consumer got.
    pub received: Vec<Passed>,
    /// How the partitions were from a moment on, whenever that changed. While no broker tells, the
    /// last word stands: see [`Tick::partitions`].
    pub partitions: Vec<(f64, Partitions)>,
    /// The last tick, without its news, which are above.
    pub tick: Tick,
    verdict: Option<Verdict>,
    has_ended: bool,
}

impl Handle {
    /// Starts the client by this command, whose standard error is left as it is.
    pub fn start(mut command: Program) -> Result<Self> {
        // Ctrl-C on the terminal is for the program that holds this, which ends the client in order.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let (commands, output) = (child.stdin.take(), child.stdout.take());
        let handle = Self { child, commands, shared: Arc::default() };
        let output = output.ok_or("the client has no output")?;
        let shared = Arc::clone(&handle.shared);
        std::thread::spawn(move || shared.hear_all(output));
        Ok(handle)
    }

    /// All that it has said so far; it is not heard while this is held.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen()
    }

    /// Whether its output has not ended.
    pub fn is_alive(&self) -> bool {
        !self.seen().has_ended
    }

    /// Has it end in order, and waits for its verdict. The client takes up to four minutes if Kafka
    /// does not answer, and says on its standard error what it could not have. Where somebody waits at the
    /// terminal, who has interrupted the run, the wait is no longer than `hurry` from then on.
    pub fn end(&mut self, deadline: Duration, hurry: Duration) -> Result<Verdict> {
        if let Some(mut commands) = self.commands.take() {
            let text = serde_json::to_string(&Command::End)? + "\n";
            // One that has ended has no input; what it said tells below. The end of its input, which
            // comes now, says the same.
            let _ = commands.write_all(text.as_bytes());
        }
        let begun = Instant::now();
        let mut end = begun + deadline;
        let mut seen = self.seen();
        while seen.verdict.is_none() && !seen.has_ended && Instant::now() < end {
            let waited = self.shared.news.wait_timeout(seen, LOOK_AGAIN);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
            if interrupt::is_asked() {
                end = end.min(Instant::now() + hurry);
            }
        }
        match &seen.verdict {
            Some(verdict) => Ok(verdict.clone()),
            None if seen.has_ended => Err("the client has ended without a verdict".into()),
            None => {
                let seconds = begun.elapsed().as_secs();
                Err(format!("the client has no verdict after {seconds} s").into())
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // After its verdict it may still take leave of brokers that do not answer: nobody waits.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear_all(&self, output: ChildStdout) {
        for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
            // What is no line of the client's is none of the program that runs it.
            if let Ok(line) = serde_json::from_str(&line) {
                self.seen().hear(line);
                self.news.notify_all();
            }
        }
        self.seen().has_ended = true;
        self.news.notify_all();
    }
}

impl Seen {
    fn hear(&mut self, line: Line) {
        match line {
            Line::Verdict(verdict) => self.verdict = Some(verdict),
            Line::Tick(mut tick) => {
                self.produced.append(&mut tick.produced);
                self.received.append(&mut tick.received);
                if let Some(partitions) = tick.partitions
                    && self.partitions.last().is_none_or(|(_, last)| *last != partitions)
                {
                    self.partitions.push((tick.at, partitions));
                }
                self.tick = tick;
            }
        }
    }

    /// Of the messages sent between two moments, each second's until their acknowledgement. Of those
    /// without one only the oldest is known, so before [`Handle::end`] the second moment is best that
    /// of the last tick.
    pub fn produce_latencies(&self, from: f64, to: f64) -> Vec<Latency> {
        latencies(&self.produced, self.tick.oldest_pending.as_slice(), from, to)
    }

    /// The same until their arrival at the consumer.
    pub fn consume_latencies(&self, from: f64, to: f64) -> Vec<Latency> {
        let mut pending = not_among(&self.produced, &self.received);
        pending.extend(self.tick.oldest_pending);
        latencies(&self.received, &pending, from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that a shell plays.
    fn start(script: &str) -> Handle {
        let mut shell = Program::new("sh");
        shell.args(["-c", script]);
        Handle::start(shell).unwrap()
    }

    fn passed(sent: f64, arrived: f64) -> Passed {
        Passed { sent, arrived }
    }

    const PARTITIONS: Partitions = Partitions { under_replicated: 1, leaderless: 0, brokers: 3 };
    const DEADLINE: Duration = Duration::from_secs(10);

    #[test]
    fn it_hears_ticks_ends_the_client_and_hears_the_verdict() {
        let tick = |at: f64| {
            let (produced, received) = (vec![passed(at - 1.0, at)], vec![]);
            let partitions = Some(PARTITIONS);
            let tick =
                Tick { at, acknowledged: 9, produced, received, partitions, ..Tick::default() };
            serde_json::to_string(&Line::Tick(tick)).unwrap()
        };
        let said = Verdict { acknowledged: 9, ..Verdict::default() };
        let verdict = serde_json::to_string(&Line::Verdict(said.clone())).unwrap();
        let (first, second) = (tick(5.0), tick(6.0));
        let mut client = start(&format!(
            "echo '{first}'; echo noise; echo '{second}'; read -r command; \
             test \"$command\" = '\"end\"' && echo '{verdict}'; exec sleep 100"
        ));
        assert!(client.is_alive());
        assert_eq!(client.end(DEADLINE, DEADLINE).unwrap(), said);
        let seen = client.seen();
        assert_eq!(seen.produced, [passed(4.0, 5.0), passed(5.0, 6.0)]);
        assert_eq!(seen.partitions, [(5.0, PARTITIONS)]);
        assert_eq!((seen.tick.at, seen.tick.acknowledged), (6.0, 9));
        drop(seen);
        assert!(client.is_alive(), "it takes leave, for 100 s");
    }

    #[test]
    fn a_client_that_ends_or_is_silent_has_no_verdict() {
        let error = start("exit 1").end(DEADLINE, DEADLINE).unwrap_err().to_string();
        assert_eq!(error, "the client has ended without a verdict");
        let error = start("exec sleep 100").end(Duration::ZERO, DEADLINE).unwrap_err().to_string();
        assert_eq!(error, "the client has no verdict after 0 s");
        assert!(Handle::start(Program::new("/no/such/program")).is_err());
    }

    #[test]
    fn what_was_acknowledged_and_has_not_come_is_pending_for_the_consumer() {
        let seen = Seen {
            produced: vec![passed(10.5, 10.75), passed(11.5, 11.75)],
            received: vec![passed(10.5, 11.0)],
            tick: Tick { oldest_pending: Some(12.5), ..Tick::default() },
            ..Seen::default()
        };
        let worst = |latencies: Vec<Latency>| -> Vec<f64> {
            latencies.iter().map(|it| it.worst_s).collect()
        };
        assert_eq!(worst(seen.produce_latencies(10.0, 14.0)), [0.25, 0.25, 1.5, 1.0]);
        assert_eq!(worst(seen.consume_latencies(10.0, 14.0)), [0.5, 2.5, 1.5, 1.0]);
    }
}
