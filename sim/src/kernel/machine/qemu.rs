//! QEMU's command line: a machine that looks like EC2's from inside.
//!
//! The firmware's tables say "Amazon EC2", which is by what cloud-init knows where it is. The machine
//! type is `pc`: on its one PCI bus cards are plugged and pulled by ACPI while the machine runs, and the
//! kernel names network cards by their PCI slots, as EC2's Nitro instances have it (`ens5`, `ens6`).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::image::Image;
use crate::fabric::{BootSpec, Hardware, NicSpec};
use crate::kernel::error::Result;
use crate::kernel::router::{VPC_MTU, outer_name};

/// The program; a machine of another architecture than x86-64 has no such firmware tables.
pub const PROGRAM: &str = "qemu-system-x86_64";
/// The name by which the guest agent finds its port.
const AGENT_PORT: &str = "org.qemu.guest_agent.0";
/// The PCI slot of the interface with device index 0.
const FIRST_NIC_SLOT: u32 = 5;
/// The most vCPUs with KVM.
const VCPUS_MAX: u32 = 2;

/// Where a machine's files and sockets are.
#[derive(Debug)]
pub struct Paths {
    /// Its own disk, on top of the image's.
    pub disk: PathBuf,
    /// What its serial console says goes there.
    pub console: PathBuf,
    /// The socket to its guest agent.
    pub agent: PathBuf,
}

/// What a machine is started with; it is told what to do on its standard input. `kvm` says whether the
/// processor's virtualisation may be used.
pub fn arguments(
    spec: &BootSpec,
    hardware: &Hardware,
    paths: &Paths,
    kvm: bool,
) -> Result<Vec<String>> {
    let image = Image::at(&hardware.image);
    let mut arguments = words("-nodefaults -no-user-config -display none -machine pc");
    let (accelerator, vcpus) = processor(kvm, hardware.vcpus);
    arguments.extend(words(accelerator));
    arguments.extend(["-name".to_owned(), spec.instance.clone()]);
    arguments.extend(["-smp".to_owned(), vcpus.to_string()]);
    arguments.extend(["-m".to_owned(), format!("{}M", hardware.memory_mib)]);
    arguments.extend(firmware(&spec.instance, &hardware.instance_type));
    arguments.extend(["-kernel".to_owned(), file(&image.kernel())]);
    arguments.extend(image.initrd().into_iter().flat_map(|at| ["-initrd".to_owned(), file(&at)]));
    arguments.extend(["-append".to_owned(), image.command_line()?]);
    arguments.extend(words("-device virtio-rng-pci,addr=0x2"));
    arguments.extend(devices(paths));
    arguments
        .extend(words("-chardev stdio,id=monitor,signal=off -mon chardev=monitor,mode=control"));
    for nic in spec.nics() {
        arguments.extend(["-netdev".to_owned(), netdev(nic).to_string()]);
        arguments.extend(["-device".to_owned(), card(nic).to_string()]);
    }
    Ok(arguments)
}

/// The processor, and how many. Without KVM a second vCPU costs the host more than it gives the guest,
/// and a plain one is emulated faster than one that has everything: to the end of a boot, 77 s of the
/// host's processor with `max`, 67 s with `qemu64`, 76 s with two of these.
fn processor(kvm: bool, vcpus: u32) -> (&'static str, u32) {
    match kvm {
        true => ("-accel kvm -cpu host", vcpus.min(VCPUS_MAX)),
        false => ("-accel tcg -cpu qemu64", 1),
    }
}

/// The firmware's tables, by which cloud-init's `ds-identify` and its Ec2 data source know EC2: the
/// system's UUID begins with `ec2`, and its serial number is the same.
fn firmware(instance: &str, instance_type: &str) -> Vec<String> {
    let uuid = uuid(instance);
    let system = "type=1,manufacturer=Amazon EC2";
    let system = format!("{system},product={instance_type},uuid={uuid},serial={uuid}");
    let board = format!("type=2,manufacturer=Amazon EC2,asset={instance}");
    let chassis = "type=3,manufacturer=Amazon EC2,asset=Amazon EC2".to_owned();
    [system, board, chassis].into_iter().flat_map(|table| ["-smbios".to_owned(), table]).collect()
}

/// `ec2` and the digits of the instance's id.
fn uuid(instance: &str) -> String {
    let digits: String = instance.chars().filter(char::is_ascii_hexdigit).collect();
    let digits = format!("ec2{digits:0<29.29}");
    let at = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32))
}

/// Disk, console and the guest agent's port. The disk's cache honours the guest's flushes, so that a
/// power cut loses what it would lose on EC2, and no more.
fn devices(paths: &Paths) -> Vec<String> {
    let disk = format!("if=none,id=disk,format=qcow2,file={}", file(&paths.disk));
    let console = format!("file,id=console,append=on,path={}", file(&paths.console));
    let agent = format!("socket,id=agent,server=on,wait=off,path={}", file(&paths.agent));
    let port = format!("virtserialport,chardev=agent,name={AGENT_PORT}");
    [
        ("-drive", disk.as_str()),
        ("-device", "virtio-blk-pci,drive=disk,addr=0x4"),
        ("-chardev", &console),
        ("-serial", "chardev:console"),
        ("-chardev", &agent),
        ("-device", "virtio-serial-pci,addr=0x3"),
        ("-device", &port),
    ]
    .into_iter()
    .flat_map(|(option, value)| [option.to_owned(), value.to_owned()])
    .collect()
}

/// The host's end of an interface: the tap that ends in the router, made before QEMU opens it.
pub fn netdev(nic: &NicSpec) -> Value {
    json!({
        "type": "tap",
        "id": host_end(&nic.eni),
        "ifname": outer_name(&nic.eni),
        "script": "no",
        "downscript": "no",
    })
}

/// The card that the guest sees.
pub fn card(nic: &NicSpec) -> Value {
    json!({
        "driver": "virtio-net-pci",
        "id": nic.eni,
        "netdev": host_end(&nic.eni),
        "mac": nic.mac.map(|byte| format!("{byte:02x}")).join(":"),
        "addr": format!("{:#x}", FIRST_NIC_SLOT + nic.device_index),
        "host_mtu": VPC_MTU,
        "romfile": "",
    })
}

/// The id of an interface's host end.
pub fn host_end(eni: &str) -> String {
    format!("host-{eni}")
}

/// A path as QEMU's options take it: a comma would end it.
fn file(path: &Path) -> String {
    escaped(&path.display().to_string())
}

fn escaped(text: &str) -> String {
    text.replace(',', ",,")
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::router::inner_name;

    #[test]
    fn the_uuid_is_one_that_cloud_init_takes_for_ec2s() {
        assert_eq!(uuid("i-0123456789abcdef0"), "ec201234-5678-9abc-def0-000000000000");
        assert_eq!(uuid("i-0123456789abcdef0").len(), 36);
    }

    #[test]
    fn a_comma_in_a_path_stays_in_it() {
        assert_eq!(file(Path::new("/tmp/a,b")), "/tmp/a,,b");
    }

    #[test]
    fn the_slot_of_a_card_is_the_number_in_its_name() {
        let slot = FIRST_NIC_SLOT + 3;
        assert_eq!(inner_name(3), format!("ens{slot}"));
    }
}
