//! Whether ZooKeeper's account can write in its directories.
//!
//! The directories alone are looked at: what is in a `version-2` is ZooKeeper's affair.

use std::fmt;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use super::{DiskError, LINEAGE, MARKER, MYID, POOL};
use crate::file::Owner;

/// Debian's, for `/var/lib/zookeeper`.
const MODE: u32 = 0o750;
/// What may be in a directory that is as good as new: a file system's own, and what is put there
/// before the server's first start.
const OF_NOBODY: [&str; 5] = ["lost+found", MYID, MARKER, POOL, LINEAGE];

/// What was done to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was made.
    Made(PathBuf),
    /// It was empty and somebody else's, and was given to ZooKeeper's account.
    Given(PathBuf, Owner),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(path) => write!(f, "made {}", path.display()),
            Self::Given(path, Owner { uid, gid }) => {
                write!(f, "gave {} to {uid}:{gid}", path.display())
            }
        }
    }
}

/// Makes a directory, and those above it as they usually are, unless it is there.
pub(super) fn make(path: &Path, owner: Option<Owner>) -> Result<Option<Change>, DiskError> {
    if super::exists(path)? {
        return Ok(None);
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let made = made.and_then(|()| DirBuilder::new().mode(MODE).create(path));
    made.map_err(DiskError::io("make", path))?;
    // A crash before this leaves an empty directory, which `check` gives away at the next start.
    if let Some(owner) = owner {
        give(path, owner)?;
    }
    Ok(Some(Change::Made(path.to_owned())))
}

/// Refuses a directory that the owner cannot write in. It is not given away: its place is the owner's,
/// who could have put a link to any directory of the machine there.
pub(super) fn refuse_foreign(path: &Path, owner: Option<Owner>) -> Result<(), DiskError> {
    let metadata = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(DiskError::io("read", path))?,
    };
    match owner {
        Some(owner) if !may_write(&metadata, owner) => Err(not_owned(path, &metadata, owner)),
        _ => Ok(()),
    }
}

fn not_owned(path: &Path, metadata: &Metadata, wants: Owner) -> DiskError {
    let has = Owner { uid: metadata.uid(), gid: metadata.gid() };
    DiskError::NotOwned { path: path.to_owned(), has, wants }
}

/// Sees to it that a directory, where it exists, is one that the owner can write in.
pub(super) fn check(path: &Path, owner: Option<Owner>) -> Result<Option<Change>, DiskError> {
    let metadata = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(DiskError::io("read", path))?,
    };
    if !metadata.is_dir() {
        let source = io::ErrorKind::NotADirectory.into();
        return Err(DiskError::Io { doing: "use", path: path.to_owned(), source });
    }
    match owner {
        Some(owner) if !may_write(&metadata, owner) => match is_as_new(path)? {
            true => {
                give(path, owner)?;
                Ok(Some(Change::Given(path.to_owned(), owner)))
            }
            false => Err(not_owned(path, &metadata, owner)),
        },
        _ => Ok(None),
    }
}

/// By a descriptor, which no link leads elsewhere.
fn give(path: &Path, owner: Owner) -> Result<(), DiskError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = open(path, flags, Mode::empty()).map_err(io::Error::from);
    opened
        .and_then(|directory| fchown(directory, Some(owner.uid), Some(owner.gid)))
        .map_err(DiskError::io("chown", path))
}

/// Whether a directory is the owner's, or open to its group or to everyone. Other groups and access
/// lists are not known here: who relies on them is told to make it the owner's.
fn may_write(metadata: &Metadata, owner: Owner) -> bool {
    let open_to = |bits: u32| metadata.mode() & bits == bits;
    match owner {
        Owner { uid: 0, .. } => true,
        Owner { uid, .. } if uid == metadata.uid() => true,
        Owner { gid, .. } if gid == metadata.gid() => open_to(0o070),
        _ => open_to(0o007),
    }
}

fn is_as_new(path: &Path) -> Result<bool, DiskError> {
    let read = DiskError::io("read", path);
    for entry in fs::read_dir(path).map_err(&read)? {
        let name = entry.map_err(&read)?.file_name();
        if !OF_NOBODY.iter().any(|known| name == *known) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::zookeeper::testing::Scratch;

    #[test]
    fn a_missing_directory_is_made_for_the_owner() {
        let scratch = Scratch::new();
        let path = scratch.path("a/b/data");
        let owner = Some(scratch.owner());
        assert_eq!(make(&path, owner).unwrap(), Some(Change::Made(path.clone())));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, MODE);
        assert_eq!(make(&path, owner).unwrap(), None);
        assert_eq!(check(&path, owner).unwrap(), None);
    }

    #[test]
    fn who_may_write_is_decided_as_the_kernel_does() {
        let scratch = Scratch::new();
        let me = scratch.owner();
        let (stranger, fellow) =
            (Owner { uid: me.uid + 1, gid: me.gid + 1 }, Owner { uid: me.uid + 1, gid: me.gid });
        let cases = [
            (0o700, [true, false, false]),
            (0o770, [true, true, false]),
            (0o750, [true, false, false]),
            (0o707, [true, false, true]),
            (0o777, [true, true, true]),
        ];
        for (mode, want) in cases {
            fs::set_permissions(&scratch, fs::Permissions::from_mode(mode)).unwrap();
            let metadata = fs::metadata(&scratch).unwrap();
            let may = [me, fellow, stranger].map(|owner| may_write(&metadata, owner));
            assert_eq!(may, want, "{mode:o}");
        }
    }

    #[test]
    fn somebody_else_s_directory_is_refused_with_the_command_unless_it_is_as_new() {
        let scratch = Scratch::new();
        let me = scratch.owner();
        let stranger = Owner { uid: me.uid + 1, gid: me.gid + 1 };
        scratch.put("my data/version-2/currentEpoch", "1");
        let data = scratch.path("my data");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o750)).unwrap();
        let error = check(&data, Some(stranger)).unwrap_err().to_string();
        let command = format!("chown -R {}:{} '{}'", stranger.uid, stranger.gid, data.display());
        assert!(error.ends_with(&command), "{error}");
        // Without an account nobody else is to write there.
        assert_eq!(check(&data, None).unwrap(), None);
        assert!(!is_as_new(&data).unwrap());
        fs::remove_dir_all(data.join("version-2")).unwrap();
        scratch.put("my data/lost+found/x", "");
        scratch.put("my data/myid", "1");
        assert!(is_as_new(&data).unwrap());
    }

    #[test]
    fn a_file_is_no_directory() {
        let scratch = Scratch::new();
        let path = scratch.put("data", "");
        let error = check(&path, None).unwrap_err().to_string();
        assert!(error.contains("not a directory"), "{error}");
        assert_eq!(check(&scratch.path("none"), None).unwrap(), None);
    }
}
