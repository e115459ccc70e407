"""IAM policies, by what boto3 may and may not do."""

import json

import pytest
from conftest import describe, eventually, interface, launch, state
from test_errors import AMI, NO_ATTACHMENT, code, refused

ACCOUNT = "123456789012"
ARN = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:"
ANY = "arn:aws:ec2:*:*:"
POOL = {"StringEquals": {"aws:ResourceTag/steadfast:pool": "zk"}}

AGENT = [
    {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface"],
        "Resource": f"{ANY}network-interface/*",
        "Condition": POOL,
    },
    {
        "Effect": "Allow",
        "Action": ["ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface"],
        "Resource": f"{ANY}instance/*",
        "Condition": {"ArnEquals": {"ec2:SourceInstanceARN": "${ec2:SourceInstanceARN}"}},
    },
    {
        "Effect": "Allow",
        "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
        "Resource": f"{ANY}network-interface/*",
        "Condition": {
            **POOL,
            "ForAllValues:StringEquals": {"aws:TagKeys": ["steadfast:initialized"]},
            "Null": {"aws:TagKeys": "false"},
        },
    },
]
# Its own instance alone: what the statement above only seems to say.
ITSELF = "${ec2:SourceInstanceARN}"


def policy(region, name, statements):
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    region.control("set-policy", name=name, document=document)


def itself():
    statements = json.loads(json.dumps(AGENT))
    statements[2].pop("Condition")
    statements[2]["Resource"] = ITSELF
    return statements


@pytest.fixture
def agents(region, ec2):
    """Two instances with the role zk in the first zone, and a client for each."""
    profile = {"Name": "zk"}
    ids = [launch(ec2, region, IamInstanceProfile=profile) for _ in range(2)]
    seen = {i["id"]: i["credentials"] for i in region.control("state")["state"]["instances"]}
    return [(id, region.client(**seen[id])) for id in ids]


def unauthorized(call, action, resource, **parameters):
    """Whether a call is denied with EC2's sentence, also as a dry run."""
    answers = {refused(call, **parameters), refused(call, **parameters, DryRun=True)}
    [(code, status, message)] = answers
    on = f" on resource: {resource}" if resource else ""
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert message.startswith("You are not authorized to perform this operation. User: arn:aws:")
    assert message.endswith(
        f" is not authorized to perform: {action}{on} because no identity-based policy allows "
        f"the {action} action"
    ), message


def test_an_agent_has_its_pool_and_itself(region, ec2, agents):
    slot, _, _, spare = region.pool(slots=4)
    foreign = ec2.create_network_interface(SubnetId=region.subnet("a"))
    foreign = foreign["NetworkInterface"]["NetworkInterfaceId"]
    (me, mine), (other, theirs) = agents
    policy(region, "zk", itself())
    attach = lambda client, eni, instance: dict(
        call=client.attach_network_interface, NetworkInterfaceId=eni, InstanceId=instance,
        DeviceIndex=1,
    )
    denied = "ec2:AttachNetworkInterface"
    unauthorized(**attach(mine, slot, other), action=denied, resource=f"{ARN}instance/{other}")
    unauthorized(
        **attach(mine, foreign, me), action=denied, resource=f"{ARN}network-interface/{foreign}"
    )
    assert code(**attach(mine, slot, me), DryRun=True) == "DryRunOperation"
    attachment = mine.attach_network_interface(
        NetworkInterfaceId=slot, InstanceId=me, DeviceIndex=1
    )["AttachmentId"]
    unauthorized(
        theirs.detach_network_interface, "ec2:DetachNetworkInterface", f"{ARN}instance/{me}",
        AttachmentId=attachment, Force=True,
    )
    unauthorized(
        mine.detach_network_interface, "ec2:DetachNetworkInterface", f"{ARN}instance/*",
        AttachmentId=NO_ATTACHMENT,
    )
    mine.detach_network_interface(AttachmentId=attachment)
    unauthorized(
        mine.delete_network_interface, "ec2:DeleteNetworkInterface",
        f"{ARN}network-interface/{spare}", NetworkInterfaceId=spare,
    )
    assert [eni["NetworkInterfaceId"] for eni in mine.describe_network_interfaces()["NetworkInterfaces"]]
    unauthorized(
        mine.run_instances, "ec2:RunInstances", f"{ARN}instance/*",
        ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1,
    )
    # The operator has no policy of his own.
    ec2.delete_network_interface(NetworkInterfaceId=foreign)
    outcomes = {(c["caller"], c["outcome"]) for c in region.calls() if "Attach" in c["action"]}
    assert (me, "UnauthorizedOperation") in outcomes and (me, "ok") in outcomes


