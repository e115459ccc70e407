#!/bin/sh
# User-data for Debian 12: the instance takes a slot of a ZooKeeper pool and serves on its address.
#
# Set the values below and give this file to the launch template. All that it says is on the console
# (EC2's console output) and in /var/log/cloud-init-output.log. A step that fails is the last one:
# nothing is started, and cloud-final.service fails. To run it again does no harm.
set -eu

# Where the package is, and what `sha256sum` says of it. It is fetched whenever an instance is replaced, so
# not by an address that S3 has signed, which ends.
PACKAGE_URL=''
PACKAGE_SHA256=''

# The pool. Left empty, the instance's tag steadfast:pool tells it.
POOL=''

# More lines for /etc/steadfast/steadfast.toml, those for ZooKeeper last:
#   stop-timeout = "60s"
#   [zookeeper]
#   initLimit = 30
SETTINGS=''

# Lines for /etc/steadfast/environment, which steadfast and ZooKeeper are given:
#   JVMFLAGS=-Xmx1g
ENVIRONMENT=''

# ---- Nothing below needs to be set. ----

# ---- The same on every distribution, from here. ----

umask 022
step='nothing yet'

say() { echo "steadfast user-data: $*"; }
doing() { step=$1 && say "$1"; }
stop() { say "$*" >&2 && exit 1; }

# Nobody looks further than the last lines of the console.
ended() {
  status=$?
  [ "$status" = 0 ] && return
  say "FAILED (status $status) at: $step. The lines above say why. ZooKeeper was not started from here;" \
    "mend it, then launch anew or run again: $0" >&2
}
trap ended EXIT

# put FILE MODE: what comes in, whole or not at all.
put() {
  mkdir -p "${1%/*}"
  (umask 077 && cat >"$1.new")
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

# The clock of the machine may be set meanwhile; this one is not.
seconds() { cut -d. -f1 /proc/uptime; }

# within SECONDS COMMAND...: tries again until it succeeds.
within() {
  end=$(($(seconds) + $1))
  shift
  until "$@"; do
    [ "$(seconds)" -lt "$end" ] || stop "that failed too often: $*"
    say "that failed, and is tried again: $*"
    sleep 5
  done
}

# sum_of PROGRAM FILE: its checksum.
sum_of() { "$1" "$2" | cut -d' ' -f1; }

# fetch URL PROGRAM SUM FILE: the file, if the program says this checksum of it; else there is none.
fetch() {
  [ -f "$4" ] && [ "$(sum_of "$2" "$4")" = "$3" ] && return
  mkdir -p "${4%/*}"
  # Refused, broken off or slow, it is tried again; what the server has not got, it will not get.
  curl --fail --location --silent --show-error --retry 60 --retry-delay 5 --retry-max-time 300 \
    --retry-connrefused --connect-timeout 10 --max-time 300 --speed-limit 1000 --speed-time 30 \
    --output "$4.new" "$1" || stop "${1%%\?*} cannot be fetched: see that the address is right and that" \
    "this instance has a way to it"
  found=$(sum_of "$2" "$4.new")
  [ "$found" = "$3" ] || {
    rm -f "$4.new"
    stop "${1%%\?*} is not what it should be: $2 says $found and not $3. Nothing was installed of it. Put" \
      "the checksum of the file that you mean into the user-data"
  }
  mv "$4.new" "$4"
}

# is_sum SUM DIGITS
is_sum() {
  case $1 in *[!0-9a-f]*) return 1 ;; esac
  [ ${#1} = "$2" ]
}

doing 'look at the values that were set'
[ "$(id -u)" = 0 ] || stop 'only root can do this'
[ -n "$PACKAGE_URL" ] || stop 'PACKAGE_URL is empty: put the address of the package into the user-data'
is_sum "$PACKAGE_SHA256" 64 || stop "PACKAGE_SHA256 is '$PACKAGE_SHA256' and not 64 digits of 0-9a-f: put" \
  'what sha256sum says of the package into the user-data'

# ---- The same on every distribution, to here. ----

package=/var/cache/steadfast/steadfast.deb

# It waits for those who are at it at boot, and keeps settings that are there. Without the suspension a
# needrestart that is installed would restart what it sees fit.
apt_get() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}
add() { apt_get install --yes --no-install-recommends "$@"; }
update_and_add() { apt_get update && add "$@"; }
are_installed() {
  for name; do
    dpkg-query -Wf '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || return 1
  done
}
need() { are_installed "$@" || within 600 update_and_add "$@"; }
is_older() { dpkg --compare-versions "$(dpkg-query -Wf '${Version}' steadfast)" lt "$1"; }

doing 'fetch the package'
need ca-certificates curl
fetch "$PACKAGE_URL" sha256sum "$PACKAGE_SHA256" "$package"

doing 'install ZooKeeper and Java'
# Of the packages of ZooKeeper this one starts nothing. It depends on Java.
need zookeeper

doing 'install the package'
version=$(dpkg-deb --field "$package" Version)
if ! are_installed steadfast || is_older "$version"; then
  add "$package" || update_and_add "$package"
fi

# ---- The same on every distribution, from here. ----

doing 'write the settings'
if [ -n "$POOL$SETTINGS" ]; then
  {
    echo '# From the user-data of this instance.'
    [ -z "$POOL" ] || printf 'pool = "%s"\n' "$POOL"
    printf '%s\n' "$SETTINGS"
  } | put /etc/steadfast/steadfast.toml 644
fi
[ -z "$ENVIRONMENT" ] || printf '%s\n' "$ENVIRONMENT" | put /etc/steadfast/environment 600

doing "leave the slots' network interfaces to steadfast"
# cloud-init would give an interface that is plugged in addresses, routes and rules of its own.
put /etc/cloud/cloud.cfg.d/99-steadfast.cfg 644 <<'END'
# From the user-data of this instance: a slot's network interface is configured by steadfast.
updates: {network: {when: [boot-new-instance]}}
END
if systemctl --quiet is-active systemd-networkd; then
  # It removes others' routes and rules when it starts, steadfast's among them, unless it is told.
  keep=/etc/systemd/networkd.conf.d/steadfast.conf
  [ -e "$keep" ] || {
    printf '[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n' | put "$keep" 644
    systemctl restart systemd-networkd
  }
  # By hardware address: a pattern that leaves out this instance's own interface would, in an image that
  # is made of this instance, not leave out the next one's.
  macs=$(systemd-run --quiet --pipe --wait --description='Look at the pool' \
    --property=EnvironmentFile=-/etc/steadfast/environment /usr/bin/steadfast pool show --timeout 30s --output json |
    grep -oE '"([0-9a-f]{2}:){5}[0-9a-f]{2}"' | sort -u | tr -d '"' | tr '\n' ' ')
  if [ -n "$macs" ]; then
    printf '[Match]\nMACAddress=%s\n\n[Link]\nUnmanaged=yes\n' "$macs" |
      put /etc/systemd/network/05-steadfast.network 644
    networkctl reload
  else
    say "the pool cannot be read: steadfast-zookeeper.service will say why, and systemd-networkd may" \
      "configure a slot's interface, too, until this is run again" >&2
  fi
fi

doing 'start steadfast-zookeeper.service'
systemctl enable --now --no-block steadfast-zookeeper.service
say 'done: steadfast claims a slot from here on. See: systemctl status steadfast-zookeeper'
# ---- The same on every distribution, to here. ----
