//! Faults on purpose.

use clap::{ArgGroup, Args, Subcommand};

use super::Context;
use super::error::Result;
use crate::control::{Fault, FaultKind};

/// Have something go wrong.
#[derive(Debug, Args)]
pub struct FaultCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a fault
    Add(Box<Add>),
    /// Remove every fault
    Clear,
}

/// Whom it hits, how often, and with what.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("kind").required(true)))]
struct Add {
    /// The EC2 action, or imds, or *
    #[arg(long)]
    action: String,
    /// Only calls by this instance, or by `operator`
    #[arg(long)]
    caller: Option<String>,
    /// How many matching calls pass first
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u32,
    /// How many matching calls it hits; all if absent
    #[arg(long, value_name = "N")]
    times: Option<u32>,
    /// The chance of hitting a matching call, 0 to 1
    #[arg(long)]
    probability: Option<f64>,
    /// The seed of that chance
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// EC2's error with this code
    #[arg(long, value_name = "CODE", group = "kind")]
    error: Option<String>,
    /// The HTTP status of --error
    #[arg(long, default_value_t = 400, requires = "error")]
    status: u16,
    /// The message of --error
    #[arg(long, default_value = "a fault was asked for", requires = "error")]
    message: String,
    /// UnauthorizedOperation, also for a dry run
    #[arg(long, group = "kind")]
    deny: bool,
    /// The answer comes this much later
    #[arg(long, value_name = "MS", group = "kind")]
    delay: Option<u64>,
    /// Nothing is done and no answer comes
    #[arg(long, group = "kind")]
    hang: bool,
    /// The change is made, but no answer comes
    #[arg(long, group = "kind")]
    lose_reply: bool,
    /// The attachment is made, but no interface appears
    #[arg(long, group = "kind")]
    nic_never_appears: bool,
}

impl FaultCommand {
    /// Adds it or removes all.
    pub fn run(self, context: &Context) -> Result<()> {
        match self.what {
            What::Add(add) => context.client.fault(&add.fault())?,
            What::Clear => context.client.clear_faults()?,
        }
        Ok(())
    }
}

impl Add {
    fn fault(self) -> Fault {
        let kind = self.kind();
        let Add { action, caller, after, times, probability, seed, .. } = self;
        Fault { action, caller, after, times, probability, seed, kind }
    }

    /// The one that is given: clap sees to it that there is exactly one.
    fn kind(&self) -> FaultKind {
        if let Some(code) = &self.error {
            let (code, message) = (code.clone(), self.message.clone());
            return FaultKind::Error { status: self.status, code, message };
        }
        if let Some(ms) = self.delay {
            return FaultKind::Delay { ms };
        }
        match (self.deny, self.hang, self.lose_reply) {
            (true, _, _) => FaultKind::Deny,
            (_, true, _) => FaultKind::Hang,
            (_, _, true) => FaultKind::LoseReply,
            _ => FaultKind::NicNeverAppears,
        }
    }
}
