//! What COMMAND finds around it.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use steadfast::supervise::Program;

use crate::agent::Agent;
use crate::alone::{alone, sh};
use crate::judge::{eventually, eventually_async, lines, ps_line};
use crate::program::{KEEPER, marked, shell, start};

#[test]
fn systemds_conversation_is_the_agents_alone() {
    alone(async || {
        let program = shell("env", "env >/run/env; exec sleep 1000");
        let agent = Agent::from(&[], KEEPER.as_ref(), &program, |agent| {
            let agent = agent.env("NOTIFY_SOCKET", "/run/notify").env("WATCHDOG_PID", "1");
            agent.env("WATCHDOG_USEC", "1000000").env("OTHER", "kept").stdin(Stdio::null())
        });
        agent.started();
        let environment = eventually("the environment", || {
            let lines = lines("/run/env".as_ref());
            lines.contains(&"OTHER=kept".to_owned()).then_some(lines)
        });
        let theirs = |line: &&String| line.starts_with("NOTIFY") || line.starts_with("WATCHDOG");
        assert_eq!(environment.iter().find(theirs), None);
    });
}

#[test]
fn variables_are_added_to_the_agents() {
    alone(async || {
        let mut program = shell("vars", "[ \"$ADDED\" = 'a b=c' ] && [ -n \"$PATH\" ] && exit 7");
        program.environment.push(("ADDED".into(), "a b=c".into()));
        assert_eq!(start(&program).await.ended().await.unwrap().status(), 7);
    });
}

#[test]
fn arguments_are_passed_as_they_are() {
    alone(async || {
        let arguments = ["-c", "printf '<%s>' \"$@\" >/run/args", "x", "", "--", "-", "a b", "ü\n"];
        let mut program = start(&marked("args", "sh", &arguments)).await;
        program.ended().await.unwrap();
        assert_eq!(std::fs::read_to_string("/run/args").unwrap(), "<><--><-><a b><ü\n>");
    });
}

#[test]
fn no_descriptor_leaks() {
    alone(async || {
        let script = "exec python3 -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\")))'";
        let record = Some("/run/record".into());
        let program = shell("descriptors", &format!("{script} >/run/descriptors"));
        let mut program = start(&Program { record, ..program }).await;
        program.ended().await.unwrap();
        // What the test itself was given, it passes on.
        assert_eq!(lines("/run/descriptors".as_ref()), [sh(script).trim()]);
    });
}

/// Otherwise a pipe that COMMAND closes, or a file that it deletes, would stay.
#[test]
fn the_keeper_holds_nothing_that_it_does_not_need() {
    alone(async || {
        let (output, _input) = std::io::pipe().unwrap();
        let errors = File::create("/run/errors").unwrap();
        let program = shell("held", "exec sleep 1000");
        let agent =
            Agent::from(&[], KEEPER.as_ref(), &program, |agent| agent.stdin(output).stderr(errors));
        let keeper = agent.started().keeper;
        let stdin = std::fs::read_link(format!("/proc/{}/fd/0", agent.pid())).unwrap();
        let of_keeper = descriptors(keeper);
        assert!(!of_keeper.iter().any(|it| Some(it.as_str()) == stdin.to_str()), "{of_keeper:?}");
        let inherited = descriptors(std::process::id());
        let own = of_keeper.iter().filter(|it| !inherited.contains(it));
        let mut kinds: Vec<_> = own.map(|it| it.split(':').next().unwrap()).collect();
        kinds.sort_unstable();
        // Its outputs, of which the test has one, too; the signals; the link, also as standard input.
        assert_eq!(kinds, ["/run/errors", "anon_inode", "socket", "socket"]);
    });
}

/// What a process has open.
fn descriptors(pid: u32) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    // The listing's own is closed by then.
    let links = entries.filter_map(|it| std::fs::read_link(it.unwrap().path()).ok());
    links.map(|it| it.to_str().unwrap().to_owned()).collect()
}

#[test]
fn command_has_a_process_group_of_its_own() {
    alone(async || {
        let agent = Agent::start(&shell("group", "sleep 1000 & wait"));
        let started = agent.started();
        let [me, keeper, command] = [agent.pid(), started.keeper, started.pid].map(ps_line);
        assert_eq!(command.pgid, command.pid);
        assert_eq!(keeper.pgid, keeper.pid);
        assert_ne!(me.pgid, command.pgid);
        assert_eq!([keeper.ppid, command.ppid], [me.pid, keeper.pid]);
        assert_eq!(command.sid, me.sid);
    });
}

