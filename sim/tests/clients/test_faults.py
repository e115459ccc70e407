"""Faults, throttling and stale reads as boto3 meets them."""

import time

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from conftest import Region, eventually, interface, launch


def test_a_reply_lost_after_the_change(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    region.fault("AttachNetworkInterface", "lose-reply", times=1)
    with pytest.raises(ConnectionClosedError):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    assert interface(ec2, eni)["Attachment"]["InstanceId"] == instance
    assert region.calls()[-2]["outcome"] == "lose-reply"


def test_a_call_that_hangs_changes_nothing(region):
    [eni] = region.pool(slots=1)
    hasty = region.client(config=Config(retries={"total_max_attempts": 1}, read_timeout=1))
    region.fault("DeleteNetworkInterface", "hang")
    with pytest.raises(ReadTimeoutError):
        hasty.delete_network_interface(NetworkInterfaceId=eni)
    assert interface(hasty, eni)
    assert region.calls()[0]["outcome"] == "hang"


def test_a_caller_that_hangs_up_does_not_take_its_call_back(region, ec2):
    [eni] = region.pool(slots=1)
    hasty = region.client(config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2))
    region.fault("DeleteNetworkInterface", {"delay": {"ms": 500}}, times=1)
    with pytest.raises(ReadTimeoutError):
        hasty.delete_network_interface(NetworkInterfaceId=eni)
    eventually(lambda: [call["outcome"] for call in region.calls()], ["ok"])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_a_delayed_answer(region, ec2):
    region.fault("*", {"delay": {"ms": 500}}, times=1)
    begin = time.monotonic()
    ec2.describe_subnets()
    assert 0.5 <= time.monotonic() - begin < 2


def test_a_denied_call_names_its_action(region, ec2):
    region.fault("DeleteTags", "deny")
    for parameters in ({}, {"DryRun": True}):
        with pytest.raises(ClientError) as caught:
            ec2.delete_tags(Resources=["eni-0123456789abcdef0"], **parameters)
        answer = caught.value.response
        assert answer["Error"]["Code"] == "UnauthorizedOperation"
        assert "ec2:DeleteTags" in answer["Error"]["Message"]
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    region.control("clear-faults")
    with pytest.raises(ClientError, match="NotFound"):
        ec2.delete_tags(Resources=["eni-0123456789abcdef0"])


def test_an_error_of_ones_choice_for_some_calls_of_one_caller(region, ec2):
    kind = {"error": {"status": 500, "code": "InternalError", "message": "An internal error"}}
    region.fault("DescribeSubnets", kind, caller="operator", after=1, times=2)
    region.fault("DescribeSubnets", kind, caller="i-0123456789abcdef0")
    outcomes = []
    for _ in range(4):
        try:
            ec2.describe_subnets()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "InternalError", "InternalError", "ok"]
    assert [call["outcome"] for call in region.calls()] == outcomes


def test_a_nic_that_never_appears_is_attached_all_the_same(region, ec2):
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    region.fault("AttachNetworkInterface", "nic-never-appears")
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    eventually(lambda: interface(ec2, eni)["Attachment"]["Status"], "attached")


def test_bad_faults_and_timings_are_refused(region):
    bad = [
        ("add-fault", dict(action="Attach", kind="hang")),
        ("add-fault", dict(action="*", kind="hang", probability=2)),
        ("add-fault", dict(action="*", kind="vanish")),
        ("set-timings", dict(attach_ms=1)),
        ("set-throttling", dict(enabled=True, scale=0)),
    ]
    for op, fields in bad:
        assert region.ask(op, **fields)["result"] == "error", op


def burst(call, **parameters):
    """How many calls are admitted at once."""
    for admitted in range(1000):
        try:
            call(**parameters)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "RequestLimitExceeded"
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            return admitted
    raise AssertionError("never throttled")


def test_a_new_region_throttles_as_ec2_does():
    region = Region()
    # The refill while it lasts makes it some more.
    assert burst(region.client().describe_subnets) in range(50, 90)
    region.close()


def test_the_buckets_of_an_account(region, ec2):
    region.control("set-throttling", enabled=True, scale=0.1)
    [eni] = region.pool(slots=1)
    tag = [{"Key": "a", "Value": "b"}]
    assert burst(ec2.describe_network_interfaces, MaxResults=5) in range(10, 20)
    assert burst(ec2.describe_network_interfaces) in range(5, 10)
    assert burst(ec2.create_tags, Resources=[eni], Tags=tag) in range(5, 10)


def test_boto3_waits_throttling_out(region):
    region.control("set-throttling", enabled=True, scale=0.1)
    patient = region.client(config=Config(retries={"mode": "standard", "total_max_attempts": 8}))
    for _ in range(8):
        patient.describe_subnets()
    assert "RequestLimitExceeded" in {call["outcome"] for call in region.calls()}


def test_stale_reads(region, ec2):
    [eni] = region.pool(slots=1)
    time.sleep(0.4)
    region.control("set-timings", stale_ms=400)
    ec2.create_tags(Resources=[eni], Tags=[{"Key": "new", "Value": ""}])
    time.sleep(0.1)
    sees = lambda: "new" in {tag["Key"] for tag in interface(ec2, eni)["TagSet"]}
    assert {sees() for _ in range(60)} == {True, False}
    time.sleep(0.4)
    assert {sees() for _ in range(20)} == {True}
