#!/bin/bash
# With the pool: what each broker's instance runs at boot. Its address is a slot, too, of the brokers' own
# pool, and so is its id; where ZooKeeper is, it is told once.
export PATH="@BIN_DIR@:$PATH"
export STEADFAST_LOG_FORMAT=json

cat >/run/log4j.properties <<'CONFIG'
@LOG4J@
CONFIG
cat >/run/broker <<'START'
set -eu
. /run/steadfast/slot.env
connect=$(steadfast connect-string --pool @ZOOKEEPER_POOL@ --chroot /kafka)
cat >/run/server.properties <<CONFIG
broker.id=$STEADFAST_SLOT
zookeeper.connect=$connect
advertised.listeners=PLAINTEXT://$STEADFAST_ADDRESS:9092
@PROPERTIES@
CONFIG
exec @JAVA@ -Xmx256m @KAFKA@ /run/server.properties
START
# Restarted as a unit would be: the session of the broker that was here before holds its id in ZooKeeper until it
# expires, and until then Kafka ends at once.
until steadfast run --plain -- bash /run/broker; do sleep 1; done
