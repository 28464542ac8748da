EXTRA_DIST += packaging/host.sh tests/check/layers.sh tests/stage.sh tests/arm64.sh tests/run-e2e.sh \
	tests/skips.allowed tests/conformance.sh tests/conformance.expected tests/lib/e2e.sh tests/lib/summary.sh tests/lib/reap.c
TESTS += tests/check/layers.sh

# The installed tree, moved away from the place that configure was told.
stage_dir = $(abs_builddir)/stage
stage: all $(check_PROGRAMS)
	rm -rf '$(stage_dir)'
	$(MAKE) install DESTDIR='$(stage_dir)/dest' >/dev/null
	mv '$(stage_dir)/dest$(prefix)' '$(stage_dir)/moved'
	rm -rf '$(stage_dir)/dest'

RUN_E2E = sh $(srcdir)/tests/run-e2e.sh --prefix '$(stage_dir)/moved' --tools '$(abs_builddir)/tests'

# End-to-end, hostile input and property tests, as an ordinary user (also when
# make is run by root). One script: make check-e2e E2E=tests/e2e/NAME.sh
check-e2e: stage
	$(RUN_E2E) $${E2E:-e2e}

# The black-box suite of ../shared, called as apptainer. Some of it: CASES='bind.* env'
check-conformance: stage
	SIF='$(stage_dir)/moved/bin/sif' sh $(srcdir)/tests/conformance.sh $(CASES)

# What only root can do.
check-root: stage
	$(RUN_E2E) $${E2E:-root}

check-prop: stage
	$(RUN_E2E) prop

check-hostile: stage
	$(RUN_E2E) hostile

# Benchmarks, minutes each; one: make bench BENCH=launch. Results in bench-results/.
# Fewer rounds, and one part of build: make bench BENCH=build CASE=tar ROUNDS=10.
check_PROGRAMS += tests/bench/floor tests/bench/empty
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_empty_SOURCES = tests/bench/empty.c
bench: stage
	sh $(srcdir)/tests/bench/run.sh --prefix '$(stage_dir)/moved' --tools '$(abs_builddir)/tests' \
		--out '$(abs_builddir)/bench-results' $${ROUNDS:+--rounds $$ROUNDS} $${CASE:+--case $$CASE} $(BENCH)

# Runs that take too long for every day, see tests/long/run.sh.
check-long: stage
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_builddir)' sh $(srcdir)/tests/long/run.sh

# base, the image readers and the launch path for arm64, unit tests under qemu-user.
check-arm64:
	sh $(srcdir)/tests/arm64.sh '$(abs_builddir)/build-arm64'

clean-local:
	rm -rf '$(stage_dir)' '$(abs_builddir)/build-arm64'

# What the tests read beside their sources: whole folders, without what a build
# left in them. Not in EXTRA_DIST: there "check" would be the target of that name.
dist_folders = .ci examples packaging tests docs
dist-hook:
	chmod -R u+w '$(distdir)'
	cd '$(srcdir)' && cp check quickstart '$(abs_top_builddir)/$(distdir)/'
	cd '$(srcdir)' && find $(dist_folders) -type f ! -name '*.o' ! -name '*.log' ! -name '*.trs' \
		! -name '.dirstamp' ! -path '*/.deps/*' ! -size +2000k -print | \
		tar -T - -cf - | tar -C '$(abs_top_builddir)/$(distdir)' -U -xf -
	cd '$(distdir)' && rm -f $(check_PROGRAMS) $(EXTRA_PROGRAMS)

.PHONY: bench check-long stage check-e2e check-root check-prop check-hostile check-arm64
