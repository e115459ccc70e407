"""The AWS CLI, as a person uses it on a region."""

from conftest import eventually


def test_a_session(region, aws):
    [first, second, _] = region.pool()
    subnets = aws("describe-subnets")["Subnets"]
    assert [s["AvailabilityZone"] for s in subnets if s["SubnetId"] == region.subnet("a")]
    kinds = aws("describe-instance-types", "--instance-types", "t3.small")["InstanceTypes"]
    assert kinds[0]["NetworkInfo"]["MaximumNetworkInterfaces"] == 3

    launched = aws(
        "run-instances", "--image-id", "ami-0123456789abcdef0", "--instance-type", "t3.small",
        "--subnet-id", region.subnet("a"), "--iam-instance-profile", "Name=zk",
        "--user-data", "#!/bin/sh\necho hello\n",
        "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=zk}]",
    )
    instance = launched["Instances"][0]["InstanceId"]

    def state():
        answer = aws("describe-instances", "--instance-ids", instance)
        return answer["Reservations"][0]["Instances"][0]["State"]["Name"]

    eventually(state, "running")
    attach = [
        "attach-network-interface", "--network-interface-id", first, "--instance-id", instance,
        "--device-index",
    ]
    attachment = aws(*attach, "1")["AttachmentId"]
    assert "in use" in aws(*attach, "2", fails=True)
    held = aws(
        "describe-network-interfaces", "--filters", "Name=status,Values=in-use",
        "Name=tag:steadfast:pool,Values=zk",
    )["NetworkInterfaces"]
    assert [eni["NetworkInterfaceId"] for eni in held] == [first]

    aws("detach-network-interface", "--attachment-id", attachment, "--force")
    aws("create-tags", "--resources", second, "--tags", "Key=a,Value=b")
    aws("delete-tags", "--resources", second, "--tags", "Key=a")
    aws(
        "modify-network-interface-attribute", "--network-interface-id", second,
        "--no-source-dest-check",
    )
    made = aws("create-network-interface", "--subnet-id", region.subnet("c"))
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    aws("delete-network-interface", "--network-interface-id", eni)

    assert aws("stop-instances", "--instance-ids", instance)["StoppingInstances"]
    eventually(state, "stopped")
    assert aws("start-instances", "--instance-ids", instance)["StartingInstances"]
    assert aws("terminate-instances", "--instance-ids", instance)["TerminatingInstances"]


def test_errors_in_words(aws):
    missing = aws("describe-instances", "--instance-ids", "i-0123456789abcdef0", fails=True)
    assert "(InvalidInstanceID.NotFound)" in missing
    assert "(InvalidAction)" in aws("describe-volumes", fails=True)
    assert "(DryRunOperation)" in aws("describe-subnets", "--dry-run", fails=True)


def test_the_clis_own_paging(region, aws):
    region.pool(slots=23)
    answer = aws("describe-network-interfaces", "--page-size", "5")
    assert len(answer["NetworkInterfaces"]) == 23
