//! Both versions of ZooKeeper that other tests run on are there, start, and log.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking"
)]

#[path = "../network/netns.rs"]
#[allow(dead_code, reason = "one namespace is enough here")]
mod netns;
mod version;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netns::{alone, sh};
use version::{SERVER, Version};

/// For a start, which takes a second, on a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(100);

/// A quorum of one, which is none of ZooKeeper's standalone mode.
const ZOO_CFG: &str = "tickTime=2000
initLimit=10
syncLimit=5
clientPort=2181
clientPortAddress=127.0.0.1
4lw.commands.whitelist=srvr
admin.enableServer=false
standaloneEnabled=false
server.1=127.0.0.1:2888:3888
";

/// A running server; it is killed in the end, and its directory removed.
struct Server {
    directory: PathBuf,
    running: Child,
}

impl Server {
    fn start(version: Version) -> Server {
        let directory = format!("steadfast-zookeeper-{}-{}", version.name(), std::process::id());
        let directory = std::env::temp_dir().join(directory);
        let data = directory.join("data");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("myid"), "1").unwrap();
        let config = directory.join("zoo.cfg");
        fs::write(&config, format!("{ZOO_CFG}dataDir={}\n", data.display())).unwrap();
        let java = version.java();
        let running = Command::new(&java[0])
            .args(&java[1..])
            .arg(SERVER)
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(directory.join("log")).unwrap())
            .spawn();
        Server { running: running.expect("java is installed"), directory }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap()
    }

    /// What `srvr` says once the server is a member.
    fn srvr(&mut self) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let said = srvr().unwrap_or_default();
            if said.contains("Mode: ") {
                return said;
            }
            let ended = self.running.try_wait().unwrap();
            let time_is_up = Instant::now() >= end;
            assert!(ended.is_none() && !time_is_up, "{ended:?}, it says {said:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn srvr() -> std::io::Result<String> {
    let mut stream = TcpStream::connect("127.0.0.1:2181")?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(b"srvr")?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said)
}

#[test]
fn each_version_starts_and_logs() {
    alone(|| async {
        sh("ip link set lo up");
        for version in Version::ALL {
            let mut server = Server::start(version);
            let said = server.srvr();
            let begin = format!("Zookeeper version: {}.", version.name());
            assert!(said.starts_with(&begin), "{said}");
            assert!(said.contains("Mode: leader"), "a quorum of one has a leader: {said}");
            assert!(server.log().contains("LEADING"), "its log tells of it: {}", server.log());
        }
    });
}

#[test]
fn the_one_of_the_pom_is_the_one_that_was_fetched() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(here.join(path)).expect("run tests/zookeeper/setup");
    assert_eq!(read("target/zookeeper-3.9/pom.xml"), read("tests/zookeeper/pom.xml"));
}
