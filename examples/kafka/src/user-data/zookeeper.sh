#!/bin/bash
# With the pool: what each ZooKeeper instance runs at boot. The claim, zoo.cfg, the server's id, who may
# vote and when to start are the business of `steadfast run`.
export PATH="@BIN_DIR@:$PATH"
# The demo reads it on the console.
export STEADFAST_LOG_FORMAT=json
mkdir -p /var/log/zookeeper
# ZooKeeper runs as this user if it can be had. The region of an ordinary user has root alone.
chown zookeeper: /var/log/zookeeper 2>/dev/null || :

# As steadfast-zookeeper.service does: whatever ended is started again, but where that would not help.
while :; do
  status=0
  steadfast run -- @JAVA@ -Xmx128m @ZOOKEEPER@ /run/steadfast/zoo.cfg || status=$?
  case $status in 0 | 64 | 77 | 78) exit "$status" ;; esac
  sleep 1
done
