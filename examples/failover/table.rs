//! The table at the end.

use super::events::{Event, Kind, Replacement};
use super::report::Report;
use super::screen::{COLUMNS, wrapped};

const LEGEND: [&str; 4] = [
    "claimed  from the loss until the replacement had the slot",
    "member   from the loss until the server was a member of the ensemble again",
    "pause    the longest time that the client waited for an acknowledgement",
    "calls    that the replacement made to EC2",
];

/// The table and what is said below it, line by line.
pub fn table(report: &Report) -> Vec<String> {
    let mut lines = vec![row(["lost", "slot", "address", "claimed", "member", "pause", "calls"])];
    lines.extend(report.events.iter().flat_map(rows));
    lines.push(String::new());
    lines.extend(LEGEND.map(str::to_owned));
    lines.push(String::new());
    let texts = report.events.iter().filter_map(fence).chain(counts(report));
    lines.extend(texts.flat_map(|text| wrapped(&text, COLUMNS)));
    lines.push("connect string, as every instance found it:".to_owned());
    lines.push(report.connect_string.clone());
    lines
}

fn row(cells: [&str; 7]) -> String {
    let [lost, slot, address, claimed, member, pause, calls] = cells;
    format!("{lost:<26} {slot:>4}  {address:<15} {claimed:>7} {member:>7} {pause:>7} {calls:>5}")
}

/// A row for each server of a loss; what is common to them is in the first.
fn rows(event: &Event) -> Vec<String> {
    let pause = seconds(event.gap_s);
    let firsts =
        [(label(event.kind), pause.as_str())].into_iter().chain(std::iter::repeat(("", "")));
    let row = |(replacement, (label, pause)): (&Replacement, (&str, &str))| {
        row([
            label,
            &replacement.slot.to_string(),
            &replacement.address_after,
            &seconds(replacement.claimed_s),
            &seconds(replacement.member_s),
            pause,
            &replacement.ec2_calls.to_string(),
        ])
    };
    event.replacements.iter().zip(firsts).map(row).collect()
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::FollowerTerminated => "a follower, terminated",
        Kind::LeaderTerminated => "the leader, terminated",
        Kind::HolderStopped => "a follower, stopped",
        Kind::TwoTerminated => "two at once, terminated",
        Kind::LeaderHung => "the leader, hung and taken",
    }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn fence(event: &Event) -> Option<String> {
    let fence = event.fence.as_ref()?;
    Some(format!("hung host: {fence}"))
}

fn counts(report: &Report) -> [String; 4] {
    let twin_writes = report.twin_writes.map_or("not looked at".to_owned(), |n| n.to_string());
    let (all, back) = (report.znodes_acknowledged, report.znodes_read_back);
    let (most, looks) = (report.synced_followers_max, report.leader_looks);
    [
        format!("writes acknowledged: {all}; read back from every server: {back}"),
        format!("writes acknowledged by a leader that had been replaced: {twin_writes}"),
        format!("followers in step with a leader: {most} at most ({looks} looks)"),
        format!("sessions lost: {}", report.sessions_lost),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::good;
    use super::*;

    #[test]
    fn it_fits_the_screen_and_tells_each_replacement() {
        let lines = table(&good());
        for line in &lines {
            assert!(line.len() <= COLUMNS, "{line}");
        }
        let slots: usize = Kind::ALL.into_iter().map(Kind::losses).sum();
        assert_eq!(lines.iter().filter(|line| line.contains("10.0.0.")).count(), slots + 1);
        assert!(lines.iter().any(|line| line.starts_with("hung host: fenced")));
    }

    #[test]
    fn the_columns_stand_below_each_other() {
        let lines = table(&good());
        let widths: Vec<usize> = lines[..7].iter().map(String::len).collect();
        assert_eq!(widths, [widths[0]; 7], "{lines:#?}");
    }
}
