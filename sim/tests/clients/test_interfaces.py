"""Network interfaces by boto3: each action, parsed."""

import pytest
from conftest import eventually, interface, launch


def test_an_interface_is_made_described_changed_and_deleted(region, ec2):
    made = ec2.create_network_interface(
        SubnetId=region.subnet("b"),
        Description='a <slot> & "more"',
        PrivateIpAddress="10.0.33.77",
        Ipv6AddressCount=1,
        TagSpecifications=[
            {
                "ResourceType": "network-interface",
                "Tags": [{"Key": "steadfast:pool", "Value": "zk"}],
            }
        ],
    )["NetworkInterface"]
    eni = made["NetworkInterfaceId"]
    seen = interface(ec2, eni)
    assert seen == made
    assert seen["Description"] == 'a <slot> & "more"'
    assert seen["Status"] == "available"
    assert seen["AvailabilityZone"] == "eu-west-1b"
    assert seen["PrivateIpAddress"] == "10.0.33.77"
    assert [a["PrivateIpAddress"] for a in seen["PrivateIpAddresses"]] == ["10.0.33.77"]
    assert seen["PrivateIpAddresses"][0]["Primary"] is True
    assert seen["Ipv6Addresses"][0]["Ipv6Address"].startswith("2001:db8:5f:2:")
    assert seen["TagSet"] == [{"Key": "steadfast:pool", "Value": "zk"}]
    assert seen["SourceDestCheck"] is True
    assert "Attachment" not in seen

    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni, SourceDestCheck={"Value": False}
    )
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni, Description={"Value": "other"}
    )
    group = seen["Groups"][0]["GroupId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[group])
    seen = interface(ec2, eni)
    assert (seen["SourceDestCheck"], seen["Description"]) == (False, "other")

    ec2.delete_network_interface(NetworkInterfaceId=eni)
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_secondary_addresses_come_in_the_order_of_ec2(region, ec2):
    made = ec2.create_network_interface(
        SubnetId=region.subnet("a"),
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.17.9", "Primary": False},
            {"PrivateIpAddress": "10.0.17.8", "Primary": True},
        ],
        Ipv6Addresses=[{"Ipv6Address": "2001:db8:5f:1::9"}],
    )["NetworkInterface"]
    assert made["PrivateIpAddress"] == "10.0.17.8"
    assert [(a["PrivateIpAddress"], a["Primary"]) for a in made["PrivateIpAddresses"]] == [
        ("10.0.17.8", True),
        ("10.0.17.9", False),
    ]
    assert made["Ipv6Addresses"] == [{"Ipv6Address": "2001:db8:5f:1::9"}]


def test_an_attachment_through_its_whole_life(region, ec2):
    region.control("set-timings", attached_ms=300, detach_ms=300)
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    answer = ec2.attach_network_interface(
        NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1
    )
    seen = interface(ec2, eni)
    assert seen["Status"] == "in-use"
    attachment = seen["Attachment"]
    assert attachment["AttachmentId"] == answer["AttachmentId"]
    assert attachment["Status"] == "attaching"
    assert attachment["DeviceIndex"] == 1
    assert attachment["NetworkCardIndex"] == 0
    assert attachment["InstanceId"] == instance
    assert attachment["InstanceOwnerId"] == seen["OwnerId"]
    assert attachment["DeleteOnTermination"] is False
    assert attachment["AttachTime"].year > 2000
    eventually(lambda: interface(ec2, eni)["Attachment"]["Status"], "attached")

    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni,
        Attachment={"AttachmentId": answer["AttachmentId"], "DeleteOnTermination": True},
    )
    assert interface(ec2, eni)["Attachment"]["DeleteOnTermination"] is True

    ec2.detach_network_interface(AttachmentId=answer["AttachmentId"])
    assert interface(ec2, eni)["Attachment"]["Status"] == "detaching"
    eventually(lambda: interface(ec2, eni)["Status"], "available")


@pytest.mark.parametrize(
    "name, value, slots",
    [
        ("tag:steadfast:slot", "2", [2]),
        ("tag:steadfast:pool", "z?", [1, 2, 3]),
        ("tag:steadfast:pool", "other", []),
        ("tag-key", "steadfast:*", [1, 2, 3]),
        ("availability-zone", "eu-west-1c", [3]),
        ("status", "in-use", [1]),
        ("status", "available", [2, 3]),
        ("attachment.status", "attached", [1]),
        ("attachment.device-index", "1", [1]),
        ("private-ip-address", "10.0.33.*", [2]),
        ("addresses.private-ip-address", "10.0.49.3", [3]),
        ("description", "slot 3 of pool zk", [3]),
        ("vpc-id", "vpc-*", [1, 2, 3]),
        ("ipv6-addresses.ipv6-address", "2001:db8:5f:2::1:2", [2]),
    ],
)
def test_filters(region, ec2, name, value, slots):
    enis = region.pool(ipv6=True)
    instance = launch(ec2, region)
    ec2.attach_network_interface(NetworkInterfaceId=enis[0], InstanceId=instance, DeviceIndex=1)
    eventually(lambda: interface(ec2, enis[0])["Attachment"]["Status"], "attached")
    pool = {"Name": "tag-key", "Values": ["steadfast:slot"]}
    answer = ec2.describe_network_interfaces(Filters=[pool, {"Name": name, "Values": [value]}])
    assert {eni["NetworkInterfaceId"] for eni in answer["NetworkInterfaces"]} == {
        enis[slot - 1] for slot in slots
    }


