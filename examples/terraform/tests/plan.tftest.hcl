# What a plan makes of five slots in three zones: `terraform test`, which asks nothing of AWS.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  pool           = "kafka"
  vpc_id         = "vpc-0123456789abcdef0"
  subnets        = { a = "subnet-0a", b = "subnet-0b", c = "subnet-0c" }
  package_url    = "https://example.com/steadfast.deb"
  package_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  settings       = "[zookeeper]\ninitLimit = 30"
  image_id       = "ami-0123456789abcdef0"
  slots = {
    1 = { subnet = "a", address = "10.0.0.11" }
    2 = { subnet = "b", address = "10.0.1.11" }
    3 = { subnet = "c", address = "10.0.2.11" }
    4 = { subnet = "a", address = "10.0.0.12" }
    5 = { subnet = "b", address = "10.0.1.12" }
  }
}

run "five_slots" {
  command = plan

  assert {
    condition     = output.connect_string == "10.0.0.11:2181,10.0.1.11:2181,10.0.2.11:2181,10.0.0.12:2181,10.0.1.12:2181"
    error_message = "The connect string is not the addresses in slot order: ${output.connect_string}"
  }
  assert {
    condition     = { for name, group in aws_autoscaling_group.zone : name => group.max_size } == { a = 2, b = 2, c = 1 }
    error_message = "A group has not as many instances as its zone has slots."
  }
  assert {
    condition     = aws_network_interface.slot["4"].tags["steadfast:slot"] == "4"
    error_message = "A slot does not bear its number."
  }
  assert {
    condition = startswith(base64decode(aws_launch_template.zookeeper.user_data), join("\n", [
      "#!/bin/sh",
      "# cloud-init/debian-12/user-data.sh with the values of this configuration.",
      "set -eu",
      "PACKAGE_URL='https://example.com/steadfast.deb'",
      "PACKAGE_SHA256='0000000000000000000000000000000000000000000000000000000000000000'",
    ]))
    error_message = "The user-data has not the values at its top."
  }
  assert {
    condition     = endswith(base64decode(aws_launch_template.zookeeper.user_data), local.script)
    error_message = "The user-data is not the shipped script."
  }
  assert {
    condition     = length(aws_launch_template.zookeeper.user_data) < 16384 * 4 / 3
    error_message = "EC2 takes 16 KiB of user-data, no more."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.steadfast.policy).Statement[1].Resource == "arn:aws:ec2:eu-west-1:123456789012:network-interface/*"
    error_message = "The policy is not about this account."
  }
}

run "an_even_number" {
  command = plan

  variables {
    slots = {
      1 = { subnet = "a", address = "10.0.0.11" }
      2 = { subnet = "b", address = "10.0.1.11" }
    }
  }

  expect_failures = [var.slots]
}
