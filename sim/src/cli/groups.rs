//! Pools and Auto Scaling groups.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::error::Result;
use super::instances::{pair, print_ids, user_data};
use crate::control::GroupRequest;

/// Make a pool.
#[derive(Debug, Args)]
pub struct Pool {
    /// Its name, the value of the tag steadfast:pool
    #[arg(value_name = "POOL")]
    pool: String,
    /// How many slots
    #[arg(long, value_name = "N", default_value_t = 3)]
    slots: u32,
    /// Give each an IPv6 address, too
    #[arg(long)]
    ipv6: bool,
}

impl Pool {
    /// Makes it and prints its ENIs in slot order.
    pub fn run(self, context: &Context) -> Result<()> {
        let enis = context.client.create_pool(&self.pool, self.slots, self.ipv6)?;
        print_ids(context, &enis)
    }
}

/// Make or change an Auto Scaling group.
#[derive(Debug, Args)]
pub struct Group {
    /// Its name
    #[arg(value_name = "GROUP")]
    group: String,
    /// How many instances it keeps
    #[arg(long, value_name = "N")]
    desired: u32,
    /// A zone that it uses, such as eu-west-1a or a; all of them if none is given
    #[arg(long = "zone", value_name = "ZONE")]
    zones: Vec<String>,
    /// The type of its instances
    #[arg(long = "type", value_name = "TYPE", default_value = "t3.small")]
    instance_type: String,
    /// The image, as `image` printed it; the host's userland if absent
    #[arg(long, value_name = "AMI")]
    image: Option<String>,
    /// A script (it begins with #!) that its instances run as root at every boot; a machine's cloud-init
    /// takes what it takes on EC2
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// A tag that its instances get, such as steadfast:pool=zk
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
}

impl Group {
    /// Makes or changes it.
    pub fn run(self, context: &Context) -> Result<()> {
        let user_data = self.user_data.as_deref().map(user_data).transpose()?;
        Ok(context.client.put_group(&GroupRequest {
            name: self.group,
            desired: self.desired,
            zones: self.zones,
            instance_type: self.instance_type,
            tags: self.tags.into_iter().collect(),
            user_data: user_data.unwrap_or_default(),
            image: self.image,
        })?)
    }
}

/// End an Auto Scaling group.
#[derive(Debug, Args)]
pub struct GroupDelete {
    /// Its name
    #[arg(value_name = "GROUP")]
    group: String,
}

impl GroupDelete {
    /// Ends it.
    pub fn run(self, context: &Context) -> Result<()> {
        Ok(context.client.delete_group(&self.group)?)
    }
}
