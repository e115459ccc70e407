//! A running region: the model, its clock, its callers and the kernel under it, put together.
//!
//! Whatever changes the model does so in `Region::with`, which first lets the time pass that
//! has passed and then hands on what the kernel is to do. So there is one order of all changes.

mod calls;
mod kernel;
mod requests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fastrand::Rng;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, Instant};

use crate::api::auth::Caller;
use crate::api::{self, Params, Replays};
use crate::control;
use crate::fabric::{Fabric, FabricError};
use crate::faults::Faults;
use crate::http;
use crate::iam::Policy;
use crate::imds::{self, Tokens};
use crate::model::Model;
use crate::model::ids::InstanceId;
use crate::model::place::ZONES_MAX;
use crate::throttle::Throttle;
use calls::Calls;
use kernel::{Doing, Kernel};

/// What a region is made from.
#[derive(Debug, Clone)]
pub struct RegionOptions {
    /// The AWS region, such as `eu-west-1`.
    pub region: String,
    /// How many zones, 1 to 6.
    pub zones: u8,
    /// The seed of every id, choice and stale read.
    pub seed: u64,
    /// How long things take.
    pub timings: control::Timings,
    /// The EC2 endpoint for programs on the host.
    pub endpoint_outside: String,
    /// The EC2 endpoint for programs inside instances. 10.0.0.0/20 is free for it.
    pub endpoint_inside: String,
}

/// Whom a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Instances, known by their source address.
    Inside,
    /// The host, known by its access key: the operator's, or one of an instance's role.
    Outside,
}

/// A running region; clones are handles to the same one.
#[derive(Clone)]
pub struct Region(Arc<Inner>);

struct Inner {
    options: RegionOptions,
    fabric: Arc<dyn Fabric>,
    started: Instant,
    state: Mutex<State>,
    /// Told when there may be an earlier event to wait for.
    changed: Notify,
    down: watch::Sender<bool>,
}

/// Everything that changes.
pub(crate) struct State {
    pub model: Model,
    pub faults: Faults,
    pub throttle: Throttle,
    pub replays: Replays,
    pub tokens: Tokens,
    /// IAM policies by the name of the role, or of the operator, that each is for.
    pub policies: BTreeMap<String, Policy>,
    pub calls: Calls,
    /// What the kernel failed to do, for people to see.
    pub trouble: Vec<String>,
    /// Of request ids and tokens: apart from the model's, so that reads do not disturb its ids.
    pub rng: Rng,
    kernel: Kernel,
}

impl Region {
    /// Starts a region on a fabric.
    pub async fn new(
        options: RegionOptions,
        fabric: Arc<dyn Fabric>,
    ) -> Result<Region, FabricError> {
        if !(1..=ZONES_MAX).contains(&options.zones) {
            let asked = options.zones;
            return Err(FabricError(format!("a region has 1 to {ZONES_MAX} zones, not {asked}")));
        }
        let now = crate::clock::unix_ms();
        let mut model = Model::new(&options.region, options.zones, options.seed, now);
        model.set_timings(&options.timings);
        fabric.serve_subnets(&model.subnet_specs()).await?;
        let region = Region(Arc::new(Inner {
            state: Mutex::new(State::new(model, options.seed)),
            options,
            fabric,
            started: Instant::now(),
            changed: Notify::new(),
            down: watch::Sender::new(false),
        }));
        tokio::spawn(keep_time(Arc::downgrade(&region.0)));
        Ok(region)
    }

    /// Serves the EC2 Query API on a listener until the region ends. Callers on an inside listener
    /// are known by their source address, on an outside one by their access key.
    pub async fn serve_api(&self, listener: TcpListener, side: Side) {
        let region = self.clone();
        let served = http::serve(listener, move |from, request| {
            let region = region.clone();
            async move { api::answer(&region, (side, plain(from.ip())), request).await }
        });
        self.until_end(served).await;
    }

    /// Serves IMDS on a listener until the region ends. It knows an instance by its address.
    pub async fn serve_imds(&self, listener: TcpListener) {
        let region = self.clone();
        let served = http::serve(listener, move |from, request| {
            let region = region.clone();
            async move { imds::answer(&region, plain(from.ip()), request).await }
        });
        self.until_end(served).await;
    }

    async fn until_end(&self, served: impl Future<Output = ()>) {
        tokio::select! {
            () = served => {}
            () = self.ended() => {}
        }
    }

    /// Does what a person or a test asks.
    pub async fn control(&self, request: control::Request) -> control::Reply {
        requests::answer(self, request).await
    }

    /// Tells that an instance's PID 1 ended by itself, as after `shutdown` inside: it stops.
    pub async fn instance_ended(&self, instance: &str) {
        if let Ok(id) = InstanceId::parse(instance) {
            self.with(|state| state.model.ended_by_itself(&id));
        }
    }

    /// Resolves when [`control::Request::Down`] was asked.
    pub async fn ended(&self) {
        // The sender is part of what `self` holds, so it is there as long as this waits.
        let _ = self.0.down.subscribe().wait_for(|down| *down).await;
    }

    /// Looks at or changes the state as of now, and has the kernel follow.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.with_doings(change).0
    }

    /// The same, with what the kernel is to do for the change, to be waited for.
    pub(crate) fn with_doings<T>(&self, change: impl FnOnce(&mut State) -> T) -> (T, Vec<Doing>) {
        let result = self.with_untold(change);
        self.0.changed.notify_one();
        result
    }

    /// The same, without telling [`keep_time`], which is who calls this.
    fn with_untold<T>(&self, change: impl FnOnce(&mut State) -> T) -> (T, Vec<Doing>) {
        let now_ms = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.model.advance(now_ms);
        self.follow(&mut state);
        let result = change(&mut state);
        state.model.keep_groups();
        let doings = self.follow(&mut state);
        (result, doings)
    }

    /// Has the kernel follow what has changed since the last time.
    fn follow(&self, state: &mut State) -> Vec<Doing> {
        let effects = state.model.take_effects().into_iter();
        effects.map(|effect| state.kernel.follow(self, effect)).collect()
    }
}

/// An IPv4 address that came by an IPv6 socket, as itself.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Lets the model's events happen when they are due, as long as there is a region.
async fn keep_time(inner: Weak<Inner>) {
    /// How long the task of a region that nobody holds any more stays.
    const IDLE: Duration = Duration::from_secs(1);
    while let Some(inner) = inner.upgrade() {
        let region = Region(inner);
        let (due_ms, _) = region.with_untold(|state| state.model.next_due_ms());
        let soon = Instant::now() + IDLE;
        let due = due_ms.map(|ms| region.0.started + Duration::from_millis(ms));
        let until = due.map_or(soon, |due| due.min(soon));
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = region.0.changed.notified() => {}
        }
    }
}

impl State {
    fn new(model: Model, seed: u64) -> Self {
        Self {
            model,
            faults: Faults::default(),
            throttle: Throttle::default(),
            replays: Replays::default(),
            tokens: Tokens::default(),
            policies: BTreeMap::new(),
            calls: Calls::default(),
            trouble: Vec::new(),
            rng: Rng::with_seed(seed ^ 0x5eed),
            kernel: Kernel::default(),
        }
    }

    /// A request id in the form of a UUID, as EC2's are.
    pub fn request_id(&mut self) -> String {
        let (high, low) = (self.rng.u64(..), self.rng.u64(..));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    /// Notes a call of the API.
    pub fn log_call(&mut self, caller: &Caller, params: &Params, outcome: &str) {
        self.calls.add(self.model.now_ms(), caller.name(), params, outcome);
    }
}
