//! Files below a root, read without a fuss: what is not there is no news, what cannot be read is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where `/` is.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    unreadable: RefCell<Vec<String>>,
}

impl Root {
    /// With `/` at that directory.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), unreadable: RefCell::default() }
    }

    /// The place of an absolute path.
    pub fn place(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.path.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A text, if the file is there.
    pub fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        let read = fs::read(self.place(&path));
        Some(String::from_utf8_lossy(&self.noted(path.as_ref(), read)?).into_owned())
    }

    /// Whether there is something.
    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        // A link counts, wherever it leads: a unit is enabled by one.
        fs::symlink_metadata(self.place(path)).is_ok()
    }

    /// The names in a directory, sorted; none if it is not there.
    pub fn list(&self, path: impl AsRef<Path>) -> Vec<String> {
        let entries = self.noted(path.as_ref(), fs::read_dir(self.place(&path)));
        let names = entries.into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// What could not be read, and is there.
    pub fn unreadable(&self) -> Vec<String> {
        self.unreadable.borrow().clone()
    }

    /// The names of all processes, with their ids, as the kernel keeps them: 15 bytes of each.
    pub fn processes(&self) -> BTreeMap<u32, String> {
        let ids = self.list("/proc").into_iter().filter_map(|name| name.parse().ok());
        // One that ends meanwhile is none.
        let name = |id: u32| fs::read_to_string(self.place(format!("/proc/{id}/comm"))).ok();
        ids.filter_map(|id| Some((id, name(id)?.trim_end().to_owned()))).collect()
    }

    fn noted<T>(&self, path: &Path, read: io::Result<T>) -> Option<T> {
        match read {
            Ok(it) => Some(it),
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    self.unreadable.borrow_mut().push(path.display().to_string());
                }
                None
            }
        }
    }
}
