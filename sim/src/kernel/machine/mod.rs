//! An instance that is a virtual machine: QEMU, its power, its cards.
//!
//! QEMU is a child of the region's process, so nothing of a machine outlives its region. What happens
//! to a machine happens as on EC2: a power cut is a SIGKILL, a stop presses the power button first, a
//! card is plugged and pulled on the PCI bus while the kernel runs.

mod guest;
mod image;
mod lines;
mod qemu;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::end::End;
use super::error::{Explain, Result};
use super::process::Process;
use super::state_dir::StateDir;
use crate::fabric::{BootSpec, FabricError, Hardware, NicSpec};
use lines::{Answer, Lines};
use qemu::Paths;

pub use guest::{Ended, NotRun, answers, run};
pub use image::Image;

/// The longest that QEMU itself may take for something: milliseconds, more only on a machine that is
/// swamped.
const STEP: Duration = Duration::from_secs(30);
/// The longest that a guest may take to let go of a card, which it does within a second or two.
const LET_GO: Duration = Duration::from_secs(20);
/// After how long a guest is asked again: what it is told before its kernel listens is lost.
const ASK_AGAIN: Duration = Duration::from_secs(4);
/// The longest that a guest may take to shut down. EC2, too, cuts the power after some minutes.
const SHUT_DOWN: Duration = Duration::from_secs(180);

/// A running machine.
pub struct Machine {
    process: Process,
    monitor: Lines,
    /// The ENIs whose cards it has.
    cards: BTreeSet<String>,
    end: End,
}

impl Machine {
    /// Powers a machine on with its cards, whose taps are there already.
    pub async fn power_on(
        spec: &BootSpec,
        machine: &Hardware,
        state: &StateDir,
    ) -> Result<Machine> {
        let doing = || format!("cannot power {} on", spec.instance);
        let paths = Paths::of(spec, state);
        prepare(&paths, machine).await.explain(doing)?;
        let arguments = qemu::arguments(spec, machine, &paths, has_kvm()).explain(doing)?;
        let mut child = start(&arguments)?;
        let pipes = child.stdout.take().zip(child.stdin.take());
        let process = child.id().and_then(Process::find);
        let (Some((read, write)), Some(process)) = (pipes, process) else {
            return Err(FabricError(format!("{}: QEMU ended at once", doing())));
        };
        let cards = spec.nics().map(|nic| nic.eni.clone()).collect();
        let monitor = Lines::over(read, write);
        let mut machine = Machine { process, monitor, cards, end: End::of(child) };
        match machine.order("qmp_capabilities", Value::Null).await {
            Ok(_) => Ok(machine),
            Err(error) => {
                let _ = machine.cut_power().await;
                Err(FabricError(format!("{}: {error}: see the region's log", doing())))
            }
        }
    }

    /// Plugs a card in, whose tap is there already; done if it is plugged.
    pub async fn plug(&mut self, nic: &NicSpec) -> Result<()> {
        if self.cards.contains(&nic.eni) {
            return Ok(());
        }
        let doing = || format!("cannot plug {} into {}", nic.eni, nic.instance);
        self.order("netdev_add", qemu::netdev(nic)).await.explain(doing)?;
        self.order("device_add", qemu::card(nic)).await.explain(doing)?;
        self.cards.insert(nic.eni.clone());
        Ok(())
    }

    /// Has the guest let go of a card and pulls it. From a guest that does not let go it is pulled all
    /// the same: the card stays and is dead. Done if it is not plugged.
    pub async fn unplug(&mut self, eni: &str) -> Result<()> {
        if !self.cards.remove(eni) {
            return Ok(());
        }
        let by = Instant::now() + LET_GO;
        while self.has_card(eni).await? && Instant::now() < by {
            // Refused while an earlier request is under way, or when the card is just gone.
            self.ask("device_del", json!({ "id": eni })).await?;
            self.hear_of_pulled(eni, by.min(Instant::now() + ASK_AGAIN)).await?;
        }
        let host_end = json!({ "id": qemu::host_end(eni) });
        self.order("netdev_del", host_end).await.map(drop)
    }

