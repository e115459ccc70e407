//! Taps: links of this network namespace whose far end is a program, here QEMU.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;

use super::error::{Explain, Result};

/// What gives taps out.
const DEVICE: &str = "/dev/net/tun";

/// Makes a tap that stays when its program ends, until the link is removed.
pub fn make(name: &str) -> Result<()> {
    let device = OpenOptions::new().read(true).write(true).open(DEVICE);
    let device = device.explain(|| {
        format!(
            "cannot open {DEVICE}, which a machine's interfaces need (as root: chmod 666 {DEVICE})"
        )
    })?;
    let doing = || format!("cannot make tap {name}");
    // SAFETY: all of it is plain data, for which zeroes are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes an `ifreq`, which this is, and which outlives the call.
    let named = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    done(named).explain(doing)?;
    // SAFETY: TUNSETPERSIST takes a number.
    let kept = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETPERSIST, 1) };
    done(kept).explain(doing)
}

fn done(status: libc::c_int) -> io::Result<()> {
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
