//! Files that are whole at every moment and still there after a power cut, and whose they are.
//!
//! They are written by root into directories of an account that root need not trust: nothing here
//! follows a symbolic link that stands where a file is to be.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;

/// The account that ZooKeeper runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user's id.
    pub uid: u32,
    /// The group's id.
    pub gid: u32,
}

/// Makes a file hold these bytes, with this mode. It is written beside its place and renamed, so
/// that a link of that name is replaced, not followed.
///
/// # Errors
/// The directory is not there or not to be written, or the file's owner cannot be set.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, owner: Option<Owner>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let new = path.with_file_name(format!(".{}.new", name.to_string_lossy()));
    // What a crash left; or a trap, which `create_new` would not step into.
    remove(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    let written = (|| {
        file.write_all(bytes)?;
        if let Some(Owner { uid, gid }) = owner {
            fchown(&file, Some(uid), Some(gid))?;
        }
        // Whatever the umask; and after the change of owner, which may take bits away.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        let _ = remove(&new);
    }
    written.and_then(|()| sync_parent(path))
}

/// Removes a file, for good; whether there was one.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Reads a small file, if there is one. It is an error if it is a link, or no file at all.
///
/// # Errors
/// It is there and cannot be read, or is larger than `bytes_max`.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    // Without waiting for somebody at the other end of a pipe.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    match file.metadata()?.is_file() {
        true => file.take(bytes_max + 1).read_to_end(&mut bytes)?,
        false => return Err(io::Error::other("it is not a regular file")),
    };
    match bytes.len() as u64 > bytes_max {
        true => Err(io::Error::other(format!("it is larger than {bytes_max} bytes"))),
        false => Ok(Some(bytes)),
    }
}

/// Makes the directory's entry of this name last.
///
/// # Errors
/// The directory cannot be opened or synchronised.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zookeeper::testing::Scratch;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn a_file_is_replaced_whole_and_with_its_mode() {
        let scratch = Scratch::new();
        let path = scratch.path("myid");
        for (text, mode) in [("1\n", 0o644), ("2\n", 0o640)] {
            replace(&path, text.as_bytes(), mode, Some(scratch.owner())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        }
        assert_eq!(scratch.names(""), ["myid"], "something was left beside it");
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    }

    #[test]
    fn no_link_is_followed() {
        let scratch = Scratch::new();
        let (theirs, path) = (scratch.path("theirs"), scratch.path("myid"));
        fs::write(&theirs, "7\n").unwrap();
        symlink(&theirs, &path).unwrap();
        symlink(&theirs, scratch.path(".myid.new")).unwrap();
        let error = read(&path, 100).unwrap_err().to_string();
        assert!(error.contains("symbolic links"), "{error}");
        replace(&path, b"1\n", 0o644, None).unwrap();
        assert_eq!(read(&path, 100).unwrap().unwrap(), b"1\n");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "7\n");
    }

    #[test]
    fn what_cannot_be_is_told_and_leaves_nothing() {
        let scratch = Scratch::new();
        fs::create_dir_all(scratch.path("myid/sub")).unwrap();
        assert!(replace(&scratch.path("myid"), b"1", 0o644, None).is_err());
        assert_eq!(scratch.names(""), ["myid"]);
        assert!(read(&scratch.path("myid"), 100).unwrap_err().to_string().contains("regular"));
        fs::write(scratch.path("large"), [0; 11]).unwrap();
        assert!(read(&scratch.path("large"), 10).unwrap_err().to_string().contains("10 bytes"));
        assert_eq!(read(&scratch.path("none"), 10).unwrap(), None);
    }
}
