//! Where the programs and the jars are that are run in the region, and where the reports go.

use std::path::PathBuf;

use super::super::Result;

/// Where the programs and the jars are.
#[derive(Debug, Clone)]
pub struct Target {
    /// Of this program, and of steadfast's.
    pub bin_dir: PathBuf,
    /// Of ZooKeeper's jars.
    pub zookeeper: PathBuf,
    /// Of Kafka's jars.
    pub kafka: PathBuf,
    /// Of the reports.
    pub reports: PathBuf,
}

impl Target {
    /// Where they are, by where this program is; all there. The reports go where they are to.
    pub fn find(reports: Option<PathBuf>) -> Result<Self> {
        let own = std::env::current_exe()?;
        let bin_dir = own.parent().ok_or("the program lies in no directory")?;
        let target = bin_dir.parent().ok_or("the program lies in no target directory")?;
        let this = Self {
            bin_dir: bin_dir.to_owned(),
            zookeeper: target.join("zookeeper-3.9"),
            kafka: target.join("kafka-3.9"),
            reports: reports.unwrap_or_else(|| target.join("demo-kafka")),
        };
        std::fs::create_dir_all(&this.reports).map_err(|error| {
            format!("cannot write reports: {}: {error}", this.reports.display())
        })?;
        for program in ["steadfast", "steadfast-sim", "examples/workload"] {
            this.must_have(this.bin_dir.join(program), "make build-dev")?;
        }
        for jars in [&this.zookeeper, &this.kafka] {
            this.must_have(jars.join("pom.xml"), "examples/kafka/setup")?;
        }
        Ok(this)
    }

    /// An empty directory among the reports, for logs.
    pub fn new_logs(&self, name: &str) -> Result<PathBuf> {
        let logs = self.reports.join(name);
        if logs.exists() {
            std::fs::remove_dir_all(&logs)?;
        }
        std::fs::create_dir_all(&logs)?;
        Ok(logs)
    }

    fn must_have(&self, path: PathBuf, makes: &str) -> Result<()> {
        match path.exists() {
            true => Ok(()),
            false => Err(format!("there is no {}: {makes}", path.display()).into()),
        }
    }
}
