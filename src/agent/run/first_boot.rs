//! Whose data a disk may speak for: only what its slot last served with, and nothing but emptiness on
//! a slot's first boot ever, or where an operator has said so.
//!
//! A server that votes with an empty or an old disk can outvote what others have acknowledged
//! (ZOOKEEPER-261). So the ENI's tag `steadfast:initialized` names the lineage of the slot's data, and
//! it is set *before* a disk is noted to be of that lineage and before the marker is written that lets
//! an empty disk vote: a crash in between leaves a server that does not vote, which costs
//! availability, never data.
//!
//! What a read shows may be stale. It is believed only if it shows our own attachment: whoever set the
//! tag held the slot before us, so a read that knows of our attachment knows of all that came before.
//!
//! A vote that nobody used is taken back: a server that read its disk has used the marker up, so where
//! it still lies when the command has ended and nobody has answered, no server has started. Otherwise
//! a mistake in the command on the first day would cost every slot its first boot.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::lineage::{Course, Seen, decide};
use super::{Agent, AgentError, Claimed};
use crate::agent::{Facts, Remembered};
use crate::cloud::{Cloud, Eni, Metadata, Mode, TAG_BOOTSTRAP, TAG_INITIALIZED, patience};
use crate::zookeeper::disk::{Contents, Disk};

/// How long EC2 may take to show our attachment; it is seconds.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How the server is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// With a vote for its empty disk, and so without the start gate.
    WithVote,
    /// As at any other time: its data speaks for it, or it has no say.
    WithoutVote,
}

/// The vote that an empty disk was given by this run, if it was.
#[derive(Debug, Default)]
pub struct Vote(RefCell<Option<Given>>);

#[derive(Debug)]
struct Given {
    disk: Disk,
    lineage: String,
    /// Whether the slot had never served; else an operator has given it.
    is_first: bool,
}

impl<C: Cloud, M: Metadata> Agent<C, M> {
    /// Prepares the disk for its course, and tells whether it may vote while it is empty.
    pub(super) async fn first_boot(
        &self,
        claimed: &Claimed,
        disk: Disk,
        vote: &Vote,
    ) -> Result<Boot, AgentError> {
        let facts = &claimed.facts;
        let seen = self.see(claimed, &disk).await?;
        if seen.is_overridden {
            // Used up before it takes effect: it must not count a second time.
            let (eni, value) = (&facts.eni, facts.attachment.as_str());
            self.retried(|| self.cloud.remove_tag(eni, TAG_BOOTSTRAP, value, Mode::Do)).await?;
        }
        let course = decide(&seen);
        tell(course, &seen, facts);
        disk.remove_marker()?;
        let lineage = self.lineage(facts);
        match course {
            Course::Keep => {}
            Course::Adopt => {
                // The note first: without a tag a crash in between is adopted again.
                disk.set_lineage(&lineage)?;
                self.remember(facts, &lineage).await?;
            }
            Course::SetAside => {
                for path in disk.set_aside_stale()? {
                    warn!("the old data is kept as {}", path.display());
                }
                self.begin(facts, &disk, &lineage).await?;
            }
            Course::Fill => self.begin(facts, &disk, &lineage).await?,
            Course::Vote { is_first } => {
                self.begin(facts, &disk, &lineage).await?;
                disk.set_aside_empty()?;
                disk.write_marker()?;
                vote.0.replace(Some(Given { disk, lineage, is_first }));
                return Ok(Boot::WithVote);
            }
        }
        Ok(Boot::WithoutVote)
    }

