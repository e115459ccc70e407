//! ZooKeeper: what each server says of itself, and what a client's session shows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tags::{Seen, listed};
use super::{Area, Check, Finding};
use crate::ids::{PoolName, SlotNumber};
use crate::operator::servers::{self, Server, Size};
use crate::operator::session::{self, Opened, Probe, Session, Timed};
use crate::pool::Pool;
use crate::zookeeper::answer::{Mode, Silence, Srvr};

const SERVERS: Check = Check::of(Area::Zookeeper, "servers");
const QUORUM: Check = Check::of(Area::Zookeeper, "quorum");
const TWIN: Check = Check::of(Area::Zookeeper, "twin");
const VERSIONS: Check = Check::of(Area::Zookeeper, "versions");
const MNTR: Check = Check::of(Area::Zookeeper, "mntr");
const SESSION: Check = Check::of(Area::Zookeeper, "session");
const CONFIG: Check = Check::of(Area::Zookeeper, "server-list");
const READ: Check = Check::of(Area::Zookeeper, "read");
const WRITE: Check = Check::of(Area::Zookeeper, "write");

/// Slower than this is a disk that others use, too, or a network in trouble: a write takes
/// milliseconds, and a leader gives up a follower after seconds.
const SLOW_SECONDS: f64 = 1.0;

/// What ZooKeeper told.
#[derive(Debug)]
pub struct Ensemble {
    /// The pool that was asked.
    pub pool: Pool,
    /// Its servers.
    pub servers: Vec<Server>,
    /// A session with one of them; absent if none was tried.
    pub session: Option<Session>,
}

