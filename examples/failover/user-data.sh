#!/bin/bash
# What each instance of the demo runs at boot: the claim, and only then ZooKeeper.
set -eu
export PATH="@BIN_DIR@:$PATH"

claim=$(steadfast claim --output json)
# shellcheck source=/dev/null
. /run/steadfast/slot.env
echo "demo: claimed ${claim%\}},\"at\":$(date +%s.%N)}"

# The settings that passed in the project's measurements; the server list is the pool's.
data=/var/lib/zookeeper
mkdir -p "$data"
echo "$STEADFAST_SLOT" >"$data/myid"
# An empty disk must not vote, save on the first boot of the whole ensemble.
if @FIRST_BOOT@; then touch "$data/initialize"; fi
cat >/run/zoo.cfg <<CONFIG
tickTime=2000
initLimit=10
syncLimit=5
dataDir=$data
clientPort=2181
clientPortAddress=$STEADFAST_ADDRESS
db.autocreate=false
fastleader.maxNotificationInterval=3000
4lw.commands.whitelist=srvr,mntr,ruok,isro
admin.enableServer=false
standaloneEnabled=false
reconfigEnabled=false
autopurge.snapRetainCount=5
autopurge.purgeInterval=1
CONFIG
for peer in ${STEADFAST_PEERS//,/ }; do
  echo "server.${peer%%=*}=${peer#*=}:2888:3888" >>/run/zoo.cfg
done

# Debian's package has no logging backend on its class path: without these two jars it is mute.
jars=/usr/share/java
cat >/run/log4j.properties <<CONFIG
log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p %c{1}: %m%n
CONFIG
exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dlog4j.configuration=file:/run/log4j.properties -Dzookeeper.jmx.log4j.disable=true \
  -cp "$jars/zookeeper.jar:$jars/slf4j-log4j12.jar:$jars/log4j-1.2.jar" \
  org.apache.zookeeper.server.quorum.QuorumPeerMain /run/zoo.cfg \
  >/var/log/zookeeper.log 2>&1