    /// Takes back a vote that no server has used. Nothing of the command may be left, nobody may have
    /// answered on the slot's client port, and the slot must still be ours: then nobody can have
    /// served on it since.
    pub(super) async fn take_back(&self, vote: &Vote, facts: &Facts) -> Result<(), AgentError> {
        let Some(Given { disk, lineage, is_first }) = vote.0.take() else { return Ok(()) };
        if !disk.remove_marker()? {
            return Ok(());
        }
        if is_first {
            // By its value: should the slot have gone on in spite of all, the tag is another.
            let remove = || self.cloud.remove_tag(&facts.eni, TAG_INITIALIZED, &lineage, Mode::Do);
            self.retried(remove).await?;
            info!("no server has started on slot {}: its first boot is still to come", facts.slot);
        } else {
            warn!("no server has started: the bootstrap override is used up, and was in vain");
        }
        Ok(())
    }

    async fn see(&self, claimed: &Claimed, disk: &Disk) -> Result<Seen, AgentError> {
        let facts = &claimed.facts;
        let (contents, note) = (disk.contents()?, disk.lineage()?);
        let is_empty = contents != Contents::Data;
        let Remembered { initialized, bootstrap, shows_us } = &claimed.remembered;
        // That an empty disk's slot has served is no less true for being old.
        let will_do = *shows_us || (is_empty && initialized.is_some() && bootstrap.is_none());
        let (tag, bootstrap) = match will_do {
            true => (initialized.clone(), bootstrap.clone()),
            false => {
                let mut tags = self.own_eni(facts).await?.tags;
                (tags.remove(TAG_INITIALIZED), tags.remove(TAG_BOOTSTRAP))
            }
        };
        let is_overridden = bootstrap.as_deref() == Some(facts.attachment.as_str());
        let may_vote = is_empty && (tag.is_none() || is_overridden);
        let a_peer_leads = may_vote && self.a_peer_leads(facts).await;
        Ok(Seen { contents, note, tag, is_overridden, a_peer_leads })
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
            sleep(patience::pause(round, fastrand::f64())).await;
        }
        let waited = humantime::format_duration(VISIBLE_TIMEOUT).to_string();
        Err(AgentError::NotVisible { attachment: facts.attachment.clone(), waited })
    }

    /// A name that no other has: an attachment is one for ever, and its time tells its disks apart.
    fn lineage(&self, facts: &Facts) -> String {
        let now = humantime::format_rfc3339_millis(SystemTime::now());
        format!("{now} {} {}", self.me.instance, facts.attachment)
    }

    /// From here on the slot's data is this disk's.
    async fn begin(&self, facts: &Facts, disk: &Disk, lineage: &str) -> Result<(), AgentError> {
        self.remember(facts, lineage).await?;
        Ok(disk.set_lineage(lineage)?)
    }

    async fn remember(&self, facts: &Facts, lineage: &str) -> Result<(), AgentError> {
        let set = || self.cloud.set_tag(&facts.eni, TAG_INITIALIZED, lineage, Mode::Do);
        self.retried(set).await?;
        info!(eni = %facts.eni, "tagged {} {TAG_INITIALIZED}={lineage}", facts.eni);
        Ok(())
    }
}

fn tell(course: Course, seen: &Seen, facts: &Facts) {
    let slot = facts.slot;
    match course {
        Course::Keep if seen.is_overridden => {
            warn!("the bootstrap override is not needed: this disk has the slot's data");
        }
        Course::Keep => {}
        Course::Adopt => info!("the disk's data is taken for that of slot {slot} from here on"),
        Course::SetAside => warn!(
            "this disk's data is not what slot {slot} last served with, and may lack what was \
             acknowledged since: the server takes over the others' data instead"
        ),
        Course::Fill if seen.is_overridden => {
            warn!("the bootstrap override is not needed: a peer leads, the empty disk is filled");
        }
        Course::Fill => info!(
            "the disk of slot {slot} is empty: the server has no vote until it has taken over the \
             others' data"
        ),
        Course::Vote { is_first: true } => {
            info!("the first boot of slot {slot}: its empty disk may vote, this once");
        }
        Course::Vote { is_first: false } => {
            warn!("an operator's bootstrap override lets the empty disk of slot {slot} vote");
        }
    }
}
