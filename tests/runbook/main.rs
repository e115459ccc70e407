//! The runbook, run: each section's region is brought into the state that the section is about, each
//! command is typed where the page says, and what it prints is what the page says.
//!
//! `STEADFAST_WRITE_DOCS=1 cargo test --test runbook -- --test-threads=1` writes into the page what
//! is printed now. Ids, times and counters are another each time, and are left out of the comparison.
//!
//! Needs `steadfast-sim` beside `steadfast` (`cargo build --workspace --bins`), Java and Debian's
//! ZooKeeper, but not root. Nothing here skips.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what they expect by panicking, and print what a person is to judge"
)]

mod book;
mod scene;

#[path = "../program/region.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod region;
#[path = "../program/run.rs"]
#[allow(dead_code, reason = "shared with the program's tests")]
mod run;
#[path = "../zookeeper/version.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod version;

use std::time::{Duration, Instant};

use book::{Command, Step, headings, section};
use scene::Scene;

/// How long what only looks is given to show what it is to show.
const PATIENCE: Duration = Duration::from_secs(20);

/// Each section of the page, and the test that runs it.
macro_rules! sections {
    ($($test:ident: $heading:literal,)*) => {
        $(#[test]
        fn $test() {
            run($heading);
        })*

        #[test]
        fn every_section_is_run() {
            assert_eq!(headings(), [$($heading),*]);
        }
    };
}

sections! {
    how_is_the_pool: "How is the pool?",
    a_dead_holder: "A slot is held by a dead instance",
    a_host_hangs: "A host hangs, and EC2 calls it running",
    fenced: "The old host wakes up: fenced",
    two_disks_are_lost: "Two of three disks are lost",
    no_free_slot: "No free slot in this zone",
    permission_is_refused: "EC2 refuses permission",
    something_is_odd: "Something is odd",
    a_server_goes_down: "A server is to go down for a while",
    a_pool_is_made: "A pool is to be made",
    a_slot_goes: "A slot is to go for good",
}

fn run(heading: &str) {
    let is_writing = std::env::var_os("STEADFAST_WRITE_DOCS").is_some();
    let mut scene = Scene::new();
    let mut shift = 0;
    let steps = section(heading);
    assert!(steps.iter().any(|step| matches!(step, Step::Command(_))), "nothing is typed");
    for step in steps {
        match step {
            Step::State(name) => scene.enter(&name),
            Step::Command(command) => {
                let printed = typed(&scene, &command);
                match is_writing {
                    // What fits is left as it is, with its `...` and the ids of another day.
                    true if command.prints(&printed) => {}
                    true => command.write(&printed, &mut shift),
                    false => assert!(
                        command.prints(&printed),
                        "{}\nprints\n{printed}\nand the runbook says\n{}",
                        command.text,
                        command.prints.join("\n")
                    ),
                }
            }
        }
    }
}

/// What only looks is typed until it shows what the page says: a server may be slow to answer.
fn typed(scene: &Scene, command: &Command) -> String {
    let only_looks = ["steadfast status", "steadfast doctor"];
    let again = only_looks.iter().any(|it| command.text.starts_with(it));
    let until = Instant::now() + PATIENCE;
    loop {
        let printed = scene.type_in(command);
        if !again || command.prints(&printed) || Instant::now() >= until {
            return printed;
        }
    }
}
