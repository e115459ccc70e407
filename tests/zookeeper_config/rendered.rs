//! What is rendered means to ZooKeeper what was meant.

use std::fs;
use std::path::Path;

use steadfast::ids::CLIENT_PORT;
use steadfast::pool::host_port;
use steadfast::zookeeper::disk::Disk;
use steadfast::zookeeper::render::{Config, Ensemble, render};
use steadfast::zookeeper::settings::Settings;

use crate::judge::{Judgement, judge};
use crate::scratch::Scratch;

/// The settings of a table.
pub fn settings(toml: &str) -> Settings {
    let table: toml::Table = toml.parse().unwrap();
    Settings::read(Some((Path::new("steadfast.toml"), &table)), None).unwrap()
}

/// The ensemble of servers 1, 2, ... with these addresses.
pub fn ensemble(me: u8, addresses: &[&str]) -> Ensemble {
    let server = |(n, address): (u8, &&str)| (n.try_into().unwrap(), address.parse().unwrap());
    let servers = (1..).zip(addresses).map(server).collect();
    Ensemble { me: me.try_into().unwrap(), servers }
}

/// Values that a properties file may well get wrong, each under a key of its own.
const NASTY: [&str; 14] = [
    "C:\\data\\new\\u0041",
    "trailing\\",
    "a b  c",
    "#not a comment",
    "!nor this",
    "a=b:c",
    "=",
    ":",
    "line\nbreak\r\nand\ttab",
    "\u{e9}\u{20ac}\u{1f418}",
    "\u{0}\u{1b}",
    "server.9=10.0.0.9:2888:3888",
    "",
    "'quoted' \"twice\"",
];

/// A case: what the user sets, below `dataDir` and `dataLogDir`, and the ensemble.
struct Case {
    toml: String,
    ensemble: Ensemble,
}

fn cases() -> Vec<Case> {
    let nasty: String = (0..).zip(NASTY).map(|(n, v)| format!("nasty.n{n} = {v:?}\n")).collect();
    // Rust writes some characters as TOML does not.
    let nasty = nasty.replace("\\u{0}\\u{1b}", "\\u0000\\u001b").replace("\\0", "\\u0000");
    let nasty = nasty.replace("\\u{1b}", "\\u001b").replace("\\'", "'");
    let v4 = ["10.0.17.1", "10.0.33.2", "10.0.49.3"];
    let case = |toml: &str, me, addresses: &[&str]| Case {
        toml: toml.to_owned(),
        ensemble: ensemble(me, addresses),
    };
    vec![
        case("", 2, &v4),
        case(&nasty, 1, &v4),
        case("", 3, &["fd00::1", "fd00::2", "2001:db8:0:1::ff"]),
        case("", 1, &["10.0.17.1"]),
        case("", 2, &["10.0.17.1", "fd00::2"]),
        case(
            "tickTime = 3000\ninitLimit = 20\nsyncLimit = 7\nmaxClientCnxns = 0\n\
             autopurge = { purgeInterval = 24, snapRetainCount = 9 }\nsecureClientPort = 2281\n\
             standaloneEnabled = false\nclientPort = 2181\nsslQuorum = true\n\
             4lw.commands.whitelist = \"*\"\nfastleader.maxNotificationInterval = 9000",
            1,
            &["fd00::1", "fd00::2"],
        ),
    ]
}

/// Renders a case onto a disk of its own, as the agent does.
fn write(scratch: &Scratch, number: usize, case: &Case) -> Config {
    let at = |name: &str| scratch.path(&format!("{number}/{name}")).display().to_string();
    let (data, log) = (at("data # dir=1"), at("log"));
    let toml = format!("dataDir = {data:?}\ndataLogDir = {log:?}\n{}", case.toml);
    let config = render(&settings(&toml), &case.ensemble).unwrap();
    let disk = Disk::of(&config, None);
    disk.prepare().unwrap();
    disk.write_myid().unwrap();
    config.write(&scratch.path(&format!("{number}/zoo.cfg")), None).unwrap();
    config
}

#[test]
fn zookeeper_reads_what_was_meant() {
    let scratch = Scratch::new();
    let cases = cases();
    let written: Vec<Config> =
        cases.iter().enumerate().map(|(n, case)| write(&scratch, n, case)).collect();
    let paths: Vec<_> = (0..cases.len()).map(|n| scratch.path(&format!("{n}/zoo.cfg"))).collect();
    let judgements = judge(&paths);
    for ((case, config), judgement) in cases.iter().zip(&written).zip(&judgements) {
        assert_eq!(judgement.refused, None, "{}", config.text);
        what_safety_rests_on(judgement);
        addresses(&case.ensemble, config, judgement);
    }
    users_values(&judgements);
}