def test_a_condition_that_holds_of_every_caller_bounds_nothing(region, agents):
    [slot] = region.pool(slots=1)
    (_, mine), (other, _) = agents
    policy(region, "zk", AGENT)
    mine.attach_network_interface(NetworkInterfaceId=slot, InstanceId=other, DeviceIndex=1)


def test_an_agent_tags_its_own_key_alone(region, ec2, agents):
    [slot] = region.pool(slots=1)
    ((me, mine), _) = agents
    policy(region, "zk", itself())
    resource = f"{ARN}network-interface/{slot}"
    own = {"Key": "steadfast:initialized", "Value": "now"}
    mine.create_tags(Resources=[slot], Tags=[own])
    for tags in ([{"Key": "steadfast:slot", "Value": "2"}], [own, {"Key": "x", "Value": ""}]):
        unauthorized(mine.create_tags, "ec2:CreateTags", resource, Resources=[slot], Tags=tags)
        keys = [{"Key": tag["Key"]} for tag in tags]
        unauthorized(mine.delete_tags, "ec2:DeleteTags", resource, Resources=[slot], Tags=keys)
    unauthorized(mine.delete_tags, "ec2:DeleteTags", resource, Resources=[slot])
    unauthorized(
        mine.create_tags, "ec2:CreateTags", f"{ARN}instance/{me}", Resources=[slot, me], Tags=[own]
    )
    mine.delete_tags(Resources=[slot], Tags=[{"Key": own["Key"]}])
    tags = {tag["Key"]: tag["Value"] for tag in interface(ec2, slot)["TagSet"]}
    assert tags["steadfast:slot"] == "1" and own["Key"] not in tags


def test_to_make_a_slot_is_to_tag_it(region, ec2):
    tags = [{"Key": "steadfast:pool", "Value": "zk"}, {"Key": "steadfast:slot", "Value": "1"}]
    [default] = ec2.describe_security_groups()["SecurityGroups"]
    create = [
        {
            "Effect": "Allow", "Action": "ec2:CreateNetworkInterface",
            "Resource": f"{ANY}network-interface/*",
            "Condition": {"StringEquals": {"aws:RequestTag/steadfast:pool": "zk"}},
        },
        {
            "Effect": "Allow", "Action": "ec2:CreateNetworkInterface",
            "Resource": [f"{ANY}subnet/{region.subnet('a')}"],
        },
        {
            "Effect": "Allow", "Action": "ec2:CreateNetworkInterface",
            "Resource": [f"{ANY}security-group/*"],
        },
        {
            "Effect": "Allow", "Action": "ec2:CreateTags", "Resource": f"{ANY}network-interface/*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"}},
        },
    ]
    wish = lambda tags, zone="a": dict(
        SubnetId=region.subnet(zone),
        **({"TagSpecifications": [{"ResourceType": "network-interface", "Tags": tags}]} if tags else {}),
    )
    make, action = ec2.create_network_interface, "ec2:CreateNetworkInterface"
    policy(region, "operator", create)
    anew = f"{ARN}network-interface/*"
    made = make(**wish(tags))["NetworkInterface"]["NetworkInterfaceId"]
    unauthorized(make, action, anew, **wish([]))
    unauthorized(make, action, anew, **wish([{"Key": "steadfast:pool", "Value": "kafka"}]))
    unauthorized(make, action, f"{ARN}subnet/{region.subnet('b')}", **wish(tags, "b"))
    unauthorized(
        ec2.create_tags, "ec2:CreateTags", f"{ARN}network-interface/{made}",
        Resources=[made], Tags=tags,
    )
    policy(region, "operator", create[:3])
    unauthorized(make, "ec2:CreateTags", anew, **wish(tags))
    policy(region, "operator", [*create[:2], create[3]])
    unauthorized(make, action, f"{ARN}security-group/{default['GroupId']}", **wish(tags))


