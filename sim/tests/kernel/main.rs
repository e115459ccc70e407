//! The region's kernel side, judged from outside: by `ip -j`, by packets that arrive or do not, by
//! what is left on the host.
//!
//! Every test holds for root and for an ordinary user; the last one sees to that.

// A test fails by panicking, and so do its helpers.
#![allow(clippy::expect_used)]

mod commands;
mod cut;
mod hung;
mod instances;
mod life;
mod network;
mod support;
mod traffic;

use std::process::Command;

/// The name of the test below, so that the other user's run does not start yet another.
const OTHER_USER: &str = "all_of_it_holds_for_the_other_kind_of_user";
/// `nobody`, whom every machine has.
const NOBODY: &str = "65534";

#[test]
fn all_of_it_holds_for_the_other_kind_of_user() {
    let place = support::public_dir();
    let tests = place.path().join("tests");
    let sim = place.path().join("steadfast-sim");
    std::fs::copy(std::env::current_exe().expect("this test"), &tests).expect("a copy of it");
    std::fs::copy(support::sim(), &sim).expect("a copy of the program");
    let mut other = as_other_user(&place);
    other.arg(&tests).args(["--skip", OTHER_USER]).env("STEADFAST_SIM_BINARY", &sim);
    other.current_dir(place.path());
    let done = other.output().expect("setpriv and unshare are in util-linux");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("test result: ok") && !said.contains(" 0 passed"), "{said}");
}

/// An ordinary user if this is root, else root (of a user namespace, with root's rights there).
fn as_other_user(place: &support::PublicDir) -> Command {
    let runtime_dir = place.path().join("run");
    std::fs::create_dir(&runtime_dir).expect("a runtime directory");
    let mut command = if rustix::process::geteuid().is_root() {
        let nobody = NOBODY.parse().ok();
        std::os::unix::fs::chown(&runtime_dir, nobody, nobody).expect("it is nobody's");
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
        command
    } else {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--"]);
        command
    };
    command.env("XDG_RUNTIME_DIR", runtime_dir);
    command
}
