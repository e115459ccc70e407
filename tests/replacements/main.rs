//! Thirty replacements: a real ensemble on a local region, every server of it under `steadfast
//! run`, a client that writes without pause through the static connect string, and a seeded
//! sequence of losses. At the end every acknowledged write is read back from every server, in the
//! order in which it was acknowledged. All the while no instance that has lost its slot has a
//! server, no leader counts a server twice, and who guards makes no EC2 call.
//!
//! ```sh
//! cargo test --test replacements                      # the default seed
//! STEADFAST_SEED=7 cargo test --test replacements     # another one, or again the one that failed
//! STEADFAST_REPLACEMENTS=300 cargo test --test replacements
//! ```
//!
//! The seed gives the plan, which is printed first: kinds, roles and haste. Nothing else is left to
//! chance but time itself. What was seen is printed (`-- --nocapture`) and lies in
//! `target/replacements/`, with the instances' consoles if it fails.
//!
//! Needs `steadfast-sim` and the examples beside `steadfast` (`cargo build --bins --examples`),
//! Java, ZooKeeper and Python, but not root. Nothing here skips.
//!
//! | module | what it is |
//! |---|---|
//! | `plan` | pure: the sequence of a seed |
//! | `disks` | pure: what may be lost without losing the quorum for good |
//! | `fleet` | instances that run `steadfast run` at boot, and what they say |
//! | `play` | plays a plan, step by step |
//! | `losing` | who is lost and how, and how a replacement is ordered |
//! | `returning` | when a lost slot is claimed again, and its server a member |
//! | `debts` | what was lost and can run again: it must find itself without a slot |
//! | `twins` | watches every leader's count of followers |
//! | `seen`, `report` | what is noted of each event and loss, and the report |
//! | `stale_disk` | what a fenced instance's disk may do when it gets a slot again |
//! | `figures` | pure: medians, and the gaps between acknowledged writes |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking, and print what a person is to judge"
)]

mod debts;
mod disks;
mod figures;
mod fleet;
mod losing;
mod plan;
mod play;
mod report;
mod returning;
mod seen;
mod stale_disk;
mod twins;

#[path = "../../examples/workload/handle.rs"]
#[allow(dead_code, reason = "shared with the demo")]
mod handle;
#[path = "../../examples/workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;
#[path = "../program/region.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod region;
#[path = "../program/run.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod run;
#[path = "../program/tampering.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod tampering;
#[path = "../zookeeper/version.rs"]
#[allow(dead_code, reason = "shared with the versions' own tests")]
mod version;

use crate::fleet::Fleet;
use crate::plan::plan;
use crate::play::Play;
use crate::region::Region;
use crate::version::Version;

/// What is played where no other seed is asked for.
const SEED: u64 = 1;
/// How many replacements a plan has where no other number is asked for.
const REPLACEMENTS: usize = 30;
/// Five servers: two disks can be lost at once, and the other three are still a majority.
const SLOTS: u8 = 5;

/// A number that the environment may give.
fn asked_for(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

fn replace(version: Version) {
    let seed = asked_for("STEADFAST_SEED").unwrap_or(SEED);
    let replacements = asked_for("STEADFAST_REPLACEMENTS").map_or(REPLACEMENTS, |n| n as usize);
    let plan = plan(seed, replacements, SLOTS);
    println!("seed {seed}: ZooKeeper {}, {replacements} replacements", version.name());
    for (number, event) in (1..).zip(&plan) {
        println!("{number:>4}  {event}");
    }
    let region = Region::up();
    region.pool(SLOTS.into());
    let fleet = Fleet::new(&region, version, seed);
    let mut play = Play::begin(&region, &fleet);
    for (number, event) in (1..).zip(&plan) {
        play.perform(number, event);
    }
    let report = play.finish();
    report.print();
    println!("report: {}", report.write(&fleet.directory()).display());
    report.judge();
}

#[test]
fn thirty_replacements_lose_nothing_3_8() {
    replace(Version::V3_8);
}

#[test]
fn thirty_replacements_lose_nothing_3_9() {
    replace(Version::V3_9);
}
