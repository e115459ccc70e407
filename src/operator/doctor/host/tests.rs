use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::testing::{facts, instance_id, kafka};
use super::super::{Severity, tags};
use super::*;
use crate::ids::DeviceIndex;

/// A directory that stands for `/`, with a host that has nothing wrong.
struct Stage(PathBuf);

impl Stage {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("steadfast-doctor-{}-{}", std::process::id(), {
            COUNT.fetch_add(1, Ordering::Relaxed)
        });
        let stage = Self(std::env::temp_dir().join(name));
        stage.file("/proc/1/comm", "systemd\n");
        stage.file("/proc/200/comm", "chronyd\n");
        stage.file("/proc/swaps", "Filename\tType\tSize\n");
        stage.file("/usr/lib/jvm/java-17/bin/java", "");
        stage.file("/usr/lib/jvm/java-17/release", "JAVA_VERSION=\"17.0.15\"\n");
        stage.link("/usr/bin/java", "../lib/jvm/java-17/bin/java");
        let uid = rustix::process::getuid().as_raw();
        stage.file("/etc/passwd", &format!("root:x:0:0::/:/bin/sh\nzookeeper:x:{uid}:1::/:/x\n"));
        let classpath = "CLASSPATH=\"/etc/zookeeper/conf:/usr/share/java/slf4j-log4j12.jar\"\n";
        stage.file("/etc/zookeeper/conf/environment", classpath);
        stage.file("/usr/share/java/slf4j-log4j12.jar", "");
        stage.file("/var/lib/zookeeper/version-2/log.1", "");
        stage
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.place(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let path = self.place(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.place(path)).unwrap();
    }

    fn place(&self, path: &str) -> PathBuf {
        self.0.join(path.strip_prefix('/').unwrap())
    }

    /// What is wrong with it, as each check's name and severity.
    fn wrong(&self) -> Vec<(&'static str, Severity)> {
        self.findings().iter().map(|it| (it.check, it.severity)).collect()
    }

