#!/bin/bash
# What each server's instance runs at boot: `steadfast run` around a real ZooKeeper, which logs to
# the console.
export PATH="@BIN_DIR@:$PATH"

# A short tick: a silent peer is noticed after 2.5 s (tickTime x syncLimit).
mkdir -p /etc/steadfast
cat >/etc/steadfast/steadfast.toml <<'CONFIG'
[zookeeper]
tickTime = 500
initLimit = 20
syncLimit = 5
CONFIG

steadfast run -- @SERVER@ /run/steadfast/zoo.cfg
status=$?
echo "replacements: run ended with $status"

# As a unit with Restart=on-failure does.
if @RESTARTS@ && [ "$status" = 79 ]; then exec "$0"; fi
