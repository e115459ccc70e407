"""The other services of the endpoint, and what a doctor has mended, by boto3 and the AWS CLI."""

import pytest
from conftest import describe, eventually, interface, launch, state
from test_errors import code, refused


@pytest.fixture
def scaling(region):
    return region.client(service="autoscaling")


def groups(scaling, *names, **more):
    return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=names, **more)[
        "AutoScalingGroups"
    ]


def running(scaling, name, count):
    def look():
        [group] = groups(scaling, name)
        return sum(i["LifecycleState"] == "InService" for i in group["Instances"])

    eventually(look, count)


def test_a_group_is_described(region, ec2, scaling):
    region.control("put-group", name="zk", desired=2, zones=["a", "c"], instance_type="t3.small",
                   tags={"steadfast:pool": "zk"})
    running(scaling, "zk", 2)
    [group] = groups(scaling, "zk")
    assert group["AutoScalingGroupName"] == "zk"
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (2, 2, 2)
    assert group["AvailabilityZones"] == ["eu-west-1a", "eu-west-1c"]
    assert group["VPCZoneIdentifier"] == f"{region.subnet('a')},{region.subnet('c')}"
    assert group["CreatedTime"].year > 2000
    assert group["Tags"] == [{
        "ResourceId": "zk", "ResourceType": "auto-scaling-group", "Key": "steadfast:pool",
        "Value": "zk", "PropagateAtLaunch": True,
    }]
    for instance in group["Instances"]:
        assert (instance["LifecycleState"], instance["HealthStatus"]) == ("InService", "Healthy")
        seen = describe(ec2, instance["InstanceId"])
        assert seen["Placement"]["AvailabilityZone"] == instance["AvailabilityZone"]
        assert {"Key": "aws:autoscaling:groupName", "Value": "zk"} in seen["Tags"]


def test_a_stopped_member_is_unhealthy(region, ec2, scaling):
    region.control("put-group", name="zk", desired=1, zones=["a"], instance_type="t3.small")
    running(scaling, "zk", 1)
    [first] = groups(scaling, "zk")[0]["Instances"]
    ec2.stop_instances(InstanceIds=[first["InstanceId"]])
    running(scaling, "zk", 1)
    seen = {i["InstanceId"]: i["HealthStatus"] for i in groups(scaling, "zk")[0]["Instances"]}
    assert seen.pop(first["InstanceId"]) == "Unhealthy"
    assert list(seen.values()) == ["Healthy"]


def test_names_that_are_unknown_are_absent_and_pages_are_followed(region, scaling):
    for k in range(5):
        region.control("put-group", name=f"g{k}", desired=0, instance_type="t3.small",
                       tags={"k": str(k)})
    assert [g["AutoScalingGroupName"] for g in groups(scaling, "g3", "none")] == ["g3"]
    assert groups(scaling, "none") == []
    pages = list(scaling.get_paginator("describe_auto_scaling_groups").paginate(
        PaginationConfig={"PageSize": 2}
    ))
    names = [g["AutoScalingGroupName"] for page in pages for g in page["AutoScalingGroups"]]
    assert len(pages) == 3 and names == [f"g{k}" for k in range(5)]
    filters = [{"Name": "tag:k", "Values": ["2", "4"]}]
    assert [g["AutoScalingGroupName"] for g in groups(scaling, Filters=filters)] == ["g2", "g4"]
    call = scaling.describe_auto_scaling_groups
    assert refused(call, MaxRecords=101)[:2] == ("ValidationError", 400)
    assert code(call, NextToken="nonsense") == "ValidationError"
    assert code(call, Filters=[{"Name": "colour", "Values": ["red"]}]) == "ValidationError"


def test_errors_in_the_words_of_the_service(region, scaling):
    assert refused(scaling.describe_policies)[:2] == ("InvalidAction", 400)
    call = scaling.describe_auto_scaling_groups
    stranger = region.client(service="autoscaling", access_key="AKIAIOSFODNN7EXAMPLE")
    assert refused(stranger.describe_auto_scaling_groups) == (
        "InvalidClientTokenId", 403, "The security token included in the request is invalid.",
    )
    abroad = region.client(service="autoscaling", region="us-east-1")
    assert refused(abroad.describe_auto_scaling_groups)[:2] == ("SignatureDoesNotMatch", 403)
    region.fault("DescribeAutoScalingGroups", "deny", times=1)
    assert refused(call) == (
        "AccessDenied", 403,
        "User: arn:aws:iam::123456789012:user/operator is not authorized to perform: "
        "autoscaling:DescribeAutoScalingGroups because no identity-based policy allows the "
        "autoscaling:DescribeAutoScalingGroups action",
    )


def test_an_action_of_another_service_is_none_of_this_one(region, ec2):
    ec2.meta.events.register(
        "before-call.ec2", lambda params, **_: params["body"].update(Action="GetCallerIdentity")
    )
    assert code(ec2.describe_subnets) == "InvalidAction"


