//! What the agent and its keeper weigh, by the kernel's account.

use serde::{Deserialize, Serialize};

use super::Result;

/// Memory of one process, in KiB.
#[derive(Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Resident: the pages of its program that it has touched among them.
    pub rss: u64,
    /// Proportional: pages that others use, too, count in part.
    pub pss: u64,
    /// Its own alone.
    pub private: u64,
}

/// The agent's two processes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Weight {
    /// `steadfast run`.
    pub agent: Memory,
    /// The process between it and its command.
    pub keeper: Memory,
}

/// Prints a [`Weight`] as JSON.
pub fn weigh() -> Result<()> {
    let keeper = keeper()?;
    let stat = std::fs::read_to_string(format!("/proc/{keeper}/stat"))?;
    let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
    let agent: u32 = parent.ok_or("the keeper has no parent")?.parse()?;
    let weight = Weight { agent: memory(agent)?, keeper: memory(keeper)? };
    println!("{}", serde_json::to_string(&weight)?);
    Ok(())
}

/// The keeper's number, by the record that it leaves for later agents.
pub fn keeper() -> Result<u32> {
    let record = std::fs::read_to_string("/run/steadfast/keeper")?;
    Ok(record.split_whitespace().next().ok_or("an empty record")?.parse()?)
}

fn memory(pid: u32) -> Result<Memory> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let of = |name: &str| -> u64 {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let sums = lines.filter(|(key, _)| key.starts_with(name));
        sums.filter_map(|(_, value)| value.split_whitespace().next()?.parse::<u64>().ok()).sum()
    };
    let pss = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    let pss = pss.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(Memory { rss: of("Rss"), pss, private: of("Private_") })
}
