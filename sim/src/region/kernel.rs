//! Has the fabric follow the model. Effects that share an instance or an interface keep their
//! order; all others go on side by side, so that fifty instances boot together.

use std::collections::HashMap;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Region;
use crate::fabric::FabricError;
use crate::model::effect::Effect;
use crate::model::ids::InstanceId;

/// An effect under way: what became of it, in the end.
pub type Doing = JoinHandle<Result<(), FabricError>>;

/// For each instance and interface, the end of the last effect that touches it.
#[derive(Debug, Default)]
pub struct Kernel(HashMap<String, watch::Receiver<()>>);

impl Kernel {
    /// Begins an effect as soon as those before it that touch the same have ended.
    pub fn follow(&mut self, region: &Region, effect: Effect) -> Doing {
        self.0.retain(|_, end| end.has_changed().is_ok());
        let (done, end) = watch::channel(());
        let touches = effect.touches().into_iter();
        let before: Vec<_> =
            touches.filter_map(|key| self.0.insert(key.to_owned(), end.clone())).collect();
        let region = region.clone();
        tokio::spawn(async move {
            for mut end in before {
                // Nothing is ever sent: the channel only closes, when that effect has ended.
                let _ = end.changed().await;
            }
            let result = perform(&region, &effect).await;
            drop(done);
            if let Err(error) = &result {
                failed(&region, &effect, error);
            }
            result
        })
    }
}

async fn perform(region: &Region, effect: &Effect) -> Result<(), FabricError> {
    let fabric = &region.0.fabric;
    match effect {
        Effect::Boot(spec) => fabric.boot(spec).await,
        Effect::PowerOff { instance, how } => fabric.power_off(instance, *how).await,
        Effect::Impair { instance, how } => fabric.impair(instance, *how).await,
        Effect::Plug(nic) => fabric.plug(nic).await,
        Effect::Unplug { eni, .. } => fabric.unplug(eni).await,
    }
}

/// Notes what the kernel did not do. An instance that does not boot is terminated, as EC2's are.
fn failed(region: &Region, effect: &Effect, error: &FabricError) {
    tracing::error!("{error}");
    region.with(|state| {
        state.trouble.push(error.to_string());
        match effect {
            Effect::Boot(spec) => {
                let id = InstanceId::parse(&spec.instance);
                id.iter().for_each(|id| state.model.boot_failed(id));
            }
            Effect::Impair { instance, how } => {
                let id = InstanceId::parse(instance);
                id.iter().for_each(|id| state.model.impair_failed(id, *how));
            }
            Effect::PowerOff { .. } | Effect::Plug(_) | Effect::Unplug { .. } => {}
        }
    });
}
