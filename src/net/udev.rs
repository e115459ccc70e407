//! Lets udev finish with a NIC that has just appeared. It renames it (`eth1` to `ens6`), which
//! the kernels of many distributions refuse once the NIC is up: then the NIC keeps the name
//! under which nobody's configuration knows it.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// There where udev runs; not in a container or on a host without it.
const CONTROL: &str = "/run/udev/control";
/// How long udev is given. What it has not done by then it may do, or fail to do, later.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked at: a file, and there is no event for it.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until udev, where it runs, has finished with the device of that index.
pub async fn finish(index: u32, deadline: Instant) {
    let deadline = deadline.min(Instant::now() + PATIENCE);
    while Path::new(CONTROL).exists() && !has_finished(index) && Instant::now() < deadline {
        sleep(LOOK).await;
    }
}

/// The entry in udev's database, by which libudev, too, tells whether a device is initialized.
fn has_finished(index: u32) -> bool {
    Path::new(&format!("/run/udev/data/n{index}")).exists()
}
