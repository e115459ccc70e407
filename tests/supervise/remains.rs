//! After an agent's sudden death the next one knows when nothing of it is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use steadfast::supervise::{Program, SuperviseError, remains_gone};

use crate::agent::Agent;
use crate::alone::alone;
use crate::awkward;
use crate::judge::{assert_nothing_lives, eventually, lines, living};
use crate::program::{python, shell, start};

const RECORD: &str = "/run/record";
/// Never reached where all is well.
const LONG: Duration = Duration::from_secs(120);

fn recorded(program: Program) -> Program {
    Program { record: Some(PathBuf::from(RECORD)), ..program }
}

async fn gone(within: Duration) -> Result<(), SuperviseError> {
    remains_gone(Path::new(RECORD), within).await
}

#[test]
fn the_record_is_there_while_something_lives() {
    alone(async || {
        let mut program = start(&recorded(shell("recorded", "exec sleep 1000"))).await;
        let keeper = program.keeper_pid().to_string();
        assert!(fs::read_to_string(RECORD).unwrap().starts_with(&(keeper.clone() + " ")));
        let error = gone(Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, SuperviseError::Remains { .. }), "{error:?}");
        assert!(error.to_string().starts_with(&format!("process {keeper}, ")), "{error}");
        program.kill();
        program.ended().await.unwrap();
        assert!(!Path::new(RECORD).exists());
        gone(LONG).await.unwrap();
    });
}

/// Processes that take long to die, because they have much memory to give back.
const HEAVY: &str = "
import os, time
for _ in range(12):
    if os.fork() == 0: break
heavy = bytearray(8 << 20)
for page in range(0, len(heavy), 4096): heavy[page] = 1
print('', file=open('/run/heavy', 'a'))
time.sleep(1000)";

/// A lock that the keeper inherits is free before that: see `supervise::record`.
#[test]
fn when_remains_are_gone_nothing_lives() {
    alone(async || {
        let mut alive = 0;
        for round in 0..12 {
            let mark = format!("heavy-{round}");
            let agent = Agent::start(&recorded(python(&mark, HEAVY)));
            eventually("weight", || (lines("/run/heavy".as_ref()).len() == 13).then_some(()));
            agent.kill();
            agent.wait();
            alive += living(&mark).len();
            gone(LONG).await.unwrap();
            assert_nothing_lives(&mark);
            fs::remove_file("/run/heavy").unwrap();
        }
        // Otherwise there was nothing to wait for, and nothing has been tested.
        assert!(alive > 0);
    });
}

#[test]
fn when_remains_of_anything_are_gone_nothing_lives() {
    alone(async || {
        for it in awkward::all() {
            let agent = Agent::start(&recorded(it.program));
            let keeper = agent.started().keeper;
            eventually(it.name, || (it.in_position)(keeper).then_some(()));
            agent.kill();
            agent.wait();
            gone(LONG).await.unwrap();
            assert_nothing_lives(it.name);
        }
    });
}

/// Of an agent that died while it wrote, before it let its keeper begin; and of no agent.
#[test]
fn a_record_that_names_nothing_is_no_remains() {
    alone(async || {
        let none = Duration::ZERO;
        gone(none).await.unwrap();
        for text in ["", "1", "1 ", "4194303 12345\n"] {
            fs::write(RECORD, text).unwrap();
            gone(none).await.unwrap();
        }
        // The number has been given again: to the test itself, which began at another time.
        fs::write(RECORD, "1 1\n").unwrap();
        gone(none).await.unwrap();
        fs::remove_file(RECORD).unwrap();
        fs::create_dir(RECORD).unwrap();
        let error = gone(none).await.unwrap_err();
        assert!(matches!(error, SuperviseError::Record { .. }), "{error:?}");
    });
}
