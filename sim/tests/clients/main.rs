//! The region judged by clients that nobody here wrote: boto3 and the AWS CLI.
//!
//! The virtual environment that they live in is made by `tests/clients/setup`.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by panicking")]

mod api;
mod inside;

use std::path::PathBuf;
use std::process::Output;

/// Where the clients' own tests are.
fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// The virtual environment with the clients.
fn venv() -> PathBuf {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/venv");
    let venv = std::env::var_os("STEADFAST_VENV").map_or(default, PathBuf::from);
    let setup = "run `sim/tests/clients/setup` first: it makes the virtual environment";
    assert!(venv.join("bin/python").exists(), "there is no {}: {setup}", venv.display());
    venv.canonicalize().unwrap()
}

/// Fails with what a judge said if it is not content or passed something over.
fn judge(output: Output) {
    let (out, err) = (output.stdout, output.stderr);
    let told = format!("{}{}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
    assert!(output.status.success(), "{}: {told}", output.status);
    assert!(!told.contains("skipped"), "a test was skipped: {told}");
}
