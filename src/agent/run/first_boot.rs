//! Whether an empty disk may vote: on a slot's first boot ever, and when an operator has said so.
//!
//! An empty server that votes can outvote what others have acknowledged (ZOOKEEPER-261). So the
//! ENI's tag `steadfast:initialized` remembers that a server was started on the slot, and it is set
//! *before* the marker is written that lets an empty disk vote: a crash in between leaves a server
//! that does not vote, which costs availability, never data.
//!
//! That the tag is missing may be a stale read's word. It is believed only from a read that shows
//! our own attachment: whoever set the tag held the slot before us, so a read that knows of our
//! attachment knows of all that came before it.
//!
//! A vote that nobody used is taken back: a server that read its disk has used the marker up, so where
//! it still lies when the command has ended, no server has started. Otherwise a mistake in the command
//! on the first day would cost every slot its first boot.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::{Agent, AgentError, Claimed};
use crate::agent::{Facts, backoff};
use crate::cloud::{Cloud, Eni, Metadata, Mode, TAG_BOOTSTRAP, TAG_INITIALIZED};
use crate::zookeeper::disk::{Contents, Disk};

/// How long EC2 may take to show our attachment; it is seconds.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How the server is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// With a vote for its empty disk, and so without the start gate.
    First,
    /// Any other time.
    Later,
}

/// The vote that an empty disk was given by this run, if it was.
#[derive(Debug, Default)]
pub struct Vote(RefCell<Option<Given>>);

#[derive(Debug)]
struct Given {
    disk: Disk,
    /// Whether the slot had never served; else an operator has given it.
    is_first: bool,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Decides on the marker, and writes or removes it.
    pub(super) async fn first_boot(
        &self,
        claimed: &Claimed,
        disk: Disk,
        vote: &Vote,
    ) -> Result<Boot, AgentError> {
        let facts = &claimed.facts;
        let is_empty = disk.contents()? != Contents::Data;
        if claimed.initialized && !claimed.bootstrap {
            disk.remove_marker()?;
            tell_empty(facts, is_empty);
            return Ok(Boot::Later);
        }
        let eni = self.own_eni(facts).await?;
        let is_initialized = eni.tags.contains_key(TAG_INITIALIZED);
        let is_overridden =
            eni.tags.get(TAG_BOOTSTRAP).map(String::as_str) == Some(facts.attachment.as_str());
        if !is_initialized {
            self.remember(facts).await?;
        }
        if is_overridden {
            // Used up before it takes effect: it must not count a second time.
            self.retried(|| self.cloud.remove_tag(&eni.id, TAG_BOOTSTRAP, Mode::Do)).await?;
        }
        if !is_empty || (is_initialized && !is_overridden) {
            disk.remove_marker()?;
            tell_empty(facts, is_empty);
            return Ok(Boot::Later);
        }
        if is_initialized && self.a_peer_leads(facts).await {
            warn!("the bootstrap override is not needed: a peer leads, the empty disk is filled");
            disk.remove_marker()?;
            return Ok(Boot::Later);
        }
        if is_initialized {
            warn!(
                "an operator's bootstrap override lets the empty disk of slot {} vote",
                facts.slot
            );
        }
        disk.set_aside_empty()?;
        disk.write_marker()?;
        vote.0.replace(Some(Given { disk, is_first: !is_initialized }));
        Ok(Boot::First)
    }

    /// Takes back a vote that no server has used. Nothing of the command may be left, and the slot
    /// must still be ours: then nobody else can have served on it since.
    pub(super) async fn take_back(&self, vote: &Vote, facts: &Facts) -> Result<(), AgentError> {
        let Some(Given { disk, is_first }) = vote.0.take() else { return Ok(()) };
        if !disk.remove_marker()? {
            return Ok(());
        }
        if is_first {
            self.retried(|| self.cloud.remove_tag(&facts.eni, TAG_INITIALIZED, Mode::Do)).await?;
            info!("no server has started on slot {}: its first boot is still to come", facts.slot);
        } else {
            warn!("no server has started: the bootstrap override is used up, and was in vain");
        }
        Ok(())
    }

    /// Our ENI by a read that shows our attachment, and so everything that was done before it.
    async fn own_eni(&self, facts: &Facts) -> Result<Eni, AgentError> {
        let give_up = Instant::now() + VISIBLE_TIMEOUT;
        let is_ours = |eni: &Eni| {
            let attachment = eni.attachment.as_ref().map(|attachment| &attachment.id);
            eni.id == facts.eni && attachment == Some(&facts.attachment)
        };
        for round in 0.. {
            let enis = self.retried(|| self.cloud.attached_to(&self.me.instance)).await?;
            if let Some(eni) = enis.into_iter().find(is_ours) {
                return Ok(eni);
            }
            if Instant::now() >= give_up {
                break;
            }
            sleep(backoff::pause(round, fastrand::f64())).await;
        }
        let waited = humantime::format_duration(VISIBLE_TIMEOUT).to_string();
        Err(AgentError::NotVisible { attachment: facts.attachment.clone(), waited })
    }

    /// Sets the tag; its value is for people.
    async fn remember(&self, facts: &Facts) -> Result<(), AgentError> {
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        let value = format!("{now} {}", self.me.instance);
        let set = || self.cloud.set_tag(&facts.eni, TAG_INITIALIZED, &value, Mode::Do);
        self.retried(set).await?;
        info!(eni = %facts.eni, "tagged {} {TAG_INITIALIZED}={value}", facts.eni);
        Ok(())
    }
}

fn tell_empty(facts: &Facts, is_empty: bool) {
    if is_empty {
        info!(
            "the disk of slot {} is empty and has served before: the server has no vote until it \
             has taken over the others' data",
            facts.slot
        );
    }
}
