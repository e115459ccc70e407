//! What the loss of the leader's host costs a client, by the way in which it is lost, beside
//! ZooKeeper's own floor: `make bench`.
//!
//! One ensemble of three on one local region loses its leader again and again, alternately so that
//! a replacement is launched at the moment of the loss, and so that none is: then the survivors
//! alone decide, and what a client sees is the time that ZooKeeper takes to notice and to elect, the
//! floor that nobody can beat. The ratio of the two is what the replacement costs; 1 is perfect.
//!
//! Each loss is seen by three clients that write without pause, in instances of their own: one whose
//! session is on the leader that is lost, one whose session is on a survivor, and one that is told
//! the survivors' addresses alone, whose gap without a replacement is therefore detection and
//! election and nothing else. It prints a table and writes `target/bench/losses.json`.
//!
//! | module | what it does |
//! |---|---|
//! | `stage` | the region, the pool, and what its instances run |
//! | `clients` | the three clients, each where it is wanted |
//! | `loss` | one loss, with a replacement or without |
//! | `figures` | medians, the table and the JSON |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it shows is its purpose")]

#[path = "losses/clients.rs"]
mod clients;
#[path = "losses/figures.rs"]
mod figures;
#[path = "../examples/workload/handle.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod handle;
#[path = "losses/loss.rs"]
mod loss;
#[path = "shared/outcome.rs"]
mod outcome;
#[path = "../examples/workload/protocol.rs"]
#[allow(dead_code, reason = "it is the whole protocol")]
mod protocol;
#[path = "losses/stage.rs"]
mod stage;

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use figures::Figures;
use loss::{Kind, Play};
use stage::Stage;

type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

/// Losses of each kind, with a replacement and without one each.
const ROUNDS: usize = 3;
/// How long anything may take that is only waited for.
const DEADLINE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    outcome::ended(bench())
}

fn bench() -> Result<()> {
    // Cargo adds arguments of its own, such as --bench.
    let rounds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let load_before = figures::load()?;
    let stage = Stage::set()?;
    let mut losses = Vec::new();
    for round in 1..=rounds {
        for kind in Kind::ALL {
            for play in [Play::Replaced, Play::Floor] {
                let loss = loss::lose(kind, play, &stage)?;
                println!("round {round}: {loss}");
                losses.push(loss);
            }
        }
    }
    let figures = Figures::of(losses, [load_before, figures::load()?]);
    figures.print();
    println!("figures: {}", figures.write()?.display());
    Ok(())
}

/// Looks again and again until something is there.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("{what}: not within {} s", DEADLINE.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Seconds since the epoch: the one clock that instances, clients and the benchmark share.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
