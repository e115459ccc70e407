# A ZooKeeper ensemble whose addresses outlive its instances: the slots of a steadfast pool, the role of
# their holders, and one Auto Scaling group a zone.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

# --- The pool. ---

resource "aws_security_group" "slots" {
  name_prefix = "${var.pool}-slots-"
  description = "Slots of the ZooKeeper pool ${var.pool}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.pool}-slots" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.slots.id
  description                  = "Clients: ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 2181
  to_port                      = 2181
}

resource "aws_vpc_security_group_ingress_rule" "members" {
  for_each = {
    "Members see how their peers are" = 2181
    "Followers to their leader"       = 2888
    "The election"                    = 3888
  }

  security_group_id            = aws_security_group.slots.id
  description                  = each.key
  referenced_security_group_id = aws_security_group.slots.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_egress_rule" "slots" {
  security_group_id = aws_security_group.slots.id
  description       = "Anywhere"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_network_interface" "slot" {
  for_each = var.slots

  description     = "steadfast ${var.pool}/${each.key}"
  subnet_id       = var.subnets[each.value.subnet]
  private_ips     = [each.value.address]
  security_groups = [aws_security_group.slots.id]

  tags = {
    Name             = "${var.pool}-${each.key}"
    "steadfast:pool" = var.pool
    "steadfast:slot" = each.key
  }

  lifecycle {
    # Its address is the ensemble's for good: what would make another of it is refused.
    prevent_destroy = true
    # steadfast remembers in tags which disk the slot served with. Without this line an apply would remove
    # them, and the next empty disk would vote.
    ignore_changes = [tags, tags_all]
  }
}

# --- Who may hold a slot. ---

resource "aws_iam_role" "holder" {
  name_prefix = "${var.pool}-zookeeper-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# What `steadfast iam-policy --role agent` prints, as tests/templates sees to.
resource "aws_iam_role_policy" "steadfast" {
  name = "steadfast"
  role = aws_iam_role.holder.id
  policy = templatefile("${path.module}/agent-policy.json.tftpl", {
    partition = data.aws_partition.here.partition
    region    = local.region
    account   = data.aws_caller_identity.here.account_id
    pool      = var.pool
  })
}

resource "aws_iam_instance_profile" "holder" {
  name_prefix = "${var.pool}-zookeeper-"
  role        = aws_iam_role.holder.name
}

# --- The instances. ---

# Of the instances' own interfaces: ZooKeeper is reached at the slots'.
resource "aws_security_group" "instances" {
  name_prefix = "${var.pool}-instances-"
  description = "Instances of the ZooKeeper pool ${var.pool}, which nobody dials"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.pool}-instances" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "instances" {
  security_group_id = aws_security_group.instances.id
  description       = "Anywhere"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

data "aws_ssm_parameter" "image" {
  count = var.image_id == null ? 1 : 0
  name  = local.images[var.distribution]
}

locals {
  # As the image's name for its first disk goes.
  root_device = var.distribution == "ubuntu-24.04" ? "/dev/sda1" : "/dev/xvda"

  images = {
    "amazon-linux-2023" = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    "debian-12"         = "/aws/service/debian/release/12/latest/amd64"
    "debian-13"         = "/aws/service/debian/release/13/latest/amd64"
    "ubuntu-24.04"      = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
  }

  # The shipped user-data with other values at its top. The instance's tag tells the pool.
  values_end = "# ---- Nothing below needs to be set. ----"
  script     = split(local.values_end, file("${path.module}/../../cloud-init/${var.distribution}/user-data.sh"))[1]
  user_data = join("\n", [
    "#!/bin/sh",
    "# cloud-init/${var.distribution}/user-data.sh with the values of this configuration.",
    "set -eu",
    "PACKAGE_URL='${var.package_url}'",
    "PACKAGE_SHA256='${var.package_sha256}'",
    "ZOOKEEPER_URL='${var.zookeeper.url}'",
    "ZOOKEEPER_SHA512='${var.zookeeper.sha512}'",
    "POOL=''",
    "SETTINGS='${var.settings}'",
    "ENVIRONMENT='${var.environment}'",
    "${local.values_end}${local.script}",
  ])
}

resource "aws_launch_template" "zookeeper" {
  name_prefix   = "${var.pool}-zookeeper-"
  image_id      = var.image_id == null ? nonsensitive(data.aws_ssm_parameter.image[0].value) : var.image_id
  instance_type = var.instance_type
  user_data     = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.holder.arn
  }

  # Version 2 alone, for this host alone; and the tags tell the pool.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  network_interfaces {
    device_index          = 0
    security_groups       = [aws_security_group.instances.id]
    delete_on_termination = true
  }

  block_device_mappings {
    device_name = local.root_device

    ebs {
      volume_type           = "gp3"
      volume_size           = var.volume_size
      encrypted             = true
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "${var.pool}-zookeeper" }
  }
}

# A group a zone, which has as many instances as the zone has slots. It is without an instance refresh: an
# apply replaces no instance, see the README.
resource "aws_autoscaling_group" "zone" {
  for_each = toset([for slot in var.slots : slot.subnet])

  name_prefix         = "${var.pool}-${each.key}-"
  vpc_zone_identifier = [var.subnets[each.key]]
  min_size            = local.size[each.key]
  max_size            = local.size[each.key]
  desired_capacity    = local.size[each.key]
  health_check_type   = "EC2"

  launch_template {
    id      = aws_launch_template.zookeeper.id
    version = aws_launch_template.zookeeper.latest_version
  }

  dynamic "tag" {
    for_each = {
      Name             = "${var.pool}-zookeeper"
      "steadfast:pool" = var.pool
    }

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # An instance is of no use without these.
  depends_on = [aws_iam_role_policy.steadfast, aws_network_interface.slot]
}

locals {
  size   = { for name in keys(var.subnets) : name => length([for slot in var.slots : slot if slot.subnet == name]) }
  region = data.aws_region.here.id
}
