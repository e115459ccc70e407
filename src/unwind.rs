//! Where a function's unwind table is, for the copy of GCC's unwinder that is linked into the program.
//!
//! With it the program needs no libgcc_s.so at run time. Compiled for a new glibc, that copy asks glibc for
//! the table by `_dl_find_object`, which came with 2.35; Amazon Linux 2023 has 2.34. So this is the program's
//! own: it asks as earlier copies did, by `dl_iterate_phdr`. It is asked only while a panic unwinds.
//!
//! Rejected: libgcc_s.so, which is one more library that a machine image may be without.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null;

/// Program headers that matter here, as `elf.h` numbers them.
const PT_LOAD: u32 = 1;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;

/// `struct dl_find_object` of glibc's `dlfcn.h`, as x86-64 and aarch64 have it up to the field that the
/// unwinder reads.
#[repr(C)]
#[derive(Debug)]
pub struct Found {
    flags: u64,
    map_start: *const c_void,
    map_end: *const c_void,
    link_map: *const c_void,
    /// The object's `.eh_frame_hdr`.
    pub eh_frame: *const c_void,
}

/// `struct dl_phdr_info` of `link.h`, as far as every version has it.
#[repr(C)]
struct Object {
    address: usize,
    name: *const c_char,
    headers: *const Header,
    header_count: u16,
}

/// `Elf64_Phdr` of `elf.h`.
#[repr(C)]
struct Header {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical_address: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

struct Search {
    pc: usize,
    found: Option<Found>,
}

unsafe extern "C" {
    fn dl_iterate_phdr(
        callback: extern "C" fn(*const Object, usize, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
}

/// The object that an address lies in; none if it is in none, or that has no unwind table.
pub fn find(pc: *const c_void) -> Option<Found> {
    let mut search = Search { pc: pc.addr(), found: None };
    // SAFETY: the callback is called before this returns, with this very pointer.
    unsafe { dl_iterate_phdr(look, (&raw mut search).cast()) };
    search.found
}

extern "C" fn look(object: *const Object, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: both are valid for this call: the first is the loader's, the other `find`'s.
    let (object, search) = unsafe { (&*object, &mut *data.cast::<Search>()) };
    if object.headers.is_null() {
        return 0;
    }
    // SAFETY: the loader keeps an object's headers as long as the object.
    let headers = unsafe { std::slice::from_raw_parts(object.headers, object.header_count.into()) };
    let start = |header: &Header| object.address.wrapping_add(header.address as usize);
    let holds = |header: &&Header| {
        header.kind == PT_LOAD
            && search.pc.wrapping_sub(start(header)) < header.memory_size as usize
    };
    let Some(segment) = headers.iter().find(holds) else { return 0 };
    let table = headers.iter().find(|header| header.kind == PT_GNU_EH_FRAME);
    search.found = table.map(|table| Found {
        flags: 0,
        map_start: start(segment) as *const c_void,
        map_end: (start(segment) + segment.memory_size as usize) as *const c_void,
        link_map: null(),
        eh_frame: start(table) as *const c_void,
    });
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" {
        // glibc's own, which is the judge.
        fn _dl_find_object(pc: *const c_void, found: *mut Whole) -> c_int;
        fn malloc(size: usize) -> *mut c_void;
        fn cos(angle: f64) -> f64;
    }

    #[repr(C)]
    struct Whole {
        found: Found,
        reserved: [u64; 16],
    }

    fn glibc_s(pc: *const c_void) -> Option<Found> {
        let mut whole = Whole { found: empty(), reserved: [0; 16] };
        // SAFETY: it is longer than glibc's.
        match unsafe { _dl_find_object(pc, &raw mut whole) } {
            0 => Some(whole.found),
            _ => None,
        }
    }

    fn empty() -> Found {
        Found { flags: 0, map_start: null(), map_end: null(), link_map: null(), eh_frame: null() }
    }

    #[test]
    fn the_table_of_each_address_is_that_which_glibc_finds() {
        let known = [
            find as *const c_void,
            std::thread::sleep as *const c_void,
            malloc as *const c_void,
            cos as *const c_void,
        ];
        for pc in known {
            let (ours, theirs) = (find(pc).unwrap(), glibc_s(pc).unwrap());
            assert_eq!(ours.eh_frame, theirs.eh_frame);
            assert!(ours.map_start <= pc && pc < ours.map_end, "{ours:?}");
        }
        let local = 0_u8;
        for nowhere in [null(), (&raw const local).cast()] {
            assert!(find(nowhere).is_none() && glibc_s(nowhere).is_none());
        }
    }
}
