//! Medians and worst cases, the table and `losses.json`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Result;
use super::loss::{Disk, Kind, Loss, Play};

/// A median and a worst case, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    median_s: f64,
    worst_s: f64,
}

/// A client's gaps: with a replacement, and ZooKeeper's own.
#[derive(Debug, Serialize)]
pub struct Gap {
    replaced: Option<Spread>,
    floor: Option<Spread>,
    /// Of the medians: what the replacement makes of the floor.
    ratio: Option<f64>,
}

/// A kind of loss.
#[derive(Debug, Serialize)]
pub struct OfKind {
    kind: Kind,
    on_leader: Gap,
    elsewhere: Gap,
    /// The ensemble's own interruption: detection and election, if nobody is replaced.
    of_survivors: Gap,
    /// From the loss to the claim's end.
    claimed: Option<Spread>,
    /// From there until the replacement, whose disk was empty, was a member.
    member: Option<Spread>,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Figures {
    kinds: Vec<OfKind>,
    /// From the claim's end to a member, with a survivor leading already: an empty disk.
    member_empty_disk: Option<Spread>,
    /// The same of an instance that was stopped and started again, with its disk.
    member_kept_disk: Option<Spread>,
    sessions_lost: usize,
    guarding_calls: usize,
    guarding_s: f64,
    /// The machine's load of the last minute, before and after.
    load: [f64; 2],
    cpus: usize,
    losses: Vec<Loss>,
}

impl Figures {
    /// Of the losses that were seen.
    pub fn of(losses: Vec<Loss>, load: [f64; 2]) -> Self {
        let healed = |disk| {
            let is_it = |loss: &&Loss| loss.play == Play::Floor && loss.disk == disk;
            spread(losses.iter().filter(is_it).map(|loss| loss.member_s))
        };
        Self {
            kinds: Kind::ALL.map(|kind| of_kind(kind, &losses)).into(),
            member_empty_disk: healed(Disk::Empty),
            member_kept_disk: healed(Disk::Kept),
            sessions_lost: losses.iter().map(|loss| loss.sessions_lost).sum(),
            guarding_calls: losses.iter().map(|loss| loss.guarding_calls).sum(),
            guarding_s: losses.iter().map(|loss| loss.guarding_s).sum(),
            load,
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            losses,
        }
    }

    /// The table.
    pub fn print(&self) {
        println!();
        println!(
            "{:<20} {:<14} {:>14} {:>14} {:>6} {:>14} {:>14}",
            "leader's host", "client", "gap, replaced", "gap, floor", "ratio", "claimed", "member"
        );
        self.kinds.iter().for_each(OfKind::print);
        println!("seconds, median/worst; floor: nobody is replaced; claimed: from the loss;");
        println!("member: from the claim, an empty disk, racing with the election");
        println!("claimed to member, a leader there: empty disk {}", show(self.member_empty_disk));
        println!("                                   kept disk  {}", show(self.member_kept_disk));
        println!("sessions lost: {}", self.sessions_lost);
        println!(
            "EC2 calls of guarding agents: {} in {:.0} s",
            self.guarding_calls, self.guarding_s
        );
        let [before, after] = self.load;
        println!("load of {} CPUs: {before:.1} before, {after:.1} after", self.cpus);
    }

    /// Writes them; the answer is where.
    pub fn write(&self) -> Result<PathBuf> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join("losses.json");
        std::fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }
}

impl OfKind {
    fn print(&self) {
        let clients = [
            ("on the leader", &self.on_leader),
            ("on a survivor", &self.elsewhere),
            ("of survivors", &self.of_survivors),
        ];
        let [claimed, member] = [self.claimed, self.member].map(show);
        for (client, gap) in clients {
            let ratio = gap.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            let [replaced, floor] = [gap.replaced, gap.floor].map(show);
            println!(
                "{:<20} {client:<14} {replaced:>14} {floor:>14} {ratio:>6} {claimed:>14} {member:>14}",
                self.kind,
            );
        }
    }
}

/// The machine's load of the last minute: who else was at work.
pub fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().next().ok_or("no load in /proc/loadavg")?.parse()?)
}

fn of_kind(kind: Kind, losses: &[Loss]) -> OfKind {
    let of = |play, value: fn(&Loss) -> f64| {
        let is_it = |loss: &&Loss| loss.kind == kind && loss.play == play;
        spread(losses.iter().filter(is_it).map(value))
    };
    let gap = |value| {
        let (replaced, floor) = (of(Play::Replaced, value), of(Play::Floor, value));
        let ratio = replaced.zip(floor).map(|(ours, floor)| ours.median_s / floor.median_s);
        Gap { replaced, floor, ratio }
    };
    OfKind {
        kind,
        on_leader: gap(|loss| loss.gap_s.on_leader),
        elsewhere: gap(|loss| loss.gap_s.elsewhere),
        of_survivors: gap(|loss| loss.gap_s.of_survivors),
        claimed: of(Play::Replaced, |loss| loss.claimed_s),
        member: of(Play::Replaced, |loss| loss.member_s),
    }
}

/// Of an even number of values the median is the mean of the middle two.
fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let worst_s = *values.last()?;
    let middle = values.len() / 2;
    let median_s = (values[middle] + values[(values.len() - 1) / 2]) / 2.0;
    Some(Spread { median_s, worst_s })
}

fn show(spread: Option<Spread>) -> String {
    spread.map_or("-".to_owned(), |it| format!("{:.2}/{:.2}", it.median_s, it.worst_s))
}
