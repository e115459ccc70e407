//! What was lost and can run again, when its slot is another's: it must find itself without a slot,
//! and have no server.

use std::time::Instant;

use crate::fleet::Fleet;
use crate::plan::Kind;
use crate::play::Play;
use crate::region::eventually;
use crate::run::exit;

/// What a claim says that finds every slot of its zone held.
const NO_SLOT: &str = "no slot is free";

/// An instance that has lost its slot.
#[derive(Debug)]
pub struct Debt {
    kind: Kind,
    pub instance: String,
    /// The place that the log of EC2 calls had come to.
    mark: usize,
}

impl Debt {
    /// For an instance that is still there.
    pub fn of(play: &Play<'_>, kind: Kind, instance: &str) -> Option<Self> {
        let mark = play.region.log(0).unwrap().len();
        let is_there = matches!(kind, Kind::Hang | Kind::Cut | Kind::StopAndReplace);
        is_there.then(|| Self { kind, instance: instance.to_owned(), mark })
    }

    /// Has it run again, sees that it has no slot and no server, and terminates it. The answer is
    /// how many seconds its server was there beside its replacement and could run.
    pub fn pay(&self, fleet: &Fleet<'_>) -> Option<f64> {
        let region = fleet.region;
        let begin = Instant::now();
        let fenced_s = match self.kind {
            Kind::Hang => {
                region.resume(&self.instance).unwrap();
                Some(self.wait_fenced(fleet, begin))
            }
            Kind::Cut => {
                // Its kernel has lost the NIC, and that it is told without a network.
                self.wait_fenced(fleet, begin);
                region.mend(&self.instance).unwrap();
                None
            }
            _ => {
                self.start_in_vain(fleet);
                None
            }
        };
        assert_eq!(fleet.servers(&self.instance), 0, "{self:?}");
        assert_eq!(fleet.instance(&self.instance).holds(), [0_u8; 0], "{self:?}");
        region.terminate(&self.instance).unwrap();
        fenced_s
    }

    /// Waits for the end of its `run`; by then nothing of its server is left.
    fn wait_fenced(&self, fleet: &Fleet<'_>, begin: Instant) -> f64 {
        let status = eventually("it is fenced", || fleet.ended(&self.instance));
        let seconds = begin.elapsed().as_secs_f64();
        assert_eq!(status, exit::FENCED, "{self:?}");
        assert_eq!(fleet.servers(&self.instance), 0, "{self:?}");
        // Its kernel has told it all that it had to know.
        let calls = fleet.instance(&self.instance).calls_since(self.mark);
        assert_eq!(calls, [""; 0], "{self:?}");
        seconds
    }

    /// Starts one that was stopped: it boots, asks for a slot, and waits.
    fn start_in_vain(&self, fleet: &Fleet<'_>) {
        let said = || fleet.console(&self.instance).matches(NO_SLOT).count();
        let before = said();
        fleet.region.start(&self.instance).unwrap();
        eventually("it asks for a slot in vain", || (said() > before).then_some(()));
    }
}
