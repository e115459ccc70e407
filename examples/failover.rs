//! The failover that the README shows, and `make demo`: on a local region, five instances claim
//! their slots and form a real ZooKeeper ensemble; a client writes and reads without pause while a
//! follower's instance is terminated, the leader's is terminated, a follower's is stopped, two are
//! terminated at once, and the leader's hangs, loses its slot and wakes up again. Each time the
//! replacements must come back on the same addresses, with nothing lost, and the host that woke up
//! must find itself fenced.
//!
//! It exits with 1 if an address changed, an acknowledged znode is missing, a server did not return
//! or lived twice, and writes what it saw to `target/demo/report.json` in any case.
//!
//! | module | what it does |
//! |---|---|
//! | `ensemble` | the region, the pool, the group, and what its instances run |
//! | `console` | what an instance's console says |
//! | `events` | what happens, and what is reported of it |
//! | `victims` | who is lost |
//! | `follow` | one loss: when the replacements had claimed and were members |
//! | `hung` | a host that hangs, loses its slot and wakes up |
//! | `wait` | waits with a deadline, and the clock |
//! | `watch` | asks every server what it is, and a leader for its followers |
//! | `twins` | pure: whether two servers ever had one id |
//! | `handle` | the handle to the client, which is a program of its own (`workload.rs`) |
//! | `protocol` | what that client says |
//! | `screen` | the timeline |
//! | `table` | the table at the end |
//! | `report` | `report.json`, and whether all is well |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "failover/console.rs"]
mod console;
#[path = "failover/ensemble.rs"]
mod ensemble;
#[path = "failover/events.rs"]
mod events;
#[path = "failover/follow.rs"]
mod follow;
#[path = "workload/handle.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod handle;
#[path = "failover/hung.rs"]
mod hung;
#[path = "workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;
#[path = "failover/report.rs"]
mod report;
#[path = "failover/screen.rs"]
mod screen;
#[path = "failover/table.rs"]
mod table;
#[path = "failover/twins.rs"]
mod twins;
#[path = "failover/victims.rs"]
mod victims;
#[path = "failover/wait.rs"]
mod wait;
#[path = "failover/watch.rs"]
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use ensemble::{Ensemble, SLOTS};
use events::Kind;
use handle::Handle;
use report::Report;
use screen::Screen;
use wait::{now, wait_every};
use watch::{WATCH, Watch};

/// Anything that ends the demo, in a line.
type Error = Box<dyn std::error::Error>;
/// What most of the demo returns.
type Result<T> = std::result::Result<T, Error>;

/// How long five JVMs on a busy machine may take to form an ensemble, or one to return.
const MEMBER_TIMEOUT: Duration = Duration::from_secs(120);
/// From one look to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What the events happen to, and where they are shown.
struct Stage<'a> {
    screen: &'a Screen,
    ensemble: Ensemble,
    /// The instance of the clients, and of the operator.
    host: String,
    client: Handle<'a>,
    watch: Watch,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        [] => demo(),
        [WATCH, servers] => watch::watch(servers).map(|()| ExitCode::SUCCESS),
        _ => Err("the demo takes no arguments".into()),
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
    println!();
    for line in table::table(&report) {
        println!("{line}");
    }
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
    let ensemble = Ensemble::start()?;
    screen.say(&format!("a pool of {SLOTS} ENIs with fixed addresses"));
    ensemble.put_group()?;
    screen.say(&format!("an Auto Scaling group launches {SLOTS} instances"));
    let connect_string = claimed(&ensemble, screen)?;
    report.connect_string = connect_string.clone();

    let host = ensemble.launch_host()?;
    let client = ensemble.example(&host, "workload", &["run", &connect_string]);
    let client = Handle::start(client, |tick| screen.show(tick))?;
    let watch = Watch::start(ensemble.example(&host, "failover", &[WATCH, &connect_string]))?;
    let mut stage = Stage { screen, ensemble, host, client, watch };
    stage.client.wait_members(SLOTS, MEMBER_TIMEOUT)?;
    screen.say("every server is a member; a client writes and reads from now on");
    stage.client.wait_acknowledged(100, MEMBER_TIMEOUT)?;

    for kind in Kind::ALL {
        let event = match kind {
            Kind::LeaderHung => hung::hang_leader(&mut stage)?,
            _ => follow::lose(kind, &mut stage)?,
        };
        report.events.push(event);
        check(&mut stage, report)?;
    }
    stage.client.end()
}

/// Waits for the first claims; the answer is the connect string.
fn claimed(ensemble: &Ensemble, screen: &Screen) -> Result<String> {
    let holders = ensemble.wait_claims(MEMBER_TIMEOUT)?;
    for claim in holders.values() {
        screen.say(&format!("slot {}: {} on {}", claim.slot, claim.address, claim.instance));
    }
    let first = holders.values().next().ok_or("no claim")?;
    let connect_string = ensemble.connect_string(&first.instance)?;
    screen.say("Kafka would be told once, as zookeeper.connect:");
    screen.copy(&connect_string);
    Ok(connect_string)
}

/// Whether anything was lost, or acknowledged by a twin.
fn check(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let checked = stage.client.check(MEMBER_TIMEOUT)?;
    report.znodes_acknowledged = checked.acknowledged;
    report.znodes_read_back = checked.read_back();
    report.sessions_lost = stage.client.tick().sessions_lost;
    report.longest_gap_s = stage.client.tick().longest_gap_s;
    report.twin_writes = Some(twins::twin_writes(&stage.client.ledger()?));
    (report.synced_followers_max, report.leader_looks) =
        twins::followers_in_step(&stage.watch.sightings());
    stage.screen.say(&checked.to_string());
    checked.nothing_lost()
}

/// Looks again and again until something is there.
fn wait_for<T>(
    what: &str,
    deadline: Duration,
    look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    wait_every(LOOK_AGAIN, what, deadline, look)
}
