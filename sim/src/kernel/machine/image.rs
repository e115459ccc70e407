//! A machine image: a directory with a disk, a kernel and how it is started.

use std::path::{Path, PathBuf};

use crate::fabric::FabricError;
use crate::kernel::error::{Explain, Result};

/// An image's directory.
#[derive(Debug)]
pub struct Image(PathBuf);

impl Image {
    /// The directory's full path, once all that it must hold is there.
    ///
    /// # Errors
    /// Names what is missing.
    pub fn check(directory: &Path) -> Result<PathBuf> {
        let full = directory.canonicalize();
        let full = full.explain(|| format!("cannot read image {}", directory.display()))?;
        let image = Image(full.clone());
        for part in [image.disk(), image.kernel(), image.0.join("cmdline")] {
            if !part.is_file() {
                let part = part.display();
                return Err(FabricError(format!("{part} is missing: an image needs it")));
            }
        }
        Ok(full)
    }

    /// The image in a directory that was checked.
    pub fn at(directory: &Path) -> Image {
        Image(directory.to_owned())
    }

    /// The disk that each instance begins with, which none of them changes.
    pub fn disk(&self) -> PathBuf {
        self.0.join("disk.qcow2")
    }

    /// The kernel, which QEMU starts itself: an image needs no boot loader.
    pub fn kernel(&self) -> PathBuf {
        self.0.join("vmlinuz")
    }

    /// The initial RAM disk, if the kernel needs one.
    pub fn initrd(&self) -> Option<PathBuf> {
        Some(self.0.join("initrd.img")).filter(|path| path.is_file())
    }

    /// The kernel's command line.
    pub fn command_line(&self) -> Result<String> {
        let path = self.0.join("cmdline");
        let text = std::fs::read_to_string(&path);
        Ok(text.explain(|| format!("cannot read {}", path.display()))?.trim().to_owned())
    }
}
