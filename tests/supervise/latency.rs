//! A measurement, not a test: from `kill` to `ended`, and what a keeper costs.
//!
//! `cargo test --test supervise -- --ignored --nocapture latency`

use std::fs;
use std::time::{Duration, Instant};

use steadfast::supervise::{Program, Supervised};

use crate::alone::alone;
use crate::awkward::family;
use crate::judge::eventually_async;
use crate::program::{shell, start};

const RUNS: usize = 50;

/// Starts Debian's ZooKeeper, one server alone, with its log in `/run/zookeeper.log`.
pub fn zookeeper() -> String {
    let jars = ["zookeeper", "slf4j-log4j12", "log4j-1.2"];
    let jars = jars.map(|jar| format!("/usr/share/java/{jar}.jar")).join(":");
    format!(
        "mkdir -p /run/data; echo 'log4j.rootLogger=WARN' >/run/log4j.properties; \
         exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
         -Dlog4j.configuration=file:/run/log4j.properties -Dzookeeper.admin.enableServer=false \
         -Dzookeeper.jmx.log4j.disable=true -cp {jars} \
         org.apache.zookeeper.server.quorum.QuorumPeerMain 2181 /run/data >/run/zookeeper.log 2>&1"
    )
}

/// Listens on 2181, which nobody else does in a network of its own.
pub fn serves() -> bool {
    let sockets =
        ["tcp", "tcp6"].map(|it| fs::read_to_string(format!("/proc/self/net/{it}")).unwrap());
    sockets.concat().lines().any(|line| line.contains(":0885 ") && line.contains(" 0A "))
}

async fn measure(name: &str, program: &Program, is_ready: impl Fn(&Supervised) -> bool) {
    let (mut ended, mut started) = (Vec::new(), Vec::new());
    let mut keeper_memory = String::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        let mut program = start(program).await;
        started.push(begin.elapsed());
        eventually_async(name, || is_ready(&program).then_some(())).await;
        keeper_memory = memory(program.keeper_pid());
        let begin = Instant::now();
        program.kill();
        program.ended().await.unwrap();
        ended.push(begin.elapsed());
    }
    println!("{name:8} kill to ended: {}; start: {}", told(&mut ended), told(&mut started));
    println!("{name:8} keeper: {keeper_memory}");
}

fn told(times: &mut [Duration]) -> String {
    times.sort();
    format!("median {:.2?}, worst {:.2?}", times[times.len() / 2], times[times.len() - 1])
}

fn memory(pid: u32) -> String {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let wanted =
        |line: &&str| ["Rss:", "Pss:", "Private_Dirty:"].iter().any(|it| line.starts_with(it));
    let lines: Vec<_> = rollup.lines().filter(wanted).collect();
    lines
        .iter()
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
#[ignore = "a measurement"]
fn kill_to_ended() {
    alone(async || {
        measure("plain", &shell("plain", "exec sleep 1000"), |it| family(it.keeper_pid()) == 2)
            .await;
        let script =
            "for i in 1 2 3 4 5 6 7 8 9 10; do (setsid sleep 1000 &); done; sleep 1000; true";
        measure("forking", &shell("forking", script), |it| family(it.keeper_pid()) == 13).await;
        measure("jvm", &shell("jvm", &zookeeper()), |_| serves()).await;
        println!("agent    {}", memory(std::process::id()));
    });
}
