//! The fabric of a region: what its model decides, made so in the kernel.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinSet;

use super::error::Result;
use super::instance::{Instance, Orders};
use super::machine::Machine;
use super::router::{Far, Router};
use super::running::Running;
use super::state_dir::{StateDir, remove_tree};
use crate::fabric::{
    Body, BootSpec, Fabric, FabricError, FabricFuture, Hardware, Impairment, NicSpec, PowerOff,
    SubnetSpec,
};

/// The kernel as the machine under a region; clones are handles to the same one.
#[derive(Clone)]
pub struct KernelFabric(Arc<Host>);

struct Host {
    state: StateDir,
    shares: Vec<PathBuf>,
    router: AsyncMutex<Router>,
    slots: Mutex<HashMap<String, Slot>>,
    ended: mpsc::UnboundedSender<String>,
}

/// An instance's place, empty while it is off. Whoever changes its power holds it meanwhile, so
/// that a power cut during a boot waits for the boot.
type Slot = Arc<AsyncMutex<Option<Running>>>;

impl KernelFabric {
    /// A fabric without instances. Those that end by themselves are told to `ended`.
    pub fn new(
        state: StateDir,
        shares: Vec<PathBuf>,
        router: Router,
        ended: mpsc::UnboundedSender<String>,
    ) -> KernelFabric {
        let router = AsyncMutex::new(router);
        let slots = Mutex::default();
        KernelFabric(Arc::new(Host { state, shares, router, slots, ended }))
    }

    /// Cuts the power of every instance, all at once; their interfaces go with their networks.
    pub async fn power_off_all(&self) {
        let slots: Vec<Slot> = self.0.slots().drain().map(|(_, slot)| slot).collect();
        let mut cuts = JoinSet::new();
        for slot in slots {
            cuts.spawn(async move {
                match slot.lock().await.take() {
                    Some(running) => running.power_off(PowerOff::DropDisk).await,
                    None => Ok(()),
                }
            });
        }
        // What fails here ends with the region all the same.
        cuts.join_all().await;
    }

    /// Waits for an instance's end, and tells it if nobody ordered it.
    fn watch(&self, instance: &str, slot: Slot, running: &Running) {
        let (host, name, end) = (self.0.clone(), instance.to_owned(), running.end());
        let process = running.process();
        tokio::spawn(async move {
            end.wait().await;
            let mut slot = slot.lock().await;
            if slot.as_ref().is_some_and(|now| now.process() == process) {
                *slot = None;
                let _ = host.clear(&name).await;
                let _ = host.ended.send(name);
            }
        });
    }
}

