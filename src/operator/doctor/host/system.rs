//! What the system does to ZooKeeper: its data directory's disk and owner, swap, the limit of open
//! files, and whether somebody keeps the clock.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::finding::quoted;
use super::super::{Area, Check, Finding};
use super::{Package, Root};

const DATA_DIR: Check = Check::of(Area::Host, "data-dir");
const DISK: Check = Check::of(Area::Host, "disk-space");
const SWAP: Check = Check::of(Area::Host, "swap");
const FILES: Check = Check::of(Area::Host, "open-files");
const TIME: Check = Check::of(Area::Host, "time-service");

/// A connection is a file; 4096 are as many as a busy ensemble has in minutes.
const FILES_MIN: u64 = 4096;
/// Below so many percent of the disk and so many bytes a person should look; below the others it is
/// nearly over. A log is 64 MiB, and a snapshot as large as the data.
const SPACE_WARNING: (u64, u64) = (15, 4 << 30);
const SPACE_ERROR: (u64, u64) = (5, 1 << 30);
/// What `steadfast run` and the package put into a directory that is as good as new: such a one it
/// gives to ZooKeeper's account itself.
const AS_NEW: [&str; 5] =
    ["lost+found", "myid", "initialize", "steadfast.pool", "steadfast.lineage"];
/// Programs that keep the clock; what of their names the kernel keeps.
const TIME_SERVICES: [&str; 5] = ["chronyd", "systemd-timesyn", "ntpd", "ntpsec", "phc2sys"];
/// ZooKeeper's class, in its process's command line.
const MAIN_CLASS: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// ZooKeeper's data directory.
    pub data_dir: PathBuf,
    /// It and its `version-2`, where there is something in them.
    pub owned: Vec<Owned>,
    /// The free and all bytes of its disk, for those who are not root.
    pub space: Option<(u64, u64)>,
    /// The swap devices in use.
    pub swaps: Vec<String>,
    /// The limit of open files of the ZooKeeper that runs.
    pub open_files: Option<u64>,
    /// Who keeps the clock.
    pub time_service: Option<String>,
}

/// A directory that is in use, and who may write there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The directory.
    pub path: PathBuf,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permissions.
    pub mode: u32,
}

impl Owned {
    fn read(root: &Root, path: PathBuf) -> Option<Self> {
        let names = root.list(&path);
        let it = std::fs::metadata(root.place(&path)).ok()?;
        let is_as_new = names.iter().all(|name| AS_NEW.contains(&name.as_str()));
        (!is_as_new).then(|| Self { path, uid: it.uid(), gid: it.gid(), mode: it.mode() })
    }

    /// As `steadfast run` judges it.
    fn is_open_to(&self, uid: u32, gid: u32) -> bool {
        let is_open = |bits: u32| self.mode & bits == bits;
        uid == 0 || uid == self.uid || (gid == self.gid && is_open(0o070)) || is_open(0o007)
    }
}

impl System {
    /// Looks.
    pub fn read(root: &Root, processes: &BTreeMap<u32, String>, data_dir: &Path) -> Self {
        let directories = [data_dir.to_owned(), data_dir.join("version-2")];
        let owned = directories.into_iter().filter_map(|path| Owned::read(root, path));
        let swaps = root.read("/proc/swaps").unwrap_or_default();
        let swaps = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next());
        let time = processes.values().find(|it| TIME_SERVICES.contains(&it.as_str()));
        Self {
            data_dir: data_dir.to_owned(),
            owned: owned.collect(),
            space: space(&root.place(data_dir)),
            swaps: swaps.map(str::to_owned).collect(),
            open_files: open_files(root, processes),
            time_service: time.cloned(),
        }
    }
}