/// Asks every server, and opens a session where there is one to be had; takes twice `within` at most.
pub async fn ask(name: &PoolName, seen: &[Seen<'_>], probe: Probe, within: Duration) -> Ensemble {
    let slots = seen.iter().map(|it| (it.number(), it.slot.clone())).collect();
    let pool = Pool { name: name.clone(), slots };
    let servers = servers::ask(&pool, within).await;
    // Who serves nobody opens no session either: what there is to tell has been told.
    let session = match servers.iter().any(|it| it.answer.mode().is_some()) {
        true => Some(session::look(&pool, probe, within).await),
        false => None,
    };
    Ensemble { pool, servers, session }
}

/// The findings on the ensemble.
pub fn check(ensemble: &Ensemble) -> Vec<Finding> {
    let Ensemble { servers, .. } = ensemble;
    let held: Vec<&Server> = servers.iter().filter(|server| server.is_held).collect();
    if held.is_empty() {
        return vec![SERVERS.skipped("ZooKeeper was not asked: no slot is held")];
    }
    if held.iter().all(|server| server.is_unseen()) {
        let because = held.first().map(|it| it.answer.to_string()).unwrap_or_default();
        return vec![
            SERVERS.unknown("ZooKeeper", format!("no server answers here ({because})")).hint(
                "run `steadfast doctor` on an instance that reaches the slots' port 2181, or do \
                     without (--no-zookeeper)",
            ),
        ];
    }
    let mut found: Vec<Finding> = held.iter().map(|it| server(&ensemble.pool, it)).collect();
    let size = Size::of(servers.len(), ensemble.session.as_ref());
    found.extend(quorum(servers, size));
    found.extend(versions(servers));
    found.extend(mntr(servers));
    found.push(match servers::twin(servers, size) {
        None => TWIN.ok("no server is counted twice"),
        Some(twin) => TWIN
            .error(twin.to_string())
            .why("what two servers of one id acknowledge can be lost")
            .hint("look for a process of ZooKeeper on instances that held a slot before"),
    });
    found.extend(ensemble.session.iter().flat_map(of_session));
    found
}

fn server(pool: &Pool, it: &Server) -> Finding {
    let holder = pool.slots.get(&it.slot).and_then(|slot| slot.holder());
    let holder = holder.map_or_else(|| "its holder".to_owned(), ToString::to_string);
    let named = format!("slot {} ({})", it.slot, it.address);
    let logs = |finding: Finding| {
        finding.hint(format!("see why: `journalctl -u steadfast-zookeeper` on {holder}"))
    };
    match &it.answer {
        Srvr::Serves(serving) if serving.mode == Mode::Standalone => SERVERS
            .error(format!("{named} is a server of its own (standalone)"))
            .why("it knows none of the others, and what is written to it they never see")
            .hint(format!("start it with `steadfast run` on {holder}, which renders its settings")),
        Srvr::Serves(serving) => SERVERS.ok(format!("{named} is a {}", serving.mode)),
        Srvr::NotServing => logs(
            SERVERS
                .error(format!("{named} runs, and is no member of a quorum"))
                .why("it serves no client"),
        ),
        Srvr::Silent(silence) if it.is_unseen() => {
            SERVERS.unknown(format!("the server of {named}"), silence)
        }
        Srvr::Silent(silence) => logs(
            SERVERS
                .error(format!("no server runs on {named}: {silence}"))
                .why("the ensemble is one server short"),
        ),
    }
}

fn quorum(servers: &[Server], size: Size) -> Option<Finding> {
    let votes = servers.iter().filter(|server| server.votes()).count();
    let unseen = servers.iter().filter(|server| server.is_unseen()).count();
    match votes {
        _ if votes >= size.enough() => Some(QUORUM.ok(format!(
            "{votes} of {} servers are in step: it survives {} more lost",
            servers.len(),
            votes.saturating_sub(size.needed())
        ))),
        // Those that were not seen are told of one by one.
        _ if votes + unseen >= size.enough() => None,
        _ => Some(
            QUORUM
                .error(format!(
                    "{votes} of {} servers are in step, and {} are needed",
                    servers.len(),
                    size.enough()
                ))
                .why("without a quorum nothing is served")
                .hint(
                    "bring servers back by launching instances for the free slots; if disks were \
                     lost, see `steadfast pool bootstrap --help`",
                ),
        ),
    }
}

fn versions(servers: &[Server]) -> Option<Finding> {
    let mut by_version: BTreeMap<&str, Vec<SlotNumber>> = BTreeMap::new();
    for server in servers {
        if let Srvr::Serves(serving) = &server.answer
            && let Some(version) = &serving.version
        {
            by_version.entry(version).or_default().push(server.slot);
        }
    }
    let listed = |(version, slots): (&&str, &Vec<SlotNumber>)| {
        format!("{version:?} on {}", listed(slots.iter().copied()))
    };
    let listed: Vec<String> = by_version.iter().map(listed).collect();
    match listed.len() {
        0 => None,
        1 => Some(VERSIONS.ok("every server has the same version")),
        _ => Some(
            VERSIONS
                .warning(format!("the servers have different versions: {}", listed.join(", ")))
                .why("that is meant to last no longer than an upgrade does")
                .hint("replace the instances of the old version one by one, the leader last"),
        ),
    }
}

/// Without it a twin goes unseen.
fn mntr(servers: &[Server]) -> Option<Finding> {
    let serving = || servers.iter().filter(|server| server.answer.mode().is_some());
    let is_refused = |server: &&Server| matches!(server.counts, Err(Silence::NotAllowed(_)));
    let refused: Vec<SlotNumber> = serving().filter(is_refused).map(|it| it.slot).collect();
    let slots = listed(refused.iter().copied());
    match (serving().count(), refused.len()) {
        (0, _) => None,
        (_, 0) => Some(MNTR.ok("the servers that serve answer mntr")),
        _ => Some(
            MNTR.warning(format!("ZooKeeper does not answer mntr on {slots}"))
                .why("without it nobody sees a second server with a slot's id")
                .hint(
                    "take the user's own 4lw.commands.whitelist away (steadfast's has it), or add \
                     mntr to it, and restart the servers one by one",
                ),
        ),
    }
}

fn of_session(session: &Session) -> Vec<Finding> {
    match session {
        Session::Opened(opened) => of_opened(opened),
        Session::NotOpened(_) if session.needs_authentication() => {
            vec![SESSION.skipped(
                "no session was opened: clients are to authenticate, which this program does not",
            )]
        }
        Session::NotOpened(refusals) => {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            vec![
                SESSION
                    .error(format!("no server opens a session: {}", refusals.join("; ")))
                    .why("what clients get is the same")
                    .hint("look for maxClientCnxns and for what is said in the servers' logs"),
            ]
        }
    }
}

fn of_opened(opened: &Opened) -> Vec<Finding> {
    let by = format!("slot {} ({})", opened.slot, opened.server);
    let mut found = vec![match opened.is_read_only {
        false => {
            SESSION.ok(format!("{by} opened a session in {}", shown(opened.established_seconds)))
        }
        true => SESSION
            .error(format!("{by} opened a session that may only read"))
            .why("no server has a quorum, and nothing can be written"),
    }];
    match &opened.config_differences {
        Some(differences) if differences.is_empty() => {
            found.push(CONFIG.ok("the ensemble's list of servers is the pool's"));
        }
        Some(differences) => {
            let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
            found.push(
                CONFIG
                    .error(format!("the ensemble goes by other servers: {}", all.join("; ")))
                    .why("a majority of other servers is counted, and the slots' are not all heard")
                    .hint(
                        "restart `steadfast run` on one instance after the other, the leader's last: \
                         each renders the pool as it is now",
                    ),
            );
        }
        // The read says why.
        None => {}
    }
    found.push(timed(READ, "a read of /zookeeper/config", &opened.read));
    found.push(match &opened.write {
        Some(write) => timed(WRITE, "a write", write),
        None => WRITE.skipped("no write was tried (--no-probe)"),
    });
    found
}

fn timed(check: Check, what: &str, it: &Timed) -> Finding {
    match (it.seconds, &it.problem) {
        (Some(seconds), _) if seconds < SLOW_SECONDS => {
            check.ok(format!("{what} took {}", shown(seconds)))
        }
        (Some(seconds), _) => check
            .warning(format!("{what} took {}", shown(seconds)))
            .why("clients wait as long, and servers that wait for a disk lose their leader")
            .hint("give the transaction log (dataLogDir) a disk of its own, and look at its load"),
        (None, Some(problem)) if problem.contains("ACL") => {
            check.skipped(format!("{what} was refused: {problem}"))
        }
        (None, problem) => check
            .error(format!("{what} failed: {}", problem.as_deref().unwrap_or("no answer")))
            .why("what clients get is the same"),
    }
}

fn shown(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.1} ms", seconds * 1000.0),
        _ => format!("{seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests;
