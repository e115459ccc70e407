//! The region with its instances, and what is run in them.

mod done;
mod target;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use steadfast_sim::client::{LocalRegion, Options, tags};
use steadfast_sim::control::{EniView, GroupRequest, InstanceView, LaunchRequest};

pub use done::{Done, done};
pub use target::Target;

use super::kafka::TOPIC;
use super::report::Kind;
use super::{PROGRAM, Result, wait_for};

/// The tag that tells an instance its pool; the ENIs have it, too.
pub const POOL_TAG: &str = "steadfast:pool";
/// The tag of an ENI's slot number.
const SLOT_TAG: &str = "steadfast:slot";
/// Long enough for a command that does no more than a few calls.
const COMMAND: Duration = Duration::from_secs(30);
/// Three interfaces at most: the primary one, and a slot.
const INSTANCE_TYPE: &str = "t3.small";
/// A JVM that starts quickly and stays small: six of them, and the tools', share two cores.
pub const JAVA: &str = "java -Duser.timezone=UTC -XX:+UseSerialGC -XX:TieredStopAtLevel=1";

/// The region; it ends with this, and leaves what was printed in it.
pub struct Region {
    local: LocalRegion,
    target: Target,
    /// Where the clients' log goes, and in the end every instance's console.
    logs: PathBuf,
    /// An instance that holds no slot: of the clients, and of the operators.
    host: String,
}

impl Region {
    /// Starts it, with the host of the clients. Its logs go to a directory of this name among the reports.
    pub fn up(target: &Target, name: &str) -> Result<Self> {
        let logs = target.new_logs(name)?;
        let local = LocalRegion::up(&Options {
            sim_binary: target.bin_dir.join("steadfast-sim"),
            shares: vec![target.bin_dir.clone(), target.zookeeper.clone(), target.kafka.clone()],
            ..Options::default()
        })?;
        let host = local.launch(&LaunchRequest::default())?;
        local.wait_running(&host)?;
        Ok(Self { local, target: target.clone(), logs, host })
    }

    /// The instance of clients and operators.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The region's own handle.
    pub fn local(&self) -> &LocalRegion {
        &self.local
    }

    /// Where programs and jars are.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Makes a group of three instances that run this at boot, one in each zone.
    pub fn put_group(&self, pool: &str, user_data: String) -> Result<()> {
        let group = GroupRequest {
            name: pool.to_owned(),
            desired: 3,
            zones: Vec::new(),
            instance_type: INSTANCE_TYPE.to_owned(),
            tags: tags([(POOL_TAG, pool)]),
            user_data,
            image: None,
        };
        Ok(self.local.put_group(&group)?)
    }

    /// Launches an instance of no group, and waits until it runs.
    pub fn launch(&self, zone: Option<String>, user_data: &str) -> Result<InstanceView> {
        let instance = self.local.launch(&LaunchRequest {
            zone,
            instance_type: Some(INSTANCE_TYPE.to_owned()),
            user_data: user_data.to_owned(),
            ..LaunchRequest::default()
        })?;
        Ok(self.local.wait_running(&instance)?)
    }

    /// An instance as the region sees it.
    pub fn instance(&self, id: &str) -> Result<InstanceView> {
        let found = self.local.state()?.instances.into_iter().find(|it| it.id == id);
        found.ok_or_else(|| format!("the region has forgotten {id}").into())
    }

    /// The ENI of a slot.
    pub fn slot(&self, pool: &str, slot: u8) -> Result<EniView> {
        let is = |eni: &EniView, tag, value: &str| eni.tags.get(tag).is_some_and(|it| it == value);
        let enis = self.local.state()?.enis.into_iter();
        let mut enis = enis.filter(|eni| is(eni, POOL_TAG, pool));
        let found = enis.find(|eni| is(eni, SLOT_TAG, &slot.to_string()));
        found.ok_or_else(|| format!("pool {pool} has no slot {slot}").into())
    }

    /// The instance that holds a slot.
    pub fn holder(&self, pool: &str, slot: u8) -> Result<String> {
        let holder = self.slot(pool, slot)?.instance;
        holder.ok_or_else(|| format!("nobody holds slot {slot} of pool {pool}").into())
    }