    fn findings(&self) -> Vec<Finding> {
        let nic = SlotNic { index: 3, name: "ens6".to_owned() };
        let root = Root::at(&self.0);
        let files = files(&root, Some(&nic), Path::new("/var/lib/zookeeper"), None);
        let interfaces = facts().interfaces.unwrap();
        let (seen, _) = tags::slots(&kafka(), &interfaces);
        let found = check_files(&files, &seen).into_iter();
        // Of the disk that the tests run on nothing is known.
        found.filter(|it| it.severity != Severity::Ok && it.check != "disk-space").collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is made on a healthy host, what is wrong then, and a part of what mends it.
type Case = (fn(&Stage), (&'static str, Severity), &'static str);

const CASES: [Case; 16] = [
    (
        |it| {
            it.file("/proc/7/comm", "systemd-network\n");
            it.file("/run/systemd/netif/links/3", "ADMIN_STATE=configured\n");
            it.file("/etc/systemd/networkd.conf.d/x.conf", KEEPS);
        },
        ("network-managers", Severity::Warning),
        "MACAddress=02:00:00:00:00:01 02:00:00:00:00:02 02:00:00:00:00:03",
    ),
    (
        |it| {
            it.file("/proc/7/comm", "systemd-network\n");
            it.file("/run/systemd/netif/links/3", "ADMIN_STATE=unmanaged\n");
        },
        ("networkd-foreign-rules", Severity::Warning),
        "ManageForeignRoutingPolicyRules=no",
    ),
    (
        |it| {
            it.file("/proc/7/comm", "NetworkManager\n");
            it.file("/run/NetworkManager/devices/3", "[device]\nmanaged=true\n");
        },
        ("network-managers", Severity::Warning),
        "unmanaged-devices=mac:02:00:00:00:00:01;mac:",
    ),
    (
        |it| it.file("/proc/7/comm", "dhcpcd\n"),
        ("network-managers", Severity::Warning),
        "denyinterfaces ens6",
    ),
    (
        |it| it.file("/run/network/ifstate", "lo=lo\nens6=ens6\n"),
        ("network-managers", Severity::Warning),
        "",
    ),
    (|it| it.remove("/usr/bin/java"), ("java", Severity::Warning), "install"),
    (
        |it| it.file("/usr/lib/jvm/java-17/release", "JAVA_VERSION=\"1.7.0_80\"\n"),
        ("java", Severity::Error),
        "",
    ),
    (
        |it| it.file("/etc/zookeeper/conf/environment", "CLASSPATH=\"/usr/share/java/zk.jar\"\n"),
        ("zookeeper-logging", Severity::Warning),
        "slf4j-log4j12.jar",
    ),
    // It is named, and not there.
    (
        |it| it.remove("/usr/share/java/slf4j-log4j12.jar"),
        ("zookeeper-logging", Severity::Warning),
        "apt-get install -y libslf4j-java",
    ),
    (
        |it| it.remove("/etc/zookeeper/conf/environment"),
        ("zookeeper-logging", Severity::Skipped),
        "",
    ),
    (
        |it| {
            it.file("/etc/init.d/zookeeper", "");
            it.link("/etc/rc3.d/S01zookeeper", "../init.d/zookeeper");
        },
        ("zookeeper-autostart", Severity::Error),
        "systemctl disable --now zookeeper",
    ),
    (
        |it| it.link("/etc/systemd/system/multi-user.target.wants/zookeeper.service", "/lib/x"),
        ("zookeeper-autostart", Severity::Error),
        "systemctl disable --now zookeeper",
    ),
    (
        |it| it.file("/etc/passwd", "zookeeper:x:64999:1::/:/x\n"),
        ("data-dir", Severity::Error),
        "chown -R zookeeper: /var/lib/zookeeper",
    ),
    (
        |it| it.file("/proc/swaps", "Filename\tType\n/dev/xvdb partition 1 0 -2\n"),
        ("swap", Severity::Warning),
        "swapoff -a",
    ),
    (|it| it.file("/proc/200/comm", "sleep\n"), ("time-service", Severity::Warning), "chrony"),
    (
        |it| {
            it.file("/proc/9/comm", "java\n");
            let class = "java\0org.apache.zookeeper.server.quorum.QuorumPeerMain\0zoo.cfg";
            it.file("/proc/9/cmdline", class);
            it.file("/proc/9/limits", "Limit  Soft\nMax open files   1024   4096   files\n");
        },
        ("open-files", Severity::Warning),
        "",
    ),
];

const KEEPS: &str = "[Network]\nManageForeignRoutingPolicyRules=no\n";

#[test]
fn each_defect_of_a_host_is_found_alone_with_what_mends_it() {
    assert_eq!(Stage::new().wrong(), []);
    for (number, (make, want, mend)) in CASES.into_iter().enumerate() {
        let stage = Stage::new();
        make(&stage);
        assert_eq!(stage.wrong(), [want], "case {number}");
        let finding = &stage.findings()[0];
        assert!(finding.commands.concat().contains(mend), "case {number}: {finding:#?}");
        let is_told = !finding.commands.is_empty() || finding.hint.is_some();
        assert!(is_told || want.1 == Severity::Skipped, "case {number}: {finding:#?}");
    }
}

#[test]
fn the_packages_own_launcher_brings_a_logging_backend() {
    let stage = Stage::new();
    stage.remove("/usr/share/java/slf4j-log4j12.jar");
    stage.file("/usr/share/java/slf4j-simple.jar", "");
    assert_eq!(stage.wrong(), [("zookeeper-logging", Severity::Warning)]);
    stage.file("/usr/lib/steadfast/zookeeper", "");
    assert_eq!(stage.wrong(), []);
}

#[test]
fn a_manager_that_leaves_the_nic_alone_is_no_finding() {
    let stage = Stage::new();
    for (id, name) in [(7, "systemd-network"), (8, "NetworkManager"), (9, "dhcpcd")] {
        stage.file(&format!("/proc/{id}/comm"), &format!("{name}\n"));
    }
    stage.file("/run/systemd/netif/links/3", "ADMIN_STATE=unmanaged\n");
    stage.file("/usr/lib/systemd/networkd.conf.d/10.conf", KEEPS);
    stage.file("/run/NetworkManager/devices/3", "managed=false\n");
    stage.file("/etc/dhcpcd.conf", "# ours\ndenyinterfaces ens5 ens6\n");
    stage.file("/run/network/ifstate", "lo=lo\n");
    assert_eq!(stage.wrong(), []);
    // A file of the administrator's comes after the vendor's of another name, and hides its namesake.
    stage.file("/etc/systemd/networkd.conf.d/10.conf", "[Network]\n");
    assert_eq!(stage.wrong(), [("networkd-foreign-rules", Severity::Warning)]);
}

/// It is what the unit's name suggests to call it, and doctor's command would stop the ensemble's server.
#[test]
fn a_unit_that_runs_steadfast_is_not_zookeeper_by_itself() {
    const LINK: &str = "/etc/systemd/system/multi-user.target.wants/zookeeper.service";
    const UNIT: &str = "/etc/systemd/system/zookeeper.service";
    const DROP_IN: &str = "/etc/systemd/system/zookeeper.service.d/steadfast.conf";
    const OURS: &str =
        "[Service]\nExecStart=\nExecStart=-/usr/local/bin/steadfast run -- \\\n  zkServer.sh\n";
    const ITS_OWN: &str = "[Service]\nExecStart=/opt/steadfast/zkServer.sh start-foreground\n";
    let is_wrong = |files: &[(&str, &str)]| {
        let stage = Stage::new();
        stage.link(LINK, UNIT);
        files.iter().for_each(|(path, text)| stage.file(path, text));
        stage.wrong() == [("zookeeper-autostart", Severity::Error)]
    };
    assert!(!is_wrong(&[(UNIT, OURS)]));
    assert!(is_wrong(&[(UNIT, ITS_OWN)]));
    assert!(!is_wrong(&[("/usr/lib/systemd/system/zookeeper.service", ITS_OWN), (DROP_IN, OURS)]));
    assert!(is_wrong(&[(UNIT, OURS), (DROP_IN, ITS_OWN)]));
    assert!(is_wrong(&[("/lib/systemd/system/zookeeper.service", OURS), (UNIT, ITS_OWN)]));
}

/// Where EC2 does not tell the pool: a file without an address may match every NIC.
#[test]
fn without_hardware_addresses_no_command_exempts_them() {
    let networkd = |keeps| Managers {
        nic: Some("ens6".to_owned()),
        networkd: Some(Some(true)),
        networkd_keeps_rules: keeps,
        network_manager: Some(Some(true)),
        ..Managers::default()
    };
    let found = managers::check(&networkd(true), &[]);
    assert_eq!(found.iter().filter(|it| it.severity == Severity::Warning).count(), 2);
    assert!(found.iter().all(|it| it.commands.is_empty()), "{found:?}");
    assert!(found[0].hint.as_deref().unwrap().contains("hardware address"));
}

#[test]
fn a_directory_is_named_as_a_shell_takes_it() {
    let stage = Stage::new();
    stage.file("/etc/passwd", "zookeeper:x:64999:1::/:/x\n");
    stage.file("/srv/it's zoo/version-2/log.1", "");
    let files = files(&Root::at(&stage.0), None, Path::new("/srv/it's zoo"), None);
    let found = check_files(&files, &[]);
    let commands = found.iter().flat_map(|it| &it.commands);
    let chown: Vec<&String> = commands.filter(|it| it.starts_with("chown")).collect();
    assert_eq!(chown, [r"chown -R zookeeper: '/srv/it'\''s zoo'"]);
}

#[test]
fn a_full_disk_is_told_by_its_share_and_what_is_left() {
    let package = Package::default();
    let of = |free: u64, all: u64| {
        let system = System { space: Some((free << 20, all << 20)), ..System::default() };
        let found = system::check(&system, &package);
        found.iter().find(|it| it.check == "disk-space").unwrap().severity
    };
    assert_eq!(of(1600, 10_000), Severity::Ok);
    assert_eq!(of(1400, 10_000), Severity::Warning);
    assert_eq!(of(400, 10_000), Severity::Error);
    // A small share of a large disk is enough.
    assert_eq!(of(8_000, 1_000_000), Severity::Ok);
}

fn network(change: impl FnOnce(&mut Network)) -> Vec<(&'static str, Severity)> {
    let interfaces = facts().interfaces.unwrap();
    let (seen, _) = tags::slots(&kafka(), &interfaces);
    let mut network = Network {
        me: Some(instance_id(1)),
        believed: Some(Believed {
            pool: kafka(),
            slot: 1.try_into().unwrap(),
            attachment: "eni-attach-00000000000000001".parse().unwrap(),
            device_index: DeviceIndex(1),
            mac: seen[0].slot.mac,
            table: 10_001,
            addresses: seen[0].slot.addresses.clone(),
            peers: Vec::new(),
        }),
        nic: Some(SlotNic { index: 3, name: "ens6".to_owned() }),
        ..Network::default()
    };
    change(&mut network);
    let found = check_network(&network, &seen, &kafka());
    let wrong = found.iter().filter(|it| it.severity != Severity::Ok);
    wrong.map(|it| (it.check, it.severity)).collect()
}

#[test]
fn what_this_instance_believes_is_held_against_ec2_and_the_kernel() {
    use Severity::{Error, Skipped, Unknown, Warning};
    let other = "eni-attach-0000000000000ffff".parse().unwrap();
    assert_eq!(network(|_| {}), []);
    assert_eq!(network(|it| it.believed = None), [("slot-json", Error)]);
    assert_eq!(
        network(|it| it.believed.as_mut().unwrap().attachment = other),
        [("slot-json", Error)]
    );
    assert_eq!(
        network(|it| it.believed.as_mut().unwrap().pool = "other".parse().unwrap()),
        [("slot-json", Skipped)]
    );
    assert_eq!(network(|it| it.nic = None), [("slot-network", Error)]);
    assert_eq!(
        network(|it| it.changes = vec!["ip rule add x".to_owned()]),
        [("slot-network", Error)]
    );
    assert_eq!(
        network(|it| it.unknown = Some("no netlink".to_owned())),
        [("slot-network", Unknown)]
    );
    let left = |it: &mut Network| {
        it.me = Some(instance_id(9));
        it.believed = None;
        it.changes = vec!["ip rule del x".to_owned()];
    };
    assert_eq!(network(left), [("leftovers", Warning)]);
    let off = |it: &mut Network| {
        it.believed.as_mut().unwrap().addresses.push("2001:db8::9".parse().unwrap());
        it.ipv6_is_off = true;
    };
    assert_eq!(network(off), [("ipv6", Error)]);
}

#[test]
fn a_directory_that_run_gives_to_the_account_is_no_finding() {
    let stage = Stage::new();
    stage.file("/etc/passwd", "zookeeper:x:64999:1::/:/x\n");
    fs::remove_dir_all(stage.place("/var/lib/zookeeper")).unwrap();
    assert_eq!(stage.wrong(), []);
    stage.link("/var/lib/zookeeper/myid", "/etc/zookeeper/conf/myid");
    assert_eq!(stage.wrong(), []);
    stage.file("/var/lib/zookeeper/notes", "");
    assert_eq!(stage.wrong(), [("data-dir", Severity::Error)]);
}
