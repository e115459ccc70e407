//! The world: EC2, three agents and their kernels, and what goes wrong how often.

use steadfast::claim::Want;

use super::agent::{Answer, Ask, Brain, Local, Run, StepFn};
use super::check::Broken;
use super::ec2::{Ec2, HOSTS, History, Life, NO_RUN, Name, Rules, SLOTS};

/// The agents, on the first instances.
pub const AGENTS: usize = 3;

/// Of [`Budget::stale_reads`] and [`Budget::stale_lives`]: no bound.
pub const UNLIMITED: u8 = u8::MAX;

/// How often what may go wrong, over all agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// An agent dies at any point, and may start again.
    pub crashes: u8,
    /// An answer gets lost, whether the call was applied or not.
    pub losses: u8,
    /// EC2 throttles.
    pub throttles: u8,
    /// EC2 refuses an attach or a detach for good.
    pub denials: u8,
    /// A NIC does not appear in time.
    pub missing: u8,
    /// The host cannot be configured.
    pub host_errors: u8,
    /// A deadline passes, or a signal comes.
    pub ends: u8,
    /// An operator detaches a slot by hand.
    pub operator: u8,
    /// A read of the slots shows one as it was.
    pub stale_reads: u8,
    /// A read of the holders shows one as it was.
    pub stale_lives: u8,
}

impl Budget {
    /// Nothing but stale reads: of slots, and of instances' lives.
    pub const fn stale(reads: u8, lives: u8) -> Self {
        Self {
            crashes: 0,
            losses: 0,
            throttles: 0,
            denials: 0,
            missing: 0,
            host_errors: 0,
            ends: 0,
            operator: 0,
            stale_reads: reads,
            stale_lives: lives,
        }
    }
}

/// One configuration to explore.
#[derive(Clone, Copy)]
pub struct Config {
    pub name: &'static str,
    pub agents: usize,
    pub wants: [Want; HOSTS],
    pub rules: Rules,
    /// Who holds each slot at first.
    pub holders: [Option<u8>; SLOTS],
    /// What becomes of each instance, one step at a time.
    pub fates: [&'static [Life]; HOSTS],
    /// An instance so new that a read may not show it yet.
    pub newcomer: Option<usize>,
    /// IMDS shows an interface, and that it is gone, later than the kernel, or earlier.
    pub is_imds_late: bool,
    /// IMDS shows the interface outside the pool.
    pub is_foreign_known: bool,
    /// The instance knows only the kernel's interfaces and not IMDS's: wrong, to be caught.
    pub is_imds_ignored: bool,
    /// An answer is a step of its own after what it answers.
    pub do_answers_travel: bool,
    /// A lost attach may also be applied later, at any time.
    pub do_attaches_linger: bool,
    pub budget: Budget,
    /// Promises not to be checked.
    pub but: &'static [Broken],
    pub step: StepFn,
}

/// One agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agent {
    /// `None`: it is dead.
    pub local: Option<Local>,
    /// An answer on its way.
    pub answer: Option<Answer>,
    /// Its runs so far.
    pub run: u8,
    /// The facts file when this run began, and now.
    pub in_use: Option<Name>,
    pub facts: Option<Name>,
    /// What it detached from its own instance.
    pub gave_back: Option<Name>,
}

/// An attach on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    pub who: u8,
    pub run: u8,
    pub slot: u8,
    pub index: u8,
}

/// Everything, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub ec2: Ec2,
    pub agents: [Agent; AGENTS],
    /// The NICs in each agent's kernel, a bit a slot.
    pub kernel: [u8; AGENTS],
    /// The device index of each slot that IMDS lists, 0 if it does not.
    pub imds: [[u8; SLOTS]; AGENTS],
    /// How far each instance's fate has come.
    pub fate: [u8; HOSTS],
    /// An attach that EC2 has yet to see, though nobody waits for the answer any more.
    pub flight: Option<Flight>,
    /// What the operator detached.
    pub operated: Option<Name>,
    pub budget: Budget,
}

/// How a step counts when asking whether everyone can still come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Happens sooner or later.
    Due,
    /// A pause is over: likewise, and the only step that may be taken again and again.
    Pause,
    /// May happen, and is not to be relied on.
    Fault,
}

