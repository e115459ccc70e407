//! An instance's power: the process that makes its namespaces and holds its PID 1.

use rustix::thread::UnshareFlags;

use super::error::{Explain, Result};
use super::process::{die_with_parent, this_program};
use super::{namespaces, word};

/// Makes an instance's namespaces, starts its PID 1 in them, says `init PID` on standard output, and
/// ends when the instance does.
///
/// It is a process of its own since a PID namespace takes effect only for children, and since the
/// region's own process must stay where it is.
pub fn run() -> Result<()> {
    namespaces::leave(
        UnshareFlags::NEWNS | UnshareFlags::NEWNET | UnshareFlags::NEWPID | UnshareFlags::NEWUTS,
    )?;
    let mut command = this_program();
    command.arg("__init");
    die_with_parent(&mut command);
    let mut init = command.spawn().explain(|| "cannot start the instance's PID 1")?;
    word::say(format_args!("init {}", init.id()));
    init.wait().explain(|| "cannot wait for the instance's PID 1")?;
    Ok(())
}
