"""Run inside an instance: boto3 finds region, credentials and itself by IMDSv2 alone."""

import sys

import boto3
from botocore.exceptions import ClientError
from botocore.utils import IMDSFetcher, InstanceMetadataRegionFetcher

[_, instance] = sys.argv


class Metadata(IMDSFetcher):
    """Anything that the metadata service knows, by botocore's own requests."""

    def __getitem__(self, path):
        token = self._fetch_metadata_token()
        assert token, "no token"
        everything = lambda response: False
        return self._get_request("latest/" + path, everything, token=token).text


metadata = Metadata(num_attempts=1)
assert metadata["meta-data/instance-id"] == instance
assert metadata["meta-data/placement/availability-zone"] == "eu-west-1b"
assert metadata["meta-data/tags/instance/steadfast:pool"] == "zk"

region = InstanceMetadataRegionFetcher(num_attempts=1).retrieve_region()
assert region == "eu-west-1", region

session = boto3.Session(region_name=region)
credentials = session.get_credentials()
assert credentials.method == "iam-role", credentials.method
ec2 = session.client("ec2")
pool = [{"Name": "tag:steadfast:pool", "Values": ["zk"]}]
zone = {"Name": "availability-zone", "Values": ["eu-west-1b"]}
[slot] = ec2.describe_network_interfaces(Filters=[*pool, zone])["NetworkInterfaces"]
eni = slot["NetworkInterfaceId"]
ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)

# Its role is told who it is, and may not do what its policy does not say.
who = session.client("sts").get_caller_identity()["Arn"]
assert who == f"arn:aws:sts::123456789012:assumed-role/steadfast/{instance}", who
try:
    ec2.terminate_instances(InstanceIds=[instance])
except ClientError as error:
    assert error.response["Error"]["Code"] == "UnauthorizedOperation", error
else:
    raise AssertionError("a policy that was not asked")

# Its role may tag a slot, which all others then see.
mark = {"Key": "steadfast:initialized", "Value": "2026-11-22T19:00:00Z"}
found = lambda: ec2.describe_network_interfaces(
    Filters=[{"Name": "tag-key", "Values": [mark["Key"]]}]
)["NetworkInterfaces"]
for call in (ec2.create_tags, ec2.delete_tags):
    try:
        call(Resources=[eni], Tags=[mark], DryRun=True)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "DryRunOperation", error
    else:
        raise AssertionError("a dry run that ran")
assert found() == []
ec2.create_tags(Resources=[eni], Tags=[mark])
[tagged] = found()
assert tagged["NetworkInterfaceId"] == eni and mark in tagged["TagSet"], tagged
ec2.delete_tags(Resources=[eni], Tags=[{**mark, "Value": "another"}])
assert len(found()) == 1
ec2.delete_tags(Resources=[eni], Tags=[mark])
assert found() == []
