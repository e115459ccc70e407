//! The region on a fabric that is slow, or fails, on a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Region, RegionOptions};
use crate::control::{LaunchRequest, Reply, Request, Timings};
use crate::fabric::{
    BootSpec, Fabric, FabricError, FabricFuture, Impairment, NicSpec, PowerOff, SubnetSpec,
};
use crate::model::attach::Attach;
use crate::model::ids::{AttachmentId, EniId, InstanceId};

/// Takes a second for everything, and notes when each thing is done.
#[derive(Default)]
struct SlowFabric {
    done: Mutex<Vec<String>>,
    fails_to_boot: bool,
    fails_to_impair: bool,
}

impl SlowFabric {
    fn take(&self, what: String) -> FabricFuture<'_> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.done.lock().unwrap().push(what);
            Ok(())
        })
    }

    fn done(&self) -> Vec<String> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }
}

impl Fabric for SlowFabric {
    fn serve_subnets<'a>(&'a self, subnets: &'a [SubnetSpec]) -> FabricFuture<'a> {
        self.take(format!("serve {}", subnets.len()))
    }
    fn boot<'a>(&'a self, spec: &'a BootSpec) -> FabricFuture<'a> {
        if self.fails_to_boot {
            return Box::pin(async { Err(FabricError("no room".to_owned())) });
        }
        self.take(format!("boot {}", spec.instance))
    }
    fn power_off<'a>(&'a self, instance: &'a str, _: PowerOff) -> FabricFuture<'a> {
        self.take(format!("power off {instance}"))
    }
    fn impair<'a>(&'a self, instance: &'a str, how: Impairment) -> FabricFuture<'a> {
        if self.fails_to_impair {
            return Box::pin(async { Err(FabricError("it does not stop".to_owned())) });
        }
        self.take(format!("{how:?} {instance}"))
    }
    fn plug<'a>(&'a self, nic: &'a NicSpec) -> FabricFuture<'a> {
        self.take(format!("plug {}", nic.instance))
    }
    fn unplug<'a>(&'a self, eni: &'a str) -> FabricFuture<'a> {
        self.take(format!("unplug {eni}"))
    }
}

/// A region in which the model takes no time, so that only the fabric does.
async fn region(fabric: &Arc<SlowFabric>) -> Region {
    let options = RegionOptions {
        region: "eu-west-1".to_owned(),
        zones: 1,
        seed: 1,
        timings: Timings {
            attach_nic_ms: Some(0),
            attached_ms: Some(0),
            detach_ms: Some(0),
            boot_ms: Some(0),
            terminate_ms: Some(0),
            ..Timings::default()
        },
        endpoint_outside: String::new(),
        endpoint_inside: String::new(),
    };
    Region::new(options, fabric.clone()).await.unwrap()
}

async fn launch(region: &Region, count: u32) -> Vec<String> {
    let request = LaunchRequest { count, ..LaunchRequest::default() };
    match region.control(Request::Launch(request)).await {
        Reply::Instances { instances } => instances,
        other => panic!("not launched: {other:?}"),
    }
}

fn attach(region: &Region, eni: &str, instance: &str) -> AttachmentId {
    let (eni, instance) = (EniId::parse(eni).unwrap(), InstanceId::parse(instance).unwrap());
    let request = Attach { eni, instance, device_index: 1, network_card: None };
    region.with(|state| state.model.attach(&request)).unwrap()
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_millis(seconds * 1_000 + 100)).await;
}

#[tokio::test(start_paused = true)]
async fn instances_boot_side_by_side() {
    let fabric = Arc::new(SlowFabric::default());
    let region = region(&fabric).await;
    launch(&region, 50).await;
    pass(1).await;
    let booted = fabric.done().iter().filter(|what| what.starts_with("boot")).count();
    assert_eq!(booted, 50);
}

#[tokio::test(start_paused = true)]
async fn an_interface_is_pulled_before_it_is_plugged_elsewhere() {
    let fabric = Arc::new(SlowFabric::default());
    let region = region(&fabric).await;
    let instances = launch(&region, 2).await;
    let pool = crate::control::PoolRequest { name: "zk".to_owned(), slots: 1, ipv6: false };
    let Reply::Pool { enis } = region.control(Request::CreatePool(pool)).await else {
        panic!("no pool")
    };
    pass(1).await;
    let attachment = attach(&region, &enis[0], &instances[0]);
    tokio::time::sleep(Duration::from_millis(1)).await;
    region.with(|state| state.model.detach(&attachment, false)).unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    attach(&region, &enis[0], &instances[1]);
    fabric.done();
    pass(3).await;
    let expected = [
        format!("plug {}", instances[0]),
        format!("unplug {}", enis[0]),
        format!("plug {}", instances[1]),
    ];
    assert_eq!(fabric.done(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_boot_is_terminated_and_the_reason_is_shown() {
    let fabric = Arc::new(SlowFabric { fails_to_boot: true, ..SlowFabric::default() });
    let region = region(&fabric).await;
    launch(&region, 1).await;
    pass(1).await;
    let Reply::State { state } = region.control(Request::State).await else { panic!("no state") };
    assert_eq!(state["instances"][0]["state"], "terminated");
    assert_eq!(state["trouble"][0], "no room");
}

#[tokio::test(start_paused = true)]
async fn an_impairment_is_answered_when_the_kernel_has_done_it() {
    let fabric = Arc::new(SlowFabric::default());
    let region = region(&fabric).await;
    let instances = launch(&region, 2).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    fabric.done();
    // The boots are still under way, and come first.
    let reply = region.control(Request::Hang { instances }).await;
    assert!(matches!(reply, Reply::Done), "{reply:?}");
    let kinds: Vec<String> =
        fabric.done().iter().filter_map(|done| Some(done.split_once(' ')?.0.to_owned())).collect();
    assert_eq!(kinds, ["boot", "boot", "Hang", "Hang"]);
}

#[tokio::test(start_paused = true)]
async fn an_impairment_that_failed_is_told_and_not_shown() {
    let fabric = Arc::new(SlowFabric { fails_to_impair: true, ..SlowFabric::default() });
    let region = region(&fabric).await;
    let instances = launch(&region, 1).await;
    pass(1).await;
    let reply = region.control(Request::Cut { instances }).await;
    let Reply::Error { message } = reply else { panic!("done: {reply:?}") };
    assert_eq!(message, "it does not stop");
    let Reply::State { state } = region.control(Request::State).await else { panic!("no state") };
    assert_eq!(state["instances"][0]["cut"], false);
}

#[tokio::test(start_paused = true)]
async fn a_region_has_one_to_six_zones() {
    let options = |zones| RegionOptions {
        region: "eu-west-1".to_owned(),
        zones,
        seed: 0,
        timings: Timings::default(),
        endpoint_outside: String::new(),
        endpoint_inside: String::new(),
    };
    for (zones, fine) in [(0, false), (1, true), (6, true), (7, false)] {
        let region = Region::new(options(zones), Arc::new(crate::fabric::NoFabric)).await;
        assert_eq!(region.is_ok(), fine, "{zones}");
    }
}

#[tokio::test(start_paused = true)]
async fn down_is_heard_by_all_who_wait() {
    let fabric = Arc::new(SlowFabric::default());
    let region = region(&fabric).await;
    let waiting = region.clone();
    let waiter = tokio::spawn(async move { waiting.ended().await });
    region.control(Request::Down).await;
    waiter.await.unwrap();
    region.ended().await;
}
