//! Without the pool: the same with plain instances. A server that is lost is replaced at once: the same id,
//! a configuration with every server's address of that moment. The address is another one, and who was there
//! before is not told: neither the other servers nor the brokers, which would have to be restarted for it. In
//! the end they are.

mod losses;
mod mend;
mod ready;
mod servers;

use super::stage::Stage;
use super::{Result, Script, with_pool};

pub use ready::ready;
pub use servers::Servers;

/// Plays it: loss after loss, until Kafka does not do any more what it is asked for; then a broker's loss, and
/// what operators have to do. What it saw is in the stage, however far it came.
pub fn play(script: Script, servers: &mut Servers, stage: &mut Stage<'_>) -> Result<()> {
    for (kind, id) in with_pool::losses(script) {
        if !losses::one(kind, id, servers, stage)? {
            break;
        }
    }
    losses::broker(servers, stage)?;
    mend::zookeeper(servers, stage)?;
    mend::brokers(servers, stage)
}