#[test]
fn command_sees_its_own_process_numbers() {
    alone(async || {
        let script = "exec >/run/proc; echo $$; readlink /proc/self; cat /proc/1/comm /proc/$$/comm; \
                      ls /proc | grep -c '^[0-9]*$'";
        let mut program = start(&shell("numbers", script)).await;
        program.ended().await.unwrap();
        let seen = lines("/run/proc".as_ref());
        let (own, readlinks) = (seen[0].parse::<u32>().unwrap(), seen[1].parse::<u32>().unwrap());
        assert!(own < readlinks && readlinks < 10, "{seen:?}");
        // Keeper, script, ls and grep.
        assert_eq!(seen[2..], ["steadfast", "sh", "4"]);
        // And the agent still sees its own.
        assert_eq!(
            sh("readlink /proc/1/exe").trim(),
            std::env::current_exe().unwrap().to_str().unwrap()
        );
    });
}

/// Where a part of `/proc` is hidden, as in a container, an ordinary user's namespace gets no new one.
#[test]
fn a_proc_that_cannot_be_mounted_is_done_without() {
    alone(async || {
        // Below the test's own /proc is that of who started it: none may be whole.
        sh("umount /proc; mount -t tmpfs none /proc/fs; mount -t proc proc /proc; \
            mount -t tmpfs none /proc/fs");
        let inner = ["unshare", "--user", "--map-root-user", "--mount"];
        let agent = Agent::below(&inner, &shell("masked", "setsid sleep 1000 & exec sleep 1000"));
        let started = agent.started();
        let mounts = |pid: u32| {
            let mounts = std::fs::read_to_string(format!("/proc/{pid}/mounts")).unwrap();
            mounts.lines().filter(|it| it.split(' ').nth(1) == Some("/proc")).count()
        };
        assert_eq!(mounts(started.pid), mounts(agent.pid()));
        agent.kill();
        agent.wait();
        crate::judge::wait_until_nothing_lives("masked");
    });
}

/// A data disk may be mounted after ZooKeeper's start, and unmounted.
#[test]
fn mounts_of_the_host_come_and_go_and_commands_are_its_own() {
    alone(async || {
        sh("mount --make-rshared / && mkdir /run/disk /run/own");
        let script = "mount -t tmpfs none /run/own; echo done >/run/mounted; exec sleep 1000";
        let program = start(&shell("mounts", script)).await;
        eventually_async("mounted", || lines("/run/mounted".as_ref()).pop()).await;
        let pid = program.pid();
        let sees = |target: &str| {
            let mounts = std::fs::read_to_string(format!("/proc/{pid}/mounts")).unwrap();
            mounts.lines().any(|it| it.split(' ').nth(1) == Some(target))
        };
        assert!(sees("/run/own"));
        assert!(!sh("cat /proc/mounts").contains("/run/own"));
        sh("mount -t tmpfs none /run/disk");
        assert!(sees("/run/disk"));
        sh("umount /run/disk");
        assert!(!sees("/run/disk"));
    });
}

#[test]
fn standard_input_is_the_agents() {
    alone(async || {
        let program = shell("stdin", "read line; echo \"got $line\"; exit 6");
        let (output, mut input) = std::io::pipe().unwrap();
        let agent = Agent::from(&[], KEEPER.as_ref(), &program, |agent| agent.stdin(output));
        agent.started();
        input.write_all(b"a line\n").unwrap();
        agent.line(|line| line == "got a line\n");
        assert_eq!(agent.wait(), Some(6));
    });
}

/// A background process that reads from a terminal would be stopped.
#[test]
fn standard_input_is_never_a_terminal() {
    alone(async || {
        let terminal = "import os, pty, sys; \
                        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        let script = "readlink /proc/self/fd/0 /proc/self/fd/1; read line; exit 8";
        let agent = Agent::below(&["python3", "-c", terminal], &shell("terminal", script));
        agent.line(|line| line.trim_end() == "/dev/null");
        // This is one: the test is what it seems to be.
        agent.line(|line| line.starts_with("/dev/pts/"));
        assert_eq!(agent.wait(), Some(8));
    });
}

#[test]
fn output_is_the_agents() {
    alone(async || {
        let errors = File::create("/run/errors").unwrap();
        let program = shell("output", "echo out; echo err >&2");
        let agent = Agent::from(&[], KEEPER.as_ref(), &program, |agent| {
            agent.stdin(Stdio::null()).stderr(errors)
        });
        agent.line(|line| line.ends_with("out\n"));
        assert_eq!(agent.wait(), Some(0));
        assert_eq!(lines("/run/errors".as_ref()), ["err"]);
    });
}
