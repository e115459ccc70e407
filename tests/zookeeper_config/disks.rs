//! Disks that ZooKeeper itself left, and what it makes of the marker.

use std::fs;

use steadfast::zookeeper::answer::{Mode, Srvr};
use steadfast::zookeeper::disk::Contents;

use crate::netns::{alone, sh};
use crate::scratch::{Scratch, names};
use crate::server::Server;

/// A pool of one slot: its server alone is the quorum, so it is the marker that lets it serve or
/// keeps it from it. Its data and its log are apart, so that the marker's place tells, too.
#[test]
fn an_empty_server_serves_with_the_marker_and_only_then() {
    alone(|| async {
        sh("ip link set lo up; ip addr add 10.0.17.1/32 dev lo");
        let scratch = Scratch::new();
        let mut server = Server::of(&scratch, 1, &["10.0.17.1"]);
        assert_eq!(server.disk.contents().unwrap(), Contents::Nothing);

        // Without the marker, or with one that is not where the log is.
        let stray = server.config.data_dir.join("initialize");
        fs::write(&stray, "").unwrap();
        server.start();
        runs_without_serving(&mut server).await;
        assert!(stray.exists(), "the marker in dataDir was taken");
        server.kill();
        let version = server.config.data_dir.join("version-2");
        assert_eq!(names(&version), ["acceptedEpoch", "currentEpoch"]);
        assert_eq!(names(&server.config.data_log_dir), ["version-2"]);
        assert_eq!(server.disk.contents().unwrap(), Contents::NoTransactions);

        // What it left keeps it from starting with the marker: so `write_marker` refuses, and the
        // operator's way is to set it aside first.
        assert!(server.disk.write_marker().is_err());
        let marker = server.config.data_log_dir.join("initialize");
        fs::write(&marker, "").unwrap();
        server.start();
        assert_eq!(server.ended().await, 1);
        server.disk.remove_marker().unwrap();
        fs::remove_file(version.join("snapshot.0")).unwrap();
        assert_eq!(server.disk.set_aside_empty().unwrap().len(), 2);

        server.disk.write_marker().unwrap();
        server.start();
        assert_eq!(server.serves().await.mode(), Some(Mode::Leader));
        assert!(!marker.exists(), "the marker was not taken");
        server.kill();
        assert_eq!(server.disk.contents().unwrap(), Contents::Data);
        assert!(server.disk.set_aside_empty().is_err());
    });
}

/// Waits until the server has read its disk, which it does before it looks for a leader, and is
/// asked in vain.
async fn runs_without_serving(server: &mut Server) {
    let epoch = server.config.data_dir.join("version-2/acceptedEpoch");
    server.until("it reads its disk", async |_| epoch.exists().then_some(())).await;
    server
        .until("it answers", async |server| {
            let answer = server.srvr().await;
            assert_eq!(answer.mode(), None, "an empty server serves");
            (answer == Srvr::NotServing).then_some(())
        })
        .await;
}
