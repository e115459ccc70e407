//! `make demo-kafka`: an unmodified Kafka on the local region goes through the loss of every ZooKeeper
//! server, with the pool and, in the same run, without it. A producer and a consumer run throughout, and
//! hold Kafka to every message that it acknowledged.
//!
//! With the pool it fails unless no broker was restarted, no `zookeeper.connect` changed, no acknowledged
//! message was lost and no broker's session with ZooKeeper expired in the loss of a single server. What it
//! saw goes to `target/demo-kafka`, in any case.
//!
//! | module | what it does |
//! |---|---|
//! | `play` | both parts, one after the other |
//! | `with_pool`, `without_pool` | what happens in each |
//! | `stage` | what both have: the region, Kafka, its clients, and the record of what happened |
//! | `region` | the local region, its instances, and what is run in them |
//! | `kafka` | what is asked of Kafka, by its own operators' tools |
//! | `brokers`, `broker_log` | where brokers live, and what their own logs say |
//! | `wait`, `watch` | `make demo`'s: waits with a deadline; what every ZooKeeper server is |
//! | `client`, `handle`, `passed` | producer and consumer, their handle, and pure: gaps and latencies |
//! | `report`, `timeline` | `report.json` and `timeline.json` |
//! | `draw`, `picture`, `page`, `table`, `words` | what people look at: pictures, `report.html`, tables |
//! | `judge` | pure: whether all is as promised |
//! | `preflight` | what the machine must have |
//! | `interrupt`, `screen` | Ctrl-C, and what the visitor sees meanwhile |
//! | `fixture` | for tests: a run that was made up |

#![expect(clippy::print_stderr, reason = "a program's last word")]

mod broker_log;
mod brokers;
mod client;
mod draw;
#[cfg(test)]
mod fixture;
mod handle;
mod interrupt;
mod judge;
mod kafka;
mod page;
mod passed;
mod picture;
mod play;
mod preflight;
mod region;
mod report;
mod screen;
mod stage;
mod table;
mod timeline;
#[path = "../../failover/wait.rs"]
mod wait;
#[path = "../../failover/watch.rs"]
mod watch;
mod with_pool;
mod without_pool;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use wait::now;

/// Anything that ends the run, in a line.
type Error = Box<dyn std::error::Error>;
/// What most of it returns.
type Result<T, E = Error> = std::result::Result<T, E>;

/// This program's name among those beside it.
const PROGRAM: &str = "steadfast-kafka";
/// From one look to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An unmodified Kafka through the loss of every ZooKeeper server, with the pool and without it.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, max_term_width = 100)]
struct Cli {
    /// Fewer losses: each server and each kind of loss once
    #[arg(long)]
    short: bool,
    /// Where the reports go [default: demo-kafka beside the program's directory]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Produce and consume, and tell how it goes in lines of JSON
    #[command(hide = true)]
    Client {
        /// Such as 10.0.17.1:9092,10.0.33.2:9092
        bootstrap: String,
        /// The topic
        topic: String,
    },
    /// Draw pictures and page anew, of a run's report.json and timeline.json
    Draw {
        /// Where they are
        dir: PathBuf,
    },
    /// Tell what each ZooKeeper server is, for ever
    #[command(hide = true, name = watch::WATCH)]
    Watch {
        /// Such as 10.0.17.1:2181,10.0.33.2:2181
        servers: String,
    },
}

/// How much of it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// All of it.
    Whole,
    /// Each server, each kind of loss, and the comparison: what the tests run.
    Short,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => play::run(if cli.short { Script::Short } else { Script::Whole }, cli.to),
        Some(Command::Client { bootstrap, topic }) => {
            client::run(&bootstrap, &topic).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Draw { dir }) => draw::draw(&dir).map(|()| ExitCode::SUCCESS),
        Some(Command::Watch { servers }) => watch::watch(&servers).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{PROGRAM}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Looks again and again until something is there.
fn wait_for<T>(
    what: &str,
    deadline: Duration,
    look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    wait_every(LOOK_AGAIN, what, deadline, look)
}

/// The same with so much time from one look to the next. An interrupt ends it.
fn wait_every<T>(
    pause: Duration,
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    wait::wait_every(pause, what, deadline, || {
        let found = look()?;
        if found.is_none() {
            interrupt::check()?;
        }
        Ok(found)
    })
}