/// One step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub who: u8,
    pub what: What,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What the agent asked for is done, and it is told so.
    Answered(Answer),
    /// What the agent asked for is done, and the answer is on its way.
    Done(Answer),
    /// The answer arrives.
    Arrived(Answer),
    /// The agent dies; what it last asked for is not done, or is, or will be.
    Died,
    DiedAfterAsking,
    Started,
    Becomes(Life),
    NicAppears {
        slot: u8,
    },
    NicGoes {
        slot: u8,
    },
    DetachCompletes {
        slot: u8,
    },
    ReleasedByDeath {
        slot: u8,
    },
    ImdsLearns {
        slot: u8,
    },
    ImdsForgets {
        slot: u8,
    },
    OperatorDetaches {
        slot: u8,
    },
    LateAttach {
        slot: u8,
    },
}

impl World {
    pub fn new(config: &Config, brain: &mut Brain) -> Self {
        let agent = |who: usize| Agent {
            local: (who < config.agents).then(|| brain.start()),
            answer: None,
            run: 0,
            in_use: None,
            facts: None,
            gave_back: None,
        };
        let mut ec2 = Ec2::new(config.holders);
        if let Some(host) = config.newcomer {
            ec2.lives[host] = History::with_past(Life::Running, Life::Gone);
        }
        let mut world = Self {
            ec2,
            agents: [0, 1, 2].map(agent),
            kernel: [0; AGENTS],
            imds: [[0; SLOTS]; AGENTS],
            fate: [0; HOSTS],
            flight: None,
            operated: None,
            budget: config.budget,
        };
        world.boot_with_what_is_attached();
        world
    }

    /// An instance that begins with a slot has its NIC.
    fn boot_with_what_is_attached(&mut self) {
        for who in 0..AGENTS {
            let attached: Vec<_> = self.ec2.of_host(who as u8).collect();
            for (slot, a) in attached {
                self.kernel[who] |= 1 << slot;
                self.imds[who][slot] = a.index;
            }
        }
    }

    pub fn has_nic(&self, host: u8, slot: usize) -> bool {
        self.kernel.get(usize::from(host)).is_some_and(|bits| bits & (1 << slot) != 0)
    }

    pub fn is_up(&self, host: usize) -> bool {
        self.ec2.lives[host].now().is_up()
    }

    /// What a living agent waits for.
    pub fn ask(&self, who: usize, brain: &Brain) -> Option<Ask> {
        self.agents[who].local.map(|local| brain.ask(local))
    }

    /// The agent takes an answer; `None` if the claim refuses it.
    pub fn tell(mut self, who: usize, answer: Answer, brain: &mut Brain) -> Option<Self> {
        let agent = &mut self.agents[who];
        let run = Run { who: who as u8, in_use: agent.in_use };
        agent.local = Some(brain.next(run, agent.local?, answer)?);
        agent.answer = None;
        Some(self)
    }

    /// How many agents have come to hold a slot.
    pub fn holders(&self, brain: &Brain) -> usize {
        let holds = |who: &usize| matches!(self.ask(*who, brain), Some(Ask::Hold { .. }));
        (0..AGENTS).filter(holds).count()
    }

    /// Whether every living agent has come to an end, or waits for what nobody may give it: each
    /// slot that would do is held by another instance that runs.
    pub fn is_settled(&self, brain: &Brain) -> bool {
        (0..AGENTS).all(|who| match self.ask(who, brain) {
            None => true,
            Some(ask) => ask.is_end() || self.waits_rightly(who as u8, brain.want(who as u8)),
        })
    }

    fn waits_rightly(&self, who: u8, want: Want) -> bool {
        let would_do = |slot: &usize| want.admits(super::names::number(*slot));
        (0..SLOTS).filter(would_do).all(|slot| {
            self.ec2.slots[slot].now().is_some_and(|a| {
                let life = self.ec2.lives[usize::from(a.host)].now();
                a.host != who && !a.leaving && !life.is_lost()
            })
        })
    }

    /// What this instance's agent attached, of both its runs or of one.
    pub fn attached_by(&self, host: u8, run: Option<u8>) -> impl Iterator<Item = usize> + '_ {
        let is_of = move |by: u8| run.map_or(by != NO_RUN, |run| by == run);
        self.ec2.of_host(host).filter(move |(_, a)| is_of(a.run)).map(|(slot, _)| slot)
    }
}
