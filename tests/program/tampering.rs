//! What a test does to a region beside looking at it: faults, and an operator's calls.

use std::io::{Read, Write};
use std::net::TcpStream;

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

    /// An operator's call to EC2, by hand: the answer's XML. The region checks who signs, not the
    /// signature.
    pub fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let info = self.info().unwrap();
        let host = info.endpoint.trim_start_matches("http://").trim_end_matches('/');
        let fixed = [("Action", action), ("Version", "2016-11-15")];
        let all = fixed.iter().chain(parameters);
        let body: Vec<_> = all.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let body = body.join("&");
        let key = &info.environment["AWS_ACCESS_KEY_ID"];
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/{}/ec2/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            info.region,
            body.len(),
        );
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{action}: {answer}");
        answer
    }
}

fn fault(action: &str, times: Option<u32>, kind: FaultKind) -> Fault {
    let action = action.to_owned();
    Fault { action, caller: None, after: 0, times, probability: None, seed: 0, kind }
}

/// A form's value: bytes that mean something in a form are escaped.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

/// The text of the first element of a name.
pub fn element(xml: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let rest = xml.split_once(&open).unwrap_or_else(|| panic!("no {name}: {xml}")).1;
    rest.split_once(&close).unwrap().0.to_owned()
}