def test_a_launch_asks_for_all_that_it_makes(region, ec2):
    wish = dict(
        ImageId=AMI, InstanceType="t3.small", MinCount=1, MaxCount=1,
        IamInstanceProfile={"Name": "zk"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    everything = [
        ("ec2:RunInstances", f"{ANY}{kind}/*", f"{ARN}{kind}/*")
        for kind in ("instance", "volume", "network-interface")
    ] + [
        ("ec2:RunInstances", f"{ANY}subnet/*", f"{ARN}subnet/{region.subnet('a')}"),
        ("ec2:RunInstances", f"{ANY}security-group/*", None),
        ("ec2:RunInstances", "arn:aws:ec2:*::image/*", f"arn:aws:ec2:eu-west-1::image/{AMI}"),
        ("ec2:CreateTags", f"{ANY}instance/*", f"{ARN}instance/*"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/zk", f"arn:aws:iam::{ACCOUNT}:role/zk"),
    ]
    [default] = ec2.describe_security_groups()["SecurityGroups"]
    grant = lambda rest: [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource, _ in rest
    ]
    for one in everything:
        policy(region, "operator", grant(other for other in everything if other is not one))
        resource = one[2] or f"{ARN}security-group/{default['GroupId']}"
        unauthorized(ec2.run_instances, one[0], resource, **wish)
    policy(region, "operator", grant(everything))
    ec2.run_instances(**wish)


def test_a_denial_outdoes_a_grant(region, ec2):
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy(region, "operator", [
        everything,
        {"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*",
         "Condition": {"StringEquals": {"ec2:ResourceTag/keep": "yes"}}},
    ])
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "keep", "Value": "yes"}]}]
    kept, other = launch(ec2, region, TagSpecifications=tags), launch(ec2, region)
    assert refused(ec2.terminate_instances, InstanceIds=[other, kept]) == (
        "UnauthorizedOperation", 403,
        "You are not authorized to perform this operation. User: "
        f"arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: "
        f"ec2:TerminateInstances on resource: {ARN}instance/{kept} with an explicit deny in an "
        "identity-based policy",
    )
    ec2.terminate_instances(InstanceIds=[other])
    eventually(lambda: state(ec2, other), "terminated")
    assert state(ec2, kept) == "running"


