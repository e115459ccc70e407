//! What was read, held against the ledger, and server against server. Pure.
//!
//! A write that was acknowledged is there on every server for good, made by the transaction that
//! the acknowledgement named. One whose outcome is unknown may be there or not, but on all servers
//! alike.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Znodes;
use super::protocol::{Acknowledged, Checked};

/// How many troubles of one kind and server are told in words.
const TOLD_MAX: usize = 3;

/// One of the client's znodes on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The transaction that made it.
    pub czxid: i64,
    /// Whether it holds what the client wrote.
    pub is_ours: bool,
}

/// What a server holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// By number.
    pub znodes: BTreeMap<u64, Found>,
    /// Paths that the client never wrote.
    pub foreign: Vec<String>,
}

/// By server: what it holds, or why it could not be read.
pub type Read = BTreeMap<String, Result<Holdings, String>>;

/// Judges what was read. Numbers up to `settled` were under way no more when the reading began;
/// only of those must servers agree.
pub fn judge(entries: &[Acknowledged], settled: u64, znodes: &Znodes, read: &Read) -> Checked {
    let mut checked = Checked { acknowledged: entries.len(), ..Checked::default() };
    check_order(entries, znodes, &mut checked);
    for (server, holdings) in read {
        match holdings {
            Ok(holdings) => check_server(server, holdings, entries, znodes, &mut checked),
            Err(error) => {
                checked.read_back.insert(server.clone(), 0);
                checked.troubles.push(format!("{server}: {error}"));
            }
        }
    }
    check_agreement(settled, znodes, read, &mut checked);
    checked
}

fn check_order(entries: &[Acknowledged], znodes: &Znodes, checked: &mut Checked) {
    let early = entries.windows(2).filter(|pair| pair[1].czxid <= pair[0].czxid);
    let early = early.map(|pair| {
        let (path, czxid, before) = (znodes.path(pair[1].number), pair[1].czxid, pair[0].czxid);
        format!("{path}: acknowledged with zxid {czxid:#x} after {before:#x}")
    });
    checked.out_of_order = tell(early, checked);
}

fn check_server(
    server: &str,
    holdings: &Holdings,
    entries: &[Acknowledged],
    znodes: &Znodes,
    checked: &mut Checked,
) {
    let found = |entry: &&Acknowledged| holdings.znodes.get(&entry.number);
    let missing = entries.iter().filter(|entry| found(entry).is_none());
    let missing =
        missing.map(|it| format!("{server}: {} is acknowledged and gone", znodes.path(it.number)));
    let missing = tell(missing, checked);
    let remade = entries.iter().filter_map(|entry| {
        let czxid = found(&entry).filter(|found| found.czxid != entry.czxid)?.czxid;
        let (path, acknowledged) = (znodes.path(entry.number), entry.czxid);
        Some(format!("{server}: {path} has zxid {czxid:#x}, acknowledged was {acknowledged:#x}"))
    });
    let remade = tell(remade, checked);
    let numbered = holdings.znodes.iter().filter(|(_, found)| !found.is_ours);
    let foreign = numbered.map(|(number, _)| znodes.path(*number));
    let foreign = foreign.chain(holdings.foreign.iter().cloned());
    let foreign = foreign.map(|path| format!("{server}: {path} is none of the client's"));
    let foreign = tell(foreign, checked);

    let good = |entry: &&Acknowledged| {
        found(entry).is_some_and(|found| found.is_ours && found.czxid == entry.czxid)
    };
    checked.read_back.insert(server.to_owned(), entries.iter().filter(good).count());
    checked.missing += missing;
    checked.remade += remade;
    checked.foreign += foreign;
}

fn check_agreement(settled: u64, znodes: &Znodes, read: &Read, checked: &mut Checked) {
    let readable = || read.iter().filter_map(|(server, held)| Some((server, held.as_ref().ok()?)));
    let numbers: BTreeSet<u64> = readable()
        .flat_map(|(_, held)| held.znodes.range(..=settled).map(|(number, _)| *number))
        .collect();
    let diverged = numbers.into_iter().filter_map(|number| {
        let mut views = readable().map(|(_, held)| held.znodes.get(&number));
        let first = views.next()?;
        if views.all(|view| view == first) {
            return None;
        }
        let views = readable().map(|(server, held)| match held.znodes.get(&number) {
            Some(found) => format!("{server} zxid {:#x}", found.czxid),
            None => format!("{server} nothing"),
        });
        let views: Vec<_> = views.collect();
        Some(format!("{} is not the same everywhere: {}", znodes.path(number), views.join(", ")))
    });
    checked.diverged = tell(diverged, checked);
}

/// Tells the first few of some troubles; the answer is how many there are.
fn tell(troubles: impl Iterator<Item = String>, checked: &mut Checked) -> usize {
    let mut count = 0;
    for trouble in troubles {
        count += 1;
        if count <= TOLD_MAX {
            checked.troubles.push(trouble);
        }
    }
    count
}

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
