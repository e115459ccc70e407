output "connect_string" {
  description = "What clients are given, as zookeeper.connect, for the pool's life."
  value = join(",", [
    for number in sort([for it in keys(var.slots) : format("%03d", tonumber(it))]) :
    "${var.slots[tostring(tonumber(number))].address}:2181"
  ])
}

output "groups" {
  description = "The Auto Scaling groups, by subnet."
  value       = { for name, group in aws_autoscaling_group.zone : name => group.name }
}
