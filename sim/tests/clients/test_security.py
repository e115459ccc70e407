"""Security groups by boto3."""

import pytest
from conftest import describe, interface, launch
from test_errors import code, refused

NO_GROUP = "sg-0123456789abcdef0"


def default_group(ec2):
    named = [{"Name": "group-name", "Values": ["default"]}]
    [group] = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    return group


def vpc(ec2):
    return default_group(ec2)["VpcId"]


def make(ec2, name="zookeeper", **more):
    return ec2.create_security_group(
        GroupName=name, Description=f"the group {name}", VpcId=vpc(ec2), **more
    )["GroupId"]


def group(ec2, id):
    [group] = ec2.describe_security_groups(GroupIds=[id])["SecurityGroups"]
    return group


def tcp(first, last, **peers):
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **peers}


def test_the_default_group_lets_itself_in(ec2):
    seen = default_group(ec2)
    [rule] = seen["IpPermissions"]
    assert rule["IpProtocol"] == "-1" and "FromPort" not in rule
    [pair] = rule["UserIdGroupPairs"]
    assert (pair["GroupId"], pair["UserId"]) == (seen["GroupId"], seen["OwnerId"])
    [out] = seen["IpPermissionsEgress"]
    assert out["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert out["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]


def test_a_group_through_its_whole_life(ec2):
    tags = [{"Key": "Name", "Value": "zk"}]
    id = make(ec2, TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])
    assert group(ec2, id)["IpPermissions"] == []
    assert group(ec2, id)["Tags"] == tags
    peers = dict(
        UserIdGroupPairs=[{"GroupId": id, "Description": "each other"}],
        IpRanges=[{"CidrIp": "10.0.17.9/16"}],
        Ipv6Ranges=[{"CidrIpv6": "2001:db8:5f::/56"}],
    )
    answer = ec2.authorize_security_group_ingress(
        GroupId=id, IpPermissions=[tcp(2888, 2888, **peers), tcp(3888, 3888, **peers)]
    )
    rules = answer["SecurityGroupRules"]
    assert len(rules) == 6 and len({rule["SecurityGroupRuleId"] for rule in rules}) == 6
    ec2.authorize_security_group_ingress(
        GroupId=id, IpProtocol="tcp", FromPort=2181, ToPort=2181, CidrIp="192.0.2.0/24"
    )
    seen = {rule["FromPort"]: rule for rule in group(ec2, id)["IpPermissions"]}
    assert sorted(seen) == [2181, 2888, 3888]
    assert seen[2888]["IpRanges"] == [{"CidrIp": "10.0.0.0/16"}]
    assert seen[2888]["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8:5f::/56"}]
    assert seen[2888]["UserIdGroupPairs"][0]["Description"] == "each other"
    assert seen[2181]["IpRanges"] == [{"CidrIp": "192.0.2.0/24"}]

    ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=[tcp(2888, 2888, **peers)])
    ec2.revoke_security_group_ingress(
        GroupId=id, SecurityGroupRuleIds=[rules[3]["SecurityGroupRuleId"]]
    )
    ports = [rule["FromPort"] for rule in group(ec2, id)["IpPermissions"]]
    assert ports == [3888, 2181]
    assert ec2.delete_security_group(GroupId=id)["GroupId"] == id
    assert code(ec2.describe_security_groups, GroupIds=[id]) == "InvalidGroup.NotFound"


