//! The region, the pool, the Auto Scaling group, and what its instances run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use steadfast_sim::client::{LocalRegion, Options, tags};
use steadfast_sim::control::{GroupRequest, InstanceView, LaunchRequest};

use super::console::{Claim, Console};
use super::{Result, wait_for};

/// How many servers: with five, two may be lost at once, disks and all, and three are a majority.
pub const SLOTS: usize = 5;

const POOL: &str = "demo";
/// The tag that tells an instance its pool; the ENIs have it, too.
const POOL_TAG: &str = "steadfast:pool";
/// What an instance runs at boot: `steadfast run` around Debian's ZooKeeper.
const USER_DATA: &str = include_str!("user-data.sh");
const BIN_DIR: &str = "@BIN_DIR@";
const INSTANCE_TYPE: &str = "t3.small";

/// The region with its group.
pub struct Ensemble {
    /// The region; it ends with this.
    pub region: LocalRegion,
    bin_dir: PathBuf,
    /// The instance that may be fenced: its slot was taken while it hung.
    hung: Option<String>,
}

impl Ensemble {
    /// Starts the region and makes the pool.
    pub fn start() -> Result<Self> {
        // The example lies in target/PROFILE/examples, the programs one directory up.
        let own = std::env::current_exe()?;
        let bin_dir = own.ancestors().nth(2).ok_or("the demo lies in no target directory")?;
        for program in ["steadfast", "steadfast-sim", "examples/workload"] {
            if !bin_dir.join(program).exists() {
                let dir = bin_dir.display();
                return Err(format!("no {program} in {dir}: cargo build --bins --examples").into());
            }
        }
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![bin_dir.to_owned()],
            ..Options::default()
        })?;
        region.create_pool(POOL, u32::try_from(SLOTS)?, true)?;
        Ok(Self { region, bin_dir: bin_dir.to_owned(), hung: None })
    }

    /// Launches an instance a slot, and another one for each that is lost.
    pub fn put_group(&self) -> Result<()> {
        let group = GroupRequest {
            name: "zookeeper".to_owned(),
            desired: u32::try_from(SLOTS)?,
            zones: Vec::new(),
            instance_type: INSTANCE_TYPE.to_owned(),
            tags: instance_tags(),
            user_data: self.user_data(),
            image: None,
        };
        Ok(self.region.put_group(&group)?)
    }

    /// Launches one instance as the group would, in that zone.
    pub fn launch_by_hand(&self, zone: &str) -> Result<String> {
        Ok(self.region.launch(&LaunchRequest {
            zone: Some(zone.to_owned()),
            instance_type: Some(INSTANCE_TYPE.to_owned()),
            tags: instance_tags(),
            user_data: self.user_data(),
            count: 1,
            image: None,
        })?)
    }

    fn user_data(&self) -> String {
        USER_DATA.replace(BIN_DIR, &self.bin_dir.display().to_string())
    }

    /// Launches an instance that is no member of the pool, for the clients.
    pub fn launch_host(&self) -> Result<String> {
        let host = self.region.launch(&LaunchRequest::default())?;
        self.region.wait_running(&host)?;
        Ok(host)
    }

    /// The command that runs one of the examples in an instance.
    pub fn example(&self, host: &str, name: &str, args: &[&str]) -> Command {
        let program = self.bin_dir.join(Path::new("examples")).join(name).display().to_string();
        self.region.exec(host, &[&[program.as_str()], args].concat())
    }

    /// The command that runs `steadfast` in an instance, for this pool.
    pub fn steadfast(&self, host: &str, args: &[&str]) -> Command {
        let program = self.bin_dir.join("steadfast").display().to_string();
        let (command, rest) = args.split_first().unwrap_or((&"help", &[]));
        self.region.exec(host, &[&[program.as_str(), command, "--pool", POOL], rest].concat())
    }

    /// Stops every process of an instance, which may find itself fenced from now on.
    pub fn hang(&mut self, instance: &str) -> Result<()> {
        self.hung = Some(instance.to_owned());
        Ok(self.region.hang(instance)?)
    }

    /// Each slot's holder, by slot, once all are claimed.
    pub fn wait_claims(&self, deadline: Duration) -> Result<BTreeMap<u8, Claim>> {
        wait_for("a claim of every slot", deadline, || {
            let mut claims = self.claims()?;
            // Of several claims of one slot the latest is the holder's.
            claims.sort_by(|a, b| a.at.total_cmp(&b.at));
            let holders: BTreeMap<_, _> = claims.into_iter().map(|it| (it.slot, it)).collect();
            Ok((holders.len() == SLOTS).then_some(holders))
        })
    }

    /// Every claim that an instance of the pool has told of. An error on its console is one here.
    pub fn claims(&self) -> Result<Vec<Claim>> {
        let mut claims = Vec::new();
        for instance in self.region.state()?.instances {
            if instance.tags.contains_key(POOL_TAG) {
                let console = self.console(&instance.id);
                self.refuse_failure(&instance.id, &console)?;
                claims.extend(console.claim);
            }
        }
        Ok(claims)
    }

    /// What an instance's console has told.
    pub fn console(&self, instance: &str) -> Console {
        // One that boots has none yet.
        Console::read(instance, &self.region.console(instance).unwrap_or_default())
    }

    /// What went wrong is told at once, in its own words.
    fn refuse_failure(&self, instance: &str, console: &Console) -> Result<()> {
        if let Some(error) = &console.error {
            return Err(format!("{instance}: {error}").into());
        }
        if console.fenced_at.is_some() && self.hung.as_deref() != Some(instance) {
            return Err(format!("{instance} was fenced, and nobody had taken its slot").into());
        }
        Ok(())
    }

    /// The connect string as an instance finds it, by its `slot.json`.
    pub fn connect_string(&self, instance: &str) -> Result<String> {
        let mut read = self.region.exec(instance, &["cat", "/run/steadfast/slot.json"]);
        let facts: serde_json::Value = serde_json::from_slice(&read.output()?.stdout)?;
        let connect_string = facts["connect_string"].as_str().map(str::to_owned);
        connect_string.ok_or_else(|| format!("no connect string on {instance}: {facts}").into())
    }

    /// How many EC2 calls an instance has made, by the region's log.
    pub fn calls_of(&self, instance: &str) -> Result<usize> {
        Ok(self.region.log(0)?.iter().filter(|call| call.caller == instance).count())
    }

    /// An instance as the region sees it.
    pub fn instance(&self, id: &str) -> Result<InstanceView> {
        let found = self.region.state()?.instances.into_iter().find(|instance| instance.id == id);
        found.ok_or_else(|| format!("the region has forgotten {id}").into())
    }
}

/// All that the agent is told: an instance tag, as the group's launch template has it.
fn instance_tags() -> BTreeMap<String, String> {
    tags([(POOL_TAG, POOL)])
}
