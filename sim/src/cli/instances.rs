//! Instances and their interfaces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::error::{CliError, Result};
use super::{Context, Output, print};
use crate::client::{self, Client};
use crate::control::{EniView, InstanceView, LaunchRequest};

/// The longest that `--wait` waits: for a machine without KVM it may be minutes.
const BOOTED: Duration = Duration::from_secs(600);

/// Launch instances.
#[derive(Debug, Args)]
pub struct Launch {
    /// The zone, such as eu-west-1a or a; the first if absent
    #[arg(long)]
    zone: Option<String>,
    /// The instance type, such as t3.small
    #[arg(long = "type", value_name = "TYPE")]
    instance_type: Option<String>,
    /// The image, as `image` printed it; the host's userland if absent
    #[arg(long, value_name = "AMI")]
    image: Option<String>,
    /// A script (it begins with #!) that runs as root at every boot; a machine's cloud-init takes what
    /// it takes on EC2
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// A tag, such as steadfast:pool=zk
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u32,
    /// Return when they have booted, so that exec works
    #[arg(long)]
    wait: bool,
}

impl Launch {
    /// Launches them and prints their ids.
    pub fn run(self, context: &Context) -> Result<()> {
        let request = LaunchRequest {
            zone: self.zone,
            instance_type: self.instance_type,
            tags: self.tags.into_iter().collect(),
            user_data: self.user_data.as_deref().map(user_data).transpose()?.unwrap_or_default(),
            count: self.count,
            image: self.image,
        };
        let ids = context.client.launch(&request)?;
        if self.wait {
            for id in &ids {
                context.client.wait_booted(id, BOOTED)?;
            }
        }
        print_ids(context, &ids)
    }
}

/// Register an image: what is launched from it is a machine in QEMU.
#[derive(Debug, Args)]
pub struct Image {
    /// With disk.qcow2, vmlinuz, cmdline (the kernel's command line) and, if it needs one, initrd.img
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

impl Image {
    /// Registers it and prints its id.
    pub fn run(self, context: &Context) -> Result<()> {
        print::line(&context.client.register_image(&self.directory)?)
    }
}

/// Instances by id.
#[derive(Debug, Args)]
pub struct Ids {
    /// Such as i-0123456789abcdef0
    #[arg(value_name = "INSTANCE", required = true)]
    ids: Vec<String>,
}

impl Ids {
    /// Does something to each.
    pub fn each(
        self,
        context: &Context,
        action: fn(&Client, &str) -> client::Result<()>,
    ) -> Result<()> {
        for id in &self.ids {
            action(&context.client, id)?;
        }
        Ok(())
    }
}

/// What an instance printed.
#[derive(Debug, Args)]
pub struct Console {
    /// Such as i-0123456789abcdef0; also one that is terminated
    instance: String,
}

impl Console {
    /// Prints it.
    pub fn run(self, context: &Context) -> Result<()> {
        print::text(context.client.console(&self.instance)?)
    }
}

/// Lists instances.
pub fn list(context: &Context) -> Result<()> {
    let instances = context.client.state()?.instances;
    if context.output == Output::Json {
        return print::json(&instances);
    }
    let rows: Vec<_> = instances.iter().map(instance_row).collect();
    print::table(["INSTANCE", "STATE", "ZONE", "TYPE", "ADDRESS", "GROUP", "IMPAIRED"], &rows)
}

/// Lists network interfaces.
pub fn list_enis(context: &Context) -> Result<()> {
    let enis = context.client.state()?.enis;
    if context.output == Output::Json {
        return print::json(&enis);
    }
    let rows: Vec<_> = enis.iter().map(eni_row).collect();
    print::table(["ENI", "STATUS", "ZONE", "ADDRESS", "INSTANCE", "INDEX", "POOL", "SLOT"], &rows)
}

/// Prints ids, one a line or as a JSON list.
pub fn print_ids(context: &Context, ids: &[String]) -> Result<()> {
    match context.output {
        Output::Json => print::json(&ids),
        Output::Text => ids.iter().try_for_each(print::line),
    }
}

/// `KEY=VALUE` of a command line.
pub fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = pair.ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A script from a file.
pub fn user_data(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| CliError::Usage(format!("user-data {}: {error}", path.display())))
}

fn instance_row(instance: &InstanceView) -> [String; 7] {
    [
        instance.id.clone(),
        instance.state.clone(),
        instance.zone.clone(),
        instance.instance_type.clone(),
        instance.private_ip.clone(),
        tag(&instance.tags, "aws:autoscaling:groupName"),
        impaired(instance),
    ]
}

/// What ails an instance without EC2's knowing.
fn impaired(instance: &InstanceView) -> String {
    let ails = [(instance.hung, "hung"), (instance.cut, "cut")];
    ails.into_iter().filter_map(|(does, how)| does.then_some(how)).collect::<Vec<_>>().join(",")
}

fn eni_row(eni: &EniView) -> [String; 8] {
    let addresses: Vec<&str> = eni.ipv4.iter().chain(&eni.ipv6).map(String::as_str).collect();
    [
        eni.id.clone(),
        eni.status.clone(),
        eni.zone.clone(),
        addresses.join(","),
        eni.instance.clone().unwrap_or_default(),
        eni.device_index.map(|index| index.to_string()).unwrap_or_default(),
        tag(&eni.tags, "steadfast:pool"),
        tag(&eni.tags, "steadfast:slot"),
    ]
}

fn tag(tags: &BTreeMap<String, String>, key: &str) -> String {
    tags.get(key).cloned().unwrap_or_default()
}
