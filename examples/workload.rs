//! A ZooKeeper client that holds an ensemble to its word: it writes through the static connect
//! string without pause, keeps a ledger of what was acknowledged, and reads all of it back from
//! every server. The demo and the tests start it in an instance of the local region.
//!
//! `workload run CONNECT-STRING` speaks lines of JSON (see `protocol`); the other commands do one
//! thing to one server and end, for scripts.
//!
//! | module | what it does |
//! |---|---|
//! | `protocol` | what it says and what it can be told, as its callers see it, too |
//! | `run` | writes, tells how it fares, answers commands |
//! | `writer` | the one session that writes, and a new one where that is lost |
//! | `ledger` | pure: the acknowledged writes in order, and the gaps between them |
//! | `check` | reads every server |
//! | `judge` | pure: what was read against the ledger, and server against server |
//! | `once` | the one-shot commands |
//! | `client` | sessions, znodes, and a server's mode |
//! | `handle` | for programs that start it: the demo and the tests (not part of this one) |

#![expect(clippy::print_stderr, reason = "a program's last word")]

#[path = "workload/check.rs"]
mod check;
#[path = "workload/client.rs"]
mod client;
#[path = "workload/judge.rs"]
mod judge;
#[path = "workload/ledger.rs"]
mod ledger;
#[path = "workload/once.rs"]
mod once;
#[path = "workload/protocol.rs"]
#[allow(dead_code, reason = "its callers use the rest")]
mod protocol;
#[path = "workload/run.rs"]
mod run;
#[path = "workload/writer.rs"]
mod writer;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Anything that ends the program, in a line.
type Error = Box<dyn std::error::Error>;
/// What most of the program returns.
type Result<T, E = Error> = std::result::Result<T, E>;

/// A ZooKeeper client that keeps a ledger of acknowledged writes and reads them back from every
/// server.
#[derive(Debug, Parser)]
#[command(name = "workload", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write without pause; tell how it fares and answer commands in lines of JSON
    Run(run::Run),
    /// Write so many znodes through one server; fails unless all are acknowledged
    Write(once::Write),
    /// Read what `write` wrote from one server; fails unless all of it is there
    Read(once::Read),
    /// Tell each server's mode, `-` for one that serves not; fails unless all serve
    Mode(once::Mode),
    /// Print every znode of one server, sorted: path, czxid, mzxid and data
    Dump(once::Dump),
}

fn main() -> ExitCode {
    match work(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("workload: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Run(run) => run.run().await,
            Command::Write(write) => write.run().await,
            Command::Read(read) => read.run().await,
            Command::Mode(mode) => mode.run().await,
            Command::Dump(dump) => dump.run().await,
        }
    })
}
