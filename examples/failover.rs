//! The failover that the README shows, and `make demo`: on a local region, three instances claim
//! their slots and form a real ZooKeeper ensemble; a client writes and reads without pause while a
//! follower's instance is terminated, the leader's is terminated, and a holder is stopped. Each
//! time the replacement must come back on the same address, with nothing lost.
//!
//! It exits with 1 if an address changed, an acknowledged znode is missing or a server did not
//! return, and writes what it saw to `target/demo/report.json` in any case.
//!
//! | module | what it does |
//! |---|---|
//! | `ensemble` | the region, the pool, the group, and what its instances run |
//! | `events` | one loss: who, and when the replacement claimed and was a member |
//! | `handle` | the handle to that client, which is a program of its own (`workload.rs`) |
//! | `protocol` | what that client says |
//! | `screen` | the timeline and the table |
//! | `report` | `report.json`, and whether all is well |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "failover/ensemble.rs"]
mod ensemble;
#[path = "failover/events.rs"]
mod events;
#[path = "workload/handle.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod handle;
#[path = "workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;
#[path = "failover/report.rs"]
mod report;
#[path = "failover/screen.rs"]
mod screen;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ensemble::Ensemble;
use events::Kind;
use handle::Handle;
use report::Report;
use screen::Screen;

/// Anything that ends the demo, in a line.
type Error = Box<dyn std::error::Error>;
/// What most of the demo returns.
type Result<T> = std::result::Result<T, Error>;

/// How long three JVMs on a busy machine may take to form an ensemble, or one to return.
const MEMBER_TIMEOUT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1) {
        None => demo(),
        Some(other) => Err(format!("unknown argument {other}: the demo takes none").into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("failover: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<ExitCode> {
    let screen = Screen::new();
    let mut report = Report::default();
    let outcome = play(&screen, &mut report);
    screen.clear();
    let path = report.write()?;
    let problems = report.problems(outcome.err());
    screen.table(&report);
    println!("report: {}", path.display());
    for problem in &problems {
        eprintln!("failover: {problem}");
    }
    Ok(match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The play itself. What it saw is in the report, however far it came.
fn play(screen: &Screen, report: &mut Report) -> Result<()> {
    screen.say("a region: three zones, three subnets, EC2's API and IMDS");
    let ensemble = Ensemble::start(screen)?;
    let first = ensemble.wait_claims(MEMBER_TIMEOUT)?;
    for claim in first.values() {
        screen.say(&format!("slot {}: {} on {}", claim.slot, claim.address, claim.instance));
    }
    let connect_string = first.values().next().ok_or("no claim")?.connect_string.clone();
    report.connect_string_before = connect_string.clone();
    screen.say(&format!("Kafka would be told once: zookeeper.connect={connect_string}"));

    let command = ensemble.client_command(&connect_string)?;
    let mut client = Handle::start(command, |tick| screen.show(tick))?;
    client.wait_members(first.len(), MEMBER_TIMEOUT)?;
    screen.say("every server is a member; a client writes and reads from now on");
    // What boots from now on finds an ensemble, and must not be a first boot again.
    ensemble.end_bootstrap()?;
    client.wait_acknowledged(100, MEMBER_TIMEOUT)?;

    for kind in [Kind::FollowerTerminated, Kind::LeaderTerminated, Kind::HolderStopped] {
        let event = events::lose(kind, &ensemble, &mut client, screen)?;
        report.connect_string_after = event.connect_string.clone();
        report.events.push(event);
        let checked = client.check(MEMBER_TIMEOUT)?;
        report.znodes_acknowledged = checked.acknowledged;
        report.znodes_read_back = checked.read_back();
        report.sessions_lost = client.tick().sessions_lost;
        report.longest_gap_s = client.tick().longest_gap_s;
        screen.say(&checked.to_string());
        checked.nothing_lost()?;
    }
    client.end()
}

/// Looks again and again until something is there.
fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("{what}: not within {} s", deadline.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
