//! Java and ZooKeeper as judges of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's; the first names the rest of ZooKeeper's own in its manifest.
const JARS: [&str; 3] = [
    "/usr/share/java/zookeeper.jar",
    "/usr/share/java/slf4j-log4j12.jar",
    "/usr/share/java/log4j-1.2.jar",
];

/// A JVM that starts quickly and logs to its standard error.
pub fn java() -> Command {
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/zookeeper_config/log4j.properties");
    let mut java = Command::new("java");
    java.args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-Dzookeeper.jmx.log4j.disable=true")
        .arg(format!("-Dlog4j.configuration=file:{log}"))
        .args(["-cp", &JARS.join(":")]);
    java
}

/// What was made of one file.
#[derive(Debug, Default, Clone)]
pub struct Judgement {
    /// What `Properties.load` gives.
    pub properties: BTreeMap<String, String>,
    /// What `QuorumPeerConfig` has, and the system properties that it sets.
    pub config: BTreeMap<String, String>,
    /// Why Java or ZooKeeper would not have it.
    pub refused: Option<String>,
}

impl Judgement {
    pub fn get(&self, key: &str) -> &str {
        self.config.get(key).unwrap_or_else(|| panic!("no {key}: {self:#?}"))
    }
}

/// Judges files, in their order.
pub fn judge(paths: &[PathBuf]) -> Vec<Judgement> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zookeeper_config/Judge.java");
    let output = java().arg(source).args(paths).output().expect("java is installed");
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    let mut judgements = vec![Judgement::default(); paths.len()];
    for line in stdout.lines() {
        let [file, kind, key, value] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} is no fact")
        };
        let judgement = &mut judgements[file.parse::<usize>().unwrap()];
        let (key, value) = (text(key), text(value));
        match kind {
            "property" => drop(judgement.properties.insert(key, value)),
            "config" => drop(judgement.config.insert(key, value)),
            _ => judgement.refused = Some(value),
        }
    }
    judgements
}

fn text(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).unwrap()
}
