//! What the user types for `steadfast pool create`.

use std::str::FromStr;

use clap::{ArgGroup, Args};

use crate::cli::args::common::{AskedArgs, OperatorArgs};
use crate::ids::{SecurityGroupId, SlotNumber, SubnetId};
use crate::operator::pool::create::Addresses;

/// EC2's limits for a tag, in letters.
const TAG_KEY_MAX: usize = 128;
const TAG_VALUE_MAX: usize = 256;

/// Of `pool create`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["count", "addresses"]))]
pub struct CreateArgs {
    /// Settings that every command takes.
    #[command(flatten)]
    pub common: OperatorArgs,

    /// Where slots are made, in turn; with addresses, where these are looked for.
    #[arg(long = "subnet", value_name = "ID[,ID...]", value_delimiter = ',')]
    pub subnets: Vec<SubnetId>,

    /// Slots 1 to N are to be there, with addresses that EC2 chooses; an odd number is best.
    #[arg(long, value_name = "N", requires = "subnets")]
    pub count: Option<SlotNumber>,

    /// Slot N is to be there with this address, and this IPv6 address beside it; once a slot.
    #[arg(long = "address", value_name = "N=IPV4[,IPV6]", value_parser = address)]
    pub addresses: Vec<(SlotNumber, Addresses)>,

    /// Each slot gets an IPv6 address that EC2 chooses, unless it is given one.
    #[arg(long)]
    pub ipv6: bool,

    /// A security group of the slots [default: the network's default one].
    #[arg(long = "security-group", value_name = "ID[,ID...]", value_delimiter = ',')]
    pub groups: Vec<SecurityGroupId>,

    /// A further tag of the slots; Name is POOL-N unless it is given.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,

    /// Give the number of a retired slot to a new address.
    #[arg(long)]
    pub reuse_retired: bool,

    /// Whether it is asked about, done and how it is told.
    #[command(flatten)]
    pub asked: AskedArgs,
}

/// `1=10.0.16.5`, or `1=10.0.16.5,2001:db8::5`.
fn address(text: &str) -> Result<(SlotNumber, Addresses), String> {
    let (number, addresses) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not N=IPV4 or N=IPV4,IPV6"))?;
    let (ipv4, ipv6) = match addresses.split_once(',') {
        Some((ipv4, ipv6)) => (ipv4, Some(ipv6)),
        None => (addresses, None),
    };
    let ipv4 = parsed(ipv4, "an IPv4 address")?;
    let ipv6 = ipv6.map(|it| parsed(it, "an IPv6 address")).transpose()?;
    let number: SlotNumber = number.parse().map_err(|e| format!("{e}"))?;
    Ok((number, Addresses { ipv4, ipv6 }))
}

fn parsed<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not {what}"))
}

fn tag(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or_else(|| format!("{text:?} is not KEY=VALUE"))?;
    let (key, value) = pair;
    let is_reserved = ["steadfast:", "aws:"].iter().any(|it| key.to_lowercase().starts_with(it));
    if is_reserved {
        return Err(format!("{key:?} is not for you to set: it is steadfast's own, or AWS's"));
    }
    match (1..=TAG_KEY_MAX).contains(&key.chars().count()) && value.chars().count() <= TAG_VALUE_MAX
    {
        true => Ok((key.to_owned(), value.to_owned())),
        false => Err(format!(
            "{text:?} is no tag: a key has 1 to {TAG_KEY_MAX} letters, a value up to {TAG_VALUE_MAX}"
        )),
    }
}