def test_a_filter_takes_any_of_its_values(region, ec2):
    enis = region.pool()
    answer = ec2.describe_network_interfaces(
        Filters=[{"Name": "tag:steadfast:slot", "Values": ["1", "3"]}]
    )
    assert {eni["NetworkInterfaceId"] for eni in answer["NetworkInterfaces"]} == {enis[0], enis[2]}


def test_2500_interfaces_page_by_page(region, ec2):
    for k in range(2500):
        ec2.create_network_interface(SubnetId=region.subnet("a"), Description=str(k))
    paginator = ec2.get_paginator("describe_network_interfaces")
    for size, pages in ((1000, 3), (100, 25), (7, 358)):
        seen = list(paginator.paginate(PaginationConfig={"PageSize": size}))
        assert len(seen) == pages
        enis = [eni for page in seen for eni in page["NetworkInterfaces"]]
        assert {eni["Description"] for eni in enis} == {str(k) for k in range(2500)}
        assert len(enis) == 2500
        assert len({eni["PrivateIpAddress"] for eni in enis}) == 2500


def test_pages_do_not_repeat_or_hide_while_things_change(region, ec2):
    enis = sorted(region.pool(slots=20))
    first = ec2.describe_network_interfaces(MaxResults=5)
    assert [eni["NetworkInterfaceId"] for eni in first["NetworkInterfaces"]] == enis[:5]
    ec2.delete_network_interface(NetworkInterfaceId=enis[0])
    rest = ec2.describe_network_interfaces(MaxResults=1000, NextToken=first["NextToken"])
    assert [eni["NetworkInterfaceId"] for eni in rest["NetworkInterfaces"]] == enis[5:]
    assert "NextToken" not in rest


def test_tags_are_set_and_deleted(region, ec2):
    eni, other, _ = region.pool()
    ec2.create_tags(Resources=[eni, other], Tags=[{"Key": "steadfast:initialized", "Value": "x"}])
    tags = lambda eni: {tag["Key"]: tag["Value"] for tag in interface(ec2, eni)["TagSet"]}
    assert tags(eni)["steadfast:initialized"] == tags(other)["steadfast:initialized"] == "x"
    ec2.delete_tags(Resources=[eni], Tags=[{"Key": "steadfast:initialized", "Value": "y"}])
    assert "steadfast:initialized" in tags(eni)
    ec2.delete_tags(Resources=[eni], Tags=[{"Key": "steadfast:initialized"}])
    assert "steadfast:initialized" not in tags(eni)
    assert tags(eni)["steadfast:slot"] == "1"
    ec2.delete_tags(Resources=[eni])
    assert tags(eni) == {}


def test_subnets(region, ec2):
    answer = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["*b"]}])
    [subnet] = answer["Subnets"]
    assert subnet["SubnetId"] == region.subnet("b")
    assert subnet["CidrBlock"] == "10.0.32.0/20"
    assert subnet["AvailabilityZoneId"] == "euw1-az2"
    assert subnet["AvailableIpAddressCount"] == 4091
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == "2001:db8:5f:2::/64"
    assert len(ec2.describe_subnets()["Subnets"]) == 3


def test_instance_types_tell_their_room(ec2):
    answer = ec2.describe_instance_types(InstanceTypes=["t3.small", "p4d.24xlarge", "c5.xlarge"])
    room = {
        kind["InstanceType"]: (
            kind["NetworkInfo"]["MaximumNetworkInterfaces"],
            kind["NetworkInfo"]["MaximumNetworkCards"],
            [card["MaximumNetworkInterfaces"] for card in kind["NetworkInfo"]["NetworkCards"]],
        )
        for kind in answer["InstanceTypes"]
    }
    assert room == {
        "t3.small": (3, 1, [3]),
        "c5.xlarge": (4, 1, [4]),
        "p4d.24xlarge": (60, 4, [15, 15, 15, 15]),
    }
    pages = ec2.get_paginator("describe_instance_types").paginate(
        PaginationConfig={"PageSize": 5}
    )
    names = [kind["InstanceType"] for page in pages for kind in page["InstanceTypes"]]
    assert names == sorted(set(names)) and len(names) > 20
