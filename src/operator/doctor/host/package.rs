//! ZooKeeper's package: Debian's logs nothing, and brings a script that starts it at boot.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Area, Check, Finding};
use super::Root;

const LOGGING: Check = Check::of(Area::Host, "zookeeper-logging");
const AUTOSTART: Check = Check::of(Area::Host, "zookeeper-autostart");
const USER: Check = Check::of(Area::Host, "zookeeper-user");
const JAVA: Check = Check::of(Area::Host, "java");

/// Where Debian's package has its classpath.
const ENVIRONMENT: &str = "/etc/zookeeper/conf/environment";
/// Any of these on the classpath is a logging backend of SLF4J's.
const BACKENDS: [&str; 6] = [
    "slf4j-log4j12",
    "slf4j-reload4j",
    "slf4j-simple",
    "slf4j-jdk14",
    "logback-classic",
    "log4j-slf4j",
];
/// What starts ZooKeeper in steadfast's own package, and the backend that it puts on the class path.
const LAUNCHER: [&str; 2] = ["/usr/lib/steadfast/zookeeper", "/usr/share/java/slf4j-simple.jar"];
/// Where systemd has its units: of two of one name the first counts.
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// ZooKeeper 3.8's oldest.
const JAVA_MIN: u32 = 8;
/// The account of the packages.
const ZOOKEEPER: &str = "zookeeper";

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// The classpath of Debian's package, if that is installed.
    pub classpath: Option<String>,
    /// Whether a logging backend is on it, and there.
    pub logs: bool,
    /// What starts ZooKeeper by itself.
    pub autostart: Vec<String>,
    /// The account that ZooKeeper is to run as.
    pub user: String,
    /// Its numbers, its own and its group's, if there is such an account.
    pub account: Option<(u32, u32)>,
    /// Java's version; the outer one is whether there is Java.
    pub java: Option<Option<String>>,
}

impl Package {
    /// Looks for it. `user` is the account that was named, if one was.
    pub fn read(root: &Root, user: Option<&str>) -> Self {
        let classpath = root.read(ENVIRONMENT).and_then(|text| classpath(&text));
        let user = user.unwrap_or(ZOOKEEPER).to_owned();
        Self {
            logs: classpath.as_deref().is_some_and(|it| logs(root, it))
                || LAUNCHER.iter().all(|it| root.has(it)),
            classpath,
            autostart: autostart(root),
            account: root.read("/etc/passwd").and_then(|text| account(&text, &user)),
            user,
            java: java(root),
        }
    }
}

fn classpath(environment: &str) -> Option<String> {
    let mut lines = environment.lines().filter_map(|line| line.trim().strip_prefix("CLASSPATH="));
    lines.next_back().map(|value| value.trim_matches(['"', '\'']).to_owned())
}

fn logs(root: &Root, classpath: &str) -> bool {
    let is_backend = |jar: &str| {
        let name = jar.rsplit('/').next().unwrap_or(jar);
        BACKENDS.iter().any(|backend| name.starts_with(backend)) && root.has(jar)
    };
    classpath.split(':').any(is_backend)
}

/// The links that make a unit or a script start at boot, but for units that start it by `steadfast run`.
fn autostart(root: &Root) -> Vec<String> {
    let is_zookeeper = |name: &str| {
        let name = name.trim_start_matches(|c: char| c == 'S' || c.is_ascii_digit());
        ["zookeeper", "zookeeper.service", "zookeeperd", "zookeeperd.service"].contains(&name)
    };
    let targets = ["multi-user", "default", "graphical"];
    let units = targets.map(|target| format!("/etc/systemd/system/{target}.target.wants"));
    let scripts = ["2", "3", "4", "5"].map(|level| format!("/etc/rc{level}.d"));
    let scripts = scripts.iter().filter(|_| root.has("/etc/init.d/zookeeper"));
    let mut found = Vec::new();
    for directory in units.iter().chain(scripts) {
        let is_started = |name: &String| {
            is_zookeeper(name)
                && (name.starts_with('S') || name.ends_with(".service"))
                && !runs_steadfast(root, name)
        };
        let names = root.list(directory).into_iter().filter(is_started);
        found.extend(names.map(|name| format!("{directory}/{name}")));
    }
    found
}

/// Whether what a unit starts is steadfast, by its file and its drop-ins: of `ExecStart=` the last word
/// counts, and an empty one takes back what was said before.
fn runs_steadfast(root: &Root, unit: &str) -> bool {
    let file = UNITS.iter().find_map(|directory| root.read(format!("{directory}/{unit}")));
    let mut drop_ins: BTreeMap<String, String> = BTreeMap::new();
    for directory in UNITS.iter().rev().map(|directory| format!("{directory}/{unit}.d")) {
        let names = root.list(&directory).into_iter().filter(|name| name.ends_with(".conf"));
        drop_ins.extend(names.map(|name| (name.clone(), format!("{directory}/{name}"))));
    }
    let drop_ins = drop_ins.into_values().filter_map(|path| root.read(path));
    let mut runs = false;
    for text in file.into_iter().chain(drop_ins) {
        let text = text.replace("\\\n", " ");
        let starts = text.lines().filter_map(|line| {
            line.trim().strip_prefix("ExecStart")?.trim_start().strip_prefix('=')
        });
        for command in starts {
            let is_it = |word: &str| {
                word.rsplit(['/', '-', '@', '+', '!', ':']).next() == Some("steadfast")
            };
            runs = command.split_whitespace().any(is_it);
        }
    }
    runs
}

