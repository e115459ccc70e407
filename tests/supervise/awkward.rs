//! Commands that would rather not end.

use crate::judge::{lines, ps_lines};
use crate::program::{python, shell};
use steadfast::supervise::Program;

/// A command, and how to see that it has got into its position.
pub struct Awkward {
    pub name: &'static str,
    pub program: Program,
    pub in_position: fn(keeper: u32) -> bool,
}

/// How many processes are below the keeper, itself included; by `ps`, generation by generation.
pub fn family(keeper: u32) -> usize {
    let all = ps_lines();
    let mut family = vec![keeper];
    loop {
        let children = all.iter().filter(|it| family.contains(&it.ppid));
        let new: Vec<_> = children.map(|it| it.pid).filter(|it| !family.contains(it)).collect();
        if new.is_empty() {
            return family.len();
        }
        family.extend(new);
    }
}

const IGNORE_ALL: &str = "
import os, signal, time
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
if os.fork() == 0: os.setpgid(0, 0)
print('ready', file=open('/run/deaf', 'a'))
while True: time.sleep(1000)";

const FSYNC: &str = "
import os, tempfile
if os.fork() == 0: os.fork()
file = tempfile.TemporaryFile(dir='/var/tmp')
print('ready', file=open('/run/floods', 'a'))
while True:
    os.pwrite(file.fileno(), os.urandom(1 << 20), 0)
    os.fsync(file.fileno())";

/// All of them.
pub fn all() -> Vec<Awkward> {
    vec![
        Awkward {
            name: "plain",
            program: shell("plain", "exec sleep 1000"),
            in_position: |keeper| family(keeper) == 2,
        },
        Awkward {
            name: "forking",
            program: shell("forking", "sleep 1000 & (sleep 1000; true) & sleep 1000; true"),
            in_position: |keeper| family(keeper) == 6,
        },
        Awkward {
            name: "daemon",
            program: shell(
                "daemon",
                "for i in 1 2 3; do (setsid sh -c '(setsid sleep 1000 &) & wait' &); done; \
                 sleep 1000; true",
            ),
            // Each sleeper is the keeper's child in a session of its own.
            in_position: |keeper| {
                let orphans = ps_lines().into_iter().filter(|it| it.ppid == keeper);
                orphans.filter(|it| it.command == "sleep" && it.sid == it.pid).count() == 3
            },
        },
        Awkward {
            name: "stopped",
            program: shell("stopped", "sleep 1000 & kill -STOP $! $$; true"),
            in_position: |_| ps_lines().iter().filter(|it| it.stat.starts_with('T')).count() == 2,
        },
        Awkward {
            name: "deaf",
            program: python("deaf", IGNORE_ALL),
            in_position: |_| lines("/run/deaf".as_ref()).len() == 2,
        },
        Awkward {
            name: "flood",
            program: python("flood", FSYNC),
            in_position: |_| lines("/run/floods".as_ref()).len() == 3,
        },
        Awkward {
            name: "namespaces",
            program: shell(
                "namespaces",
                "unshare -pf --mount-proc sh -c 'sleep 1000 & wait'; true",
            ),
            in_position: |keeper| family(keeper) == 5,
        },
    ]
}
