//! Mounts, as an instance's root is made of them.
//!
//! What is to be seen in it is first taken as a detached copy ([`Tree`]) and put in place later, so
//! that a mount which hides its source in between does no harm.

use std::ffi::CStr;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_change, move_mount, open_tree, unmount,
};

use super::error::{Explain, Result};

/// A detached copy of a part of the file system, with every mount below it.
#[derive(Debug)]
pub struct Tree(OwnedFd);

impl Tree {
    /// Copies what is at `path` now; a later change of mounts there does not show in it.
    pub fn copy(path: &Path) -> Result<Tree> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE;
        let tree = open_tree(CWD, path, flags);
        tree.map(Tree).explain(|| format!("cannot bind {}", path.display()))
    }

    /// The same, read-only with every mount below it.
    pub fn copy_read_only(path: &Path) -> Result<Tree> {
        let tree = Tree::copy(path)?;
        set_read_only(&tree.0).explain(|| format!("cannot bind {} read-only", path.display()))?;
        Ok(tree)
    }

    /// Puts the copy in place.
    pub fn put(self, target: &Path) -> Result<()> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        let moved = move_mount(&self.0, "", CWD, target, flags);
        moved.explain(|| format!("cannot mount on {}", target.display()))
    }
}

/// What `mount_setattr` takes, as linux/mount.h lays it out.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Sets the read-only flag on a mount and all below it, and leaves their other flags: those of the
/// host's mounts are locked in a user namespace, so a remount that drops one is refused.
fn set_read_only(tree: &OwnedFd) -> std::io::Result<()> {
    let attributes = MountAttributes {
        set: libc::MOUNT_ATTR_RDONLY,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    // SAFETY: the descriptor is open for the call's time; the path is a constant, empty C string;
    // the attributes outlive the call and their size is theirs. rustix has no wrapper for it yet.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Cuts this mount namespace off from the host's: what is mounted here is not seen there.
pub fn make_private() -> Result<()> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", flags).explain(|| "cannot make mounts private")
}

/// Mounts a file system without a source, such as `tmpfs` or `proc`, on a directory that it makes.
pub fn mount_new(kind: &str, target: &Path, flags: MountFlags, data: &CStr) -> Result<()> {
    let doing = || format!("cannot mount {kind} on {}", target.display());
    fs::create_dir_all(target).explain(doing)?;
    mount(kind, target, kind, flags, data).explain(doing)
}

/// Makes `root` the root, and lets go of the old one and of everything mounted there.
pub fn change_root(root: &Path) -> Result<()> {
    let doing = || format!("cannot change the root to {}", root.display());
    std::env::set_current_dir(root).explain(doing)?;
    // With both names the same the old root comes to lie on the new one, from where it is pulled.
    rustix::process::pivot_root(".", ".").explain(doing)?;
    unmount(".", UnmountFlags::DETACH).explain(doing)?;
    std::env::set_current_dir("/").explain(doing)
}
