//! `steadfast pool`, from a laptop that reaches EC2's API and nothing else.

mod adopt;
mod create;
mod retire;
mod show;
mod trouble;
mod two;

use std::collections::BTreeMap;
use std::process::Command;

use steadfast_sim::control::{EniView, Fault, FaultKind};

use crate::region::{POOL, Region, program, slot_of};
use crate::run::{Outcome, Running};

/// A person's machine, outside.
#[derive(Clone, Copy)]
pub struct Laptop<'a>(pub &'a Region);

impl Laptop<'_> {
    /// `steadfast pool COMMAND --pool kafka`.
    pub fn pool(&self, args: &[&str]) -> Outcome {
        self.start(args).finish()
    }

    pub fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command();
        command.arg("pool").args(args).args(["--pool", POOL]);
        Running::start(command)
    }

    /// `steadfast` with the credentials of the region's operator.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.envs(self.0.info().unwrap().environment);
        // No machine of this region's: it has no metadata.
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
        command
    }

    /// The EC2 calls of a command, in alphabetical order.
    pub fn calls(&self, run: impl FnOnce()) -> Vec<String> {
        let mark = self.0.log(0).unwrap().len();
        run();
        let calls = self.0.log(mark).unwrap().into_iter();
        let mut calls: Vec<_> =
            calls.map(|call| format!("{} {}", call.action, call.outcome)).collect();
        calls.sort();
        calls
    }
}

/// The subnets of the region, one a zone, in order.
pub fn subnets(region: &Region) -> Vec<String> {
    region.info().unwrap().subnets.into_iter().map(|it| it.id).collect()
}

/// Makes an ENI that nobody has tagged.
pub fn make_eni(region: &Region, subnet: &str, more: &[(&str, &str)]) -> String {
    let parameters = [&[("SubnetId", subnet)], more].concat();
    let answer = region.ec2("CreateNetworkInterface", &parameters);
    let (_, id) = answer.split_once("<networkInterfaceId>").unwrap();
    id.split('<').next().unwrap().to_owned()
}

/// Sets a tag.
pub fn tag(region: &Region, eni: &str, key: &str, value: &str) {
    let parameters = [("ResourceId.1", eni), ("Tag.1.Key", key), ("Tag.1.Value", value)];
    region.ec2("CreateTags", &parameters);
}

/// The slots of [`POOL`] by number, each with its ENI's first address and zone.
fn layout(region: &Region) -> BTreeMap<u8, (String, String)> {
    let place = |eni: &EniView| (eni.ipv4[0].clone(), eni.zone.clone());
    region.slots().iter().map(|eni| (slot_of(eni), place(eni))).collect()
}

/// After so many matching calls, so many fail so.
pub fn fail(region: &Region, action: &str, after: u32, times: Option<u32>, kind: FaultKind) {
    let action = action.to_owned();
    let fault = Fault { action, caller: None, after, times, probability: None, seed: 0, kind };
    region.fault(&fault).unwrap();
}

pub fn error(status: u16, code: &str) -> FaultKind {
    let message = "for a test".to_owned();
    FaultKind::Error { status, code: code.to_owned(), message }
}