fn account(passwd: &str, user: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut numbers = line.split(':').skip(2);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// By the file that every Java has beside its programs.
fn java(root: &Root) -> Option<Option<String>> {
    let program = ["/usr/bin/java", "/usr/local/bin/java", "/opt/java/bin/java"];
    let program = program.iter().find_map(|it| root.place(it).canonicalize().ok())?;
    let homes = program.ancestors().skip(2).take(2).map(|home| home.join("release"));
    let release = homes.filter_map(|path| std::fs::read_to_string(path).ok()).next();
    let version = release.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
        Some(line.trim_matches('"').to_owned())
    });
    Some(version)
}

/// `8` of `1.8.0_392`, `17` of `17.0.15`.
fn major(version: &str) -> Option<u32> {
    let version = version.strip_prefix("1.").unwrap_or(version);
    version.split(['.', '_', '-', '+']).next()?.parse().ok()
}

/// The findings.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut found = vec![java_of(package), user(package), autostarted(package)];
    match &package.classpath {
        None => found.push(LOGGING.skipped(
            "ZooKeeper's logging was not looked at: Debian's package is not installed, and of others \
             nothing is known",
        )),
        Some(_) if package.logs => found.push(LOGGING.ok("ZooKeeper has a logging backend")),
        Some(_) => found.push(
            LOGGING
                .warning(format!("ZooKeeper logs nothing: no logging backend in {ENVIRONMENT}"))
                .why("Debian's package leaves it out of the classpath, and nobody learns what goes wrong")
                .command("apt-get install -y libslf4j-java liblog4j1.2-java")
                .command(format!(
                    "sed -i 's|^CLASSPATH=\"\\(.*\\)\"|CLASSPATH=\"\\1:/usr/share/java/slf4j-log4j12.jar:\
                     /usr/share/java/log4j-1.2.jar\"|' {ENVIRONMENT}"
                )),
        ),
    }
    found
}

fn java_of(package: &Package) -> Finding {
    match &package.java {
        None => JAVA
            .warning("there is no Java in /usr/bin, /usr/local/bin or /opt/java/bin")
            .why("ZooKeeper cannot start, unless its command knows of one elsewhere")
            .command("apt-get install -y default-jre-headless || dnf install -y java-17-amazon-corretto-headless"),
        Some(None) => JAVA.ok("there is a Java"),
        Some(Some(version)) => match major(version) {
            Some(major) if major < JAVA_MIN => JAVA
                .error(format!("Java is {version}"))
                .why(format!("ZooKeeper needs {JAVA_MIN} or newer"))
                .hint("install a newer one"),
            _ => JAVA.ok(format!("Java is {version}")),
        },
    }
}

fn user(package: &Package) -> Finding {
    let user = &package.user;
    match package.account {
        Some(_) => USER.ok(format!("there is an account {user}")),
        None => USER
            .warning(format!("there is no account {user}"))
            .why("ZooKeeper then runs as root, and so does who breaks into it")
            .command(format!("useradd --system --home-dir /var/lib/zookeeper {user}")),
    }
}

fn autostarted(package: &Package) -> Finding {
    if package.autostart.is_empty() {
        return AUTOSTART.ok("nothing but steadfast starts ZooKeeper");
    }
    let units: BTreeSet<&str> = package.autostart.iter().map(|link| unit(link)).collect();
    let finding = AUTOSTART
        .error(format!("ZooKeeper is started at boot by itself: {}", package.autostart.join(", ")))
        .why(
            "it runs before a slot is held, without steadfast's settings and without a fence; then \
             steadfast finds the port taken and does not start its own",
        )
        .hint(
            "this stops it, too: if it runs, see first with `steadfast status` that it is not missed",
        );
    units.iter().fold(finding, |it, unit| it.command(format!("systemctl disable --now {unit}")))
}

/// The unit's name, of a link to it or to its script.
fn unit(link: &str) -> &str {
    let name = link.rsplit('/').next().unwrap_or(link);
    let name = name.trim_start_matches(|c: char| c == 'S' || c.is_ascii_digit());
    name.strip_suffix(".service").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_read_in_both_spellings() {
        assert_eq!(
            ["1.8.0_392", "17.0.15", "21", "25-ea", "x"].map(major),
            [Some(8), Some(17), Some(21), Some(25), None]
        );
    }
}