def test_who_one_is(region, ec2):
    launch(ec2, region, IamInstanceProfile={"Name": "zk"})
    [instance] = region.control("state")["state"]["instances"]
    role = region.client(service="sts", **instance["credentials"]).get_caller_identity()
    assert role["Arn"] == f"arn:aws:sts::123456789012:assumed-role/zk/{instance['id']}"
    assert role["Account"] == "123456789012"
    assert role["UserId"].startswith("AROA") and role["UserId"].endswith(f":{instance['id']}")
    operator = region.client(service="sts").get_caller_identity()
    assert operator["Arn"] == "arn:aws:iam::123456789012:user/operator"


def test_the_cli_asks_other_services_at_the_same_endpoint(region, aws):
    region.control("put-group", name="zk", desired=1, instance_type="t3.small")
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"
    [group] = aws("autoscaling", "describe-auto-scaling-groups")["AutoScalingGroups"]
    assert group["AutoScalingGroupName"] == "zk"


def test_metadata_options_are_changed_one_by_one(region, ec2):
    instance = launch(ec2, region)
    options = lambda: describe(ec2, instance)["MetadataOptions"]
    before = options()
    change = ec2.modify_instance_metadata_options
    answer = change(InstanceId=instance, InstanceMetadataTags="enabled")
    assert answer["InstanceMetadataOptions"]["State"] == "pending"
    assert options() == {**before, "InstanceMetadataTags": "enabled"}
    change(InstanceId=instance, HttpTokens="optional", HttpPutResponseHopLimit=1)
    seen = options()
    assert (seen["HttpTokens"], seen["HttpPutResponseHopLimit"]) == ("optional", 1)
    assert seen["State"] == "applied"
    assert code(change, InstanceId=instance) == "MissingParameter"
    assert code(change, InstanceId=instance, HttpPutResponseHopLimit=65) == "InvalidParameterValue"
    change(InstanceId=instance, InstanceMetadataTags="disabled")
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "with space", "Value": ""}])
    assert code(change, InstanceId=instance, InstanceMetadataTags="enabled") == (
        "InvalidParameterValue"
    )


def test_attributes_of_an_instance(region, ec2):
    instance = launch(ec2, region)
    change = ec2.modify_instance_attribute
    change(InstanceId=instance, SourceDestCheck={"Value": False})
    assert describe(ec2, instance)["SourceDestCheck"] is False
    kind = {"Value": "m5.4xlarge"}
    assert code(change, InstanceId=instance, InstanceType=kind) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[instance])
    eventually(lambda: state(ec2, instance), "stopped")
    change(InstanceId=instance, InstanceType=kind)
    assert describe(ec2, instance)["InstanceType"] == "m5.4xlarge"
    [eni] = region.pool(slots=1)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    assert code(change, InstanceId=instance, SourceDestCheck={"Value": True}) == (
        "InvalidInstanceID"
    )
    assert code(change, InstanceId=instance) == "InvalidParameterCombination"


def test_one_client_token_makes_one_interface(region, ec2):
    wish = dict(
        SubnetId=region.subnet("a"), PrivateIpAddress="10.0.17.7", ClientToken="slot-7",
        Ipv6Addresses=[{"Ipv6Address": "2001:db8:5f:1::1:7"}],
    )
    create = ec2.create_network_interface
    first, again = create(**wish), create(**wish)
    id = first["NetworkInterface"]["NetworkInterfaceId"]
    assert again["NetworkInterface"]["NetworkInterfaceId"] == id
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
    assert code(create, **{**wish, "Description": "x"}) == "IdempotentParameterMismatch"
    other = {**wish, "ClientToken": "other"}
    assert refused(create, **other) == (
        "InvalidIPAddress.InUse", 400, "Address 10.0.17.7 is in use.",
    )
    other["PrivateIpAddress"] = "10.0.17.8"
    assert code(create, **other) == "InvalidIPAddress.InUse"
    abroad = dict(SubnetId=region.subnet("a"), Ipv6Addresses=[{"Ipv6Address": "2001:db8:5f:2::9"}])
    assert code(create, **abroad) == "InvalidParameterValue"


def test_delete_on_termination_is_shown_and_changed(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    attachment = interface(ec2, eni)["Attachment"]["AttachmentId"]
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni,
        Attachment={"AttachmentId": attachment, "DeleteOnTermination": True},
    )
    seen = {
        i["NetworkInterfaceId"]: i["Attachment"]["DeleteOnTermination"]
        for i in describe(ec2, instance)["NetworkInterfaces"]
    }
    assert seen[eni] is True
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=eni)[0] in (
        "InvalidNetworkInterface.InUse", "InvalidParameterValue",
    )
