//! The start gate: when a replacement may start its ZooKeeper.
//!
//! A replacement that starts before the survivors have noticed the old leader's death collects
//! stale votes, leads an ensemble of nobody, and stays that way for `initLimit` (20 s). So it waits
//! until a peer leads, which ends every doubt; or until no peer has served for longer than the death
//! of a leader goes unnoticed; or, if peers serve and none leads, for twice that: waiting for ever
//! would be worse than what the gate avoids.
//!
//! Pure: it is fed looks, each with its time since the gate was shut, and says whether it opens.

use std::net::IpAddr;
use std::time::Duration;

use super::answer::{Mode, Srvr};

/// The longest time to notice a death that the gate heeds: a gate is shut for three times that.
const DETECTION_MAX: Duration = Duration::from_secs(5 * 60);

/// How long the gate stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Without a peer that serves.
    pub quiet: Duration,
    /// In any case.
    pub limit: Duration,
}

impl Timing {
    /// For an ensemble that may take this long to notice the silent death of its leader
    /// (`Config::detection`, 10 s by default): 15 s and 30 s, as measured, or in proportion for one
    /// that takes longer. One that is quicker needs its time for an election all the same.
    pub fn for_detection(detection: Duration) -> Self {
        let detection = detection.min(DETECTION_MAX);
        let least = Self { quiet: Duration::from_secs(15), limit: Duration::from_secs(30) };
        Self { quiet: least.quiet.max(detection * 3 / 2), limit: least.limit.max(detection * 3) }
    }
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet. Looks that find the same say the same.
    Wait {
        /// What is waited for.
        why: String,
    },
    /// Now.
    Open {
        /// What makes it right.
        why: String,
    },
}

/// A gate that was shut when a claim ended.
#[derive(Debug, Clone)]
pub struct Gate {
    timing: Timing,
    last_served: Duration,
}

impl Gate {
    /// A gate that has just been shut.
    pub fn shut(timing: Timing) -> Self {
        Self { timing, last_served: Duration::ZERO }
    }

    /// One look at every peer, `at` this time since the gate was shut.
    ///
    /// A peer counts as serving at a look in which its `srvr` names a mode, whichever. Silence is no
    /// proof of anything: who answers now and then has served when he last did.
    pub fn look(&mut self, at: Duration, peers: &[(IpAddr, Srvr)]) -> Verdict {
        if peers.is_empty() {
            return open("there is no other server");
        }
        if let Some(leader) = first(peers, |mode| mode == Mode::Leader) {
            return open(format!("{leader} leads"));
        }
        let serving = first(peers, |_| true);
        if serving.is_some() {
            self.last_served = at;
        }
        let Timing { quiet, limit } = self.timing;
        match serving {
            Some(peer) if at >= limit => {
                open(format!("no server leads after {}, though {peer} serves", text(limit)))
            }
            Some(peer) => wait(format!(
                "{peer} serves and no server leads: its leader may be the one that was lost"
            )),
            None if at >= limit => open(format!("no server leads after {}", text(limit))),
            None if at.saturating_sub(self.last_served) >= quiet => {
                open(format!("no other server has served for {}", text(quiet)))
            }
            None => wait(format!("no other server serves: after {} it starts", text(quiet))),
        }
    }
}

fn first(peers: &[(IpAddr, Srvr)], is_it: impl Fn(Mode) -> bool) -> Option<IpAddr> {
    let found = peers.iter().find(|(_, srvr)| srvr.mode().is_some_and(&is_it));
    found.map(|(address, _)| *address)
}

fn open(why: impl Into<String>) -> Verdict {
    Verdict::Open { why: why.into() }
}

fn wait(why: String) -> Verdict {
    Verdict::Wait { why }
}

