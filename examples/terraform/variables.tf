variable "pool" {
  description = "The pool's name. Of one region and account no other may have it."
  type        = string
  default     = "kafka"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", var.pool))
    error_message = "Letters, digits, and the characters . _ - after the first, 63 at most."
  }
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnets" {
  description = "A subnet a zone, by a name of one's own, each with a way to EC2's API and to the package."
  type        = map(string)
}

variable "slots" {
  description = "The slots by number, which is the ZooKeeper server id: a name out of subnets, and a free address there, the slot's for good."
  type = map(object({
    subnet  = string
    address = string
  }))

  validation {
    condition     = alltrue([for number in keys(var.slots) : can(regex("^[1-9][0-9]{0,2}$", number)) && tonumber(number) <= 255])
    error_message = "A slot's number is 1 to 255."
  }

  validation {
    condition     = length(var.slots) % 2 == 1
    error_message = "Three slots survive the loss of one disk, five that of two; an even number survives no more than one less."
  }
}

variable "client_security_group_ids" {
  description = "The security groups of ZooKeeper's clients, as Kafka's brokers, by a name of one's own."
  type        = map(string)
  default     = {}
}

variable "distribution" {
  description = "The directory of cloud-init/ whose user-data the instances run: that of the image."
  type        = string
  default     = "debian-12"

  validation {
    condition     = contains(["amazon-linux-2023", "debian-12", "debian-13", "ubuntu-24.04"], var.distribution)
    error_message = "One of amazon-linux-2023, debian-12, debian-13 and ubuntu-24.04."
  }
}

variable "image_id" {
  description = "The image; null for the distribution's newest for x86-64. With null a new image becomes a new version of the launch template, and replaces no instance."
  type        = string
  default     = null
}

variable "instance_type" {
  description = "One that can have two network interfaces or more."
  type        = string
  default     = "m7i.large"
}

variable "volume_size" {
  description = "Of the disk, in GiB. ZooKeeper's data is on it."
  type        = number
  default     = 20
}

variable "package_url" {
  description = "Where the instances fetch the package."
  type        = string

  validation {
    condition     = can(regex("^https?://[^'\\s]+$", var.package_url))
    error_message = "An address that starts with https:// or http://, without spaces and quotes."
  }
}

variable "package_sha256" {
  description = "What sha256sum says of the package."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "64 digits of 0-9a-f."
  }
}

variable "zookeeper" {
  description = "Apache's archive for Amazon Linux, which has no package; the others do not look at it."
  type = object({
    url    = string
    sha512 = string
  })
  default = {
    url    = "https://archive.apache.org/dist/zookeeper/zookeeper-3.9.4/apache-zookeeper-3.9.4-bin.tar.gz"
    sha512 = "36bffae6440ed0d71ed83a621b8c52c583860b414812197373237f0c148bd16e6b599977c90e5eb81c0fce6b82ef44aa782621535417cffc4c2a0a51a56f2cdf"
  }
}

variable "settings" {
  description = "Lines for /etc/steadfast/steadfast.toml, those for ZooKeeper last."
  type        = string
  default     = ""

  validation {
    condition     = !strcontains(var.settings, "'")
    error_message = "Without single quotes: they end the value in the user-data."
  }
}

variable "environment" {
  description = "Lines for /etc/steadfast/environment."
  type        = string
  default     = "JVMFLAGS=-Xmx1g -Xms1g"

  validation {
    condition     = !strcontains(var.environment, "'")
    error_message = "Without single quotes: they end the value in the user-data."
  }
}
