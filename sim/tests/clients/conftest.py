"""A region for each test, and the clients that judge it.

Every answer that boto3 gets is held against botocore's own description of the action: an element
that botocore does not know, or would not find where it is, fails the test.
"""

import json
import os
import socket
import subprocess
import sys
import time
from xml.etree import ElementTree

import boto3
import pytest
from botocore.config import Config

# One for all, since it reads and keeps EC2's description, which is large.
SESSION = boto3.Session()
SERVICES = ("autoscaling", "sts")
NAMESPACE = "{http://ec2.amazonaws.com/doc/2016-11-15/}"


class Region:
    """A region of one's own, reached over a connection that keeps it up."""

    def __init__(self):
        host, port = os.environ["STEADFAST_REGION_FACTORY"].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.lines = self.socket.makefile("rw", encoding="utf-8")
        self.info = json.loads(self.lines.readline())
        self.environment = self.info["environment"]

    def control(self, op, **fields):
        """Asks the region; an error reply fails the test."""
        reply = self.ask(op, **fields)
        assert reply["result"] != "error", reply
        return reply

    def ask(self, op, **fields):
        self.lines.write(json.dumps({"op": op, **fields}) + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())

    def pool(self, slots=3, **fields):
        """The ENIs of a new pool, in slot order."""
        return self.control("create-pool", name="zk", slots=slots, **fields)["enis"]

    def fault(self, action, kind, **fields):
        self.control("add-fault", action=action, kind=kind, **fields)

    def calls(self):
        return self.control("log", since=0)["calls"]

    def subnet(self, letter):
        [subnet] = [s["id"] for s in self.info["subnets"] if s["zone"].endswith(letter)]
        return subnet

    def client(self, check=True, config=None, service="ec2", **credentials):
        """boto3's client; without retries unless told otherwise."""
        client = SESSION.client(
            service,
            endpoint_url=self.info["endpoint"],
            region_name=credentials.pop("region", "eu-west-1"),
            aws_access_key_id=credentials.pop(
                "access_key", self.environment["AWS_ACCESS_KEY_ID"]
            ),
            aws_secret_access_key=credentials.pop(
                "secret_key", self.environment["AWS_SECRET_ACCESS_KEY"]
            ),
            aws_session_token=credentials.pop("session_token", None),
            config=config or Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )
        if check:
            check = check_answer if service == "ec2" else check_query_answer
            client.meta.events.register(f"after-call.{service}", check)
        return client

    def close(self):
        self.lines.close()
        self.socket.close()


def check_answer(http_response, model, **_):
    """Holds an answer against botocore's description of the action."""
    root = ElementTree.fromstring(http_response.content)
    if http_response.status_code >= 300:
        assert root.tag == "Response"
        assert root.find("Errors/Error/Code").text
        assert root.find("Errors/Error/Message").text
        assert root.find("RequestID").text
        return
    assert root.tag == f"{NAMESPACE}{model.name}Response"
    fields = [child for child in root if child.tag != f"{NAMESPACE}requestId"]
    assert len(fields) == len(root) - 1, "one requestId"
    if model.output_shape is None:
        # `return` is what EC2 says where botocore expects nothing.
        assert [child.tag for child in fields] in ([], [f"{NAMESPACE}return"])
        return
    check_structure(model.output_shape, fields, model.name)


def check_query_answer(http_response, model, **_):
    """The same for a service whose protocol is plain `query`."""
    root = ElementTree.fromstring(http_response.content)
    namespace = f"{{{model.service_model.metadata['xmlNamespace']}}}"
    strip(root, namespace)
    if http_response.status_code >= 300:
        assert root.tag == "ErrorResponse"
        assert root.find("Error/Type").text in ("Sender", "Receiver")
        assert root.find("Error/Code").text and root.find("Error/Message").text
        assert root.find("RequestId").text
        return
    assert root.tag == f"{model.name}Response"
    assert [child.tag for child in root] == [f"{model.name}Result", "ResponseMetadata"]
    assert root.find("ResponseMetadata/RequestId").text
    check_structure(model.output_shape, list(root[0]), model.name, "")


def strip(element, namespace):
    """Takes away the namespace, which every element has to have."""
    assert element.tag.startswith(namespace), element.tag
    element.tag = element.tag.removeprefix(namespace)
    for child in element:
        strip(child, namespace)


def check_structure(shape, elements, path, namespace=NAMESPACE):
    members = {member_name(name, member): member for name, member in shape.members.items()}
    seen = set()
    for element in elements:
        name = element.tag.removeprefix(namespace)
        # EC2 itself answers some changes with a `return` that botocore does not name.
        if name == "return" and name not in members:
            continue
        assert name in members, f"{path}: botocore does not know {name}"
        assert name not in seen, f"{path}: {name} comes twice"
        seen.add(name)
        check_value(members[name], element, f"{path}/{name}", namespace)


def member_name(name, member):
    return member.serialization.get("name", name)


def check_value(shape, element, path, namespace):
    if shape.type_name == "structure":
        check_structure(shape, element, path, namespace)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        for child in element:
            assert child.tag == f"{namespace}{item}", f"{path}: {child.tag} is no {item}"
            check_value(shape.member, child, f"{path}/{item}", namespace)
    else:
        assert len(element) == 0, f"{path}: is text to botocore"
        check_text(shape, element.text or "", path)


def check_text(shape, text, path):
    if shape.type_name == "boolean":
        assert text in ("true", "false"), f"{path}: {text}"
    elif shape.type_name in ("integer", "long"):
        int(text)
    if getattr(shape, "enum", None):
        assert text in shape.enum, f"{path}: {text} is none of {shape.enum}"


@pytest.fixture
def region():
    """A region that does not throttle, since these tests ask more than any agent would."""
    region = Region()
    region.control("set-throttling", enabled=False)
    yield region
    region.close()


@pytest.fixture
def ec2(region):
    return region.client()


@pytest.fixture
def aws(region):
    """Runs the AWS CLI: its answer, or its standard error if it is to fail."""

    def run(*arguments, fails=False):
        program = os.path.join(os.path.dirname(sys.executable), "aws")
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **region.environment}
        done = subprocess.run(
            [program, *([] if arguments[0] in SERVICES else ["ec2"]), *arguments,
             "--output", "json"],
            env=environment, capture_output=True, text=True, timeout=120,
        )
        if fails:
            assert done.returncode != 0, done
            assert "An error occurred" in done.stderr
            return done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def eventually(look, expected, within_s=10):
    """Waits until what one sees is what one expects."""
    end = time.monotonic() + within_s
    while (seen := look()) != expected:
        assert time.monotonic() < end, f"{seen}, not {expected}, after {within_s} s"
        time.sleep(0.02)


def launch(ec2, region, letter="a", kind="t3.small", **more):
    """A running instance's id."""
    answer = ec2.run_instances(
        ImageId="ami-0123456789abcdef0", InstanceType=kind, MinCount=1, MaxCount=1,
        **({"SubnetId": region.subnet(letter)} if "NetworkInterfaces" not in more else {}), **more,
    )
    instance = answer["Instances"][0]["InstanceId"]
    eventually(lambda: state(ec2, instance), "running")
    return instance


def describe(ec2, instance):
    answer = ec2.describe_instances(InstanceIds=[instance])
    return answer["Reservations"][0]["Instances"][0]


def state(ec2, instance):
    return describe(ec2, instance)["State"]["Name"]


def interface(ec2, eni):
    answer = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])
    return answer["NetworkInterfaces"][0]
