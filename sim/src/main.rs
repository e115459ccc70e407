//! The local region's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    steadfast_sim::cli::main()
}
