//! Instances that run `steadfast run` at boot, and what they say.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use steadfast_sim::client::tags;
use steadfast_sim::control::LaunchRequest;

use crate::region::{Instance, POOL, Region, program};
use crate::version::{SERVER, Version};

const USER_DATA: &str = include_str!("user-data.sh");
/// What user-data prints when `run` has ended, before its status.
const ENDED: &str = "replacements: run ended with ";
/// How many consoles are printed if the test fails, the latest ones, and how many lines of each.
const TOLD: usize = 8;
const TOLD_LINES: usize = 25;

/// The instances, those that are gone among them.
pub struct Fleet<'a> {
    pub region: &'a Region,
    pub version: Version,
    pub seed: u64,
    user_data: String,
    /// Whether a `run` that was fenced is started anew.
    pub restarts: bool,
    launched: RefCell<Vec<String>>,
}

impl<'a> Fleet<'a> {
    /// No instance yet.
    pub fn new(region: &'a Region, version: Version, seed: u64) -> Self {
        // A word may have a `*`, which is the JVM's matter.
        let words = version.java().into_iter().chain([SERVER.to_owned()]);
        let server: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        let user_data = USER_DATA
            .replace("@BIN_DIR@", &bin_dir().display().to_string())
            .replace("@SERVER@", &server.join(" "));
        let fleet = Self {
            region,
            version,
            seed,
            user_data,
            restarts: false,
            launched: RefCell::default(),
        };
        // What an earlier run left would be taken for this one's.
        let _ = std::fs::remove_dir_all(fleet.directory());
        fleet
    }

    /// Launches a server's instance in a zone, without waiting for it; the answer is its id.
    pub fn launch(&self, zone: &str) -> String {
        let request = LaunchRequest {
            zone: Some(zone.to_owned()),
            // All that the agent is told: an instance tag, as a launch template has it.
            tags: tags([("steadfast:pool", POOL)]),
            user_data: self.user_data.replace("@RESTARTS@", &self.restarts.to_string()),
            ..LaunchRequest::default()
        };
        let id = (**self.region).launch(&request).unwrap();
        self.launched.borrow_mut().push(id.clone());
        id
    }

    /// An instance of this fleet.
    pub fn instance(&self, id: &str) -> Instance<'a> {
        self.region.instance(id.to_owned())
    }

    /// How often an instance has said that it holds this slot: once a boot.
    pub fn claims(&self, id: &str, slot: u8) -> usize {
        self.console(id).matches(&format!("holds slot {slot} of pool {POOL}: ")).count()
    }

    /// The status that `run` last ended with.
    pub fn ended(&self, id: &str) -> Option<i32> {
        let console = self.console(id);
        let status = console.lines().rev().find_map(|line| line.strip_prefix(ENDED))?;
        Some(status.parse().unwrap())
    }

    /// How many Java processes an instance has.
    pub fn servers(&self, id: &str) -> usize {
        let listed = self.instance(id).sh("ps -eo stat=,comm=");
        listed.lines().filter(|line| !line.starts_with('Z') && line.ends_with("java")).count()
    }

    /// What an instance's console shows.
    pub fn console(&self, id: &str) -> String {
        self.region.console(id).unwrap_or_default()
    }

    /// Where the report lies, and the consoles if the test fails.
    pub fn directory(&self) -> PathBuf {
        let name = format!("zookeeper-{}-seed-{}", self.version.name(), self.seed);
        // The programs lie in target/PROFILE.
        let target = bin_dir().parent().expect("a target directory");
        target.join("replacements").join(name)
    }

    fn keep_consoles(&self) -> std::io::Result<()> {
        let directory = self.directory();
        std::fs::create_dir_all(&directory)?;
        for (age, id) in self.launched.borrow().iter().rev().enumerate() {
            let console = self.console(id);
            std::fs::write(directory.join(format!("{id}.console")), &console)?;
            if age < TOLD {
                let lines: Vec<_> = console.lines().collect();
                let told = &lines[lines.len().saturating_sub(TOLD_LINES)..];
                println!("--- {id}\n{}", told.join("\n"));
            }
        }
        println!("the whole consoles: {}", directory.display());
        Ok(())
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Err(error) = self.keep_consoles()
        {
            println!("the consoles could not be kept: {error}");
        }
    }
}

/// Where the programs of this project lie.
pub fn bin_dir() -> &'static Path {
    Path::new(program()).parent().expect("a program in a directory")
}
