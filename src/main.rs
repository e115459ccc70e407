//! `steadfast`: see the library for what it does; here the process begins and ends.

use std::ffi::{c_int, c_void};
use std::process::ExitCode;

use steadfast::unwind::{Found, find};

fn main() -> ExitCode {
    steadfast::cli::main()
}

/// What the unwinder in the program asks, in glibc's place; see [`steadfast::unwind`].
///
/// # Safety
/// `found` is to be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn _dl_find_object(pc: *const c_void, found: *mut Found) -> c_int {
    match find(pc) {
        Some(object) => {
            // SAFETY: it is the unwinder's own, and larger than what is written.
            unsafe { found.write(object) };
            0
        }
        None => -1,
    }
}
