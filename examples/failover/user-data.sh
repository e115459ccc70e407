#!/bin/bash
# What each instance of the demo runs at boot: `steadfast run` around Debian's ZooKeeper. The claim,
# zoo.cfg, the server's id, who may vote and when to start are all its business.
set -eu
export PATH="@BIN_DIR@:$PATH"
# The demo, and the benchmark of losses, read it on the console.
export STEADFAST_LOG_FORMAT=json

# Debian's package has no logging backend on its class path: without these jars it is mute.
jars=/usr/share/java
mkdir -p /var/log/zookeeper
# ZooKeeper runs as this user if it can be had. The region of an ordinary user has root alone.
chown zookeeper: /var/log/zookeeper 2>/dev/null || true
cat >/run/log4j.properties <<CONFIG
log4j.rootLogger=INFO, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.File=/var/log/zookeeper/zookeeper.log
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{ISO8601} %-5p %c{1}: %m%n
CONFIG

exec steadfast run -- java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dlog4j.configuration=file:/run/log4j.properties -Dzookeeper.jmx.log4j.disable=true \
  -cp "$jars/zookeeper.jar:$jars/slf4j-log4j12.jar:$jars/log4j-1.2.jar" \
  org.apache.zookeeper.server.quorum.QuorumPeerMain /run/steadfast/zoo.cfg
