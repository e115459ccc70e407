//! `steadfast`: see the library for what it does; here the process begins and ends.

use std::process::ExitCode;

fn main() -> ExitCode {
    steadfast::cli::main()
}
