//! A watch over every leader's count of followers: one too many is a server that lives twice.
//!
//! A leader counts connections. One that died without a sign counts until the leader has noticed,
//! and a replacement that is quicker than that is counted beside it: a ghost, which acknowledges
//! nothing. So what is one too many soon after a silent loss is none for certain, and what is so at
//! any other time is a twin.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use crate::region::Instance;

const PROGRAM: &str = include_str!("watch.py");

/// For how long a dead connection may count, in seconds: tickTime x syncLimit, twice, for a machine
/// that is busy.
const GHOST_S: f64 = 2.0 * 2.5;

/// What a leader counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// In seconds since the epoch.
    pub at: f64,
    pub synced: usize,
}

/// A watch; it ends with this value.
pub struct Watch {
    child: Child,
    samples: Arc<Mutex<Vec<Sample>>>,
}

impl Watch {
    /// Watches these servers from an instance.
    pub fn start(host: &Instance<'_>, addresses: &[&str]) -> Self {
        let mut command = host.command(&[&["python3", "-c", PROGRAM], addresses].concat());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let samples: Arc<Mutex<Vec<Sample>>> = Arc::default();
        let seen = Arc::clone(&samples);
        std::thread::spawn(move || {
            for sample in output.lines().map_while(Result::ok).filter_map(|it| parse(&it)) {
                seen.lock().unwrap().push(sample);
            }
        });
        Self { child, samples }
    }

    /// What was seen so far.
    pub fn samples(&self) -> Vec<Sample> {
        self.samples.lock().unwrap().clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(line: &str) -> Option<Sample> {
    let mut words = line.split(' ');
    let at = words.next()?.parse().ok()?;
    Some(Sample { at, synced: words.nth(1)?.parse().ok()? })
}

/// The samples that count one too many, in an ensemble of so many slots: ghosts, and twins.
/// `silent` are the times of the silent losses.
pub fn judge(samples: &[Sample], slots: usize, silent: &[f64]) -> (Vec<Sample>, Vec<Sample>) {
    let too_many = samples.iter().copied().filter(|sample| sample.synced >= slots);
    let is_soon = |at: f64| silent.iter().any(|loss| (0.0..GHOST_S).contains(&(at - loss)));
    too_many.partition(|sample| is_soon(sample.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_watch_is_read() {
        let sample = Sample { at: 1_700_000_000.25, synced: 4 };
        assert_eq!(parse("1700000000.25 10.0.17.1 4"), Some(sample));
        assert_eq!(parse("Traceback (most recent call last):"), None);
    }

    #[test]
    fn one_too_many_is_a_twin_unless_somebody_has_just_died_silently() {
        let at = |at, synced| Sample { at, synced };
        let samples = [at(10.0, 4), at(20.0, 5), at(21.9, 5), at(26.0, 5), at(30.0, 6)];
        let (ghosts, twins) = judge(&samples, 5, &[19.0, 20.5]);
        assert_eq!(ghosts, [at(20.0, 5), at(21.9, 5)]);
        assert_eq!(twins, [at(26.0, 5), at(30.0, 6)]);
        assert_eq!(judge(&samples, 5, &[]).1.len(), 4);
        assert_eq!(judge(&samples, 7, &[]).1.len(), 0);
    }
}
