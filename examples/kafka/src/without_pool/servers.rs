//! Plain ZooKeeper servers, and what operators write into their instances.

use std::time::Duration;

use steadfast_sim::control::InstanceView;

use crate::region::{JAVA, Region};
use crate::watch::{WATCH, Watch};
use crate::{PROGRAM, Result};

/// What every plain instance runs at boot.
pub const USER_DATA: &str = include_str!("../user-data/plain.sh");
/// What that starts.
pub const SERVICE: &str = "/etc/service";
/// ZooKeeper's settings, as its own example has them, but for the words that the watch asks with.
const SETTINGS: &str = "tickTime=2000
initLimit=10
syncLimit=5
dataDir=/var/lib/zookeeper
clientPort=2181
admin.enableServer=false
4lw.commands.whitelist=srvr,mntr
";
const ZOO_CFG: &str = "/etc/zoo.cfg";
const MYID: &str = "/var/lib/zookeeper/myid";
/// How long a shell of an operator's may take: to stop a server included.
pub const SHELL: Duration = Duration::from_secs(60);

/// A server of the ensemble.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id.
    pub id: u8,
    /// Where it is now.
    pub instance: InstanceView,
}

/// All of them, by id, and what brokers were told of them.
#[derive(Debug)]
pub struct Servers {
    /// In order.
    pub all: Vec<Server>,
    /// The addresses of the first day, as `zookeeper.connect`.
    pub connect: String,
    /// The brokers', as clients are told.
    pub bootstrap: String,
}

impl Servers {
    /// Launches them, and starts the ensemble.
    pub fn start(region: &Region) -> Result<Self> {
        let zones = ["a", "b", "c"];
        let launch = |(id, zone): (u8, &str)| {
            Ok(Server { id, instance: region.launch(Some(zone.to_owned()), USER_DATA)? })
        };
        let all: Vec<Server> = (1..).zip(zones).map(launch).collect::<Result<_>>()?;
        let mut this = Self { all, connect: String::new(), bootstrap: String::new() };
        this.connect = this.connect_now();
        for server in &this.all {
            this.configure(server, region)?;
            start(server, region)?;
        }
        Ok(this)
    }

    /// The server of an id.
    pub fn get(&self, id: u8) -> Result<&Server> {
        let found = self.all.iter().find(|it| it.id == id);
        found.ok_or_else(|| format!("there is no server {id}").into())
    }

    /// Every server's `address:port` as it is now.
    pub fn addresses(&self) -> Vec<String> {
        self.all.iter().map(Server::address).collect()
    }

    /// What brokers would have to be told now.
    pub fn connect_now(&self) -> String {
        format!("{}/kafka", self.addresses().join(","))
    }

    /// Replaces a server: an instance in the same zone, the same id, the addresses of today.
    pub fn replace(&mut self, id: u8, region: &Region) -> Result<&Server> {
        let zone = self.get(id)?.instance.zone.clone();
        let server = Server { id, instance: region.launch(Some(zone), USER_DATA)? };
        let at = self.all.iter().position(|it| it.id == id).ok_or("no such server")?;
        self.all[at] = server;
        self.configure(&self.all[at], region)?;
        start(&self.all[at], region)?;
        Ok(&self.all[at])
    }

    /// Writes a server's configuration, with the addresses of today.
    pub fn configure(&self, server: &Server, region: &Region) -> Result<()> {
        let instance = &server.instance.id;
        let line = |it: &Server| format!("server.{}={}:2888:3888\n", it.id, it.instance.private_ip);
        let servers: String = self.all.iter().map(line).collect();
        region.write(instance, ZOO_CFG, &(SETTINGS.to_owned() + &servers), "644")?;
        region.write(instance, MYID, &server.id.to_string(), "644")
    }

    /// Has them asked, at the addresses of today, what they are.
    pub fn watch(&self, region: &Region) -> Result<Watch> {
        Watch::start(region.program(PROGRAM, &[WATCH, &self.addresses().join(",")]))
    }
}

impl Server {
    /// Its `address:port`.
    pub fn address(&self) -> String {
        format!("{}:2181", self.instance.private_ip)
    }
}

/// Starts a server, and has it started again whenever it ends.
pub fn start(server: &Server, region: &Region) -> Result<()> {
    let java = format!(
        "#!/bin/sh\nmkdir -p /var/log/zookeeper\nexec {JAVA} -Xmx128m {} {ZOO_CFG}\n",
        region.zookeeper_command()
    );
    region.write(&server.instance.id, SERVICE, &java, "755")
}

/// Stops a server for good.
pub fn stop(server: &Server, region: &Region) -> Result<()> {
    let script =
        format!("chmod -x {SERVICE}; pkill java; while pgrep java >/dev/null; do sleep 0.1; done");
    region.shell(&server.instance.id, &script, SHELL)?.succeeded("the stop of a server")?;
    Ok(())
}

/// Whether a server has data of the ensemble's: one that never joined has none of its logs.
pub fn has_data(server: &Server, region: &Region) -> Result<bool> {
    let script = "ls /var/lib/zookeeper/version-2/log.* >/dev/null 2>&1";
    Ok(region.shell(&server.instance.id, script, SHELL)?.is_success())
}
