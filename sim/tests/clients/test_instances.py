"""Instances by boto3: each action, parsed."""

import re

from conftest import describe, eventually, interface, launch, state


def test_an_instance_through_its_whole_life(region, ec2):
    region.control("set-timings", boot_ms=200, stop_ms=200, terminate_ms=200)
    answer = ec2.run_instances(
        ImageId="ami-0123456789abcdef0",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=region.subnet("b"),
        PrivateIpAddress="10.0.32.50",
        UserData="#!/bin/sh\necho hello\n",
        IamInstanceProfile={"Name": "zk"},
        MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "zk"}]}
        ],
    )
    made = answer["Instances"][0]
    instance = made["InstanceId"]
    assert made["State"] == {"Code": 0, "Name": "pending"}
    assert made["PrivateIpAddress"] == "10.0.32.50"
    assert made["Placement"]["AvailabilityZone"] == "eu-west-1b"
    assert made["IamInstanceProfile"]["Arn"].endswith(":instance-profile/zk")
    assert made["MetadataOptions"]["HttpTokens"] == "required"
    assert made["Tags"] == [{"Key": "Name", "Value": "zk"}]
    [primary] = made["NetworkInterfaces"]
    assert primary["Attachment"]["DeviceIndex"] == 0
    assert primary["Attachment"]["DeleteOnTermination"] is True
    assert primary["Attachment"]["Status"] == "attaching"
    eventually(lambda: state(ec2, instance), "running")
    assert describe(ec2, instance)["NetworkInterfaces"][0]["Attachment"]["Status"] == "attached"

    [change] = ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"]
    names = (change["PreviousState"]["Name"], change["CurrentState"]["Name"])
    assert names == ("running", "stopping")
    eventually(lambda: state(ec2, instance), "stopped")
    stopped = describe(ec2, instance)
    code = "Client.UserInitiatedShutdown"
    assert stopped["StateReason"] == {"Code": code, "Message": f"{code}: User initiated shutdown"}
    assert re.fullmatch(
        r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)", stopped["StateTransitionReason"]
    )
    [change] = ec2.start_instances(InstanceIds=[instance])["StartingInstances"]
    assert change["CurrentState"]["Name"] == "pending"
    eventually(lambda: state(ec2, instance), "running")
    assert describe(ec2, instance)["PrivateIpAddress"] == "10.0.32.50"

    [change] = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert change["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    eventually(lambda: state(ec2, instance), "terminated")
    gone = describe(ec2, instance)
    assert gone["NetworkInterfaces"] == []
    assert "PrivateIpAddress" not in gone
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_tags_are_in_the_metadata_only_if_asked_for(region, ec2):
    shown = {"InstanceMetadataTags": "enabled"}
    for options, expected in (({}, "disabled"), ({"MetadataOptions": shown}, "enabled")):
        instance = describe(ec2, launch(ec2, region, **options))
        assert instance["MetadataOptions"]["InstanceMetadataTags"] == expected


def test_secondary_interfaces_outlive_their_instance(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    ec2.stop_instances(InstanceIds=[instance])
    eventually(lambda: state(ec2, instance), "stopped")
    assert interface(ec2, eni)["Attachment"]["InstanceId"] == instance
    ec2.terminate_instances(InstanceIds=[instance])
    assert interface(ec2, eni)["Status"] == "in-use"
    eventually(lambda: interface(ec2, eni)["Status"], "available")


def test_an_instance_is_launched_with_interfaces_that_exist(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(
        ec2,
        region,
        NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": region.subnet("a")},
            {"DeviceIndex": 1, "NetworkInterfaceId": eni},
        ],
    )
    seen = {i["Attachment"]["DeviceIndex"]: i for i in describe(ec2, instance)["NetworkInterfaces"]}
    assert seen[1]["NetworkInterfaceId"] == eni
    assert seen[1]["Attachment"]["DeleteOnTermination"] is False
    assert seen[0]["Attachment"]["DeleteOnTermination"] is True


def test_one_client_token_launches_once(region, ec2):
    wish = dict(
        ImageId="ami-0123456789abcdef0", InstanceType="t3.small", MinCount=1, MaxCount=2,
        ClientToken="once",
    )
    first, again = ec2.run_instances(**wish), ec2.run_instances(**wish)
    ids = lambda answer: [instance["InstanceId"] for instance in answer["Instances"]]
    assert ids(first) == ids(again) and len(ids(first)) == 2
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_instances_are_found_by_filter_and_paged(region, ec2):
    ec2.run_instances(
        ImageId="ami-0123456789abcdef0", InstanceType="t3.micro", MinCount=12, MaxCount=12
    )
    pages = list(
        ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-type", "Values": ["t3.*"]}],
            PaginationConfig={"PageSize": 5},
        )
    )
    seen = [i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]
    assert len(pages) == 3 and len(set(seen)) == len(seen) == 12
    none = ec2.describe_instances(Filters=[{"Name": "instance-type", "Values": ["m5.*"]}])
    assert none["Reservations"] == []


def test_boto3s_waiters_agree(region, ec2):
    config = {"Delay": 1, "MaxAttempts": 20}
    instance = launch(ec2, region)
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig=config)
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig=config)
    [eni] = region.pool(slots=1)
    ec2.get_waiter("network_interface_available").wait(
        NetworkInterfaceIds=[eni], WaiterConfig=config
    )


def test_a_group_keeps_its_count(region, ec2):
    region.control("put-group", name="zk", desired=3, instance_type="t3.small")
    by_group = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": ["zk"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]

    def running():
        answer = ec2.describe_instances(Filters=by_group)
        return {
            i["Placement"]["AvailabilityZone"][-1]: i["InstanceId"]
            for r in answer["Reservations"] for i in r["Instances"]
        }

    eventually(lambda: "".join(sorted(running())), "abc")
    before = running()
    ec2.terminate_instances(InstanceIds=[before["b"]])
    eventually(lambda: "".join(sorted(running())), "abc")
    after = running()
    assert before["b"] != after["b"]
    assert (before["a"], before["c"]) == (after["a"], after["c"])


def test_an_instance_calls_with_its_roles_key(region, ec2):
    launch(ec2, region, IamInstanceProfile={"Name": "zk"})
    [instance] = region.control("state")["state"]["instances"]
    region.client(**instance["credentials"]).describe_subnets()
    assert region.calls()[-1]["caller"] == instance["id"]