fn what_safety_rests_on(judgement: &Judgement) {
    for (key, value) in [
        ("zookeeper.db.autocreate", "false"),
        ("standalone", "false"),
        ("distributed", "true"),
        ("reconfig", "false"),
        ("listenOnAll", "false"),
        ("peerType", "PARTICIPANT"),
        ("electionAlg", "3"),
        ("zookeeper.admin.enableServer", "false"),
    ] {
        assert_eq!(judgement.get(key), value, "{key}");
    }
}

/// As Java writes addresses: after a slash, IPv6 in full.
fn addresses(ensemble: &Ensemble, config: &Config, judgement: &Judgement) {
    let me = ensemble.servers[&ensemble.me];
    let parsed = |text: &str| {
        let (ip, port) = text.trim_start_matches('/').rsplit_once(':').unwrap();
        (ip.trim_matches(['[', ']']).parse().unwrap(), port.parse().unwrap())
    };
    assert_eq!(parsed(judgement.get("client")), (me, 2181u16));
    assert_eq!(config.client.to_string(), host_port(me, CLIENT_PORT));
    match judgement.get("secure") {
        "null" => assert!(!config.text.contains("secure"), "{}", config.text),
        secure => assert_eq!(parsed(secure), (me, 2281)),
    }
    assert_eq!(judgement.get("id"), ensemble.me.to_string());
    assert_eq!(judgement.get("dataDir"), config.data_dir.display().to_string());
    assert_eq!(judgement.get("dataLogDir"), config.data_log_dir.display().to_string());
    let servers = judgement.config.keys().filter(|key| key.starts_with("server.")).count();
    assert_eq!(servers, ensemble.servers.len());
    for (id, &address) in &ensemble.servers {
        let text = judgement.get(&format!("server.{id}"));
        let text = text.split(":participant").next().unwrap();
        let (peer, election) = text.rsplit_once(':').unwrap();
        assert_eq!((parsed(peer), election), ((address, 2888), "3888"), "{text}");
    }
}

fn users_values(judgements: &[Judgement]) {
    for (n, value) in NASTY.iter().enumerate() {
        // ZooKeeper cuts white space off both ends of a value, and so does steadfast.
        let value = value.trim_matches(|c| c <= ' ');
        assert_eq!(judgements[1].get(&format!("zookeeper.nasty.n{n}")), value);
    }
    let defaults = [
        ("tickTime", "2000"),
        ("initLimit", "10"),
        ("syncLimit", "5"),
        ("maxClientCnxns", "60"),
        ("purgeInterval", "1"),
        ("snapRetainCount", "5"),
        ("sslQuorum", "false"),
        ("zookeeper.4lw.commands.whitelist", "srvr,mntr,ruok,isro"),
        ("zookeeper.fastleader.maxNotificationInterval", "3000"),
    ];
    let set = ["3000", "20", "7", "0", "24", "9", "true", "*", "9000"];
    for ((key, default), set) in defaults.into_iter().zip(set) {
        assert_eq!(judgements[0].get(key), default, "{key}");
        assert_eq!(judgements[5].get(key), set, "{key}");
    }
}

/// What a machine has that ran ZooKeeper before can be handed over.
#[test]
fn debian_s_own_zoo_cfg_is_taken_as_it_is() {
    let theirs = Path::new("/etc/zookeeper/conf_example/zoo.cfg");
    let settings = Settings::read(None, Some(theirs)).unwrap();
    assert_eq!(settings.get("clientPort").unwrap().value, "2181");
    let config = render(&settings, &ensemble(1, &["10.0.17.1"])).unwrap();
    assert_eq!(config.text.matches("clientPort=").count(), 1, "{}", config.text);
    assert_eq!(config.data_dir.to_str(), Some(settings.get("dataDir").unwrap().value.as_str()));
}

/// A prefixed key has no effect, which is why steadfast refuses one.
#[test]
fn zookeeper_knows_no_key_with_its_prefix() {
    let scratch = Scratch::new();
    let data = scratch.path("data").display().to_string();
    fs::create_dir(&data).unwrap();
    let text = format!("dataDir={data}\nclientPort=2181\nzookeeper.snapCount=7\nsnapSize=8\n");
    let path = scratch.put("zoo.cfg", text.as_bytes());
    let [judgement] = &judge(&[path])[..] else { panic!("one file") };
    assert_eq!(judgement.get("zookeeper.zookeeper.snapCount"), "7");
    assert_eq!(judgement.get("zookeeper.snapSize"), "8");
    assert!(!judgement.config.contains_key("zookeeper.snapCount"));
}