def test_all_protocols_and_icmp(ec2):
    id = make(ec2)
    for protocol, ports in (("-1", {}), ("icmp", dict(FromPort=-1, ToPort=-1)), ("17", dict(FromPort=0, ToPort=65535))):
        ec2.authorize_security_group_ingress(
            GroupId=id,
            IpPermissions=[{"IpProtocol": protocol, **ports, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        )
    seen = {rule["IpProtocol"]: rule.get("ToPort") for rule in group(ec2, id)["IpPermissions"]}
    assert seen == {"-1": None, "icmp": -1, "udp": 65535}


@pytest.mark.parametrize(
    "name, value, found",
    [
        ("group-name", "zoo*", True), ("group-id", NO_GROUP, False), ("vpc-id", "vpc-*", True),
        ("ip-permission.from-port", "2181", True), ("ip-permission.to-port", "2182", False),
        ("ip-permission.protocol", "tcp", True), ("ip-permission.cidr", "10.0.0.0/16", True),
        ("tag:Name", "zk", True), ("tag-key", "Other", False), ("description", "the*", True),
    ],
)
def test_filters(ec2, name, value, found):
    tags = [{"Key": "Name", "Value": "zk"}]
    id = make(ec2, TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])
    rule = tcp(2181, 2181, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    ec2.authorize_security_group_ingress(GroupId=id, IpPermissions=[rule])
    answer = ec2.describe_security_groups(Filters=[{"Name": name, "Values": [value]}])
    assert (id in {group["GroupId"] for group in answer["SecurityGroups"]}) is found


def test_pages_and_tags(ec2):
    made = {make(ec2, f"g{k}") for k in range(11)}
    pages = list(
        ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    )
    seen = [group["GroupId"] for page in pages for group in page["SecurityGroups"]]
    assert len(pages) == 3 and set(seen) == made | {default_group(ec2)["GroupId"]}
    ec2.create_tags(Resources=[seen[0]], Tags=[{"Key": "a", "Value": "b"}])
    assert {"Key": "a", "Value": "b"} in group(ec2, seen[0])["Tags"]


def test_what_cannot_be(region, ec2):
    id = make(ec2)
    authorize = ec2.authorize_security_group_ingress
    rule = tcp(2181, 2181, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    authorize(GroupId=id, IpPermissions=[rule])
    assert refused(authorize, GroupId=id, IpPermissions=[rule]) == (
        "InvalidPermission.Duplicate", 400,
        'the specified rule "peer: 10.0.0.0/16, TCP, from port: 2181, to port: 2181, ALLOW" '
        "already exists",
    )
    for bad in (
        tcp(2181, 2180, IpRanges=[{"CidrIp": "10.0.0.0/16"}]),
        tcp(1, 70000, IpRanges=[{"CidrIp": "10.0.0.0/16"}]),
        tcp(1, 2, IpRanges=[{"CidrIp": "10.0.0.0"}]),
        {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"IpProtocol": "quic", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    ):
        assert code(authorize, GroupId=id, IpPermissions=[bad]) == "InvalidParameterValue", bad
    to_none = tcp(1, 2, UserIdGroupPairs=[{"GroupId": NO_GROUP}])
    assert refused(authorize, GroupId=id, IpPermissions=[to_none]) == (
        "InvalidGroup.NotFound", 400, f"The security group '{NO_GROUP}' does not exist",
    )
    revoke = ec2.revoke_security_group_ingress
    other = tcp(2181, 2182, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    assert code(revoke, GroupId=id, IpPermissions=[rule, other]) == "InvalidPermission.NotFound"
    assert [r["FromPort"] for r in group(ec2, id)["IpPermissions"]] == [2181], "all or nothing"
    assert code(revoke, GroupId=id) == "MissingParameter"
    create = ec2.create_security_group
    wish = dict(GroupName="other", Description="x", VpcId=vpc(ec2))
    assert code(create, **{**wish, "GroupName": "zookeeper"}) == "InvalidGroup.Duplicate"
    assert code(create, **{**wish, "GroupName": "default"}) == "InvalidParameterValue"
    assert code(create, **{**wish, "VpcId": "vpc-0123456789abcdef0"}) == "InvalidVpcID.NotFound"
    assert code(create, GroupName="other", Description="x") == "VPCIdNotSpecified"
    assert code(ec2.describe_security_groups, Filters=[{"Name": "colour", "Values": ["red"]}]) == (
        "InvalidParameterValue"
    )


def test_a_group_in_use_is_not_deleted(region, ec2):
    id, other = make(ec2), make(ec2, "other")
    rule = tcp(1, 1, UserIdGroupPairs=[{"GroupId": id}])
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    delete = ec2.delete_security_group
    expected = ("DependencyViolation", 400, f"resource {id} has a dependent object")
    assert refused(delete, GroupId=id) == expected
    delete(GroupId=other)
    eni = ec2.create_network_interface(SubnetId=region.subnet("a"), Groups=[id])
    eni = eni["NetworkInterface"]["NetworkInterfaceId"]
    assert refused(delete, GroupId=id) == expected
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    delete(GroupId=id)
    assert code(delete, GroupId=default_group(ec2)["GroupId"]) == "CannotDelete"


def test_interfaces_and_instances_are_in_the_groups_named(region, ec2):
    one, two = make(ec2, "one"), make(ec2, "two")
    made = ec2.create_network_interface(SubnetId=region.subnet("a"), Groups=[one, two])
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    names = lambda groups: [(group["GroupId"], group["GroupName"]) for group in groups]
    assert names(interface(ec2, eni)["Groups"]) == [(one, "one"), (two, "two")]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[two])
    assert names(interface(ec2, eni)["Groups"]) == [(two, "two")]
    instance = launch(ec2, region, SecurityGroupIds=[one])
    assert names(describe(ec2, instance)["SecurityGroups"]) == [(one, "one")]
    found = ec2.describe_instances(Filters=[{"Name": "instance.group-name", "Values": ["one"]}])
    assert found["Reservations"][0]["Instances"][0]["InstanceId"] == instance
    found = ec2.describe_network_interfaces(Filters=[{"Name": "group-name", "Values": ["two"]}])
    assert [found["NetworkInterfaceId"] for found in found["NetworkInterfaces"]] == [eni]
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[two])
    assert names(describe(ec2, instance)["NetworkInterfaces"][0]["Groups"]) == [(two, "two")]


def test_groups_that_are_not_there(region, ec2):
    wish = dict(ImageId="ami-0123456789abcdef0", InstanceType="t3.small", MinCount=1, MaxCount=1)
    missing = ("InvalidGroup.NotFound", 400, f"The security group '{NO_GROUP}' does not exist")
    assert refused(ec2.run_instances, **wish, SecurityGroupIds=[NO_GROUP]) == missing
    [eni] = region.pool(slots=1)
    modify = dict(NetworkInterfaceId=eni, Groups=[NO_GROUP])
    assert refused(ec2.modify_network_interface_attribute, **modify) == missing
    # EC2 has other words in this action alone.
    create = dict(SubnetId=region.subnet("a"), Groups=[NO_GROUP])
    assert refused(ec2.create_network_interface, **create) == (
        "InvalidSecurityGroupID.NotFound", 400,
        f"The securityGroup ID '{NO_GROUP}' does not exist",
    )
    assert ec2.describe_instances()["Reservations"] == []
