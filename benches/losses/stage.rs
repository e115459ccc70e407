//! The region, its pool of three slots in three zones, and instances that run `steadfast run`.

use std::path::PathBuf;
use std::process::Command;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use steadfast_sim::client::{LocalRegion, Options, tags};
use steadfast_sim::control::{EniView, LaunchRequest};

use super::{Result, wait_for};

const POOL: &str = "bench";
const POOL_TAG: &str = "steadfast:pool";
/// As many as there are zones: a replacement finds one slot that it can claim, the lost one.
const SLOTS: usize = 3;

const USER_DATA: &str = include_str!("../../examples/failover/user-data.sh");
const BIN_DIR: &str = "@BIN_DIR@";

/// The region with its ensemble.
pub struct Stage {
    /// The region; it ends with this.
    pub region: LocalRegion,
    /// The instances of the three clients.
    pub client_hosts: [String; 3],
    /// `address:port` of every server, in slot order.
    pub servers: Vec<String>,
    bin_dir: PathBuf,
}

/// A slot and its holder.
#[derive(Debug, Clone)]
pub struct Member {
    /// The slot's ENI.
    pub eni: String,
    /// `address:port` of its server.
    pub server: String,
    /// The zone of both.
    pub zone: String,
    /// The instance that holds it.
    pub instance: String,
}

/// The one line of an agent's log that says that it holds a slot.
#[derive(Debug, Deserialize)]
struct Holds {
    timestamp: String,
    address: String,
    /// No other line has it.
    #[serde(rename = "resumed")]
    _resumed: bool,
}

impl Stage {
    /// Starts the region, makes the pool, and launches an instance a slot and the clients' own.
    pub fn set() -> Result<Self> {
        let own = std::env::current_exe()?;
        // The benchmark lies in target/PROFILE/deps, the programs one directory up.
        let bin_dir = own.ancestors().nth(2).ok_or("the benchmark lies in no target directory")?;
        for program in ["steadfast", "steadfast-sim", "examples/workload"] {
            if !bin_dir.join(program).exists() {
                let dir = bin_dir.display();
                return Err(format!("no {program} in {dir}: build bins and examples").into());
            }
        }
        let region = LocalRegion::up(&Options {
            sim_binary: bin_dir.join("steadfast-sim"),
            shares: vec![bin_dir.to_owned()],
            ..Options::default()
        })?;
        region.create_pool(POOL, u32::try_from(SLOTS)?, false)?;
        let client = || launch_client(&region);
        let client_hosts = [client()?, client()?, client()?];
        let mut stage = Self { region, client_hosts, servers: Vec::new(), bin_dir: bin_dir.into() };
        let mut slots = stage.slots()?;
        slots.sort_by_key(|eni| eni.tags.get("steadfast:slot").cloned());
        stage.servers = slots.iter().map(server).collect();
        for slot in slots {
            stage.launch(&slot.zone)?;
        }
        Ok(stage)
    }

    /// Launches a member in a zone, as an Auto Scaling group would.
    pub fn launch(&self, zone: &str) -> Result<String> {
        let user_data = USER_DATA.replace(BIN_DIR, &self.bin_dir.display().to_string());
        Ok(self.region.launch(&LaunchRequest {
            zone: Some(zone.to_owned()),
            tags: tags([(POOL_TAG, POOL)]),
            user_data,
            ..LaunchRequest::default()
        })?)
    }

    /// The client's program in the instance of one of the clients.
    pub fn workload(&self, host: &str, args: &[&str]) -> Command {
        let program = self.bin_dir.join("examples/workload").display().to_string();
        self.region.exec(host, &[&[program.as_str()], args].concat())
    }

    /// Waits until every server is a member; the answer is the leader's `address:port`.
    pub fn wait_whole(&self) -> Result<String> {
        let servers = self.servers.join(",");
        wait_for("every server a member", || {
            let said = self.workload(&self.client_hosts[0], &["mode", &servers]).output()?;
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            let modes: Vec<(&str, &str)> =
                said.lines().filter_map(|line| line.split_once(' ')).collect();
            let is_whole = modes.len() == SLOTS && modes.iter().all(|(_, mode)| *mode != "-");
            let leader = modes.iter().find(|(_, mode)| *mode == "leader");
            Ok(leader.filter(|_| is_whole).map(|(server, _)| (*server).to_owned()))
        })
    }

    /// Every slot with its holder.
    pub fn members(&self) -> Result<Vec<Member>> {
        let member = |eni: EniView| {
            let server = server(&eni);
            let instance = eni.instance.ok_or_else(|| format!("nobody holds {server}"))?;
            Ok(Member { eni: eni.id, server, zone: eni.zone, instance })
        };
        self.slots()?.into_iter().map(member).collect()
    }

    fn slots(&self) -> Result<Vec<EniView>> {
        let mut enis = self.region.state()?.enis;
        enis.retain(|eni| eni.tags.contains_key(POOL_TAG));
        Ok(enis)
    }

    /// Waits until an instance holds the slot of a server; the answer is since when, by its own log,
    /// in seconds since the epoch. What it said before `since` does not count.
    pub fn wait_claim(&self, instance: &str, server: &str, since: f64) -> Result<f64> {
        wait_for("the claim", || {
            // One that boots has no console yet.
            let console = self.region.console(instance).unwrap_or_default();
            if let Some(error) = console.lines().find(|line| line.starts_with("steadfast: ")) {
                return Err(format!("{instance}: {error}").into());
            }
            let is_it = |(at, address): &(f64, String)| *at > since && server.starts_with(address);
            Ok(console.lines().filter_map(claim).find(is_it).map(|(at, _)| at))
        })
    }

    /// The number of the next call to EC2's API in the region's log.
    pub fn calls_so_far(&self) -> Result<usize> {
        Ok(self.region.log(0)?.last().map_or(0, |call| call.number + 1))
    }

    /// How many calls these instances have made since then.
    pub fn calls_of(&self, instances: &[String], since: usize) -> Result<usize> {
        let calls = self.region.log(since)?;
        Ok(calls.iter().filter(|call| instances.contains(&call.caller)).count())
    }
}

fn launch_client(region: &LocalRegion) -> Result<String> {
    let host = region.launch(&LaunchRequest::default())?;
    region.wait_running(&host)?;
    Ok(host)
}

fn server(eni: &EniView) -> String {
    format!("{}:2181", eni.ipv4.first().map_or("", String::as_str))
}

/// When a claim was done and of which address, if the line tells of one.
fn claim(line: &str) -> Option<(f64, String)> {
    let said: Holds = serde_json::from_str(line).ok()?;
    let at = humantime::parse_rfc3339(&said.timestamp).ok()?;
    let at = at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
    Some((at, format!("{}:", said.address)))
}
