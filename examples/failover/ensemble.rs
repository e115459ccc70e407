//! The region, the pool, the Auto Scaling group, and what its instances run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use steadfast_sim::client::{LocalRegion, Options, tags};
use steadfast_sim::control::{GroupRequest, LaunchRequest};

use super::screen::Screen;
use super::{Result, wait_for};

const POOL: &str = "demo";
const SLOTS: u32 = 3;

/// What an instance runs at boot: the claim, then Debian's ZooKeeper with its configuration
/// rendered from the pool. `FIRST_BOOT` makes the marker that lets an empty disk vote.
const USER_DATA: &str = include_str!("user-data.sh");
const FIRST_BOOT: &str = "@FIRST_BOOT@";
const BIN_DIR: &str = "@BIN_DIR@";

/// What user-data prints before the claim's JSON on the console.
const CLAIMED: &str = "demo: claimed ";

/// A claim, by the words of the instance that made it.
#[derive(Debug, Clone, Deserialize)]
pub struct Claim {
    /// The slot's number.
    pub slot: u8,
    /// Its address.
    pub address: String,
    /// The instance.
    pub instance: String,
    /// The connect string that the instance found.
    pub connect_string: String,
    /// When the claim was done, in seconds since the epoch.
    pub at: f64,
}

/// The region with its group.
pub struct Ensemble {
    /// The region; it ends with this.
    pub region: LocalRegion,
    bin_dir: PathBuf,
}

impl Ensemble {
    /// Starts the region, makes the pool, launches the group.
    pub fn start(screen: &Screen) -> Result<Self> {
        // The example lies in target/PROFILE/examples, the programs one directory up.
        let own = std::env::current_exe()?;
        let bin_dir = own.ancestors().nth(2).ok_or("the demo lies in no target directory")?;
        let bin_dir = bin_dir.to_owned();
        for program in ["steadfast", "steadfast-sim"] {
            if !bin_dir.join(program).exists() {
                let dir = bin_dir.display();
                return Err(format!("no {program} in {dir}: cargo build --workspace").into());
            }
        }
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![bin_dir.clone()],
            ..Options::default()
        })?;
        let enis = region.create_pool(POOL, SLOTS, true)?;
        screen.say(&format!("pool {POOL}: {} ENIs with fixed addresses", enis.len()));
        let ensemble = Self { region, bin_dir };
        ensemble.put_group(true)?;
        screen.say(&format!("an Auto Scaling group launches {SLOTS} instances"));
        Ok(ensemble)
    }

    /// From now on what boots is a replacement, whose empty disk must not vote.
    pub fn end_bootstrap(&self) -> Result<()> {
        self.put_group(false)
    }

    fn put_group(&self, is_first_boot: bool) -> Result<()> {
        let group = GroupRequest {
            name: "zookeeper".to_owned(),
            desired: SLOTS,
            zones: Vec::new(),
            instance_type: "t3.small".to_owned(),
            // All that the agent is told: an instance tag, as the group's launch template has it.
            tags: tags([("steadfast:pool", POOL)]),
            user_data: USER_DATA
                .replace(BIN_DIR, &self.bin_dir.display().to_string())
                .replace(FIRST_BOOT, if is_first_boot { "true" } else { "false" }),
        };
        Ok(self.region.put_group(&group)?)
    }

    /// The client's command, in an instance that is no member of the group.
    pub fn client_command(&self, connect_string: &str) -> Result<Command> {
        let host = self.region.launch(&LaunchRequest::default())?;
        self.region.wait_running(&host)?;
        let program = std::env::current_exe()?.with_file_name("workload");
        if !program.exists() {
            return Err(format!("no {}: cargo build --examples", program.display()).into());
        }
        let program = program.display().to_string();
        Ok(self.region.exec(&host, &[&program, "run", connect_string]))
    }

    /// The claims of all slots, by slot, once there is one of each.
    pub fn wait_claims(&self, deadline: Duration) -> Result<BTreeMap<u8, Claim>> {
        wait_for("three claims", deadline, || {
            let claims: BTreeMap<u8, Claim> =
                self.claims()?.into_iter().map(|claim| (claim.slot, claim)).collect();
            Ok((claims.len() == SLOTS as usize).then_some(claims))
        })
    }

    /// Every claim that an instance of the group has told of.
    pub fn claims(&self) -> Result<Vec<Claim>> {
        let mut claims = Vec::new();
        for instance in self.region.state()?.instances {
            if instance.tags.contains_key("steadfast:pool") {
                let console = self.region.console(&instance.id).unwrap_or_default();
                claims.extend(claim_on(&console)?);
                refuse_failure(&instance.id, &console)?;
            }
        }
        Ok(claims)
    }

    /// How many EC2 calls an instance has made, by the region's log.
    pub fn calls_of(&self, instance: &str) -> Result<usize> {
        Ok(self.region.log(0)?.iter().filter(|call| call.caller == instance).count())
    }
}

fn claim_on(console: &str) -> Result<Option<Claim>> {
    let line = console.lines().find_map(|line| line.split_once(CLAIMED));
    Ok(line.map(|(_, json)| serde_json::from_str(json)).transpose()?)
}

/// A claim that failed is told at once, with its own words.
fn refuse_failure(instance: &str, console: &str) -> Result<()> {
    match console.lines().find(|line| line.contains("steadfast: ")) {
        None => Ok(()),
        Some(line) => Err(format!("{instance}: {line}").into()),
    }
}
