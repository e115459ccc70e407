//! Times, inside the instance, how long a command outlives the slot's NIC.

use std::time::Instant;

use futures_util::StreamExt;
use rtnetlink::MulticastGroup;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Result;
use super::weight::keeper;

/// The name by which the slot's NIC is in the kernel; the region's instances have no other.
const NIC: &str = "/sys/class/net/ens6";
/// Made when the judge listens.
const LISTENS: &str = "/run/judge-listens";

/// Prints the milliseconds from the NIC's end to the end of everything below the keeper.
pub fn judge() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let time = runtime.block_on(time())?;
    println!("{time}");
    Ok(())
}

async fn time() -> Result<f64> {
    let pid = Pid::from_raw(keeper()?.cast_signed()).ok_or("the keeper has no number")?;
    // Readable when the process has ended, and PID 1 of a namespace ends after all the others.
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let (connection, _handle, mut events) =
        rtnetlink::new_multicast_connection(&[MulticastGroup::Link])?;
    tokio::spawn(connection);
    std::fs::write(LISTENS, "")?;
    while std::path::Path::new(NIC).exists() {
        events.next().await.ok_or("the kernel says nothing any more")?;
    }
    let gone = Instant::now();
    // Nothing else is left to do here, so it may well block.
    poll(&mut [PollFd::new(&process, PollFlags::IN)], None)?;
    std::fs::remove_file(LISTENS)?;
    Ok(gone.elapsed().as_secs_f64() * 1000.0)
}