    /// Waits until every slot of a pool is held; the answer is the holders, by slot.
    pub fn wait_holders(&self, pool: &str, deadline: Duration) -> Result<Vec<String>> {
        wait_for(&format!("a holder of every slot of {pool}"), deadline, || {
            let holders = (1..=3).map(|slot| Ok(self.slot(pool, slot)?.instance));
            holders.collect::<Result<Option<Vec<String>>>>()
        })
    }

    /// Loses an instance, in one of the ways; returns at once.
    pub fn lose(&self, kind: Kind, instance: &str) -> Result<()> {
        match kind {
            Kind::Stopped => self.local.stop(instance)?,
            Kind::Hung => self.local.hang(instance)?,
            Kind::CutOff => self.local.cut(instance)?,
            _ => self.local.terminate(instance)?,
        }
        Ok(())
    }

    /// A command that runs a program in an instance, beyond the reach of the terminal's Ctrl-C.
    pub fn exec(&self, instance: &str, args: &[&str]) -> Command {
        let mut command = self.local.exec(instance, args);
        command.process_group(0);
        command
    }

    /// A command that runs one of our programs in the clients' instance.
    pub fn program(&self, name: &str, args: &[&str]) -> Command {
        let program = self.target.bin_dir.join(name).display().to_string();
        self.exec(&self.host, &[&[program.as_str()], args].concat())
    }

    /// The command of producer and consumer, whose complaints are among the logs.
    pub fn client(&self, bootstrap: &str) -> Result<Command> {
        let mut command = self.program(PROGRAM, &["client", bootstrap, TOPIC]);
        command.stderr(std::fs::File::create(self.logs.join("client.log"))?);
        Ok(command)
    }

    /// Runs one of them to its end.
    pub fn run_program(&self, name: &str, args: &[&str]) -> Result<Done> {
        done(self.program(name, args), COMMAND)
    }

    /// Has an operator run `steadfast` there.
    pub fn steadfast(&self, args: &[&str]) -> Result<Done> {
        self.run_program("steadfast", args)
    }

    /// Runs a shell's commands in an instance, as an operator by ssh.
    pub fn shell(&self, instance: &str, script: &str, deadline: Duration) -> Result<Done> {
        done(self.exec(instance, &["bash", "-c", script]), deadline)
    }

    /// Writes a file in an instance, as configuration management does.
    pub fn write(&self, instance: &str, path: &str, text: &str, mode: &str) -> Result<()> {
        let script = "install -D -m \"$2\" /dev/null \"$1\" && printf %s \"$3\" >\"$1\"";
        let args = ["bash", "-c", script, "bash", path, mode, text];
        done(self.exec(instance, &args), COMMAND)?.succeeded(path)?;
        Ok(())
    }

    /// Runs one of Kafka's own tools in the clients' instance.
    pub fn kafka_tool(&self, class: &str, args: &[&str], deadline: Duration) -> Result<Done> {
        let class_path = format!("{}/*", self.target.kafka.display());
        let java: Vec<&str> = JAVA.split(' ').chain(["-cp", &class_path, class]).collect();
        done(self.exec(&self.host, &[&java[..], args].concat()), deadline)
    }

    /// What an instance's console shows; nothing before it has one.
    pub fn console(&self, instance: &str) -> String {
        self.local.console(instance).unwrap_or_default()
    }

    /// Java's arguments for a ZooKeeper server: its log, its jars, its class.
    pub fn zookeeper_command(&self) -> String {
        let jars = self.target.zookeeper.display();
        // Nobody reads ZooKeeper's log but who looks for trouble.
        let log = "-Dorg.slf4j.simpleLogger.logFile=/var/log/zookeeper/zookeeper.log \
                   -Dorg.slf4j.simpleLogger.showDateTime=true";
        format!("{log} -cp '{jars}/*' org.apache.zookeeper.server.quorum.QuorumPeerMain")
    }

    /// The same for a broker, whose log is on the console.
    pub fn kafka_command(&self) -> String {
        let jars = self.target.kafka.display();
        format!("-Dlog4j.configuration=file:/run/log4j.properties -cp '{jars}/*' kafka.Kafka")
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let Ok(state) = self.local.state() else { return };
        for instance in state.instances {
            let path = self.logs.join(&instance.id).with_extension("log");
            // They are for who looks for what went wrong; the run's result is another thing.
            let _ = std::fs::write(path, self.console(&instance.id));
        }
    }
}
