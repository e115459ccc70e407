//! Both places, what is refused in each, and the places that the texts name.

use super::*;
use crate::zookeeper::testing::Scratch;

fn toml(text: &str) -> Result<Settings, SettingsError> {
    let table: toml::Table = text.parse().unwrap();
    Settings::read(Some((Path::new("/etc/s.toml"), &table)), None)
}

fn value(settings: &Settings, key: &str) -> Option<String> {
    settings.get(key).map(|setting| setting.value.clone())
}

#[test]
fn a_table_s_keys_are_flattened_and_its_values_written_as_they_are() {
    let settings = toml(
        "tickTime = 3000\nautopurge.purgeInterval = 24\n\"autopurge.snapRetainCount\" = 7\n\
         4lw.commands.whitelist = \"*\"\nsslQuorum = true\nconnection_throttle_drop_increase = 0.25\n\
         [ssl.quorum]\nkeyStore.location = \"/etc/key store.jks\"\n[unused]\n",
    );
    let settings = settings.unwrap();
    let want = [
        ("4lw.commands.whitelist", "*"),
        ("autopurge.purgeInterval", "24"),
        ("autopurge.snapRetainCount", "7"),
        ("connection_throttle_drop_increase", "0.25"),
        ("ssl.quorum.keyStore.location", "/etc/key store.jks"),
        ("sslQuorum", "true"),
        ("tickTime", "3000"),
    ];
    let got: Vec<_> = settings.iter().map(|(key, s)| (key, s.value.as_str())).collect();
    assert_eq!(got, want);
    assert_eq!(settings.get("tickTime").unwrap().origin, Origin::Table("/etc/s.toml".into()));
}

#[test]
fn what_a_properties_file_cannot_hold_is_refused_by_key() {
    let cases = [
        ("a.b = [1]", "a.b is an array"),
        ("a = 2026-01-01", "a is a date or a time"),
        ("a = nan", "a is not a finite number"),
        ("a.b = 1\n\"a.b\" = 2", "a.b is set twice"),
        ("server.1 = \"10.0.0.1:2888:3888\"", "server.1 cannot be set"),
        ("zookeeper.snapCount = 5", "\"zookeeper.snapCount\" is no setting of ZooKeeper"),
        ("tickTime = \"2s\"", "tickTime = \"2s\" is not a whole number above 0"),
    ];
    for (text, said) in cases {
        let error = toml(text).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("/etc/s.toml, [zookeeper]"), "{error}");
    }
}

#[test]
fn a_fragment_is_read_beside_the_table() {
    let scratch = Scratch::new();
    let fragment = scratch.put("zoo.cfg", "# ours\ntickTime=3000\n standaloneEnabled = false \n");
    let table: toml::Table = "syncLimit = 7".parse().unwrap();
    let path = Path::new("/etc/s.toml");
    let settings = Settings::read(Some((path, &table)), Some(&fragment)).unwrap();
    assert_eq!(value(&settings, "standaloneEnabled").as_deref(), Some("false"));
    assert_eq!(value(&settings, "syncLimit").as_deref(), Some("7"));
    assert_eq!(settings.get("tickTime").unwrap().origin, Origin::Line(fragment.clone(), 2));
    // Twice is a contradiction, in one place and in two.
    let table: toml::Table = "tickTime = 3000".parse().unwrap();
    let error = Settings::read(Some((path, &table)), Some(&fragment)).unwrap_err().to_string();
    let places = format!("in /etc/s.toml, [zookeeper] and in {}, line 2", fragment.display());
    assert!(error.contains(&places), "{error}");
    scratch.put("zoo.cfg", "syncLimit=5\n\nsyncLimit=6\n");
    let error = Settings::read(None, Some(&fragment)).unwrap_err().to_string();
    assert!(error.contains("line 1 and in") && error.contains("line 3: remove"), "{error}");
}

#[test]
fn no_spelling_gets_round_a_rule() {
    let scratch = Scratch::new();
    let spellings = [
        "db.autocreate=true",
        "db.autocreate : true",
        "db.autocreate true",
        "d\\u0062.autocreate=true",
        "db.auto\\\n  create=true",
        "\\ db.autocreate=true",
        "db.autocreate\\t=true",
        "zookeeper.db.autocreate=true",
        "DB.autocreate=true",
        "db.autocreate=\\u0074rue",
        "db.autocreate",
    ];
    for text in spellings {
        let path = scratch.put("zoo.cfg", &format!("# a comment\n{text}\n"));
        let error = Settings::read(None, Some(&path)).unwrap_err().to_string();
        assert!(error.contains("zoo.cfg, line 2: "), "{text:?}: {error}");
    }
}

#[test]
fn a_fragment_that_is_none_is_told() {
    let scratch = Scratch::new();
    let read = |path: &Path| Settings::read(None, Some(path)).unwrap_err().to_string();
    let missing = read(&scratch.path("none"));
    assert!(
        missing
            .ends_with("none: No such file or directory (os error 2); make it, or mend its path"),
        "{missing}"
    );
    assert!(read(scratch.as_ref()).contains("directory"));
    let large = scratch.put("large", &"#".repeat((1 << 20) + 1));
    assert!(read(&large).contains("larger than 1 MiB"));
    let bad = scratch.put("bad", "a=1\nb=\\u1\n");
    assert!(read(&bad).contains("bad, line 2: "), "{}", read(&bad));
}
