//! A running instance, whatever it runs on.

use super::end::End;
use super::error::Result;
use super::instance::Instance;
use super::machine::Machine;
use super::process::Process;
use super::router::Far;
use crate::fabric::PowerOff;

/// A running instance.
pub enum Running {
    /// Namespaces of this machine.
    Namespaces(Instance),
    /// A machine of its own.
    Machine(Machine),
}

impl Running {
    /// Powers it off, and waits until it is gone. Namespaces have nobody to ask.
    pub async fn power_off(self, how: PowerOff) -> Result<()> {
        match (self, how) {
            (Self::Namespaces(instance), _) => instance.power_off().await,
            (Self::Machine(machine), PowerOff::KeepDisk) => machine.shut_down().await,
            (Self::Machine(machine), PowerOff::DropDisk) => machine.cut_power().await,
        }
    }

    /// Stops all that runs in it; done when all has stopped.
    pub async fn hang(&mut self) -> Result<()> {
        match self {
            Self::Namespaces(instance) => instance.hang().await,
            Self::Machine(machine) => machine.hang().await,
        }
    }

    /// Has what a hang stopped go on.
    pub async fn resume(&mut self) -> Result<()> {
        match self {
            Self::Namespaces(instance) => instance.resume().await,
            Self::Machine(machine) => machine.resume().await,
        }
    }

    /// Where the router's cables to it end.
    pub fn far_end(&self) -> Far {
        match self {
            Self::Namespaces(instance) => Far::Namespace(instance.pid()),
            Self::Machine(_) => Far::Tap,
        }
    }

    /// The process with which it ends, never to be confused with a later one.
    pub fn process(&self) -> Process {
        match self {
            Self::Namespaces(instance) => instance.process(),
            Self::Machine(machine) => machine.process(),
        }
    }

    /// Its end.
    pub fn end(&self) -> End {
        match self {
            Self::Namespaces(instance) => instance.end(),
            Self::Machine(machine) => machine.end(),
        }
    }
}