    async fn has_card(&mut self, eni: &str) -> Result<bool> {
        let path = json!({ "path": "/machine/peripheral" });
        let devices = self.order("qom-list", path).await?;
        let devices = devices.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(devices.iter().any(|device| device["name"] == eni))
    }

    /// Waits for the event that a card is gone, but not for ever.
    async fn hear_of_pulled(&mut self, eni: &str, by: Instant) -> Result<()> {
        while let Some(said) = self.monitor.hear(by).await? {
            if said["event"] == "DEVICE_DELETED" && said["data"]["device"] == eni {
                break;
            }
        }
        Ok(())
    }

    /// Presses the power button and waits for the guest's end; cuts the power of one that stays.
    pub async fn shut_down(mut self) -> Result<()> {
        let by = Instant::now() + SHUT_DOWN;
        while Instant::now() < by {
            // An error says that it has just ended.
            if self.ask("system_powerdown", Value::Null).await.is_err() {
                break;
            }
            // A button that is pressed before the guest's init listens does nothing.
            if timeout(ASK_AGAIN * 4, self.end().wait()).await.is_ok() {
                return Ok(());
            }
        }
        self.cut_power().await
    }

    /// Kills QEMU and waits until it is gone.
    pub async fn cut_power(self) -> Result<()> {
        let process = self.process;
        let killed = tokio::task::spawn_blocking(move || process.kill(STEP)).await;
        killed.explain(|| "cannot cut the power")??;
        let gone = timeout(STEP, self.end().wait()).await;
        gone.explain(|| "cannot cut the power: the machine is still there")
    }

    /// Stops its processors, as on a host whose hypervisor hangs.
    pub async fn hang(&mut self) -> Result<()> {
        self.order("stop", Value::Null).await.map(drop)
    }

    /// Has them go on.
    pub async fn resume(&mut self) -> Result<()> {
        self.order("cont", Value::Null).await.map(drop)
    }

    /// Its QEMU, never to be confused with a later one.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Its end.
    pub fn end(&self) -> End {
        self.end.clone()
    }

    async fn ask(&mut self, command: &str, arguments: Value) -> Result<Answer> {
        self.monitor.ask(command, arguments, STEP).await
    }

    async fn order(&mut self, command: &str, arguments: Value) -> Result<Value> {
        self.monitor.order(command, arguments, STEP).await
    }
}

impl Paths {
    fn of(spec: &BootSpec, state: &StateDir) -> Paths {
        Paths {
            disk: state.disk(&spec.instance).join("disk.qcow2"),
            console: state.console(&spec.instance),
            agent: state.guest_agent(&spec.instance),
        }
    }
}

/// Makes what a machine needs on this host: at its first start a disk, which holds what differs from
/// the image's.
async fn prepare(paths: &Paths, machine: &Hardware) -> Result<()> {
    let _ = std::fs::remove_file(&paths.agent);
    let directory = paths.disk.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory)
        .explain(|| format!("cannot make {}", directory.display()))?;
    if paths.disk.exists() {
        return Ok(());
    }
    let image = Image::at(&machine.image).disk();
    let mut command = Command::new("qemu-img");
    command.args(["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"]).arg(image).arg(&paths.disk);
    let made = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let made = timeout(STEP, made).await.explain(|| "qemu-img takes too long")?;
    let made = made.explain(|| "cannot run qemu-img (Debian's package qemu-utils)")?;
    if made.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&made.stderr);
    Err(FabricError(format!("qemu-img: {}", said.trim())))
}

/// Starts QEMU; what it complains of is in the region's log.
fn start(arguments: &[String]) -> Result<Child> {
    let mut command = Command::new(qemu::PROGRAM);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let program = qemu::PROGRAM;
    command.spawn().explain(|| format!("cannot run {program} (Debian's package qemu-system-x86)"))
}

/// Whether the processor's own virtualisation may be used; without it all goes on, only slower.
/// The device alone does not say so: there are hosts whose `/dev/kvm` runs kernels of their own alone.
fn has_kvm() -> bool {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let virtualises = |line: &str| line.split(' ').any(|flag| matches!(flag, "vmx" | "svm"));
    processor.lines().any(virtualises)
        && OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}
