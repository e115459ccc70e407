//! Leave to make resources. What has no id yet is `KIND/*` in its ARN; what the call does not
//! name, the default security group is, since EC2 takes it.

use super::resources::UNKNOWN;
use super::{Asked, Leave};
use crate::iam::Context;
use crate::model::ids::SubnetId;
use crate::model::place::ACCOUNT;

/// CreateNetworkInterface.
pub fn create_interface(asked: &Asked<'_>) -> Vec<Leave> {
    let mut leaves = asked.new_interface("");
    leaves.extend(asked.tags_at_creation("network-interface"));
    leaves
}

/// CreateSecurityGroup.
pub fn create_group(asked: &Asked<'_>) -> Vec<Leave> {
    let context = asked.specified_tags("security-group").with("ec2:Vpc", asked.vpc());
    let group = asked.leave(asked.arn("security-group", UNKNOWN), context);
    let vpc = asked.leave(asked.arn("vpc", asked.text("VpcId")), Context::default());
    [group, vpc].into_iter().chain(asked.tags_at_creation("security-group")).collect()
}

/// RunInstances, and PassRole if the instance is to have a role.
pub fn run_instances(asked: &Asked<'_>) -> Vec<Leave> {
    let region = &asked.view.place.region;
    let image = format!("arn:aws:ec2:{region}::image/{}", asked.text("ImageId"));
    let instance =
        asked.specified_tags("instance").with("ec2:InstanceType", asked.text("InstanceType"));
    let mut leaves = vec![
        asked.leave(asked.arn("instance", UNKNOWN), instance),
        asked.leave(image, Context::default()),
        asked.leave(asked.arn("volume", UNKNOWN), Context::default()),
    ];
    let nics = asked.reader.members("NetworkInterface");
    if nics.is_empty() {
        leaves.extend(asked.new_interface(""));
    }
    for nic in nics {
        match asked.reader.get(&format!("{nic}.NetworkInterfaceId")) {
            Some(eni) => leaves.push(asked.eni(eni)),
            None => leaves.extend(asked.new_interface(&format!("{nic}."))),
        }
    }
    leaves.extend(["instance", "network-interface"].iter().flat_map(|k| asked.tags_at_creation(k)));
    leaves.extend(pass_role(asked));
    leaves
}

fn pass_role(asked: &Asked<'_>) -> Option<Leave> {
    let by_arn = || asked.reader.get("IamInstanceProfile.Arn")?.rsplit('/').next();
    let role = asked.reader.get("IamInstanceProfile.Name").or_else(by_arn)?;
    let context = Context::default().with("iam:PassedToService", "ec2.amazonaws.com");
    let leave = asked.leave(format!("arn:aws:iam::{ACCOUNT}:role/{role}"), context);
    Some(Leave { action: "iam:PassRole".to_owned(), ..leave })
}

impl Asked<'_> {
    /// A new interface with its subnet and its groups, whose parameters bear a prefix.
    fn new_interface(&self, prefix: &str) -> Vec<Leave> {
        let subnet = self.subnet_of(prefix);
        let context = self
            .specified_tags("network-interface")
            .and(&self.of_subnet_without_tags(&subnet))
            .with("ec2:Subnet", self.arn("subnet", &subnet));
        let mut leaves =
            vec![self.leave(self.arn("network-interface", UNKNOWN), context), self.subnet(&subnet)];
        let named = self.reader.list(&format!("{prefix}SecurityGroupId"));
        let default = self.view.place.group.as_str();
        let groups = if named.is_empty() { vec![default] } else { named };
        leaves.extend(groups.into_iter().map(|id| self.group(id)));
        leaves
    }

    /// The subnet that is named, or that of the zone that RunInstances takes.
    fn subnet_of(&self, prefix: &str) -> String {
        let zones = self.view.world.zones();
        let zone = self.reader.get("Placement.AvailabilityZone");
        let zone = zone.or_else(|| zones.first().map(String::as_str)).unwrap_or_default();
        let of_zone = || self.view.world.subnet_of_zone(zone).map(|subnet| subnet.id.to_string());
        let named = self.reader.get(&format!("{prefix}SubnetId")).map(str::to_owned);
        named.or_else(of_zone).unwrap_or_else(|| UNKNOWN.to_owned())
    }

    /// What an interface has of its subnet.
    fn of_subnet_without_tags(&self, id: &str) -> Context {
        let found = SubnetId::parse(id).ok();
        let found = found.and_then(|id| self.view.world.subnet(&id).ok());
        found.map_or_else(Context::default, |subnet| {
            Context::default()
                .with("ec2:AvailabilityZone", &subnet.zone)
                .with("ec2:Vpc", self.vpc())
        })
    }
}
