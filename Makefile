# make demo   a real ensemble on a local region: instances replaced, the same addresses
# make demo-kafka  a real Kafka through the loss of every ZooKeeper server, with the pool and without it
# make test   every test but test-vm
# make test-vm  machines that boot: an ensemble from the shipped user-data alone
# make bench  the figures of the README
# make build  the release binary, target/release/steadfast
# make deb    a package for Debian and Ubuntu, target/package/steadfast_VERSION-1_ARCH.deb
# make rpm    one for Amazon Linux, target/package/steadfast-VERSION-1.ARCH.rpm
# make check-package  both, judged: lintian, contents, systemd, an upgrade and a removal (part of .ci/run)
# make build-dev  the programs for trying things out, target/debug/steadfast and steadfast-sim
# make check  formatting, lints, documentation, licences (part of .ci/run)
#
# Each installs what is missing first, says what, and asks before it uses sudo.

CARGO_BIN := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin
# The last two hold sysctl and ip, which an ordinary user of Debian has not on the path.
export PATH := $(CARGO_BIN):$(PATH):/usr/sbin:/sbin
CARGO ?= cargo

.PHONY: help demo demo-kafka test test-vm bench build deb rpm check-package build-dev check
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo:
	@scripts/setup demo
	$(CARGO) build --locked --bins --examples
	@"$${CARGO_TARGET_DIR:-target}/debug/examples/failover"

# A package of its own: nothing else needs Kafka's client, which is compiled from C.
demo-kafka:
	@scripts/setup kafka
	@examples/kafka/setup
	$(CARGO) build --locked --bins --examples
	$(CARGO) build --locked --package steadfast-kafka
	@"$${CARGO_TARGET_DIR:-target}/debug/steadfast-kafka"

# Of the tests by their directories, those that wait for two thirds of their time and more: on a machine
# of two cores, six of them at once take about half as long as two. Not `program`, whose crowd of fifty
# agents computes: beside others it is late. The booted machines have a target of their own.
WAIT := operator runbook
COMPUTE := $(filter-out $(WAIT) vm,$(basename $(notdir $(wildcard tests/*.rs) \
  $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs sim/tests/*/main.rs)))))

test:
	@scripts/setup test
	@sim/tests/clients/setup
	@tests/zookeeper/setup
	@examples/kafka/setup
	$(CARGO) build --locked --bins --examples
	$(CARGO) test --locked --lib --bins --examples $(addprefix --test ,$(COMPUTE))
	$(CARGO) test --locked --doc
	$(CARGO) test --locked $(addprefix --test ,$(WAIT)) -- --test-threads=6
	$(CARGO) test --locked --package steadfast-kafka

# Without a processor's own virtualisation, minutes. The image is kept in target/vm.
test-vm: deb
	@scripts/setup vm
	@tests/vm/image
	$(CARGO) build --locked --bins --examples
	$(CARGO) test --locked --test vm -- --nocapture

build:
	@scripts/setup build
	$(CARGO) build --locked --release --bin steadfast

deb rpm:
	@scripts/setup package
	@scripts/package $@

check-package:
	@scripts/setup check-package
	@scripts/package deb
	@scripts/package rpm
	@tests/package/check

# With the examples, as the demo and the tests have it: without them other features are chosen, and
# aws-sdk-ec2 is compiled once more.
build-dev:
	@scripts/setup demo
	$(CARGO) build --locked --bins --examples

bench:
	@scripts/setup test
	@sim/tests/clients/setup
	$(CARGO) build --locked --release --bins --examples --bench claim --bench fence \
	  --bench losses --bench status --bench reclaim
	$(CARGO) bench --locked --bench claim
	$(CARGO) bench --locked --bench fence
	$(CARGO) bench --locked --bench losses
	$(CARGO) bench --locked --bench status
	$(CARGO) bench --locked --bench reclaim

check:
	@scripts/setup ci
	@scripts/check