def test_reads_other_services_and_who_one_is(region, ec2):
    policy(region, "operator", [
        {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Effect": "Allow", "Action": "ec2:DescribeSubnets", "Resource": f"{ANY}subnet/*"},
    ])
    assert ec2.describe_instances()["Reservations"] == []
    assert code(ec2.describe_instances, DryRun=True) == "DryRunOperation"
    unauthorized(ec2.describe_subnets, "ec2:DescribeSubnets", None)
    scaling = region.client(service="autoscaling")
    assert refused(scaling.describe_auto_scaling_groups) == (
        "AccessDenied", 403,
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: "
        "autoscaling:DescribeAutoScalingGroups because no identity-based policy allows the "
        "autoscaling:DescribeAutoScalingGroups action",
    )
    assert region.client(service="sts").get_caller_identity()["Account"] == ACCOUNT
    region.control("set-policy", name="operator")
    scaling.describe_auto_scaling_groups()
    ec2.describe_subnets()


def test_changes_of_groups_interfaces_and_instances_ask_for_what_they_touch(region, ec2):
    [default] = ec2.describe_security_groups()["SecurityGroups"]
    group, vpc = default["GroupId"], default["VpcId"]
    [eni] = region.pool(slots=1)
    instance = launch(ec2, region)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    attachment = interface(ec2, eni)["Attachment"]["AttachmentId"]
    rule = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    on_eni = [f"{ARN}network-interface/{eni}"]
    on_instance, on_group = [f"{ARN}instance/{instance}"], [f"{ARN}security-group/{group}"]
    modify_eni = dict(call=ec2.modify_network_interface_attribute, NetworkInterfaceId=eni)
    cases = [
        (dict(**modify_eni, SourceDestCheck={"Value": False}), on_eni),
        (dict(**modify_eni, Groups=[group]), on_eni + on_group),
        (
            dict(**modify_eni, Attachment={"AttachmentId": attachment, "DeleteOnTermination": False}),
            on_eni + on_instance,
        ),
        (dict(call=ec2.modify_instance_attribute, InstanceId=instance, Groups=[group]),
         on_instance + on_group),
        (dict(call=ec2.modify_instance_metadata_options, InstanceId=instance, HttpTokens="required"),
         on_instance),
        (dict(call=ec2.start_instances, InstanceIds=[instance]), on_instance),
        (dict(call=ec2.stop_instances, InstanceIds=[instance]), on_instance),
        (dict(call=ec2.create_security_group, GroupName="x", Description="x", VpcId=vpc),
         [f"{ARN}security-group/*", f"{ARN}vpc/{vpc}"]),
        (dict(call=ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule), on_group),
        (dict(call=ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=rule), on_group),
        (dict(call=ec2.delete_security_group, GroupId=group), on_group),
    ]
    for parameters, resources in cases:
        action = "".join(part.title() for part in parameters["call"].__name__.split("_"))
        grant = {"Effect": "Allow", "Action": f"ec2:{action}"}
        for missing in resources:
            rest = [{**grant, "Resource": other} for other in resources if other != missing]
            none = {"Effect": "Allow", "Action": "ec2:DescribeTags", "Resource": "*"}
            policy(region, "operator", [*rest, none])
            unauthorized(**parameters, action=f"ec2:{action}", resource=missing)
        policy(region, "operator", [{**grant, "Resource": resources}])
        assert code(**parameters, DryRun=True) == "DryRunOperation"


def test_who_calls_and_from_where(region, ec2, agents):
    ((me, mine), _) = agents
    address = describe(ec2, me)["PrivateIpAddress"]
    keys = {
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/zk", "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "AssumedRole", "ec2:Region": "eu-west-1",
        "ec2:SourceInstanceARN": f"{ARN}instance/{me}",
        "aws:Ec2InstanceSourcePrivateIPv4": address,
    }
    grant = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    for key, value in keys.items():
        policy(region, "zk", [{**grant, "Condition": {"StringEquals": {key: value}}}])
        mine.describe_subnets()
        policy(region, "zk", [{**grant, "Condition": {"StringNotEquals": {key: value}}}])
        assert code(mine.describe_subnets) == "UnauthorizedOperation", key


def test_policies_that_cannot_be_are_refused_and_the_one_before_stays(region, ec2):
    policy(region, "operator", [{"Effect": "Allow", "Action": "ec2:DescribeSubnets", "Resource": "*"}])
    for document in ("{", json.dumps({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {"ec2:Colour": "red"}},
        },
    })):
        reply = region.ask("set-policy", name="operator", document=document)
        assert reply["result"] == "error", reply
    assert "ec2:Colour" in reply["message"]
    assert region.ask("set-policy", name="a b")["result"] == "error"
    ec2.describe_subnets()
    assert code(ec2.describe_instances) == "UnauthorizedOperation"
