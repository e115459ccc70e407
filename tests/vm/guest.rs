//! A machine of the region, looked at and worked on by its guest agent.

use std::process::Output;

use steadfast_sim::client::LocalRegion;

use crate::within::{eventually, output};

/// The unit that user-data starts.
pub const UNIT: &str = "steadfast-zookeeper.service";

/// A machine.
#[derive(Clone)]
pub struct Guest<'a> {
    pub region: &'a LocalRegion,
    pub id: String,
}

impl Guest<'_> {
    /// Runs shell commands; a machine that does not answer, as while it boots, is a failure, too.
    fn run(&self, script: &str) -> Output {
        output(self.region.exec(&self.id, &["sh", "-ec", script]))
    }

    /// What shell commands print, if they succeed.
    pub fn try_sh(&self, script: &str) -> Option<String> {
        let output = self.run(script);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(printed)
    }

    /// What shell commands print, which succeed.
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(script);
        let [out, err] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
        assert!(output.status.success(), "{}: {script}\n{out}{err}\n{}", self.id, self.end());
        out.into_owned()
    }

    /// Waits until shell commands succeed; the answer is what they print.
    pub fn wait_sh(&self, what: &str, script: &str) -> String {
        eventually(format_args!("{what} on {}", self.id), || self.try_sh(script))
    }

    /// A property of the unit.
    pub fn unit(&self, property: &str) -> String {
        self.sh(&format!("systemctl show -P {property} {UNIT}")).trim().to_owned()
    }

    /// Waits until its server is a member, by the unit's own account.
    pub fn wait_member(&self) {
        let script = format!("systemctl is-active -q {UNIT}; systemctl show -P StatusText {UNIT}");
        eventually(format_args!("{} is a member", self.id), || {
            self.try_sh(&script)?.contains("ZooKeeper is a ").then_some(())
        });
    }

    /// What steadfast has said since this boot, a line each, without ZooKeeper's own.
    pub fn agent_log(&self) -> String {
        self.sh(&format!("journalctl -b -u {UNIT} -o cat | grep -E '^20[0-9-]+T[0-9:.]+Z' || true"))
    }

    /// The process of ZooKeeper.
    pub fn server(&self) -> String {
        self.sh("pidof java").trim().to_owned()
    }

    /// The whole of its serial console.
    pub fn console(&self) -> String {
        self.region.console(&self.id).unwrap_or_default()
    }

    /// The end of its console, for whoever looks into a failure.
    pub fn end(&self) -> String {
        let console = self.console();
        let lines: Vec<_> = console.lines().collect();
        format!("--- {}\n{}", self.id, lines[lines.len().saturating_sub(40)..].join("\n"))
    }

    /// The EC2 calls that it has made from a place in the log on.
    pub fn calls_since(&self, since: usize) -> Vec<String> {
        let calls = self.region.log(since).unwrap().into_iter();
        calls.filter(|call| call.caller == self.id).map(|call| call.action).collect()
    }
}

/// The place that a region's log of calls has come to.
pub fn mark(region: &LocalRegion) -> usize {
    region.log(0).unwrap().last().map_or(0, |call| call.number + 1)
}
