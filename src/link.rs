//! Cargo's build script, no module: how the program is linked, so that it needs the C library at run time and
//! nothing else.

#![expect(clippy::print_stdout, reason = "a build script speaks to Cargo so")]

use std::path::PathBuf;
use std::{env, fs, io};

/// Found before GCC's own of that name, which would be needed at run time. The unwinder is linked in
/// instead; what it asks glibc for is in `src/unwind.rs`.
const UNWINDER: &str = "GROUP(libgcc_eh.a libgcc.a)\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/link.rs");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let out = PathBuf::from(out);
    fs::write(out.join("libgcc_s.so"), UNWINDER)?;
    println!("cargo::rustc-link-arg-bins=-L{}", out.display());
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        // lld, which rustc takes otherwise, keeps the unwind tables of functions that it drops: 5 MB of them.
        println!("cargo::rustc-link-arg-bins=-fuse-ld=bfd");
        println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
    }
    Ok(())
}
