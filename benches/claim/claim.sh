#!/usr/bin/env bash
# The job of `steadfast claim`, as a practised person would script it with the AWS CLI: what the
# benchmark compares with. No takeover, no rollback, no resume, no waiting.
set -euo pipefail
pool=$1

imds=http://169.254.169.254/latest
token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $imds/api/token)
meta() { curl -sf -H "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"; }
instance=$(meta instance-id)
zone=$(meta placement/availability-zone)
AWS_DEFAULT_REGION=$(meta placement/region)
export AWS_DEFAULT_REGION

# One call for the whole pool: the peers are needed, too.
enis=$(aws ec2 describe-network-interfaces --filters "Name=tag:steadfast:pool,Values=$pool" \
  --query 'NetworkInterfaces[].[NetworkInterfaceId,MacAddress,PrivateIpAddress,AvailabilityZone,Status]' \
  --output text)

attached=
while read -r eni mac address _ _; do
  if aws ec2 attach-network-interface --network-interface-id "$eni" \
    --instance-id "$instance" --device-index 1 >/dev/null; then
    attached=$eni
    break
  fi
done < <(awk -v zone="$zone" '$4 == zone && $5 == "available"' <<<"$enis" | shuf)
[ -n "$attached" ] || { echo "no free slot in $zone" >&2; exit 1; }

nic=
until [ -n "$nic" ]; do
  nic=$(grep -il "$mac" /sys/class/net/*/address | cut -d/ -f5 || true)
  [ -n "$nic" ] || sleep 0.05
done

until cidr=$(meta "network/interfaces/macs/$mac/subnet-ipv4-cidr-block"); do sleep 0.1; done
network=${cidr%/*}
router=${network%.*}.$((${network##*.} + 1))
mtu=$(cat "/sys/class/net/$(ip -o route show default | awk '{print $5; exit}')/mtu")

ip link set "$nic" mtu "$mtu" up
ip address add "$address/${cidr#*/}" dev "$nic" noprefixroute
ip route add "$cidr" dev "$nic" src "$address" table 10001 protocol 83
ip route add default via "$router" dev "$nic" src "$address" table 10001 protocol 83
ip route add blackhole default metric 4294967295 table 10001 protocol 83
ip rule add from "$address" lookup 10001 protocol 83
while read -r _ _ peer _ _; do
  [ "$peer" = "$address" ] || ip rule add to "$peer" lookup 10001 protocol 83
done <<<"$enis"

# A packet to the router gets through from the slot's address.
until ping -q -c 1 -W 1 -I "$address" "$router" >/dev/null; do :; done

mkdir -p /run/steadfast
printf 'STEADFAST_SLOT_ENI=%s\nSTEADFAST_ADDRESS=%s\n' "$attached" "$address" \
  >/run/steadfast/slot.env
