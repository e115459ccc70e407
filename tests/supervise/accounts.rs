//! COMMAND as another account. Where the test's namespace maps root alone, no account can be taken, and
//! [`crate::start_errors`] has what is said then.

use std::os::unix::fs::chown;

use steadfast::supervise::{Account, Ending, Program, SuperviseError};

use crate::alone::{alone, maps_root_alone, sh};
use crate::judge::{lines, ps_line, status_field};
use crate::program::{shell, try_start};

const WHO: &str = "(id -u; id -g; id -G; echo $HOME $USER $LOGNAME) >/run/who; exec sleep 1000";

/// Starts it if that is possible at all.
async fn start(program: &Program) -> Option<steadfast::supervise::Supervised> {
    match (maps_root_alone(), try_start(program).await) {
        (false, started) => Some(started.unwrap()),
        (true, refused) => {
            assert!(matches!(refused, Err(SuperviseError::Account { .. })), "{refused:?}");
            None
        }
    }
}

#[test]
fn an_account_is_as_the_machine_has_it() {
    for name in ["root", "nobody", "daemon"] {
        let account = Account::named(name).unwrap();
        let id = |option: &str| sh(&format!("id {option} {name}")).trim().to_owned();
        assert_eq!(account.uid.to_string(), id("-u"));
        assert_eq!(account.gid.to_string(), id("-g"));
        let groups: Vec<_> = account.groups.iter().map(u32::to_string).collect();
        assert_eq!(groups.join(" "), id("-G"));
        let home = sh(&format!("getent passwd {name} | cut -d: -f6"));
        assert_eq!(account.home.to_str(), Some(home.trim()));
    }
}

#[test]
fn command_is_that_account_and_nothing_more() {
    alone(async || {
        let nobody = Account::named("nobody").unwrap();
        let groups = vec![nobody.gid, 4, 20];
        let home = nobody.home.to_str().unwrap().to_owned();
        let account = Some(Account { groups, ..nobody.clone() });
        let Some(program) = start(&Program { account, ..shell("nobody", WHO) }).await else {
            return;
        };
        let who = crate::judge::eventually("who", || {
            let who = lines("/run/who".as_ref());
            (who.len() == 4).then_some(who)
        });
        assert_eq!(who[0], nobody.uid.to_string());
        assert_eq!(who[1], nobody.gid.to_string());
        assert_eq!(who[2], format!("{} 4 20", nobody.gid));
        assert_eq!(who[3], format!("{home} nobody nobody"));
        let pid = program.pid();
        assert_eq!(ps_line(pid).user, nobody.uid);
        assert_eq!(status_field(pid, "Uid"), ["65534"; 4].join("\t"));
        assert_eq!(status_field(pid, "Gid"), ["65534"; 4].join("\t"));
        for field in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status_field(pid, field), "0000000000000000", "{field}");
        }
        // The keeper stays what the agent is, out of its reach.
        assert_eq!(ps_line(program.keeper_pid()).user, 0);
    });
}

#[test]
fn another_accounts_command_is_signalled_and_killed_as_any() {
    alone(async || {
        let account = Account::named("nobody").ok();
        let program =
            Program { account, ..shell("foreign", "setsid sleep 1000 & exec sleep 1000") };
        let Some(mut first) = start(&program).await else { return };
        first.forward(rustix::process::Signal::INT);
        assert_eq!(first.ended().await.unwrap(), Ending::Signaled(2));
        let mut second = start(&program).await.unwrap();
        second.kill();
        assert_eq!(second.ended().await.unwrap(), Ending::Signaled(9));
        crate::judge::assert_nothing_lives("foreign");
    });
}

#[test]
fn what_the_account_may_not_execute_is_126() {
    alone(async || {
        let file = crate::program::file("root-only", 0o700, "#!/bin/sh\nexit 0\n");
        let account = Account::named("nobody").ok();
        let mut program = shell("forbidden", "");
        program.account = account;
        program.command = file.clone().into();
        if !maps_root_alone() {
            let error = try_start(&program).await.unwrap_err();
            assert_eq!(error.status(), Some(126));
            assert!(error.to_string().contains("that nobody may execute"), "{error}");
            chown(&file, Some(65534), None).unwrap();
        }
        let Some(mut program) = start(&program).await else { return };
        assert_eq!(program.ended().await.unwrap(), Ending::Exited(0));
    });
}

/// systemd's AmbientCapabilities=: an agent that is not root, with some of root's rights.
#[test]
fn an_agents_ambient_rights_are_not_commands() {
    alone(async || {
        let daemon = Account::named("daemon").unwrap();
        let program = Program { account: Some(daemon), ..shell("ambient", "exec sleep 1000") };
        if start(&program).await.is_none() {
            return;
        }
        let rights = "+sys_admin,+setuid,+setgid,+kill";
        let (inheritable, ambient) =
            (format!("--inh-caps={rights}"), format!("--ambient-caps={rights}"));
        let wrapper =
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", &inheritable, &ambient];
        let agent = crate::agent::Agent::below(&wrapper, &program);
        let started = agent.started();
        assert_eq!(ps_line(started.pid).user, 1);
        for field in ["CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status_field(started.pid, field), "0000000000000000", "{field}");
        }
    });
}
