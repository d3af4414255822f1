# SPDX-License-Identifier: Apache-2.0
# The front door. Every target installs the Debian packages that it lacks, shows what it does, and
# ends with one line that tells the result. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# Kernels that the module is built for and tested on.
KERNELS ?= 6.1 6.12
# The newest one needs a chroot to build for, and its tests are left out where a mirror lacks it.
TEST_KERNELS = $(KERNELS) newest

all: userspace module
	@echo "make: ok, daemon and tools in build/meson/userspace, module in build/kmod"

help:
	@echo "make             builds daemon, tools and the kernel module"
	@echo "make demo        five nodes, one mesh, in a real kernel: the main job, with failures"
	@echo "make shell       leaves the demo's mesh up, and gives a prompt in it"
	@echo "make check       all tests; those on the debug kernel as far as 75 minutes allow"
	@echo "make check-fast  what fits into two minutes: no guests"
	@echo "make check-unit, check-kernel, check-kernel-debug, check-integration, lint    parts"
	@echo "make check-firstrun  the packages and README's commands on three fresh machines with systemd"
	@echo "make check-system    the same, and with Debian 13: upgrades, kernels, boots, purging"
	@echo "make check-mutants  the kernel tests against modules that lack one mechanism each"
	@echo "make bench       all measurements; make bench-kernel those of the module, in a real kernel;"
	@echo "                 make bench-raft the controller against etcd; make bench-api its API beside @grpc/grpc-js"
	@echo "                 make bench-dns names beside knot and unbound; make bench-product the metrics' page, memory"
	@echo "                 make bench-rtc data channels beside pion"
	@echo "make soak        the simulator of Raft with new seeds: SECONDS=600, or SEEDS=1-1000000"
	@echo "make fuzz        the parsers of what others send, with random bytes: SECONDS=60, FUZZ=\"frame token\""
	@echo "make deb         Debian packages, in build/deb"
	@echo "make regen       generated files from the specification"
	@echo "make clean       removes build/ (the cache stays: $${XDG_CACHE_HOME:-~/.cache}/wgmesh)"

userspace:
	@scripts/install-deps build
	@scripts/build plain

module:
	@scripts/install-deps build kernel
	@for kernel in $(KERNELS); do scripts/kbuild "$$kernel"; done

demo:
	@scripts/install-deps build kernel guest test
	@scripts/demo

shell:
	@scripts/install-deps build kernel guest test
	@scripts/demo --shell

CHECKS = static unit threads sim userspace dkms $(TEST_KERNELS:%=kernel-%) integration kernel-debug

check:
	@scripts/install-deps
	@scripts/check $(CHECKS)

check-fast:
	@scripts/install-deps build kernel test lint
	@FAST=1 scripts/check static unit sim userspace

check-unit:
	@scripts/install-deps build
	@scripts/check unit threads sim

check-kernel:
	@scripts/install-deps build kernel guest test
	@scripts/check $(TEST_KERNELS:%=kernel-%)

check-kernel-debug:
	@scripts/install-deps build kernel guest test
	@scripts/check kernel-debug

check-firstrun:
	@scripts/install-deps build kernel guest test deb
	@scripts/check firstrun

check-system:
	@scripts/install-deps build kernel guest test deb
	@scripts/check firstrun firstrun-13

check-mutants:
	@scripts/install-deps build kernel guest test
	@tests/kernel/mutants

check-integration:
	@scripts/install-deps build kernel guest test
	@scripts/check userspace integration

lint:
	@scripts/install-deps build kernel lint
	@scripts/lint

soak:
	@scripts/install-deps build
	@scripts/build plain sim
	@tests/sim/soak build/meson/tests/sim/sim "$(SECONDS)" "$(SEEDS)"

fuzz:
	@scripts/install-deps build fuzz
	@tests/fuzz/run "$(or $(SECONDS),60)" $(FUZZ)

bench: bench-kernel bench-raft bench-api bench-dns bench-product bench-rtc

bench-raft:
	@scripts/install-deps build test bench
	@scripts/build plain wgmeshd wmctl raft-load follow-load state-fill
	@tests/bench/raft/run

bench-api:
	@scripts/install-deps build test
	@scripts/build plain wgmeshd wmctl api-load state-fill
	@tests/bench/api/run

bench-dns:
	@scripts/install-deps build test
	@scripts/build plain wgmeshd wmctl dns-load state-fill
	@tests/bench/dns/run

bench-product:
	@scripts/install-deps build kernel guest test
	@scripts/build plain wgmeshd wmctl state-fill
	@tests/bench/product/run
	@tests/bench/product/in-guest

bench-rtc:
	@scripts/install-deps build
	@scripts/build plain rtc-load rtc-relay
	@tests/bench/rtc/run

bench-kernel:
	@scripts/install-deps build kernel guest test
	@tests/bench/run

deb:
	@scripts/install-deps build deb
	@scripts/deb

regen:
	@scripts/install-deps lint
	@scripts/regen

clean:
	@rm -rf build
	@echo "clean: ok"

.PHONY: all help userspace module demo shell check check-fast check-unit check-kernel \
	check-kernel-debug check-firstrun check-system check-mutants check-integration lint deb soak fuzz bench bench-kernel bench-raft \
	bench-api bench-dns bench-product bench-rtc regen clean
