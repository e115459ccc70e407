//! What the agent asks of EC2.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Tag};

use super::super::{Action, CallError, Cloud, Eni, InstanceState, Mode, TAG_POOL};
use super::answer::{call_error, done, malformed, parsed};
use super::shapes::{dry_run, eni, filter, state};
use super::{Ec2, FILTER_VALUES_MAX, PAGE, PAGES_MAX};
use crate::ids::{AttachmentId, DeviceIndex, EniId, InstanceId, PoolName};

impl Ec2 {
    async fn enis(&self, filter: Filter) -> Result<Vec<Eni>, CallError> {
        const ACTION: Action = Action::DescribeNetworkInterfaces;
        let asked = self.client.describe_network_interfaces().filters(filter).max_results(PAGE);
        let mut pages = asked.into_paginator().send();
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(page) = pages.next().await else {
                return Ok(found);
            };
            for interface in page.map_err(|e| call_error(ACTION, e))?.network_interfaces() {
                found.push(eni(interface)?);
            }
        }
        Err(malformed(ACTION, format!("more than {PAGES_MAX} pages of interfaces")))
    }

    /// The states of those instances that EC2 describes. All pages are read: a page may be short,
    /// or empty, before the last, and who is not described counts as gone.
    async fn states_of(
        &self,
        instances: &[InstanceId],
    ) -> Result<Vec<(InstanceId, InstanceState)>, CallError> {
        const ACTION: Action = Action::DescribeInstances;
        // A filter, not a list of ids: one unknown id in a list fails the whole call.
        let filter = filter("instance-id", instances.iter().map(InstanceId::to_string));
        let asked = self.client.describe_instances().filters(filter).max_results(PAGE);
        let mut pages = asked.into_paginator().send();
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(page) = pages.next().await else {
                return Ok(found);
            };
            let page = page.map_err(|e| call_error(ACTION, e))?;
            for instance in page.reservations().iter().flat_map(|r| r.instances()) {
                found.push(state(instance)?);
            }
        }
        Err(malformed(ACTION, format!("more than {PAGES_MAX} pages of instances")))
    }

    /// Sets tags of an ENI.
    pub(super) async fn tag(
        &self,
        eni: &EniId,
        tags: Vec<Tag>,
        mode: Mode,
    ) -> Result<(), CallError> {
        let asked = self.client.create_tags().resources(eni.as_str()).set_tags(Some(tags));
        done(Action::CreateTags, asked.set_dry_run(dry_run(mode)).send().await).map(drop)
    }

    /// Removes tags of an ENI: one with a value, only if it has that value.
    pub(super) async fn untag(
        &self,
        eni: &EniId,
        tags: Vec<Tag>,
        mode: Mode,
    ) -> Result<(), CallError> {
        let asked = self.client.delete_tags().resources(eni.as_str()).set_tags(Some(tags));
        done(Action::DeleteTags, asked.set_dry_run(dry_run(mode)).send().await).map(drop)
    }
}

impl Cloud for Ec2 {
    async fn pool(&self, pool: &PoolName) -> Result<Vec<Eni>, CallError> {
        self.enis(filter(&format!("tag:{TAG_POOL}"), [pool.to_string()])).await
    }

    async fn attached_to(&self, instance: &InstanceId) -> Result<Vec<Eni>, CallError> {
        self.enis(filter("attachment.instance-id", [instance.to_string()])).await
    }

    async fn states(
        &self,
        instances: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, InstanceState>, CallError> {
        let mut states: BTreeMap<_, _> =
            instances.iter().map(|id| (id.clone(), InstanceState::Gone)).collect();
        for some in instances.chunks(FILTER_VALUES_MAX) {
            states.extend(self.states_of(some).await?);
        }
        Ok(states)
    }

    async fn attach(
        &self,
        eni: &EniId,
        instance: &InstanceId,
        at: DeviceIndex,
        mode: Mode,
    ) -> Result<Option<AttachmentId>, CallError> {
        const ACTION: Action = Action::AttachNetworkInterface;
        let index = i32::try_from(at.0).map_err(|e| malformed(ACTION, e.to_string()))?;
        // The network card is named: without it EC2 may find the index taken on multi-card types.
        let sent = self
            .client
            .attach_network_interface()
            .network_interface_id(eni.as_str())
            .instance_id(instance.as_str())
            .device_index(index)
            .network_card_index(0)
            .set_dry_run(dry_run(mode))
            .send()
            .await;
        let answer = done(ACTION, sent)?;
        answer.map(|it| parsed(ACTION, "attachmentId", it.attachment_id())).transpose()
    }

    async fn detach(
        &self,
        attachment: &AttachmentId,
        force: bool,
        mode: Mode,
    ) -> Result<(), CallError> {
        let sent = self
            .client
            .detach_network_interface()
            .attachment_id(attachment.as_str())
            .set_force(force.then_some(true))
            .set_dry_run(dry_run(mode))
            .send()
            .await;
        done(Action::DetachNetworkInterface, sent).map(drop)
    }

    async fn set_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.tag(eni, vec![Tag::builder().key(key).value(value).build()], mode).await
    }

    async fn remove_tag(
        &self,
        eni: &EniId,
        key: &str,
        value: &str,
        mode: Mode,
    ) -> Result<(), CallError> {
        self.untag(eni, vec![Tag::builder().key(key).value(value).build()], mode).await
    }
}
