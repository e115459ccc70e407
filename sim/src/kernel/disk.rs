//! An instance's disk: its own `/etc` and `/var`, which a stop leaves as they are.

use std::fs::{self, Permissions};
use std::net::IpAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::error::{Explain, Result};

/// Where an instance sees the host's `/etc`.
pub const HOST_ETC: &str = "/.host-etc";

/// Names in `/etc` that are the instance's own.
const OWN: [&str; 5] = ["hostname", "hosts", "machine-id", "resolv.conf", "steadfast"];

/// An instance's disk.
#[derive(Debug, Clone)]
pub struct Disk(PathBuf);

impl Disk {
    /// The disk in a directory; made, with what a fresh system has, if it is not there yet.
    pub fn open(path: PathBuf, identity: &Identity<'_>) -> Result<Disk> {
        let disk = Disk(path);
        // Made last, so that its being there says that the disk is whole.
        if !disk.etc().exists() {
            disk.fill_var().explain(|| format!("cannot make {}", disk.var().display()))?;
            disk.fill_etc(identity).explain(|| format!("cannot make {}", disk.etc().display()))?;
        }
        Ok(disk)
    }

    /// What becomes `/etc`.
    pub fn etc(&self) -> PathBuf {
        self.0.join("etc")
    }

    /// What becomes `/var`.
    pub fn var(&self) -> PathBuf {
        self.0.join("var")
    }

    fn fill_var(&self) -> std::io::Result<()> {
        let var = self.var();
        for part in ["cache", "lib/cloud", "lib/zookeeper", "log", "spool", "tmp"] {
            fs::create_dir_all(var.join(part))?;
        }
        fs::set_permissions(var.join("tmp"), Permissions::from_mode(0o1777))?;
        link("/run", &var.join("run"))?;
        link("/run/lock", &var.join("lock"))
    }

    /// Every name of the host's `/etc`, each a link, so that an instance can replace it by its own.
    fn fill_etc(&self, identity: &Identity<'_>) -> std::io::Result<()> {
        let new = self.0.join("etc.new");
        fs::create_dir_all(new.join("steadfast"))?;
        for name in fs::read_dir("/etc")? {
            let name = name?.file_name();
            if !OWN.iter().any(|own| name == *own) {
                link(Path::new(HOST_ETC).join(&name), &new.join(&name))?;
            }
        }
        for (name, text) in identity.files() {
            fs::write(new.join(name), text)?;
        }
        fs::rename(new, self.etc())
    }
}

/// Who an instance is, as its `/etc` says it.
#[derive(Debug)]
pub struct Identity<'a> {
    /// `i-...`.
    pub instance: &'a str,
    /// The host name.
    pub hostname: &'a str,
    /// The primary address.
    pub address: Option<IpAddr>,
}

impl Identity<'_> {
    fn files(&self) -> [(&'static str, String); 4] {
        let hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
        let own = self.address.map(|address| format!("{address} {}\n", self.hostname));
        let digits: String = self.instance.chars().filter(char::is_ascii_hexdigit).collect();
        [
            ("hostname", format!("{}\n", self.hostname)),
            ("hosts", format!("{hosts}{}", own.unwrap_or_default())),
            ("machine-id", format!("{digits:0>32}\n")),
            ("resolv.conf", "# The local region has no name server.\n".to_owned()),
        ]
    }
}

/// Makes a link; done if a crash left one behind.
fn link(to: impl AsRef<Path>, at: &Path) -> std::io::Result<()> {
    match symlink(to, at) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}
