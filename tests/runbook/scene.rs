//! A region with an ensemble in it, and the states that the runbook's sections begin in.

use std::process::{Command as Process, Stdio};

use steadfast_sim::client::tags;
use steadfast_sim::control::{EniView, LaunchRequest, ROLE};

use crate::book::{Command, Place};
use crate::region::{POOL, Region, eventually, program, slot_of};
use crate::version::{SERVER, Version};

/// What an instance of the ensemble runs at boot, under a shell that starts it again as a unit would,
/// unless [`STOPPED`] is there: the unit was stopped. A short tick: a silent peer is noticed after
/// 2.5 s (tickTime x syncLimit).
const USER_DATA: &str = "#!/bin/bash
export PATH='@BIN_DIR@':$PATH
mkdir -p /etc/steadfast
printf '[zookeeper]\\ntickTime = 500\\ninitLimit = 20\\nsyncLimit = 5\\n' >/etc/steadfast/steadfast.toml
while :; do
  steadfast run -- @SERVER@ /run/steadfast/zoo.cfg >>/var/log/steadfast.log 2>&1
  echo \"run ended with $?\" >>/var/log/steadfast.log
  sleep 1
  [ ! -e /run/unit-is-stopped ] || exit
done
";

/// As after `systemctl stop`: there is no systemd in these instances that a release could ask.
const STOPPED: &str = "/run/unit-is-stopped";

/// The zones of the slots 1, 2 and 3.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// A region, the operator's machine in it, and the instance that a section is about.
pub struct Scene {
    region: Region,
    operator: String,
    instance: Option<String>,
}

impl Scene {
    /// With a pool of three slots in three zones, and nobody who holds one.
    pub fn new() -> Self {
        let region = Region::up();
        region.pool(3);
        let operator = region.launch("a").id.clone();
        Self { region, operator, instance: None }
    }

