//! A real server on a rendered configuration, in the namespace of its test.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use steadfast::zookeeper::answer::Srvr;
use steadfast::zookeeper::ask;
use steadfast::zookeeper::disk::Disk;
use steadfast::zookeeper::render::{Config, render};

use crate::judge::java;
use crate::rendered::{ensemble, settings};
use crate::scratch::Scratch;

/// For whatever a server does in a second, on a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(100);

/// One server: its configuration and its disk, also while it is down.
pub struct Server {
    pub config: Config,
    pub disk: Disk,
    zoo_cfg: PathBuf,
    log: PathBuf,
    running: Option<Child>,
}

impl Server {
    /// Prepares server `me` of an ensemble with these addresses, in directories of its own.
    pub fn of(scratch: &Scratch, me: u8, addresses: &[&str]) -> Self {
        let at = |name: &str| scratch.path(&format!("{me}/{name}"));
        let directories = format!("dataDir = {:?}\ndataLogDir = {:?}\n", at("data"), at("log"));
        let config = render(&settings(&directories), &ensemble(me, addresses)).unwrap();
        let disk = Disk::of(&config, None);
        disk.prepare().unwrap();
        disk.write_myid().unwrap();
        config.write(&at("zoo.cfg"), None).unwrap();
        Self { config, disk, zoo_cfg: at("zoo.cfg"), log: at("out"), running: None }
    }

    pub fn start(&mut self) {
        let log = fs::File::create(&self.log).unwrap();
        let java = java()
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(&self.zoo_cfg)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.running = Some(java.unwrap());
    }

    /// Ends it like a power cut.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Its exit status, once it has ended by itself.
    pub async fn ended(&mut self) -> i32 {
        let status = self
            .until("it ends", async |server| server.running.as_mut().unwrap().try_wait().unwrap());
        let status = status.await;
        self.running = None;
        status.code().unwrap()
    }

    /// What it answers, from its own address.
    pub async fn srvr(&self) -> Srvr {
        ask::srvr(self.config.client, Some(self.config.client.ip()), Duration::from_secs(5)).await
    }

    /// Its answer, once it serves.
    pub async fn serves(&mut self) -> Srvr {
        self.until("it serves", async |server| {
            let answer = server.srvr().await;
            answer.mode().is_some().then_some(answer)
        })
        .await
    }

    /// Waits for something, and tells the log if it does not come.
    pub async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Self) -> Option<T>,
    ) -> T {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            let log = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(Instant::now() < end, "not in {DEADLINE:?}: {what}\n{}", log());
            pause().await;
        }
    }
}

fn pause() -> impl Future<Output = ()> {
    tokio::time::sleep(Duration::from_millis(50))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
