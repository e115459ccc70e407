//! What a test does to a region beside looking at it: faults, and an operator's calls.

use steadfast_sim::client::Client;
use steadfast_sim::control::{Fault, FaultKind};

use crate::region::Region;

pub const ATTACH: &str = "AttachNetworkInterface";
pub const DETACH: &str = "DetachNetworkInterface";
pub const DESCRIBE: &str = "DescribeNetworkInterfaces";
pub const INSTANCES: &str = "DescribeInstances";

/// EC2's refusal with this code.
pub fn error(code: &str, message: &str) -> FaultKind {
    FaultKind::Error { status: 400, code: code.to_owned(), message: message.to_owned() }
}

impl Region {
    /// The next so many calls of an action go wrong.
    pub fn fail(&self, action: &str, times: u32, kind: FaultKind) {
        self.fail_if(action, Some(times), kind);
    }

    /// Every call of an action goes wrong from now on.
    pub fn fail_always(&self, action: &str, kind: FaultKind) {
        self.fail_if(action, None, kind);
    }

    /// Every call of an action goes wrong after so many.
    pub fn fail_after(&self, calls: u32, action: &str, kind: FaultKind) {
        self.fault(&Fault { after: calls, ..fault(action, None, kind) }).unwrap();
    }

    /// Every call of an action by one caller goes wrong from now on.
    pub fn fail_for(&self, caller: &str, action: &str, kind: FaultKind) {
        let caller = Some(caller.to_owned());
        self.fault(&Fault { caller, ..fault(action, None, kind) }).unwrap();
    }

    fn fail_if(&self, action: &str, times: Option<u32>, kind: FaultKind) {
        self.fault(&fault(action, times, kind)).unwrap();
    }

    /// Sets the tags of a resource.
    pub fn tag(&self, id: &str, key: &str, value: &str) {
        let tag = [("ResourceId.1", id), ("Tag.1.Key", key), ("Tag.1.Value", value)];
        self.ec2("CreateTags", &tag);
    }

    pub fn untag(&self, id: &str, key: &str) {
        self.ec2("DeleteTags", &[("ResourceId.1", id), ("Tag.1.Key", key)]);
    }

    /// Attaches an ENI that is none of a pool's; the answer is its id.
    pub fn attach_foreign(&self, instance: &str, zone: &str, index: &str) -> String {
        let subnets = self.info().unwrap().subnets;
        let subnet = subnets.iter().find(|subnet| subnet.zone.ends_with(zone)).unwrap();
        let made = self.ec2("CreateNetworkInterface", &[("SubnetId", &subnet.id)]);
        let eni = element(&made, "networkInterfaceId");
        self.attach(&eni, instance, index);
        eni
    }

    pub fn attach(&self, eni: &str, instance: &str, index: &str) {
        let place = [("NetworkInterfaceId", eni), ("InstanceId", instance), ("DeviceIndex", index)];
        self.ec2(ATTACH, &place);
    }

    /// An operator's call to EC2; the answer's XML.
    pub fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        Client::ec2(self, action, parameters).unwrap()
    }
}

fn fault(action: &str, times: Option<u32>, kind: FaultKind) -> Fault {
    let action = action.to_owned();
    Fault { action, caller: None, after: 0, times, probability: None, seed: 0, kind }
}

/// The text of the first element of a name.
pub fn element(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let rest = xml.split_once(&open).unwrap_or_else(|| panic!("no {name}: {xml}")).1;
    rest.split_once(&close).unwrap().0.to_owned()
}