impl Host {
    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, instance: &str) -> Slot {
        self.slots().entry(instance.to_owned()).or_default().clone()
    }

    async fn boot(&self, spec: &BootSpec) -> Result<Running> {
        let booted = match &spec.body {
            Body::Namespaces => self.boot_namespaces(spec).await.map(Running::Namespaces),
            Body::Machine(hardware) => self.boot_machine(spec, hardware).await,
        };
        if booted.is_err() {
            let _ = self.clear(&spec.instance).await;
        }
        booted
    }

    async fn boot_namespaces(&self, spec: &BootSpec) -> Result<Instance> {
        let instance = Instance::power_on(&spec.instance).await?;
        match self.bring_up(&instance, spec).await {
            Ok(()) => Ok(instance),
            Err(error) => {
                let _ = instance.power_off().await;
                Err(error)
            }
        }
    }

    async fn bring_up(&self, instance: &Instance, spec: &BootSpec) -> Result<()> {
        self.plug_all(spec, Far::Namespace(instance.pid())).await?;
        let orders = Orders { spec, state: &self.state, shares: &self.shares };
        instance.start(&orders).await
    }

    async fn boot_machine(&self, spec: &BootSpec, hardware: &Hardware) -> Result<Running> {
        self.plug_all(spec, Far::Tap).await?;
        let machine = Machine::power_on(spec, hardware, &self.state).await?;
        Ok(Running::Machine(machine))
    }

    async fn plug_all(&self, spec: &BootSpec, far: Far) -> Result<()> {
        for nic in spec.nics() {
            self.router.lock().await.plug(nic, far).await?;
        }
        Ok(())
    }

    async fn power_off(&self, instance: &str, how: PowerOff) -> Result<()> {
        let slot = self.slot(instance);
        let mut slot = slot.lock().await;
        if let Some(running) = slot.take() {
            running.power_off(how).await?;
        }
        self.clear(instance).await?;
        if how == PowerOff::DropDisk {
            self.slots().remove(instance);
            let disk = self.state.disk(instance);
            return remove_tree(&disk);
        }
        Ok(())
    }

    /// Takes away what an instance that is off leaves behind.
    async fn clear(&self, instance: &str) -> Result<()> {
        let _ = fs::remove_file(self.state.instance_pid(instance));
        let _ = fs::remove_file(self.state.guest_agent(instance));
        self.router.lock().await.unplug_all(instance).await
    }

    async fn impair(&self, instance: &str, how: Impairment) -> Result<()> {
        let slot = self.slot(instance);
        let mut slot = slot.lock().await;
        let Some(running) = slot.as_mut() else {
            return Err(FabricError(format!("{instance} is off")));
        };
        match how {
            Impairment::Hang => running.hang().await,
            Impairment::Resume => running.resume().await,
            Impairment::Cut => self.router.lock().await.cut(instance).await,
            Impairment::Mend => self.router.lock().await.mend(instance).await,
        }
    }

    async fn plug(&self, nic: &NicSpec) -> Result<()> {
        let slot = self.slot(&nic.instance);
        let mut slot = slot.lock().await;
        let Some(running) = slot.as_mut() else {
            return Err(FabricError(format!("{} is off: nothing to plug into", nic.instance)));
        };
        self.router.lock().await.plug(nic, running.far_end()).await?;
        if let Running::Machine(machine) = running {
            machine.plug(nic).await?;
        }
        Ok(())
    }

    /// A machine lets go of its card before the cable goes: QEMU would spin on a tap that is gone.
    async fn unplug(&self, eni: &str) -> Result<()> {
        let holder = self.router.lock().await.holder(eni);
        let mut let_go = Ok(());
        if let Some(instance) = holder {
            let slot = self.slot(&instance);
            let mut slot = slot.lock().await;
            if let Some(Running::Machine(machine)) = slot.as_mut() {
                let_go = machine.unplug(eni).await;
            }
        }
        // Whatever became of the card: the address is another's from here on.
        let pulled = self.router.lock().await.unplug(eni).await;
        let_go.and(pulled)
    }
}

impl Fabric for KernelFabric {
    fn serve_subnets<'a>(&'a self, subnets: &'a [SubnetSpec]) -> FabricFuture<'a> {
        Box::pin(async move {
            let router = self.0.router.lock().await;
            for subnet in subnets {
                router.serve(subnet).await?;
            }
            Ok(())
        })
    }

    fn boot<'a>(&'a self, spec: &'a BootSpec) -> FabricFuture<'a> {
        Box::pin(async move {
            let slot = self.0.slot(&spec.instance);
            let mut place = slot.lock().await;
            if place.is_none() {
                let running = self.0.boot(spec).await?;
                self.watch(&spec.instance, slot.clone(), &running);
                *place = Some(running);
            }
            Ok(())
        })
    }

    fn power_off<'a>(&'a self, instance: &'a str, how: PowerOff) -> FabricFuture<'a> {
        Box::pin(self.0.power_off(instance, how))
    }

    fn impair<'a>(&'a self, instance: &'a str, how: Impairment) -> FabricFuture<'a> {
        Box::pin(self.0.impair(instance, how))
    }

    fn plug<'a>(&'a self, nic: &'a NicSpec) -> FabricFuture<'a> {
        Box::pin(self.0.plug(nic))
    }

    fn unplug<'a>(&'a self, eni: &'a str) -> FabricFuture<'a> {
        Box::pin(self.0.unplug(eni))
    }
}
