//! One loss of the leader's host: what the clients see, and when the slot's server is back.

use std::fmt;

use serde::Serialize;

use super::clients::{Clients, Each};
use super::stage::{Member, Stage};
use super::{DEADLINE, Result, now};

/// How the host is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Terminated: its processes are killed, and so its connections closed.
    Terminated,
    /// Cut off the network, then terminated: nobody is told anything.
    CutAndTerminated,
    /// All its processes stopped, and its slot taken back by force while they are.
    HungAndTaken,
    /// Stopped: connections are closed; disk and slot stay with it.
    Stopped,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Terminated, Self::CutAndTerminated, Self::HungAndTaken, Self::Stopped];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Terminated => "terminated",
            Self::CutAndTerminated => "cut, then terminated",
            Self::HungAndTaken => "hung, slot taken",
            Self::Stopped => "stopped",
        })
    }
}

/// Whether anybody replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Play {
    /// A replacement is launched at the moment of the loss.
    Replaced,
    /// Nobody does until the clients write again; then the ensemble is made whole for the next.
    Floor,
}

/// What the next server on the slot has on its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disk {
    /// A new instance.
    Empty,
    /// The same instance, started again.
    Kept,
}

/// A loss. Times are in seconds.
#[derive(Debug, Serialize)]
pub struct Loss {
    pub kind: Kind,
    pub play: Play,
    /// The longest gap of each client.
    pub gap_s: Each,
    /// From the loss (replaced) or the launch or start (floor) to the claim's end.
    pub claimed_s: f64,
    /// From the claim's end until the slot's server was a member, by `srvr`.
    pub member_s: f64,
    pub disk: Disk,
    /// Of all clients.
    pub sessions_lost: usize,
    /// EC2 calls of the survivors' agents, which guard, meanwhile.
    pub guarding_calls: usize,
    /// The sum of the times that they guarded.
    pub guarding_s: f64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<20} {:<8} gap {:>5.2} s on the leader, {:>5.2} s elsewhere, {:>5.2} s of survivors; claimed after {:.2} s, \
             member {:.2} s later ({:?} disk); sessions lost {}",
            self.kind,
            format!("{:?}", self.play),
            self.gap_s.on_leader,
            self.gap_s.elsewhere,
            self.gap_s.of_survivors,
            self.claimed_s,
            self.member_s,
            self.disk,
            self.sessions_lost,
        )
    }
}

/// Loses the leader, and makes the ensemble whole again.
pub fn lose(kind: Kind, play: Play, stage: &Stage) -> Result<Loss> {
    let leader = stage.wait_whole()?;
    let (mut lost, survivors): (Vec<Member>, Vec<Member>) =
        stage.members()?.into_iter().partition(|member| member.server == leader);
    let lost = lost.pop().ok_or("nobody holds the leader's slot")?;
    let survivors: Vec<String> = survivors.into_iter().map(|member| member.instance).collect();
    let mut clients = Clients::start(&leader, stage)?;
    let calls = stage.calls_so_far()?;

    let since = now();
    inflict(kind, &lost, stage)?;
    let seen = match play {
        Play::Replaced => replaced(&lost, since, &mut clients, stage)?,
        Play::Floor => floor(kind, &lost, since, &mut clients, stage)?,
    };
    stage.wait_whole()?;
    let guarding_s = (now() - since) * survivors.len() as f64;
    let guarding_calls = stage.calls_of(&survivors, calls)?;
    if seen.disk == Disk::Empty && matches!(kind, Kind::HungAndTaken | Kind::Stopped) {
        stage.region.terminate(&lost.instance)?;
    }
    let sessions_lost = clients.end()?;
    Ok(Loss {
        kind,
        play,
        gap_s: seen.gap_s,
        claimed_s: seen.claimed_s,
        member_s: seen.member_s,
        disk: seen.disk,
        sessions_lost,
        guarding_calls,
        guarding_s,
    })
}

/// What a play tells.
struct Seen {
    gap_s: Each,
    claimed_s: f64,
    member_s: f64,
    disk: Disk,
}

fn inflict(kind: Kind, lost: &Member, stage: &Stage) -> Result<()> {
    let (region, instance) = (&stage.region, lost.instance.as_str());
    match kind {
        Kind::Terminated => region.terminate(instance)?,
        Kind::CutAndTerminated => {
            region.cut(instance)?;
            region.terminate(instance)?;
        }
        Kind::HungAndTaken => {
            region.hang(instance)?;
            region.detach_by_force(&lost.eni)?;
        }
        Kind::Stopped => region.stop(instance)?,
    }
    Ok(())
}

fn replaced(lost: &Member, since: f64, clients: &mut Clients, stage: &Stage) -> Result<Seen> {
    let instance = stage.launch(&lost.zone)?;
    let claimed = stage.wait_claim(&instance, &lost.server, since)?;
    let member = clients.wait_member(&lost.server, claimed)?;
    // With its return among what may keep a client waiting.
    let gap_s = clients.gaps(since)?;
    Ok(Seen { gap_s, claimed_s: claimed - since, member_s: member - claimed, disk: Disk::Empty })
}

fn floor(
    kind: Kind,
    lost: &Member,
    since: f64,
    clients: &mut Clients,
    stage: &Stage,
) -> Result<Seen> {
    let gap_s = clients.gaps(since)?;
    let disk = if kind == Kind::Stopped { Disk::Kept } else { Disk::Empty };
    if disk == Disk::Kept {
        stage.region.wait_state(&lost.instance, "stopped", DEADLINE)?;
    }
    let again = now();
    let instance = match disk {
        Disk::Kept => stage.region.start(&lost.instance).map(|()| lost.instance.clone())?,
        Disk::Empty => stage.launch(&lost.zone)?,
    };
    let claimed = stage.wait_claim(&instance, &lost.server, again)?;
    let member = clients.wait_member(&lost.server, claimed)?;
    Ok(Seen { gap_s, claimed_s: claimed - again, member_s: member - claimed, disk })
}
