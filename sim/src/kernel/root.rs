//! An instance's root: the host's programs, read-only, with its own `/etc`, `/var`, `/run`, `/tmp`,
//! `/dev`, `/proc` and `/sys`.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use rustix::mount::MountFlags;

use super::disk::{Disk, HOST_ETC};
use super::error::{Explain, Result};
use super::mounts::{Tree, change_root, mount_new};

/// Where the new root is put together: every machine has it, and what it hides was copied before.
const SITE: &str = "/tmp";

/// Top-level directories that are the instance's own, or nobody's.
const OWN: [&str; 10] =
    ["dev", "etc", "lost+found", "media", "mnt", "proc", "run", "sys", "tmp", "var"];

/// Device nodes that an instance has.
const NODES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// Links that `/dev` has everywhere.
const DEV_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// What will be put where, taken before anything is hidden.
#[derive(Debug)]
pub struct Root {
    links: Vec<(OsString, PathBuf)>,
    trees: Vec<(PathBuf, Tree)>,
    nodes: Vec<(PathBuf, Tree)>,
}

impl Root {
    /// Takes copies of all that the root is made of.
    pub fn gather(disk: &Disk, shares: &[PathBuf]) -> Result<Root> {
        let mut root = Root { links: Vec::new(), trees: Vec::new(), nodes: Vec::new() };
        root.gather_host()?;
        root.trees.push((HOST_ETC.into(), Tree::copy_read_only(Path::new("/etc"))?));
        root.trees.push(("/etc".into(), Tree::copy(&disk.etc())?));
        root.trees.push(("/var".into(), Tree::copy(&disk.var())?));
        for share in shares.iter().filter(|share| is_hidden(share)) {
            root.trees.push((share.clone(), Tree::copy_read_only(share)?));
        }
        for node in NODES {
            let path = Path::new("/dev").join(node);
            root.nodes.push((path.clone(), Tree::copy(&path)?));
        }
        Ok(root)
    }

    fn gather_host(&mut self) -> Result<()> {
        let doing = || "cannot read /";
        for entry in fs::read_dir("/").explain(doing)? {
            let entry = entry.explain(doing)?;
            let kind = entry.file_type().explain(doing)?;
            if OWN.iter().any(|own| entry.file_name() == *own) {
                continue;
            }
            if kind.is_symlink() {
                let to = fs::read_link(entry.path()).explain(doing)?;
                self.links.push((entry.file_name(), to));
            } else if kind.is_dir() {
                self.trees.push((entry.path(), Tree::copy_read_only(&entry.path())?));
            }
        }
        Ok(())
    }

    /// Puts the root together and makes it this process's.
    pub fn enter(self) -> Result<()> {
        mount_new("tmpfs", Path::new(SITE), MountFlags::empty(), c"mode=0755")?;
        for (name, to) in &self.links {
            symlink(to, site(name)).explain(|| format!("cannot link {}", name.display()))?;
        }
        make_own()?;
        for (path, tree) in self.trees {
            let target = site(&path);
            fs::create_dir_all(&target).explain(|| format!("cannot make {}", path.display()))?;
            tree.put(&target)?;
        }
        for (path, node) in self.nodes {
            let target = site(&path);
            File::create(&target).explain(|| format!("cannot make {}", path.display()))?;
            node.put(&target)?;
        }
        hide_host_credentials()?;
        change_root(Path::new(SITE))
    }
}

/// Whether a path of the host would not be seen in an instance without a share.
pub fn is_hidden(path: &Path) -> bool {
    match path.components().nth(1) {
        Some(Component::Normal(top)) => OWN.iter().any(|own| top == *own),
        _ => false,
    }
}

/// The place of an absolute path while the root is put together.
fn site(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new(SITE).join(path.strip_prefix("/").unwrap_or(path))
}

/// The file systems that are the instance's own.
fn make_own() -> Result<()> {
    let plain = MountFlags::NOSUID | MountFlags::NODEV;
    mount_new("proc", &site("/proc"), plain | MountFlags::NOEXEC, c"")?;
    // Of this network namespace; read-only, since the rest of it is the host's.
    mount_new("sysfs", &site("/sys"), plain | MountFlags::NOEXEC | MountFlags::RDONLY, c"")?;
    mount_new("tmpfs", &site("/run"), plain, c"mode=0755")?;
    mount_new("tmpfs", &site("/tmp"), plain, c"mode=1777")?;
    mount_new("tmpfs", &site("/dev"), MountFlags::NOSUID, c"mode=0755")?;
    mount_new("devpts", &site("/dev/pts"), MountFlags::NOSUID, c"newinstance,ptmxmode=0666")?;
    mount_new("tmpfs", &site("/dev/shm"), plain, c"mode=1777")?;
    for (name, to) in DEV_LINKS {
        symlink(to, site("/dev").join(name)).explain(|| format!("cannot link /dev/{name}"))?;
    }
    for part in ["/mnt", "/media", "/run/lock"] {
        fs::create_dir_all(site(part)).explain(|| format!("cannot make {part}"))?;
    }
    let sticky = Permissions::from_mode(0o1777);
    fs::set_permissions(site("/run/lock"), sticky).explain(|| "cannot open /run/lock to all")
}

/// An instance's credentials come from IMDS, never from the files of whoever started the region.
fn hide_host_credentials() -> Result<()> {
    let files = site("/root/.aws");
    if !files.is_dir() {
        return Ok(());
    }
    mount_new("tmpfs", &files, MountFlags::RDONLY, c"mode=0700")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_instance_has_of_its_own_hides_the_hosts() {
        assert!(is_hidden(Path::new("/tmp/target")));
        assert!(!is_hidden(Path::new("/home/me/target")));
        assert!(!is_hidden(Path::new("/")));
    }
}
