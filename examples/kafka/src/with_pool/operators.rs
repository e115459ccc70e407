//! What operators do by hand, as the runbook has it.

use std::time::Duration;

use super::ZOOKEEPER;
use crate::region::Region;
use crate::report::Kind;
use crate::stage::{ENSEMBLE, Stage};
use crate::{Result, interrupt, wait_for};

/// What `steadfast` ends with where it may be tried again later.
const TRY_AGAIN: i32 = 75;
/// How long an operator's shell may take.
const SHELL: Duration = Duration::from_secs(30);

/// What operators do where EC2 calls the lost instance running: they take its slot, and as soon as it is free
/// they end the instance, so that its group replaces it. Where EC2 knows, nothing.
pub fn replace(kind: Kind, slot: u8, old: &str, stage: &Stage<'_>) -> Result<()> {
    if !matches!(kind, Kind::Hung | Kind::CutOff) {
        return Ok(());
    }
    wait_others(stage)?;
    stage.screen.say(&format!("an operator: steadfast reclaim {slot}, and terminates {old}"));
    let region = &stage.region;
    std::thread::scope(|scope| {
        // It stays until it sees who claims the slot.
        let reclaim = scope.spawn(|| reclaim(slot, region).map_err(|error| error.to_string()));
        let is_taken = wait_for(&format!("slot {slot} taken"), ENSEMBLE, || {
            let is_free = region.slot(ZOOKEEPER, slot)?.instance.is_none();
            Ok((is_free || reclaim.is_finished()).then_some(()))
        });
        let ended = is_taken.and_then(|()| Ok(region.local().terminate(old)?));
        reclaim.join().map_err(|_| "the reclaim has ended")??;
        ended
    })
}

/// Takes a slot, without overriding anything: a server that is silent is refused until the leader has missed
/// it, too, for `syncLimit`, 10 s.
fn reclaim(slot: u8, region: &Region) -> Result<()> {
    let slot = slot.to_string();
    let args = ["reclaim", &slot, "--pool", ZOOKEEPER, "--yes", "--reason", "its host is dead"];
    let mut refusal = String::new();
    let taken = wait_for("steadfast reclaim", ENSEMBLE, || {
        let done = region.steadfast(&args)?;
        if done.status == Some(TRY_AGAIN) {
            refusal = done.complained;
            return Ok(None);
        }
        done.succeeded("steadfast reclaim").map(Some)
    });
    match taken {
        Err(error) if !interrupt::is_asked() => Err(format!("{error}: {}", refusal.trim()).into()),
        taken => taken.map(drop),
    }
}

/// Waits until the other two do without the lost one.
pub fn wait_others(stage: &Stage<'_>) -> Result<()> {
    wait_for("a leader of the other two", ENSEMBLE, || {
        Ok((stage.modes().len() == 2 && stage.leader().is_some()).then_some(()))
    })
}

/// Lets one empty disk vote, and starts its server again.
pub fn bootstrap(slot: u8, stage: &Stage<'_>) -> Result<()> {
    let (number, confirm) = (slot.to_string(), format!("{ZOOKEEPER}/{slot}"));
    stage.screen.say(&format!("an operator: steadfast pool bootstrap --slot {slot}"));
    let args = ["pool", "bootstrap", "--pool", ZOOKEEPER, "--slot", &number, "--confirm", &confirm];
    stage.region.steadfast(&args)?.succeeded("steadfast pool bootstrap")?;
    let holder = stage.region.holder(ZOOKEEPER, slot)?;
    // Its user-data starts it again.
    let restart = stage.region.shell(&holder, "pkill -f '^steadfast run'", SHELL)?;
    restart.succeeded("pkill")?;
    Ok(())
}
