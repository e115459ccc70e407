//! Counts the calls made through any [`Cloud`]: what a claim cost is part of what it reports.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{CallError, Cloud, Eni, InstanceState, Mode};
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, PoolName};

/// A [`Cloud`] that counts.
#[derive(Debug)]
pub struct Counted<C> {
    inner: C,
    calls: AtomicU32,
}

impl<C> Counted<C> {
    /// Counts the calls to `inner` from here on.
    pub fn new(inner: C) -> Self {
        Self { inner, calls: AtomicU32::new(0) }
    }

    /// How many calls were made, failed ones included.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    fn count(&self) -> &C {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.inner
    }
}

impl<C: Cloud> Cloud for Counted<C> {
    async fn pool(&self, pool: &PoolName) -> Result<Vec<Eni>, CallError> {
        self.count().pool(pool).await
    }

    async fn attached_to(&self, instance: &InstanceId) -> Result<Vec<Eni>, CallError> {
        self.count().attached_to(instance).await
    }

    async fn states(
        &self,
        instances: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        self.count().states(instances).await
    }

    async fn attach(
        &self,
        eni: &EniId,
        instance: &InstanceId,
        at: DeviceIndex,
        mode: Mode,
    ) -> Result<Option<AttachmentId>, CallError> {
        self.count().attach(eni, instance, at, mode).await
    }

    async fn detach(
        &self,
        attachment: &AttachmentId,
        force: bool,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.count().detach(attachment, force, mode).await
    }

    async fn set_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.count().set_tag(eni, key, value, mode).await
    }

    async fn remove_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.count().remove_tag(eni, key, value, mode).await
    }
}
