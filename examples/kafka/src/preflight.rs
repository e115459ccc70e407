//! What the machine must have, said before anything is started.

use std::process::Command;

use super::Result;

/// 1,400 are in use at most, measured: of them six JVMs of servers and brokers, one of a tool's, and the
/// region. The rest is room for what is read and written.
const MEMORY_MIB: u64 = 2_000;

/// All that is missing, as an error.
pub fn check() -> Result<()> {
    java()?;
    memory(&std::fs::read_to_string("/proc/meminfo")?)
}

fn java() -> Result<()> {
    let version = Command::new("java").arg("-version").output();
    match version.map(|it| it.status.success()) {
        Ok(true) => Ok(()),
        _ => Err("there is no Java (java), which ZooKeeper and Kafka run on: Debian's package \
                  default-jre-headless"
            .into()),
    }
}

fn memory(meminfo: &str) -> Result<()> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    let mib = kib.ok_or("/proc/meminfo does not say how much memory is available")? / 1024;
    match mib >= MEMORY_MIB {
        true => Ok(()),
        false => Err(format!(
            "{mib} MiB of memory are available, and three ZooKeeper servers and three brokers need \
             {MEMORY_MIB}: end other programs, or take a larger machine"
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_is_said() {
        let error = memory("MemTotal: 4000000 kB\nMemAvailable:    1048576 kB\n").unwrap_err();
        assert!(error.to_string().starts_with("1024 MiB of memory are available"), "{error}");
        assert!(memory("MemAvailable: 2048000 kB\n").is_ok());
        assert!(memory("MemFree: 1 kB\n").is_err());
    }
}
