//! Directories in every state, by hand; `tests/zookeeper_config` has those that ZooKeeper leaves.

use std::os::unix::fs::symlink;

use super::*;
use crate::zookeeper::testing::Scratch;

const SNAPSHOT: &str = "data/version-2/snapshot.100000003";

fn disk(scratch: &Scratch, split: bool) -> Disk {
    let data = scratch.path("data");
    let log = if split { scratch.path("log") } else { data.clone() };
    let me = "2".parse().unwrap();
    let disk = Disk { data, log, me, owner: Some(scratch.owner()) };
    disk.prepare().unwrap();
    disk
}

fn pool(name: &str) -> PoolName {
    name.parse().unwrap()
}

#[test]
fn contents_are_told_apart_and_in_doubt_are_data() {
    use Contents::{Data, NoTransactions, Nothing};
    let cases: [(&[&str], Contents); 11] = [
        (&[], Nothing),
        (&["data/myid", "data/initialize", "data/steadfast.pool"], Nothing),
        (&["data/version-2/currentEpoch"], NoTransactions),
        (&["data/version-2/currentEpoch", "data/version-2/acceptedEpoch.tmp"], NoTransactions),
        (&[SNAPSHOT], Data),
        (&["data/version-2/log.1"], Data),
        (&["data/version-2/currentEpoch", "data/version-2/log.1"], Data),
        (&["data/version-2/snapshot.0.gz"], Data),
        (&["data/version-2/something"], Data),
        (&["data/version-2/currentEpoch.bak"], Data),
        (&["data/version-2/sub/currentEpoch"], Data),
    ];
    for (files, want) in cases {
        let scratch = Scratch::new();
        let disk = disk(&scratch, false);
        for file in files {
            scratch.put(file, "1");
        }
        assert_eq!(disk.contents().unwrap(), want, "{files:?}");
    }
}

#[test]
fn an_empty_version_is_nothing_and_one_that_cannot_be_read_is_an_error() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, false);
    let version = scratch.path("data/version-2");
    fs::create_dir(&version).unwrap();
    assert_eq!(disk.contents().unwrap(), Contents::Nothing);
    fs::remove_dir(&version).unwrap();
    fs::write(&version, "").unwrap();
    assert!(disk.contents().unwrap_err().to_string().starts_with("cannot read "));
    fs::remove_file(&version).unwrap();
    symlink(scratch.path("unmounted"), &version).unwrap();
    assert!(disk.contents().unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn two_directories_are_taken_together() {
    use Contents::{Data, NoTransactions, Nothing};
    let epoch = "data/version-2/currentEpoch";
    let cases: [(&[&str], Contents); 5] = [
        (&[], Nothing),
        (&[epoch], NoTransactions),
        (&[epoch, "log/version-2/log.1"], Data),
        (&["log/version-2/log.1"], Data),
        (&[SNAPSHOT, "log/version-2/log.1"], Data),
    ];
    for (files, want) in cases {
        let scratch = Scratch::new();
        let disk = disk(&scratch, true);
        for file in files {
            scratch.put(file, "1");
        }
        assert_eq!(disk.contents().unwrap(), want, "{files:?}");
    }
}

#[test]
fn snapshots_without_the_directory_of_the_log_are_refused() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, true);
    scratch.put(SNAPSHOT, "1");
    let error = disk.contents().unwrap_err().to_string();
    assert!(error.contains("mount the disk of dataLogDir"), "{error}");
    // A server that has just fetched a snapshot has logged nothing yet.
    fs::create_dir(scratch.path("log/version-2")).unwrap();
    assert_eq!(disk.contents().unwrap(), Contents::Data);
}

#[test]
fn the_id_replaces_the_link_of_debian_s_package() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, false);
    let theirs = scratch.put("etc/myid", "replace this\n");
    symlink(&theirs, scratch.path("data/myid")).unwrap();
    disk.write_myid().unwrap();
    let myid = scratch.path("data/myid");
    assert!(fs::symlink_metadata(&myid).unwrap().is_file());
    assert_eq!(fs::read_to_string(&myid).unwrap(), "2\n");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "replace this\n");
}

#[test]
fn the_marker_is_where_the_log_is_and_only_on_an_empty_disk() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, true);
    disk.write_marker().unwrap();
    assert_eq!((scratch.names("log"), scratch.names("data")), (vec![MARKER.into()], vec![]));
    scratch.put("data/initialize", "");
    assert!(disk.remove_marker().unwrap() && !disk.remove_marker().unwrap());
    assert_eq!((scratch.names("log"), scratch.names("data")), (vec![], vec![]));
    scratch.put("data/version-2/currentEpoch", "-1");
    let error = disk.write_marker().unwrap_err().to_string();
    assert!(error.contains("epochs without a transaction"), "{error}");
    scratch.put("log/version-2/log.1", "");
    let error = disk.write_marker().unwrap_err().to_string();
    assert!(error.contains("/log/version-2 holds data"), "{error}");
    assert_eq!(scratch.names("log"), [VERSION]);
}

#[test]
fn an_empty_version_is_set_aside_and_one_with_data_stays() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, true);
    assert_eq!(disk.set_aside_empty().unwrap(), Vec::<PathBuf>::new());
    for directory in ["data", "log"] {
        fs::create_dir(scratch.path(directory).join(VERSION)).unwrap();
    }
    scratch.put("data/version-2/currentEpoch", "-1");
    let moved = disk.set_aside_empty().unwrap();
    assert_eq!(moved.len(), 2);
    assert!(moved[0].starts_with(&scratch) && moved[0].join("currentEpoch").exists());
    assert_eq!(disk.contents().unwrap(), Contents::Nothing);
    // Twice within a second, too.
    scratch.put("data/version-2/currentEpoch", "-1");
    disk.set_aside_empty().unwrap();
    assert_eq!(scratch.names("data").len(), 2);
    scratch.put("log/version-2/log.1", "");
    scratch.put("data/version-2/currentEpoch", "1");
    assert!(disk.set_aside_empty().unwrap_err().to_string().contains("holds data"));
    assert_eq!(disk.contents().unwrap(), Contents::Data);
}

#[test]
fn another_pool_s_data_is_refused_and_an_empty_disk_changes_pools() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, false);
    let note = scratch.path("data/steadfast.pool");
    // Data of before steadfast is adopted.
    scratch.put(SNAPSHOT, "");
    disk.claim_for(&pool("kafka")).unwrap();
    assert_eq!(fs::read_to_string(&note).unwrap(), "kafka\n");
    disk.claim_for(&pool("kafka")).unwrap();
    let error = disk.claim_for(&pool("solr")).unwrap_err().to_string();
    assert!(error.contains("of pool \"kafka\"") && error.contains("of pool solr"), "{error}");
    assert_eq!(fs::read_to_string(&note).unwrap(), "kafka\n");
    fs::remove_file(scratch.path(SNAPSHOT)).unwrap();
    disk.claim_for(&pool("solr")).unwrap();
    assert_eq!(fs::read_to_string(&note).unwrap(), "solr\n");
}
