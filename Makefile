# Two commands: `make demo` shows the main job live, `make test` runs every test. Both install what is missing.
# `make help` lists the rest.

SHELL := /bin/bash
SWIFT ?= swift
BINARY := .build/release/mozaiks-ops
# A release knows its commit. Every product is built with it, so that none undoes the other's; tests are built without.
RELEASE = MOZAIKS_COMMIT=$$(.ci/commit) $(SWIFT) build -c release --static-swift-stdlib

.PHONY: help setup build test smoke faults fuzz fuzz-api demo bench bench-smoke chaos soak judge evals format lint install package boot pictures page-pictures clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: ## install what building and testing needs (Debian; asks for root only if something is missing)
	@.ci/setup

build: setup ## release binary with the Swift runtime linked in: .build/release/mozaiks-ops
	@$(RELEASE) --product mozaiks-ops 2>&1 | .ci/quiet
	@install -m 755 $(BINARY) .build/mozaiks-ops && strip .build/mozaiks-ops
	@ls -l .build/mozaiks-ops | awk '{ printf "built .build/mozaiks-ops, %.1f MB stripped\n", $$5 / 1e6; exit $$5 > 22e6 }' \
		|| { echo "the stripped binary is above its budget of 22 MB" >&2; exit 1; }

demo: build ## the main job, live, in about 30 seconds; OPEN=1 keeps the page open afterwards
	@.ci/demo .build/mozaiks-ops $(if $(OPEN),--keep-open)

test: setup ## all tests
	@$(SWIFT) build --build-tests 2>&1 | .ci/quiet
	@# All at once, each waiting test comes to its turn behind all others: kept connections and answers grow too old.
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 $(SWIFT) test --skip-build

smoke: build ## the release binary, which tests do not run, through a short life
	@Tests/Smoke/run .build/mozaiks-ops

faults: build ## peers that misbehave in every way before every kind of reader, beside what is right: some six minutes; POLLS=10000 looks for leaks instead, some twelve
	@Tests/Faults/run .build/mozaiks-ops $(if $(POLLS),--polls $(POLLS)) $(FAULTS)

fuzz: setup ## the C++ readers on mutated bodies, every read checked, 25 seconds long; with SECONDS_OF_FUZZING=n so long, and the Swift readers too
	@Tests/Fuzz/run
	@$(if $(SECONDS_OF_FUZZING),Tests/Fuzz/swift)

fuzz-api: build ## the HTTP API on what schemathesis makes of docs/api.yaml, good and bad; MOST_EXAMPLES (default 25) each
	@Tests/Fuzz/api

bench: build ## budgets of docs/benchmarks.md beside what this machine does, as ratios; PARTS="decode check" for some
	@$(RELEASE) --product bench 2>&1 | .ci/quiet
	@Tests/Bench/run $(PARTS)

bench-smoke: build ## whether every part of the bench still runs and measures something, in less than 30 seconds; judges no budget
	@$(RELEASE) --product bench 2>&1 | .ci/quiet
	@Tests/Bench/run --smoke

judge: build ## the default rules on labelled recordings: recall, false alarms, delays; JUDGE="--seeds 8" PEER=prometheus
	@python3 Tests/Judge/judge.py .build/mozaiks-ops policies $(if $(PEER),--peer $(PEER)) $(JUDGE)

chaos: build ## kills the program KILLS times (default 1000) at every step; two of them on one database FAULTS times (60), and cuts their cables CUTS times (18; root); SEED=n repeats
	@$(RELEASE) --product chaos-world 2>&1 | .ci/quiet
	@Tests/Chaos/campaign .build/mozaiks-ops .build/release/chaos-world
	@Tests/Chaos/pair .build/mozaiks-ops .build/release/chaos-world || [ $$? -eq 77 ]
	@LINKS=1 FAULTS=$${CUTS:-18} Tests/Chaos/pair .build/mozaiks-ops .build/release/chaos-world || [ $$? -eq 77 ]

soak: setup ## a simulated month of the daemon in minutes, all scenarios, restarts, reloads, outages; DAYS=30 APPS=500 SEED=n INTERVAL=30 ENGINE=postgres
	@$(RELEASE) --product soak 2>&1 | .ci/quiet
	@Tests/Soak/run .build/release/soak

evals: setup ## what of a model's answers gets through: stub, and a real small model (the first time some minutes)
	@.ci/evals-setup
	@$(SWIFT) build --product evals 2>&1 | .ci/quiet
	@Tests/Evals/run

install: build ## install binary, manual, units and policies below DESTDIR (default /)
	@install -D -m 755 .build/mozaiks-ops $(DESTDIR)/usr/local/bin/mozaiks-ops
	@for unit in mozaiks-ops.service mozaiks-ops-check.service mozaiks-ops-check.timer; do \
		install -D -m 644 docs/deploy/$$unit $(DESTDIR)/etc/systemd/system/$$unit; done
	@install -D -m 644 README.md $(DESTDIR)/usr/local/share/doc/mozaiks-ops/README.md
	@install -d $(DESTDIR)/usr/local/share/man/man1 && .build/mozaiks-ops man --into $(DESTDIR)/usr/local/share/man/man1 2>/dev/null
	@install -d $(DESTDIR)/etc/mozaiks-ops/policies
	@[ -e $(DESTDIR)/etc/mozaiks-ops/policies/ops_policy.default.yaml ] || \
		install -m 644 policies/ops_policy.default.yaml $(DESTDIR)/etc/mozaiks-ops/policies/

package: build ## Debian package, portable tarball and container image, checked: .build/package/
	@rm -rf .build/package
	@for kind in deb tarball image check; do .ci/packaging/$$kind .build/mozaiks-ops .build/package || exit 1; done

boot: package ## the Debian package under a booted systemd (wants root, debootstrap, systemd-nspawn)
	@.ci/packaging/boot .build/package || [ $$? -eq 77 ]

format: ## rewrite the sources in the house format
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

lint: ## fail where the sources differ from the house format, and say where
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

pictures: ## the pictures of mails and Slack in docs/ anew, from the recorded ones (wants a Chromium)
	@.ci/pictures

page-pictures: build ## the pictures of the page in docs/ anew, of live daemons beside simulate (wants a Chromium; some 15 minutes)
	@.ci/page-pictures .build/mozaiks-ops

clean: ## remove what was built
	@rm -rf .build
