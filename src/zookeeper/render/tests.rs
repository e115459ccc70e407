//! The text, line by line; `tests/zookeeper_config` has what ZooKeeper makes of it.

use std::os::unix::fs::MetadataExt;

use super::*;
use crate::zookeeper::testing::Scratch;

fn settings(toml: &str) -> Settings {
    let table: toml::Table = toml.parse().unwrap();
    Settings::read(Some((Path::new("/etc/s.toml"), &table)), None).unwrap()
}

fn ensemble(me: &str, servers: &[(&str, &str)]) -> Ensemble {
    let server = |(id, address): &(&str, &str)| (id.parse().unwrap(), address.parse().unwrap());
    Ensemble { me: me.parse().unwrap(), servers: servers.iter().map(server).collect() }
}

fn three() -> Ensemble {
    ensemble("2", &[("10", "10.0.0.10"), ("1", "10.0.0.1"), ("2", "10.0.0.2")])
}

#[test]
fn the_whole_text_without_settings() {
    let config = render(&Settings::default(), &three()).unwrap();
    let want = "\
# Written by steadfast, and overwritten whenever it starts ZooKeeper: changes made here are lost.
# Settings go into the table [zookeeper] of steadfast's settings file, or into a file of their own.

# The pool's, and what its safety rests on.
clientPort=2181
clientPortAddress=10.0.0.2
db.autocreate=false
reconfigEnabled=false
standaloneEnabled=false
server.1=10.0.0.1:2888:3888
server.2=10.0.0.2:2888:3888
server.10=10.0.0.10:2888:3888

# Defaults.
dataDir=/var/lib/zookeeper
tickTime=2000
initLimit=10
syncLimit=5
4lw.commands.whitelist=srvr,mntr,ruok,isro
fastleader.maxNotificationInterval=3000
admin.enableServer=false
autopurge.snapRetainCount=5
autopurge.purgeInterval=1
";
    assert_eq!(config.text, want);
    assert_eq!(config.client.to_string(), "10.0.0.2:2181");
    assert_eq!(config.data_dir, config.data_log_dir);
    assert_eq!(config.detection, Duration::from_secs(10));
}

#[test]
fn settings_win_over_defaults_and_stand_once() {
    let config = render(
        &settings(
            "tickTime = 3000\nsyncLimit = 10\nstandaloneEnabled = false\nclientPort = 2181\n\
             dataDir = \"/data\"\ndataLogDir = \"/log\"\nsecureClientPort = 2281\nsnapCount = 9",
        ),
        &three(),
    )
    .unwrap();
    let user = "\n# From \"/etc/s.toml\".\ndataDir=/data\ndataLogDir=/log\nsecureClientPort=2281\n\
                snapCount=9\nsyncLimit=10\ntickTime=3000\n\n# Defaults.\ninitLimit=10\n";
    assert!(config.text.contains(user), "{}", config.text);
    assert!(config.text.contains("\nsecureClientPortAddress=10.0.0.2\n"), "{}", config.text);
    let mut keys: Vec<&str> =
        config.text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "a key stands twice:\n{}", config.text);
    assert_eq!(config.detection, Duration::from_secs(30));
    assert_eq!((config.data_dir, config.data_log_dir), ("/data".into(), "/log".into()));
}

#[test]
fn ipv6_is_in_brackets_where_a_port_follows() {
    let config = render(&Settings::default(), &ensemble("1", &[("1", "fd00::1")])).unwrap();
    assert!(config.text.contains("\nclientPortAddress=fd00::1\n"), "{}", config.text);
    assert!(config.text.contains("\nserver.1=[fd00::1]:2888:3888\n"), "{}", config.text);
    assert_eq!(config.client.to_string(), "[fd00::1]:2181");
}

#[test]
fn nothing_that_a_user_writes_begins_a_line() {
    let table: toml::Table = "\"a.b\" = \"x\\nserver.9=evil\\r\\n#\"".parse().unwrap();
    let path = Path::new("/etc/evil\nserver.8=evil");
    let settings = Settings::read(Some((path, &table)), None).unwrap();
    let config = render(&settings, &three()).unwrap();
    assert_eq!(config.text.lines().filter(|line| line.starts_with("server.")).count(), 3);
    assert!(
        config.text.contains("\na.b=x\\u000aserver.9=evil\\u000d\\u000a#\n"),
        "{}",
        config.text
    );
}

#[test]
fn a_slot_that_is_no_server_is_a_bug() {
    let error = render(&Settings::default(), &ensemble("3", &[("1", "10.0.0.1")])).unwrap_err();
    assert_eq!(error.to_string(), "slot 3 is not among the servers of its own ensemble");
}

#[test]
fn it_is_written_for_everyone_unless_it_holds_a_secret() {
    let scratch = Scratch::new();
    let path = scratch.path("run/zoo.cfg");
    let cases = [
        ("", 0o644),
        ("ssl.keyStore.passwordPath = \"/etc/password\"", 0o644),
        ("ssl.keyStore.password = \"p\"", 0o640),
        ("DigestAuthenticationProvider.superDigest = \"super:x\"", 0o640),
    ];
    for (toml, mode) in cases {
        let config = render(&settings(toml), &three()).unwrap();
        config.write(&path, Some(scratch.owner())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), config.text);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, mode, "{toml}");
    }
    assert_eq!(scratch.names("run"), ["zoo.cfg"]);
    let file = scratch.put("file", "");
    let config = render(&Settings::default(), &three()).unwrap();
    assert!(config.write(&file.join("zoo.cfg"), None).unwrap_err().to_string().contains("zoo.cfg"));
}