    /// Types a command; the answer is what it prints on both outputs.
    pub fn type_in(&self, command: &Command) -> String {
        let at = match command.at {
            Place::Operator => &self.operator,
            Place::Instance => self.instance.as_ref().expect("an instance that it is about"),
        };
        let bin = std::path::Path::new(program()).parent().unwrap().display();
        let script = format!(
            "export PATH='{bin}':$PATH STEADFAST_POOL={POOL} STEADFAST_LOG_FORMAT=steps \
             AWS_REGION=eu-west-1 SUBNETS={}; \
             exec 2>&1; {}",
            self.subnets(),
            command.text
        );
        let typed = self.region.exec(at, &["sh", "-c", &script]);
        let output = quiet(typed).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// The ids of the zones' subnets, as the machine's operator knows them.
    fn subnets(&self) -> String {
        let answer = self.region.ec2("DescribeSubnets", &[]).unwrap();
        let ids = answer.split("<subnetId>").skip(1).filter_map(|it| it.split('<').next());
        ids.collect::<Vec<_>>().join(",")
    }

    /// Brings the region into a state.
    pub fn enter(&mut self, state: &str) {
        match state {
            "healthy" => self.form(),
            "slot 2's instance is stopped" => self.stop(2),
            "slot 3's host hangs" => self.hang(3),
            "the hung host wakes up" => self.wake(),
            "slot 2 has a replacement" => self.replace("b"),
            "slot 3 has a replacement" => self.replace("c"),
            "the disks of slots 1 and 2 are lost" => self.lose_two_disks(),
            "all are members" => self.wait_members(3),
            "an instance of zone a is one too many" => self.instance = Some(self.bare("a")),
            "the holder of slot 2 is not started again" => self.stop_unit(2),
            "the role may not attach" => self.deny_attach(),
            "slot 1 would be deleted with its instance" => self.delete_with_instance(1),
            other => panic!("the runbook has a state {other:?} that is none"),
        }
    }

    /// Three servers that are members of a quorum, and slot 3's leads: it was there when one was
    /// elected, and has the highest id.
    fn form(&mut self) {
        let [a, b, c] = ZONES;
        self.launch(a);
        self.launch(c);
        self.wait_members(2);
        self.replace(b);
    }

    fn replace(&mut self, zone: &str) {
        self.launch(zone);
        self.wait_members(3);
    }

    fn stop(&mut self, slot: u8) {
        let holder = self.holder(slot);
        self.region.ec2("StopInstances", &[("InstanceId.1", &holder)]).unwrap();
        self.wait_state(&holder, "stopped");
        self.instance = Some(holder);
    }

    fn hang(&mut self, slot: u8) {
        let holder = self.holder(slot);
        self.region.hang(&holder).unwrap();
        self.instance = Some(holder);
        // The others notice, and elect one of them, who has both to show for it.
        self.wait_for("Mode: leader", 1);
        self.wait_for("Mode: follower", 1);
    }

    fn wake(&self) {
        let woken = self.instance.as_ref().expect("a host that hangs");
        self.region.resume(woken).unwrap();
        eventually("it is fenced", || {
            let log = self.sh(woken, "cat /var/log/steadfast.log");
            log.contains("run ended with 79").then_some(())
        });
    }

    /// Two of three disks go with their instances; the replacements' are empty.
    fn lose_two_disks(&mut self) {
        let lost = [self.holder(1), self.holder(2)];
        let named = [("InstanceId.1", lost[0].as_str()), ("InstanceId.2", lost[1].as_str())];
        self.region.ec2("TerminateInstances", &named).unwrap();
        for holder in &lost {
            self.wait_state(holder, "terminated");
        }
        for zone in ["a", "b"] {
            self.launch(zone);
        }
        // They run, and have no quorum: an empty disk has no vote.
        self.wait_for("not currently serving", 3);
        self.instance = Some(self.holder(1));
    }

    fn stop_unit(&mut self, slot: u8) {
        let holder = self.holder(slot);
        self.sh(&holder, &format!("touch {STOPPED}"));
        self.instance = Some(holder);
    }

    fn bare(&self, zone: &str) -> String {
        self.region.launch(zone).id.clone()
    }

    fn deny_attach(&mut self) {
        let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action":
            ["ec2:Describe*", "ec2:DetachNetworkInterface", "ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": "*"}]}"#;
        self.region.set_policy(ROLE, policy).unwrap();
        self.instance = Some(self.bare("b"));
    }

    fn delete_with_instance(&self, slot: u8) {
        let eni = self.slot(slot);
        let parameters = [
            ("NetworkInterfaceId", eni.id.as_str()),
            ("Attachment.AttachmentId", eni.attachment.as_deref().expect("it is held")),
            ("Attachment.DeleteOnTermination", "true"),
        ];
        self.region.ec2("ModifyNetworkInterfaceAttribute", &parameters).unwrap();
    }

    fn wait_state(&self, instance: &str, state: &str) {
        eventually(state, || {
            let all = self.region.state().unwrap().instances;
            let it = all.into_iter().find(|it| it.id == instance);
            it.is_none_or(|it| it.state == state).then_some(())
        });
    }

    fn sh(&self, instance: &str, script: &str) -> String {
        let output = quiet(self.region.exec(instance, &["sh", "-c", script])).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Launches an instance that claims a slot of its zone and runs a server on it.
    fn launch(&mut self, zone: &str) -> String {
        let words = Version::V3_8.java().into_iter().chain([SERVER.to_owned()]);
        let server: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        let bin = std::path::Path::new(program()).parent().unwrap().display().to_string();
        let user_data = USER_DATA.replace("@BIN_DIR@", &bin).replace("@SERVER@", &server.join(" "));
        let request = LaunchRequest {
            zone: Some(zone.to_owned()),
            tags: tags([("steadfast:pool", POOL)]),
            user_data,
            ..LaunchRequest::default()
        };
        self.region.launch_as(request).id.clone()
    }

    /// Waits until so many servers are members of a quorum.
    fn wait_members(&self, count: usize) {
        self.wait_for("Mode: ", count);
    }

    /// Waits until so many servers answer `srvr` with this.
    fn wait_for(&self, word: &str, count: usize) {
        let slots = self.region.slots();
        let addresses: Vec<&str> = slots.iter().map(|eni| eni.ipv4[0].as_str()).collect();
        let script = format!(
            "for a in {}; do echo srvr | timeout 1 bash -c 'exec 3<>/dev/tcp/'$a'/2181; cat >&3; \
             cat <&3'; done 2>/dev/null",
            addresses.join(" ")
        );
        eventually(word, || {
            (self.sh(&self.operator, &script).matches(word).count() == count).then_some(())
        });
    }

    fn slot(&self, number: u8) -> EniView {
        let mut slots = self.region.slots().into_iter();
        slots.find(|eni| slot_of(eni) == number).expect("a slot of the pool")
    }

    /// The instance that holds a slot.
    fn holder(&self, slot: u8) -> String {
        self.slot(slot).instance.expect("somebody holds it")
    }
}

fn quiet(mut command: Process) -> Process {
    command.stdin(Stdio::null());
    command
}
