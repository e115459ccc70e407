//! Whether there is a quorum, and how the pool is: pure.
//!
//! A quorum is one leader and a majority of the pool's slots that lead or follow by their own word; how
//! many more it survives goes by the ensemble's own list of servers, too, while that is another one. The
//! servers that cannot be seen from here are given the benefit of the doubt: only if they would make no
//! majority either there is none; else it is not known.

use super::View;
use super::oddity::{Oddity, Severity};
use super::report::{Health, OddityReport, Quorum, Report, slot, utc};
use crate::ids::SlotNumber;
use crate::operator::servers::{Server, majority};
use crate::operator::target::Target;
use crate::zookeeper::answer::Mode;

/// What follows from what was seen.
pub fn verdict(view: &View) -> Report {
    let quorum = quorum(view);
    let mut oddities = super::odd::find(view);
    // The rest keeps its order, from the servers to the pool.
    oddities.sort_by_key(|oddity| std::cmp::Reverse(oddity.severity()));
    let health = health(&quorum, &oddities);
    let pairs = view.pool.slots.values().zip(&view.servers);
    let target = Target { pool: view.pool.name.clone(), region: view.region.clone() };
    Report {
        pool: view.pool.name.clone(),
        at: utc(view.at),
        health,
        verdict: sentence(health, &quorum, &oddities),
        slots: pairs.map(|(it, server)| slot(view, it, server)).collect(),
        oddities: oddities.iter().map(|oddity| OddityReport::of(oddity, &target)).collect(),
        session: view.session.clone(),
        quorum,
    }
}

/// Who votes.
fn quorum(view: &View) -> Quorum {
    let servers = &view.servers;
    let voting = servers.iter().filter(|server| server.votes()).count();
    let unseen = servers.iter().filter(|server| server.is_unseen()).count();
    let leaders = leaders(servers);
    // With all in sight, followers that no one leads are about to notice it.
    let is_led = leaders.len() == 1 || (leaders.is_empty() && unseen > 0);
    let size = view.size();
    let has_quorum = is_led && voting >= size.enough();
    Quorum {
        slots: size.pool,
        ensemble: size.ensemble,
        majority: majority(size.pool),
        voting,
        unseen,
        leaders,
        survives: has_quorum.then(|| voting.saturating_sub(size.needed())),
    }
}

/// The slots whose servers lead.
pub(super) fn leaders(servers: &[Server]) -> Vec<SlotNumber> {
    let leads = |server: &&Server| server.answer.mode() == Some(Mode::Leader);
    servers.iter().filter(leads).map(|server| server.slot).collect()
}

fn health(quorum: &Quorum, oddities: &[Oddity]) -> Health {
    let may_be_led = quorum.leaders.len() <= 1;
    let may_be_majority = quorum.unseen > 0 && quorum.voting + quorum.unseen >= quorum.majority;
    let is_odd = oddities.iter().any(|oddity| oddity.severity() == Severity::Warning);
    match quorum.survives {
        Some(_) if is_odd => Health::Degraded,
        Some(_) => Health::Healthy,
        None if may_be_led && may_be_majority => Health::Unknown,
        None => Health::NoQuorum,
    }
}

fn sentence(health: Health, quorum: &Quorum, oddities: &[Oddity]) -> String {
    let Quorum { slots, ensemble, majority, voting, unseen, leaders, survives } = quorum;
    let votes = format!("{voting} of {slots} servers vote");
    if let Some(survives) = survives {
        let more = match survives {
            0 => "the next loss ends it".to_owned(),
            1 => "it survives one more loss".to_owned(),
            more => format!("it survives {more} more losses"),
        };
        let health = if health == Health::Healthy { "healthy" } else { "degraded" };
        let list = match ensemble {
            Some(size) if size != slots => format!(" (they still go by a list of {size})"),
            _ => String::new(),
        };
        return format!("{health}: there is a quorum, {votes}{list}, and {more}");
    }
    let blind = oddities.iter().any(|oddity| matches!(oddity, Oddity::Blind));
    match health {
        Health::Unknown if blind => "unknown: none of the servers can be seen from here".to_owned(),
        Health::Unknown => format!(
            "unknown: {votes} as seen from here, {majority} are a majority, and {unseen} cannot be \
             seen from here"
        ),
        _ if leaders.len() > 1 => {
            format!("no quorum that is sure: {} servers lead, and there can be one", leaders.len())
        }
        _ if voting >= majority => format!("no quorum: {votes}, and none of them leads"),
        _ => format!("no quorum: {votes}, and {majority} are a majority"),
    }
}
