//! One running server.

use crate::region::{Instance, POOL, eventually, program};
use crate::run::Running;
use crate::zookeeper::LOG;

/// What the agent says.
pub const AGENT_LOG: &str = "/var/log/steadfast.log";
/// The agent's command waits for this file before it becomes the server.
pub const ADMITTED: &str = "/run/admitted";
/// The user's part of the configuration that the agent renders.
pub const FRAGMENT: &str = "/run/fragment.cfg";

/// A server in an instance, which has no other.
pub struct Server<'a> {
    instance: Instance<'a>,
    /// The agent that started it, if it was not started by hand.
    agent: Option<Running>,
}

impl<'a> Server<'a> {
    /// Starts a command in the background, in a session of its own: nobody guards it, and it ends
    /// with the instance.
    pub fn by_hand(instance: &Instance<'a>, command: &str) -> Self {
        instance.sh(&format!("setsid {command} >>{LOG} 2>&1 </dev/null &"));
        let server = Self { instance: instance.clone(), agent: None };
        eventually("the server's process", || server.is_running().then_some(()));
        server
    }

    /// Starts a command by `steadfast run`; it ends with this value. It waits for [`ADMITTED`] when
    /// the agent has started it.
    pub fn by_run(instance: &Instance<'a>, slot: u8, command: &str) -> Self {
        instance.sh(&format!("touch {LOG}; chmod 666 {LOG}"));
        let script = format!(
            "exec {} run --pool {POOL} --only-slot {slot} --zookeeper-config {FRAGMENT} -- \
             sh -c 'until [ -e {ADMITTED} ]; do sleep 0.02; done; exec {command} >>{LOG} 2>&1' \
             >>{AGENT_LOG} 2>&1",
            program()
        );
        let agent = Running::start(instance.command(&["sh", "-c", &script]));
        Self { instance: instance.clone(), agent: Some(agent) }
    }

    /// Kills it, and the agent with it, as a crash does; waits until nothing is left.
    pub fn kill(self) {
        match self.agent {
            Some(agent) => drop(agent.kill()),
            None => drop(self.instance.sh("pkill -KILL -x java || true")),
        }
        let instance = self.instance;
        eventually("the server dies", || (!runs_server(&instance)).then_some(()));
    }

    /// Whether its process is there.
    pub fn is_running(&self) -> bool {
        runs_server(&self.instance)
    }

    /// Waits for the agent's end, which is its own doing: with this exit code, and with nothing of
    /// the server left.
    pub fn ends(self, code: i32) {
        let outcome = self.agent.expect("a server that the agent has started").finish();
        assert_eq!(outcome.code, code);
        assert!(!runs_server(&self.instance));
    }
}

fn runs_server(instance: &Instance<'_>) -> bool {
    let listed = instance.sh("ps -eo stat=,comm=");
    let mut lines = listed.lines().map(str::split_whitespace);
    lines
        .any(|mut words| !words.next().unwrap().starts_with('Z') && words.next().unwrap() == "java")
}
