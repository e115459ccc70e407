//! Plays a plan. It is paced by what is seen, never by sleeps.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::debts::Debt;
use crate::fleet::{Fleet, bin_dir};
use crate::handle::{Handle, leader};
use crate::losing::replace;
use crate::plan::Event;
use crate::protocol::Tick;
use crate::region::{DEADLINE, Instance, Region, eventually};
use crate::report::Report;
use crate::returning::{Holder, Returning, connect_string};
use crate::seen::EventSeen;
use crate::twins::Watch;

/// After so many events every acknowledged write is read back, so that what is lost is known near
/// its cause.
const CHECK_EVERY: usize = 10;
/// So many writes a whole ensemble acknowledges before it loses anything again.
const WRITES_BETWEEN: usize = 20;
/// From one write to the next: enough of them to notice a gap, few enough to leave the servers a
/// small machine.
const PACE: &str = "10ms";

/// The play.
pub struct Play<'a> {
    pub region: &'a Region,
    pub fleet: &'a Fleet<'a>,
    /// The slots by their servers' `address:port`.
    pub slots: BTreeMap<String, u8>,
    client: Handle<'static>,
    watch: Watch,
    pub holders: BTreeMap<u8, Holder>,
    /// Replacements that have not claimed yet.
    pub spares: Vec<String>,
    pub returning: Vec<Returning>,
    debts: Vec<Debt>,
    pub report: Report,
    /// What is being played, for whoever reads of a failure.
    pub scene: String,
}

impl<'a> Play<'a> {
    /// Launches the first servers, which form an ensemble, and the client.
    pub fn begin(region: &'a Region, fleet: &'a Fleet<'a>) -> Self {
        let enis = region.slots();
        let first: Vec<String> = enis.iter().map(|eni| fleet.launch(&eni.zone)).collect();
        let host = region.launch("a");
        let addresses: Vec<&str> = enis.iter().map(|eni| eni.ipv4[0].as_str()).collect();
        let servers = addresses.iter().map(|address| format!("{address}:2181"));
        let slots: BTreeMap<String, u8> = servers.zip(1..).collect();
        let claimant = |slot| {
            eventually("the first claims", || {
                first.iter().find(|id| fleet.claims(id, slot) > 0).cloned()
            })
        };
        let holders: BTreeMap<u8, Holder> =
            slots.values().map(|slot| (*slot, Holder::new(claimant(*slot)))).collect();
        let connect_string = connect_string(fleet, &holders[&1].instance);
        let mut play = Self {
            region,
            fleet,
            slots,
            client: Handle::start(writer(&host, &connect_string), |_| {}).unwrap(),
            watch: Watch::start(&host, &addresses),
            holders,
            spares: Vec::new(),
            returning: Vec::new(),
            debts: Vec::new(),
            report: Report::new(fleet.version, fleet.seed, &connect_string),
            scene: "the first start".to_owned(),
        };
        play.settle();
        play.slots.clone().into_values().for_each(|slot| play.rests(slot));
        play
    }

    /// Plays an event: when the ensemble is whole, or at once if it is hasty.
    pub fn perform(&mut self, number: usize, event: &Event) {
        match event.hasty {
            true => self.wait_claims(),
            false => self.settle(),
        }
        if number.is_multiple_of(CHECK_EVERY) {
            self.check();
        }
        self.scene = format!("event {number}: {event}");
        let victims = self.choose(event);
        let begin = now();
        let told: Vec<_> = victims.iter().map(|(_, slot)| format!("slot {slot}")).collect();
        println!("{:7.1}  {} ({})", self.report.seconds(begin), self.scene, told.join(", "));
        self.report.events.push(EventSeen::new(event, begin));
        for (loss, slot) in &victims {
            self.lose(*loss, *slot);
        }
        for (loss, slot) in victims {
            let ordered = replace(self, loss.kind, slot);
            self.spares.extend(ordered.replacement);
            self.debts.extend(ordered.debt);
        }
    }

    /// Waits until what was lost has a claimant again and a leader serves.
    fn wait_claims(&mut self) {
        self.wait("every slot is claimed and a leader serves", |play, tick| {
            let claimed = |it: &Returning| play.report.losses[it.loss].claimed_s.is_some();
            play.returning.iter().all(claimed) && leader(tick).is_some()
        });
    }

    /// Waits until every slot's server is a member, and sees to what was lost and can run again.
    fn settle(&mut self) {
        self.wait("every server is a member", |play, tick| {
            let is_whole = tick.modes.len() == play.slots.len() && leader(tick).is_some();
            is_whole && play.returning.is_empty()
        });
        for debt in std::mem::take(&mut self.debts) {
            let fenced_s = debt.pay(self.fleet);
            let losses = &mut self.report.losses;
            let loss = losses.iter_mut().rfind(|it| it.instance == debt.instance);
            loss.expect("a debt is a loss's").fenced_s = fenced_s;
        }
        self.client.wait_acknowledged(WRITES_BETWEEN, DEADLINE).unwrap();
    }

    /// Looks until it is so, by a word of the servers' that is no older than this call.
    pub fn wait(&mut self, what: &str, is_so: impl Fn(&Self, &Tick) -> bool) -> Tick {
        let end = Instant::now() + DEADLINE;
        let asked = now();
        loop {
            let tick = self.client.wait_tick(what, DEADLINE, |tick| tick.at >= asked).unwrap();
            self.look(&tick);
            if is_so(self, &tick) {
                return tick;
            }
            assert!(Instant::now() < end, "not within {DEADLINE:?}: {what}");
        }
    }

    /// Reads every acknowledged write back from every server.
    fn check(&mut self) {
        // Of a server that is away nothing can be read.
        self.settle();
        let checked = self.client.check(DEADLINE).unwrap();
        println!("{:7.1}  {checked}", self.report.seconds(now()));
        checked.nothing_lost().unwrap();
        self.report.checked = checked;
    }

    /// The end: all is whole, and nothing was lost.
    pub fn finish(mut self) -> Report {
        self.scene = "the end".to_owned();
        self.check();
        self.slots.values().for_each(|slot| self.assert_rests(*slot));
        let mut report = std::mem::take(&mut self.report);
        report.sessions_lost = self.client.tick().sessions_lost;
        report.finish(&self.client.ledger().unwrap(), self.watch.samples(), self.slots.len());
        report
    }
}

/// Who reads of a failure is told where it was, and how the servers fared.
impl Drop for Play<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed: seed {}, {}", self.fleet.seed, self.scene);
            println!("the servers' modes: {:?}", self.client.tick().modes);
            println!("not back yet: {:?}", self.returning);
            println!("the slots' holders: {:?}", self.holders);
        }
    }
}

/// The client's command, in an instance of its own.
fn writer(host: &Instance<'_>, connect_string: &str) -> Command {
    let program = bin_dir().join("examples/workload");
    assert!(program.exists(), "no {}: cargo build --examples", program.display());
    host.command(&[&program.display().to_string(), "run", connect_string, "--pace", PACE])
}

/// In seconds since the epoch, the clock of all instances.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set").as_secs_f64()
}