/// Of the disk that the directory lies on, or will when it is made.
fn space(path: &Path) -> Option<(u64, u64)> {
    let there = path.ancestors().find(|it| it.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}

fn open_files(root: &Root, processes: &BTreeMap<u32, String>) -> Option<u64> {
    let is_it = |id: &&u32| {
        let line = std::fs::read(root.place(format!("/proc/{id}/cmdline"))).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(MAIN_CLASS)
    };
    let java = processes.iter().filter(|(_, name)| *name == "java").map(|(id, _)| id);
    let id = java.into_iter().find(is_it)?;
    let limits = root.read(format!("/proc/{id}/limits"))?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// The findings.
pub fn check(system: &System, package: &Package) -> Vec<Finding> {
    let mut found = vec![owner(system, package), disk(system), swap(system), time(system)];
    found.extend(system.open_files.map(files));
    found
}

fn owner(system: &System, package: &Package) -> Finding {
    let directory = system.data_dir.display();
    let Some((uid, gid)) = package.account else {
        return DATA_DIR.skipped(format!(
            "{directory}: its owner was not looked at, as there is no account {}",
            package.user
        ));
    };
    match system.owned.iter().find(|it| !it.is_open_to(uid, gid)) {
        None if system.owned.is_empty() => {
            DATA_DIR.ok(format!("{directory} has nothing in it that is not ZooKeeper's"))
        }
        None => DATA_DIR.ok(format!("{} may write in {directory}", package.user)),
        Some(it) => DATA_DIR
            .error(format!(
                "{} belongs to user {}, and {} may not write there",
                it.path.display(),
                it.uid,
                package.user
            ))
            .why("`steadfast run` refuses to start ZooKeeper, which would end at once")
            .command(format!(
                "chown -R {}: {}",
                quoted(&package.user),
                quoted(&directory.to_string())
            )),
    }
}

fn disk(system: &System) -> Finding {
    let directory = system.data_dir.display();
    let Some((free, all)) = system.space.filter(|(_, all)| *all > 0) else {
        return DISK.unknown(format!("the disk of {directory}"), "it does not tell its size");
    };
    let percent = free / (all / 100).max(1);
    let what = format!("the disk of {directory} has {percent} % free ({} MiB)", free >> 20);
    let why = "ZooKeeper ends when it cannot write its log, and its snapshots and logs grow";
    let hint = "autopurge.snapRetainCount and autopurge.purgeInterval say how many are kept";
    let is_below = |(share, bytes): (u64, u64)| percent < share && free < bytes;
    match (is_below(SPACE_ERROR), is_below(SPACE_WARNING)) {
        (true, _) => DISK.error(what).why(why).hint(hint),
        (false, true) => DISK.warning(what).why(why).hint(hint),
        (false, false) => DISK.ok(what),
    }
}

fn swap(system: &System) -> Finding {
    match system.swaps.is_empty() {
        true => SWAP.ok("nothing is swapped out"),
        false => SWAP
            .warning(format!("memory may be swapped out to {}", system.swaps.join(", ")))
            .why("a server whose heap is swapped out misses its heartbeats, and loses its leader")
            .hint("take it out of /etc/fstab, too")
            .command("swapoff -a"),
    }
}

fn time(system: &System) -> Finding {
    match &system.time_service {
        Some(name) => TIME.ok(format!("{name} keeps the clock")),
        None => TIME
            .warning("no time service is running (chrony, systemd-timesyncd or ntpd)")
            .why("a clock that drifts by five minutes is refused by AWS")
            .command("apt-get install -y chrony || dnf install -y chrony")
            .command("systemctl enable --now chrony || systemctl enable --now chronyd"),
    }
}

fn files(limit: u64) -> Finding {
    match limit {
        ..FILES_MIN => FILES
            .warning(format!("ZooKeeper may open {limit} files"))
            .why("each client's connection is one, and without one left no client gets in")
            .hint("set LimitNOFILE=65536 in the unit that runs steadfast, and restart it"),
        u64::MAX => FILES.ok("ZooKeeper may open any number of files"),
        _ => FILES.ok(format!("ZooKeeper may open {limit} files")),
    }
}
