//! How COMMAND ended is told exactly, and its end is the end of all that it started.

use std::time::Duration;

use steadfast::supervise::Ending;
use tokio::time::timeout;

use crate::alone::alone;
use crate::judge::{assert_nothing_lives, living, zombies_of};
use crate::program::{shell, start};

#[test]
fn an_exit_status_is_passed_through() {
    alone(async || {
        for status in [0, 1, 3, 127, 255] {
            let ended =
                start(&shell("status", &format!("exit {status}"))).await.ended().await.unwrap();
            assert_eq!(ended, Ending::Exited(status));
            assert_eq!(ended.status(), status);
        }
    });
}

#[test]
fn a_signal_is_passed_through() {
    alone(async || {
        for signal in [1, 6, 9, 11, 15] {
            let script = format!("ulimit -c 0; kill -{signal} $$; sleep 1000");
            let ended = start(&shell("signal", &script)).await.ended().await.unwrap();
            assert_eq!(ended, Ending::Signaled(signal));
            assert_eq!(ended.status(), 128 + signal);
        }
    });
}

/// As `zkServer.sh start`, which returns once its daemon runs.
#[test]
fn what_command_leaves_behind_ends_with_it() {
    alone(async || {
        let script = "setsid sleep 1000 & (sleep 1000 &) & nohup sleep 1000 & \
                      while [ $(pgrep -c sleep) -lt 3 ]; do :; done; exit 3";
        let mut program = start(&shell("left-behind", script)).await;
        assert_eq!(program.ended().await.unwrap(), Ending::Exited(3));
        assert_nothing_lives("left-behind");
    });
}

#[test]
fn the_end_may_be_asked_for_in_pieces_and_again() {
    alone(async || {
        let mut program = start(&shell("pieces", "sleep 0.3; exit 7")).await;
        let mut pieces = 0;
        while timeout(Duration::from_millis(10), program.ended()).await.is_err() {
            pieces += 1;
        }
        assert!(pieces > 1, "{pieces}");
        for _ in 0..3 {
            assert_eq!(program.ended().await.unwrap(), Ending::Exited(7));
        }
        assert_nothing_lives("pieces");
        assert_eq!(zombies_of(std::process::id()), []);
    });
}

/// The parent-death signal comes with the death of a thread, but not of any thread.
#[test]
fn the_thread_that_starts_it_may_end() {
    alone(async || {
        let thread = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(start(&shell("thread", "sleep 1000")))
        });
        let mut program = thread.join().unwrap();
        assert!(living("thread").contains(&program.pid()));
        let still = timeout(Duration::from_millis(300), program.ended()).await;
        assert!(still.is_err(), "{still:?}");
        program.kill();
        assert_eq!(program.ended().await.unwrap(), Ending::Signaled(9));
    });
}
