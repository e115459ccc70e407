"""Errors as boto3 sees them: the code, the status, and EC2's own words."""

import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import eventually, interface, launch, state

NO_ENI = "eni-0123456789abcdef0"
NO_INSTANCE = "i-0123456789abcdef0"
NO_ATTACHMENT = "eni-attach-0123456789abcdef0"
NO_GROUP = "sg-0123456789abcdef0"
NO_SUBNET = "subnet-0123456789abcdef0"
AMI = "ami-0123456789abcdef0"


def refused(call, *arguments, **parameters):
    """The error that a call gets: its code, status and message."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["RequestId"]
    error = answer["Error"]
    return error["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


def code(call, *arguments, **parameters):
    return refused(call, *arguments, **parameters)[0]


def attach(ec2, eni, instance, index=1, **more):
    return dict(
        call=ec2.attach_network_interface, NetworkInterfaceId=eni, InstanceId=instance,
        DeviceIndex=index, **more,
    )


def test_an_attached_interface_is_in_use(region, ec2):
    eni, *_ = region.pool(slots=4)
    a, b = launch(ec2, region), launch(ec2, region)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=a, DeviceIndex=1)
    seen = {refused(**attach(ec2, eni, b)) for _ in range(20)}
    assert seen == {
        ("InvalidNetworkInterface.InUse", 400, f"Interface: [{eni}] in use."),
        ("InvalidParameterValue", 400, f"Network interface '{eni}' is currently in use."),
    }
    assert code(ec2.delete_network_interface, NetworkInterfaceId=eni) in (
        "InvalidNetworkInterface.InUse",
        "InvalidParameterValue",
    )


def test_where_an_interface_does_not_fit(region, ec2):
    a1, b2, _c3, a4, _b5, _c6, a7 = region.pool(slots=7)
    instance = launch(ec2, region, kind="t3.small")
    assert refused(**attach(ec2, b2, instance)) == (
        "InvalidParameterCombination", 400,
        "You may not attach a network interface to an instance if they are not in the same "
        "availability zone",
    )
    assert refused(**attach(ec2, a1, instance, 0))[2] == (
        f"Instance '{instance}' already has an interface attached at device index '0'."
    )
    ec2.attach_network_interface(NetworkInterfaceId=a1, InstanceId=instance, DeviceIndex=1)
    ec2.attach_network_interface(NetworkInterfaceId=a4, InstanceId=instance, DeviceIndex=2)
    assert refused(**attach(ec2, a7, instance, 3)) == (
        "AttachmentLimitExceeded", 400, "Interface count 4 exceeds the limit for t3.small",
    )
    assert code(**attach(ec2, a7, instance, 3, NetworkCardIndex=1)) == "InvalidParameterValue"


def test_instances_in_the_wrong_state(region, ec2):
    [eni] = region.pool(slots=1)
    region.control("set-timings", boot_ms=600_000, terminate_ms=600_000)
    answer = ec2.run_instances(ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1)
    instance = answer["Instances"][0]["InstanceId"]
    assert code(**attach(ec2, eni, instance)) == "IncorrectState"
    assert code(ec2.stop_instances, InstanceIds=[instance]) == "IncorrectInstanceState"
    ec2.terminate_instances(InstanceIds=[instance])
    assert code(**attach(ec2, eni, instance)) == "IncorrectInstanceState"
    assert code(ec2.start_instances, InstanceIds=[instance]) == "IncorrectInstanceState"


def test_detaching_what_cannot_be_detached(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    answer = ec2.describe_network_interfaces(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance]}]
    )
    primary = answer["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]
    assert code(ec2.detach_network_interface, AttachmentId=primary) == "OperationNotPermitted"
    attachment = ec2.attach_network_interface(
        NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1
    )["AttachmentId"]
    ec2.detach_network_interface(AttachmentId=attachment, Force=True)
    eventually(lambda: interface(ec2, eni)["Status"], "available")
    assert code(ec2.detach_network_interface, AttachmentId=attachment) == (
        "InvalidAttachmentID.NotFound"
    )


def test_what_does_not_exist(ec2):
    describe_enis = ec2.describe_network_interfaces
    assert refused(describe_enis, NetworkInterfaceIds=[NO_ENI]) == (
        "InvalidNetworkInterfaceID.NotFound", 400,
        f"The networkInterface ID '{NO_ENI}' does not exist",
    )
    assert code(ec2.describe_instances, InstanceIds=[NO_INSTANCE]) == "InvalidInstanceID.NotFound"
    assert code(ec2.terminate_instances, InstanceIds=[NO_INSTANCE]) == "InvalidInstanceID.NotFound"
    assert code(ec2.describe_subnets, SubnetIds=[NO_SUBNET]) == "InvalidSubnetID.NotFound"
    assert code(ec2.create_network_interface, SubnetId=NO_SUBNET) == "InvalidSubnetID.NotFound"
    assert code(ec2.detach_network_interface, AttachmentId=NO_ATTACHMENT) == (
        "InvalidAttachmentID.NotFound"
    )
    assert code(ec2.describe_instance_types, InstanceTypes=["t9.huge"]) == "InvalidInstanceType"
    tags = [{"Key": "a", "Value": "b"}]
    assert code(ec2.create_tags, Resources=[NO_ENI], Tags=tags) == (
        "InvalidNetworkInterfaceID.NotFound"
    )


def test_ids_that_are_none(ec2):
    assert code(ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-XYZ"]) == (
        "InvalidNetworkInterfaceId.Malformed"
    )
    assert code(ec2.describe_instances, InstanceIds=["web"]) == "InvalidInstanceID.Malformed"
    assert code(ec2.detach_network_interface, AttachmentId="eni-1") == (
        "InvalidNetworkInterfaceAttachmentId.Malformed"
    )
    assert code(ec2.run_instances, ImageId="x", InstanceType="t3.small", MinCount=1, MaxCount=1) == (
        "InvalidAMIID.Malformed"
    )
    assert code(ec2.create_tags, Resources=["x"], Tags=[{"Key": "a", "Value": "b"}]) == "InvalidID"


def test_unknown_filters_actions_and_parameters_are_refused(ec2):
    for call in (
        ec2.describe_network_interfaces, ec2.describe_instances, ec2.describe_subnets,
        ec2.describe_instance_types,
    ):
        filters = [{"Name": "colour", "Values": ["red"]}]
        assert refused(call, Filters=filters) == (
            "InvalidParameterValue", 400, "The filter 'colour' is invalid",
        )
    tags = [{"Name": "tag:a", "Values": ["b"]}]
    assert code(ec2.describe_instance_types, Filters=tags) == "InvalidParameterValue"
    assert refused(ec2.describe_volumes) == (
        "InvalidAction", 400, "The action DescribeVolumes is not valid for this web service.",
    )
    wish = dict(ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1)
    assert refused(ec2.run_instances, **wish, KeyName="mine") == (
        "UnknownParameter", 400, "The parameter KeyName is not recognized",
    )
    assert ec2.describe_instances()["Reservations"] == [], "nothing is done in part"


def test_pages_that_are_none(region):
    [eni] = region.pool(slots=1)
    # boto3 would refuse some of these by itself.
    ec2 = region.client(config=Config(parameter_validation=False))
    call = ec2.describe_network_interfaces
    assert code(call, MaxResults=4) == "InvalidParameterValue"
    assert code(call, MaxResults=1001) == "InvalidParameterValue"
    assert code(call, NextToken="nonsense") == "InvalidParameterValue"
    assert code(call, MaxResults=5, NetworkInterfaceIds=[eni]) == "InvalidParameterCombination"
    assert code(ec2.describe_instance_types, MaxResults=101) == "InvalidParameterValue"


def test_addresses_that_cannot_be_had(region, ec2):
    create = lambda address: dict(
        call=ec2.create_network_interface, SubnetId=region.subnet("a"), PrivateIpAddress=address
    )
    region.pool(slots=1)
    assert code(**create("10.0.17.1")) == "InvalidIPAddress.InUse"
    assert code(**create("10.0.16.1")) == "InvalidParameterValue"
    assert code(**create("192.0.2.1")) == "InvalidParameterValue"
    assert code(**create("ten")) == "InvalidParameterValue"


def test_tags_that_cannot_be_set(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    tag = lambda on, key, value="": dict(
        call=ec2.create_tags, Resources=[on], Tags=[{"Key": key, "Value": value}]
    )
    assert code(**tag(eni, "aws:mine")) == "InvalidParameterValue"
    theirs = dict(Resources=[instance], Tags=[{"Key": "aws:autoscaling:groupName"}])
    assert code(ec2.delete_tags, **theirs) == "InvalidParameterValue"
    assert code(**tag(eni, "k" * 129)) == "InvalidParameterValue"
    assert code(**tag(eni, "k", "v" * 257)) == "InvalidParameterValue"
    ec2.create_tags(Resources=[eni], Tags=[{"Key": "with space", "Value": ""}])
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "with space", "Value": ""}])
    shown = launch(ec2, region, MetadataOptions={"InstanceMetadataTags": "enabled"})
    assert code(**tag(shown, "with space")) == "InvalidParameterValue"
    many = [{"Key": str(k), "Value": ""} for k in range(50)]
    assert code(ec2.create_tags, Resources=[eni], Tags=many) == "TagLimitExceeded"


def test_launches_that_cannot_be(region, ec2):
    wish = dict(ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1)
    call = ec2.run_instances
    assert code(call, **{**wish, "InstanceType": "t9.huge"}) == "InvalidParameterValue"
    assert code(call, **{**wish, "MinCount": 2}) == "InvalidParameterValue"
    assert code(call, **wish, UserData="x" * 16_385) == "InvalidParameterValue"
    assert code(call, **wish, Placement={"AvailabilityZone": "eu-west-1x"}) == (
        "InvalidParameterValue"
    )
    only_second = [{"DeviceIndex": 1, "SubnetId": region.subnet("a")}]
    assert code(call, **wish, NetworkInterfaces=only_second) == "InvalidParameterCombination"
    four = [{"DeviceIndex": k, "SubnetId": region.subnet("a")} for k in range(4)]
    assert code(call, **wish, NetworkInterfaces=four) == "AttachmentLimitExceeded"
    two_zones = [{"DeviceIndex": k, "SubnetId": region.subnet("ab"[k])} for k in range(2)]
    assert code(call, **wish, NetworkInterfaces=two_zones) == "InvalidParameterCombination"
    call(**wish, ClientToken="x")
    assert code(call, **{**wish, "MaxCount": 2}, ClientToken="x") == "IdempotentParameterMismatch"
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_a_dry_run_changes_nothing(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    expected = (
        "DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.",
    )
    before = region.control("state")
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    wish = dict(ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1)
    for call, parameters in (
        (ec2.attach_network_interface, attach(ec2, eni, instance)),
        (ec2.detach_network_interface, dict(AttachmentId=NO_ATTACHMENT)),
        (ec2.create_network_interface, dict(SubnetId=region.subnet("a"))),
        (ec2.delete_network_interface, dict(NetworkInterfaceId=eni)),
        (ec2.describe_network_interfaces, {}),
        (ec2.describe_instances, {}),
        (ec2.describe_instance_types, {}),
        (ec2.describe_security_groups, {}),
        (ec2.describe_subnets, {}),
        (ec2.create_security_group, dict(GroupName="x", Description="x", VpcId="vpc-01234567")),
        (ec2.delete_security_group, dict(GroupId=NO_GROUP)),
        (ec2.authorize_security_group_ingress, dict(GroupId=NO_GROUP, IpPermissions=[rule])),
        (ec2.revoke_security_group_ingress, dict(GroupId=NO_GROUP, IpPermissions=[rule])),
        (
            ec2.modify_instance_metadata_options,
            dict(InstanceId=instance, HttpTokens="optional"),
        ),
        (
            ec2.modify_instance_attribute,
            dict(InstanceId=instance, SourceDestCheck={"Value": False}),
        ),
        (ec2.run_instances, wish),
        (ec2.terminate_instances, dict(InstanceIds=[instance])),
        (ec2.stop_instances, dict(InstanceIds=[instance])),
        (ec2.start_instances, dict(InstanceIds=[instance])),
        (ec2.create_tags, dict(Resources=[eni], Tags=[{"Key": "a", "Value": "b"}])),
        (ec2.delete_tags, dict(Resources=[eni])),
        (
            ec2.modify_network_interface_attribute,
            dict(NetworkInterfaceId=eni, Description={"Value": "x"}),
        ),
    ):
        parameters.pop("call", None)
        assert refused(call, **parameters, DryRun=True) == expected
    assert region.control("state") == before


def test_callers_that_cannot_be_told(region):
    unsigned = region.client(config=Config(signature_version=UNSIGNED))
    assert refused(unsigned.describe_subnets)[:2] == ("MissingAuthenticationToken", 403)
    stranger = region.client(access_key="AKIAIOSFODNN7EXAMPLE")
    assert refused(stranger.describe_subnets)[:2] == ("AuthFailure", 401)
    abroad = region.client(region="us-east-1")
    assert refused(abroad.describe_subnets) == (
        "AuthFailure", 401, "Credential should be scoped to a valid region, not 'us-east-1'.",
    )
    assert [call["outcome"] for call in region.calls()] == [
        "MissingAuthenticationToken", "AuthFailure", "AuthFailure",
    ]


def test_a_temporary_key_needs_its_session_token(region, ec2):
    launch(ec2, region, IamInstanceProfile={"Name": "zk"})
    [instance] = region.control("state")["state"]["instances"]
    credentials = {**instance["credentials"], "session_token": "stale"}
    assert refused(region.client(**credentials).describe_subnets)[0] == "AuthFailure"


@pytest.mark.parametrize("query, status", [
    ("", 403), ("?Action=DescribeSubnets&Version=2016-11-15", 403),
])
def test_a_plain_get_is_answered_in_ec2s_error_form(region, query, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(region.info["endpoint"] + "/" + query)
    with caught.value as answer:
        assert answer.code == status
        assert b"<Code>MissingAuthenticationToken</Code>" in answer.read()
