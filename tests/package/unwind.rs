//! A panic is caught, in a thread and out of it, by the unwinder that the packaged program has. Compiled
//! and judged by `tests/package/check`.

use std::ffi::{c_int, c_void};
use std::process::ExitCode;

#[path = "../../src/unwind.rs"]
pub mod unwind;

#[unsafe(no_mangle)]
unsafe extern "C" fn _dl_find_object(pc: *const c_void, found: *mut unwind::Found) -> c_int {
    match unwind::find(pc) {
        Some(object) => {
            unsafe { found.write(object) };
            0
        }
        None => -1,
    }
}

fn main() -> ExitCode {
    let caught = std::panic::catch_unwind(|| panic!("one"));
    let ended = std::thread::spawn(|| panic!("two")).join();
    match caught.is_err() && ended.is_err() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
