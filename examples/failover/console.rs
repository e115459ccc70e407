//! What an instance's console says: the lines of `steadfast run`'s log, which are JSON, its last
//! word, and how the instance's init saw it end.

use std::time::UNIX_EPOCH;

use serde::Deserialize;

/// What the instance's init says when `run`, which is its user-data, has ended.
const ENDED: &str = "user-data ended with status ";
/// What the agent logs of the start gate.
const GATE: &str = "start gate: ";
/// What the agent logs when its slot is lost, and begins its last word with.
const FENCED: &str = "fenced: ";

/// A claim, by the log of the agent that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The instance.
    pub instance: String,
    /// The slot's number.
    pub slot: u8,
    /// Its address.
    pub address: String,
    /// When the claim was done, in seconds since the epoch.
    pub at: f64,
}

/// How a start gate opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// When, in seconds since the epoch.
    pub at: f64,
    /// How long it was shut, in seconds.
    pub waited: f64,
    /// The same with the reason, such as `open after 6.5 s: 10.0.49.3 leads`.
    pub text: String,
}

/// What a console has told so far.
#[derive(Debug, Default, PartialEq)]
pub struct Console {
    /// The claim, once it is done.
    pub claim: Option<Claim>,
    /// How the start gate opened.
    pub gate: Option<Gate>,
    /// When `run` found itself fenced, in seconds since the epoch.
    pub fenced_at: Option<f64>,
    /// The status that `run` ended with.
    pub status: Option<i32>,
    /// The first thing that must not be on any console: an error that is no fence.
    pub error: Option<String>,
}

/// A line of the log.
#[derive(Debug, Deserialize)]
struct Entry {
    timestamp: String,
    level: String,
    message: String,
    slot: Option<u8>,
    address: Option<String>,
    resumed: Option<bool>,
    waited: Option<f64>,
}

impl Console {
    /// Reads an instance's.
    pub fn read(instance: &str, text: &str) -> Self {
        let mut console = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(entry) => console.hear(instance, entry),
                Err(_) => console.hear_plain(line),
            }
        }
        console
    }

    fn hear(&mut self, instance: &str, entry: Entry) {
        let at = seconds(&entry.timestamp);
        // The only line with all three.
        if let (Some(slot), Some(address), Some(_)) = (entry.slot, entry.address, entry.resumed) {
            self.claim = Some(Claim { instance: instance.to_owned(), slot, address, at });
        }
        if let (Some(waited), Some(text)) = (entry.waited, entry.message.strip_prefix(GATE)) {
            self.gate = Some(Gate { at, waited, text: text.to_owned() });
        }
        match entry.level.as_str() {
            "ERROR" if entry.message.starts_with(FENCED) => self.fenced_at = Some(at),
            "ERROR" => self.must_not_be(&entry.message),
            _ => {}
        }
    }

    fn hear_plain(&mut self, line: &str) {
        if let Some((_, status)) = line.split_once(ENDED) {
            self.status = status.trim().parse().ok();
        }
        if let Some(word) = line.strip_prefix("steadfast: ")
            && !word.starts_with(FENCED)
        {
            self.must_not_be(word);
        }
    }

    fn must_not_be(&mut self, error: &str) {
        self.error.get_or_insert_with(|| error.to_owned());
    }
}

/// A time of the log's in seconds since the epoch.
fn seconds(timestamp: &str) -> f64 {
    let time = humantime::parse_rfc3339(timestamp).unwrap_or(UNIX_EPOCH);
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMED: &str = r#"[steadfast-sim] i-0adaafcbfa7acb8e1 boots
{"timestamp":"1970-01-01T00:00:01.5Z","level":"INFO","message":"attaching slot 2","slot":2,"eni":"eni-05"}
{"timestamp":"1970-01-01T00:00:02.250000Z","level":"INFO","message":"verified","address":"10.0.33.2"}
{"timestamp":"1970-01-01T00:00:02.500000Z","level":"INFO","message":"holds slot 2 of pool demo: 10.0.33.2 on ens6","slot":2,"address":"10.0.33.2","resumed":false,"ec2_calls":2}
"#;

    #[test]
    fn a_claim_with_its_time() {
        let [instance, address] = ["i-1", "10.0.33.2"].map(String::from);
        let claim = Claim { instance, slot: 2, address, at: 2.5 };
        let console = Console::read("i-1", CLAIMED);
        assert_eq!(console, Console { claim: Some(claim), ..Console::default() });
        let before: Vec<&str> = CLAIMED.lines().take(3).collect();
        assert_eq!(Console::read("i-1", &before.join("\n")), Console::default());
    }

    #[test]
    fn the_gate_a_fence_and_the_status() {
        let more = r#"{"timestamp":"1970-01-01T00:00:05Z","level":"INFO","message":"start gate: open after 6.5 s: 10.0.49.3 leads","waited":6.54}
{"timestamp":"1970-01-01T00:00:09.125Z","level":"ERROR","message":"fenced: the slot's NIC ens6 has gone"}
steadfast: fenced: the slot's NIC ens6 has gone; run again to claim a slot anew
[steadfast-sim] user-data ended with status 79
"#;
        let console = Console::read("i-1", &format!("{CLAIMED}{more}"));
        let text = "open after 6.5 s: 10.0.49.3 leads".to_owned();
        assert_eq!(console.gate, Some(Gate { at: 5.0, waited: 6.54, text }));
        assert_eq!((console.fenced_at, console.status), (Some(9.125), Some(79)));
        assert_eq!(console.error, None);
    }

    #[test]
    fn any_other_error_is_kept() {
        let logged = r#"{"timestamp":"1970-01-01T00:00:05Z","level":"ERROR","message":"the leader counts 5 followers"}"#;
        for text in [logged, "steadfast: the leader counts 5 followers; mend that"] {
            let error = Console::read("i-1", text).error.unwrap();
            assert!(error.starts_with("the leader counts 5 followers"), "{error}");
        }
    }
}
