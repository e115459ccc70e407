#!/bin/bash
# Without the pool: what each plain instance runs at boot: whatever its operators put into /etc/service,
# started again when it ends, as a unit would be.
while :; do
  [ ! -x /etc/service ] || /etc/service || :
  sleep 0.5
done
