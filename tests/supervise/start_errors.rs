//! Why a command does not start: said exactly, with the next step, and nothing is left of it.

use std::path::Path;

use steadfast::supervise::{Account, Program, SuperviseError, Supervised};

use crate::agent::Agent;
use crate::alone::{alone, in_user_namespace, sh};
use crate::judge::{assert_nothing_lives, zombies_of};
use crate::program::{file, keeper_after, marked, shell, try_start};

/// Tries to start it; what is said instead.
async fn fails(mark: &str, program: &Program) -> SuperviseError {
    let error = try_start(program).await.expect_err(mark);
    println!("{mark}: {error}");
    assert_nothing_lives(mark);
    assert_eq!(zombies_of(std::process::id()), [], "{mark}");
    error
}

#[test]
fn what_is_not_there_is_127() {
    alone(async || {
        let lost = file("lost", 0o755, "#!/no/such/interpreter\n");
        for command in ["no-such-program", "/no/such/program", lost.to_str().unwrap()] {
            let mut program = marked("absent", command, &[]);
            // Without a directory that this user may not search, which would be told instead.
            program.environment.push(("PATH".into(), "/usr/bin:/bin".into()));
            let error = fails("absent", &program).await;
            assert!(matches!(error, SuperviseError::NotFound { .. }), "{error:?}");
            assert_eq!(error.status(), Some(127));
            assert!(error.to_string().contains(command), "{error}");
        }
    });
}

#[test]
fn what_cannot_be_executed_is_126() {
    alone(async || {
        let plain = file("plain", 0o644, "#!/bin/sh\n");
        for command in [plain.to_str().unwrap(), "/run"] {
            let error = fails("inert", &marked("inert", command, &[])).await;
            assert!(matches!(error, SuperviseError::NotExecutable { .. }), "{error:?}");
            assert_eq!(error.status(), Some(126));
            assert!(error.to_string().contains(command), "{error}");
        }
    });
}

#[test]
fn an_account_that_is_not_there_is_named() {
    let error = Account::named("no-such-account").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no account `no-such-account`: there is no such account; create it, or name another one"
    );
    assert!(matches!(Account::named("a\0b").unwrap_err(), SuperviseError::NoAccount { .. }));
}

#[test]
fn an_account_that_the_namespace_does_not_map_is_told() {
    in_user_namespace(async || {
        let account = Account::named("nobody").unwrap();
        let program = Program { account: Some(account), ..shell("unmapped", "true") };
        let error = fails("unmapped", &program).await;
        assert!(matches!(error, SuperviseError::Account { .. }), "{error:?}");
        let text = error.to_string();
        for part in ["`sh`", "as nobody", "user id 65534 is not mapped", "name no account"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(error.status(), None);
    });
}

/// It is what this process is already.
#[test]
fn the_agents_own_account_needs_no_right() {
    in_user_namespace(async || {
        let account = Some(Account::named("root").unwrap());
        let mut program = try_start(&Program { account, ..shell("own", "exit 5") }).await.unwrap();
        assert_eq!(program.ended().await.unwrap().status(), 5);
    });
}

#[test]
fn without_the_right_to_a_namespace_the_capability_is_named() {
    alone(async || {
        let unprivileged = ["setpriv", "--bounding-set=-sys_admin"];
        let agent = Agent::below(&unprivileged, &shell("weak", "exec sleep 1000"));
        let line = agent.line(|line| line.contains("error: "));
        for part in ["no PID namespace", "`sh`", "CAP_SYS_ADMIN", "RestrictNamespaces="] {
            assert!(line.contains(part), "{line}");
        }
        assert_eq!(agent.wait(), Some(70));
        assert_nothing_lives("weak");
    });
}

#[test]
fn when_namespaces_have_run_out_the_limit_is_named() {
    in_user_namespace(async || {
        sh("echo 0 >/proc/sys/user/max_pid_namespaces");
        let error = fails("many", &shell("many", "exec sleep 1000")).await;
        assert!(matches!(error, SuperviseError::Namespace { .. }), "{error:?}");
        assert!(error.to_string().contains("user.max_pid_namespaces"), "{error}");
    });
}

#[test]
fn without_the_right_to_change_the_account_the_capability_is_named() {
    alone(async || {
        let unprivileged = ["setpriv", "--bounding-set=-setuid"];
        let nobody = Account::named("nobody").unwrap();
        let program = Program { account: Some(nobody), ..shell("bound", "exec sleep 1000") };
        let agent = Agent::below(&unprivileged, &program);
        let line = agent.line(|line| line.contains("error: "));
        let reason = match crate::alone::maps_root_alone() {
            true => "is not mapped",
            false => "CAP_SETUID",
        };
        assert!(line.contains("as nobody") && line.contains(reason), "{line}");
        assert_eq!(agent.wait(), Some(70));
        assert_nothing_lives("bound");
    });
}

#[test]
fn a_keeper_that_cannot_be_started_is_told() {
    alone(async || {
        let program = shell("keeperless", "exec sleep 1000");
        let error = Supervised::start_by(Path::new("/no/keeper"), &program).await.unwrap_err();
        assert!(matches!(error, SuperviseError::Keeper { .. }), "{error:?}");
        assert_nothing_lives("keeperless");
    });
}

#[test]
fn a_keeper_that_is_killed_before_it_begins_is_told() {
    alone(async || {
        // PID 1 cannot kill itself; its end is the same.
        let keeper = keeper_after("exit 0");
        let program = shell("killed", "exec sleep 1000");
        let error = Supervised::start_by(&keeper, &program).await.unwrap_err();
        assert!(matches!(error, SuperviseError::Killed { .. }), "{error:?}");
        assert_nothing_lives("killed");
    });
}

/// What could not be found again is not started.
#[test]
fn a_record_that_cannot_be_written_is_told() {
    alone(async || {
        let record = Some("/no/such/directory/record".into());
        let program = Program { record, ..shell("unrecorded", "exec sleep 1000") };
        let error = fails("unrecorded", &program).await;
        assert!(matches!(error, SuperviseError::Record { .. }), "{error:?}");
        assert!(error.to_string().starts_with("/no/such/directory/record: "), "{error}");
    });
}

/// The hidden entry is no command.
#[test]
fn a_person_who_types_the_keepers_name_is_told() {
    for arguments in [&["__keeper"][..], &["__keeper", "-", "sh", "-c", "exit 3"]] {
        let keeper = std::process::Command::new(crate::program::KEEPER)
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert_eq!(keeper.status.code(), Some(64));
        let text = String::from_utf8(keeper.stderr).unwrap();
        assert!(text.contains("steadfast run") && text.lines().count() == 1, "{text}");
    }
}
