//! The package that `make deb` made, and a newer one of the same files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::within::done;

/// The version of the newer package: later than whatever the other has.
const NEWER: &str = "99.0.0-1";

/// A package for Debian.
#[derive(Debug, Clone)]
pub struct Package {
    pub path: PathBuf,
    pub version: String,
    pub sha256: String,
}

impl Package {
    /// The one that `make deb` makes of this tree.
    pub fn built() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("steadfast_{version}-1_amd64.deb");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/package").join(name);
        assert!(path.exists(), "no {}: make deb", path.display());
        Self::at(path)
    }

    fn at(path: PathBuf) -> Self {
        let mut field = Command::new("dpkg-deb");
        field.arg("--field").arg(&path).arg("Version");
        let mut sum = Command::new("sha256sum");
        sum.arg(&path);
        let sha256 = done(sum).split_whitespace().next().expect("a checksum").to_owned();
        Self { version: done(field).trim().to_owned(), sha256, path }
    }

    /// Puts it into a directory.
    pub fn copied_to(&self, directory: &Path) -> Self {
        let path = directory.join(self.name());
        std::fs::copy(&self.path, &path).unwrap();
        Self { path, ..self.clone() }
    }

    /// Makes a newer one of the same files, in a directory.
    pub fn newer_in(&self, directory: &Path) -> Self {
        let tree = directory.join("newer");
        if tree.exists() {
            std::fs::remove_dir_all(&tree).unwrap();
        }
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("--raw-extract").arg(&self.path).arg(&tree);
        done(unpack);
        let control = tree.join("DEBIAN/control");
        let text = std::fs::read_to_string(&control).unwrap();
        let (old, new) = (format!("Version: {}\n", self.version), format!("Version: {NEWER}\n"));
        assert!(text.contains(&old), "{text}");
        std::fs::write(&control, text.replace(&old, &new)).unwrap();
        let path = directory.join(format!("steadfast_{NEWER}_amd64.deb"));
        let mut pack = Command::new("dpkg-deb");
        // Not compressed much: it is for one machine, once.
        pack.args(["--root-owner-group", "-Zgzip", "-z1", "--build"]).arg(&tree).arg(&path);
        done(pack);
        std::fs::remove_dir_all(&tree).unwrap();
        Self::at(path)
    }

    /// Its file's name.
    pub fn name(&self) -> String {
        self.path.file_name().expect("a file").to_string_lossy().into_owned()
    }
}