fn text(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::answer::{Serving, Silence};

    /// `l`, `f`, `o`, `s`: a mode; `n`: not serving; `-`: silent.
    fn peers(answers: &str) -> Vec<(IpAddr, Srvr)> {
        let serves =
            |mode| Srvr::Serves(Serving { mode, zxid: None, connections: None, version: None });
        let answer = |c| match c {
            'l' => serves(Mode::Leader),
            'f' => serves(Mode::Follower),
            'o' => serves(Mode::Observer),
            's' => serves(Mode::Standalone),
            'n' => Srvr::NotServing,
            _ => Srvr::Silent(Silence::Half(0)),
        };
        (1..).zip(answers.chars()).map(|(n, c)| (IpAddr::from([10, 0, 0, n]), answer(c))).collect()
    }

    /// So many looks with these answers; the last stays.
    type Looks<'a> = &'a [(usize, &'a str)];

    /// A look each second, from 0 on; when it opened, and why.
    fn opened(looks: Looks<'_>) -> (u64, String) {
        let mut gate = Gate::shut(Timing::for_detection(Duration::from_secs(10)));
        let last = looks.last().unwrap().1;
        let answers = looks.iter().flat_map(|(n, text)| vec![*text; *n]);
        for (second, text) in (0..).zip(answers.chain(std::iter::repeat(last)).take(100)) {
            if let Verdict::Open { why } = gate.look(Duration::from_secs(second), &peers(text)) {
                return (second, why);
            }
        }
        panic!("it never opened");
    }

    #[test]
    fn it_opens_at_the_right_moment() {
        let cases: [(Looks<'_>, u64, &str); 14] = [
            (&[(1, "")], 0, "no other server"),
            (&[(1, "-l")], 0, "10.0.0.2 leads"),
            (&[(1, "lf")], 0, "10.0.0.1 leads"),
            // The survivors notice after ten seconds, and elect one of them.
            (&[(10, "ff"), (2, "nn"), (1, "fl")], 12, "10.0.0.2 leads"),
            // Nobody there: a whole ensemble that starts anew.
            (&[(1, "--")], 15, "no other server has served for 15s"),
            (&[(1, "nn")], 15, "no other server has served for 15s"),
            (&[(1, "n-")], 15, "no other server has served for 15s"),
            // From when a peer last served.
            (&[(6, "f-"), (1, "--")], 20, "no other server has served for 15s"),
            (&[(10, "--"), (1, "-f"), (1, "--")], 25, "no other server has served for 15s"),
            // One that answers now and then.
            (
                &[(10, "--"), (1, "-f"), (10, "--"), (1, "-f"), (1, "--")],
                30,
                "no server leads after 30s",
            ),
            (&[(1, "ff")], 30, "no server leads after 30s, though 10.0.0.1 serves"),
            (&[(1, "-f")], 30, "though 10.0.0.2 serves"),
            (&[(1, "oo")], 30, "no server leads after 30s"),
            (&[(1, "s-")], 30, "no server leads after 30s"),
        ];
        for (looks, second, why) in cases {
            let (at, said) = opened(looks);
            assert_eq!(at, second, "{looks:?}: {said}");
            assert!(said.contains(why), "{looks:?}: {said}");
        }
    }

    #[test]
    fn it_says_what_it_waits_for_and_the_same_for_the_same() {
        let mut gate = Gate::shut(Timing::for_detection(Duration::from_secs(10)));
        let mut said = |second, text| match gate.look(Duration::from_secs(second), &peers(text)) {
            Verdict::Wait { why } => why,
            Verdict::Open { why } => panic!("{why}"),
        };
        let follows = said(1, "-f");
        assert!(follows.contains("10.0.0.2 serves and no server leads"), "{follows}");
        assert_eq!(follows, said(2, "nf"));
        let quiet = said(3, "n-");
        assert!(quiet.contains("after 15s it starts"), "{quiet}");
        assert_eq!(quiet, said(4, "--"));
    }

    #[test]
    fn an_ensemble_that_notices_late_is_given_its_time() {
        let timing = |seconds| Timing::for_detection(Duration::from_secs(seconds));
        for quick in [1, 10] {
            let Timing { quiet, limit } = timing(quick);
            assert_eq!((quiet.as_secs(), limit.as_secs()), (15, 30));
        }
        assert_eq!((timing(40).quiet.as_secs(), timing(40).limit.as_secs()), (60, 120));
        assert_eq!(timing(1_000_000).limit.as_secs(), 900);
    }
}
