//! Programs for the tests to run, and how they are started by the library.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use steadfast::supervise::{Program, SuperviseError, Supervised};

use crate::judge::MARK;

/// The program whose keeper is tested.
pub const KEEPER: &str = env!("CARGO_BIN_EXE_steadfast");

/// `sh -c SCRIPT` with the mark.
pub fn shell(mark: &str, script: &str) -> Program {
    marked(mark, "sh", &["-c", script])
}

/// `python3 -c SCRIPT` with the mark.
pub fn python(mark: &str, script: &str) -> Program {
    marked(mark, "python3", &["-c", script])
}

/// Any program with the mark.
pub fn marked(mark: &str, command: &str, arguments: &[&str]) -> Program {
    Program {
        arguments: arguments.iter().map(Into::into).collect(),
        environment: vec![(MARK.into(), mark.into())],
        ..Program::new(command)
    }
}

/// Starts it, with the test's own process as the agent.
pub async fn try_start(program: &Program) -> Result<Supervised, SuperviseError> {
    Supervised::start_by(Path::new(KEEPER), program).await
}

/// The same where it is to succeed.
pub async fn start(program: &Program) -> Supervised {
    try_start(program).await.unwrap()
}

/// A script with a mode, below the test's own `/run`.
pub fn file(name: &str, mode: u32, text: &str) -> PathBuf {
    let path = Path::new("/run").join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// A keeper that does something else first.
pub fn keeper_after(first: &str) -> PathBuf {
    file("keeper", 0o755, &format!("#!/bin/sh\n{first}\nexec {KEEPER} \"$@\"\n"))
}
