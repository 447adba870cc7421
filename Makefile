# pqmap: build, test, check. `make help` lists the targets. Everything made goes to build/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

B := build
VERSION := 0.1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BASH_DIR = $(PREFIX)/share/bash-completion/completions
ZSH_DIR = $(PREFIX)/share/zsh/vendor-completions
FISH_DIR = $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=
V ?=
Q := $(if $(V),,@)
JOBS ?= $(shell nproc)

PKGS := libelf libcrypto libcjson yaml-0.1 libxxhash zlib
# Packages of Debian 12; .ci/deps installs what is missing.
APT_BUILD := gcc libc6-dev make pkg-config libelf-dev libssl-dev libcjson-dev libyaml-dev libxxhash-dev zlib1g-dev \
	libcurl4-openssl-dev libarchive-dev libsqlite3-dev libgit2-dev
APT_DEMO := $(APT_BUILD) openssl ca-certificates
APT_TEST := $(APT_BUILD) libcmocka-dev libasan8 libubsan1 python3 python3-jsonschema python3-yaml openssl \
	openssh-client gnupg age binutils git mandoc procps iproute2 nginx-light rpm db-util strace zstd
APT_CT := $(APT_BUILD) clang valgrind binutils python3
APT_CHECK := $(APT_TEST) clang clang-format clang-tidy libclang-rt-14-dev

WARN := -std=gnu17 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wvla -Wcast-qual \
	-Wpointer-arith -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wredundant-decls -Wwrite-strings -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough -Walloca \
	-Wunused-result
WARN_GCC := -Wcast-align=strict -Wformat-overflow=2 -Wformat-truncation=2 -Wformat-signedness \
	-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wstringop-overflow=4 -Warith-conversion \
	-Wtrampolines -Wbidi-chars=any
# Runs the programs of the machine that is compiled for, when it is another.
RUN ?=
HARDEN = -O2 -g -fno-common -fvisibility=hidden -fstack-protector-strong -fstack-clash-protection \
	$(BRANCH) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fPIE -ffile-prefix-map=$(CURDIR)=.
HARDEN_GCC := -ftrivial-auto-var-init=zero
# What the program has in front of a library's own functions: src/source/unpack_lzma.h.
EXPORT := $(foreach f,lzma_stream_decoder lzma_alone_decoder lzma_raw_decoder,-Wl,--export-dynamic-symbol=$f)
LINK := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed
SAN := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
IS_CLANG := $(findstring clang,$(CC))
BRANCH := $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),-fcf-protection=full,-mbranch-protection=standard)
CPPFLAGS_ := -D_GNU_SOURCE -Isrc -I$(B) -DPQM_VERSION='"$(VERSION)"'
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS)) -lm -pthread
# Fused multiplication and addition, where a machine has it, would round otherwise: figures are the same everywhere.
CC_FLAGS = -ffp-contract=off $(WARN) $(if $(IS_CLANG),,$(WARN_GCC)) $(CPPFLAGS_) $(PKG_CFLAGS) -pthread
WERROR ?=

MODULES := base model parse rules probe source detect graph assess gate engine report cli bench
# hyb-bench: the benchmark's core with a main of its own; needs libc and libcrypto only.
BENCH_SRC := $(sort $(wildcard src/bench/*.c))
# tree_make.c: a program of the build, see rules/tree.h.
SRC := $(filter-out src/bench/bench_main.c src/rules/tree_make.c,$(sort $(foreach m,$(MODULES),$(wildcard src/$m/*.c))))
GEN := $(B)/gen/detectors.def $(B)/gen/sources.def $(B)/gen/writers.def $(B)/gen/commands.def \
	$(B)/gen/libraries.h $(B)/gen/commit.h
LIB_SRC := $(filter-out src/cli/main.c,$(SRC))
OBJ := $(SRC:%.c=$(B)/obj/%.o) $(B)/obj/embed.o
# libhyb stands alone; x_*.c are the algorithms that no standard has settled, in an archive of their own.
HYBX_SRC := $(sort $(wildcard src/hyb/x_*.c))
HYB_SRC := $(filter-out $(HYBX_SRC),$(sort $(wildcard src/hyb/*.c)))
HYB_OBJ := $(HYB_SRC:%.c=$(B)/obj/%.o)
HYBX_OBJ := $(HYBX_SRC:%.c=$(B)/obj/%.o)
HYB_HEADERS := $(wildcard src/hyb/hyb.h src/hyb/hybx.h)
HYB_EXAMPLES := $(sort $(wildcard src/hyb/examples/*.py))
MAN_FILES := $(sort $(wildcard src/man/*.3 src/man/*.5))
HYB_LIBS := $(B)/libhybx.a $(B)/libhyb.a
HYB_TESTS := $(patsubst tests/hyb/%.c,$(B)/hybtest/%,$(sort $(wildcard tests/hyb/test_*.c)))
# *_avx2.c and *_avx512.c hold the code of their level; src/hyb/cpu.c decides at run time.
CPU_avx2 := -mavx2 -mbmi -mbmi2
CPU_avx512 := $(CPU_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512ifma -mavx512vbmi -mavx512vbmi2
CPU_shani := -msha -msse4.1
cpu_flags = $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),$(CPU_$(lastword $(subst _, ,$(basename $(notdir $(1)))))))
SAN_OBJ := $(LIB_SRC:%.c=$(B)/san/%.o) $(HYB_SRC:%.c=$(B)/san/%.o) $(HYBX_SRC:%.c=$(B)/san/%.o) $(B)/san/embed.o
UNIT := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
RULE_FILES := $(sort $(shell find rules -name '*.yaml'))
HTML_FILES := $(sort $(shell find reports/html -type f))
INIT_FILES := $(sort $(shell find reports/init -type f))

.PHONY: all
all: $(B)/pqmap $(HYB_LIBS) $(B)/libhyb.so $(B)/hyb-bench ## optimised, hardened program; libhyb; hyb-bench

$(B)/pqmap: $(OBJ) $(HYB_LIBS)
	@echo "  LD    $@"
	$(Q)$(CC) $(HARDEN) $(LINK) $(EXPORT) $(CFLAGS) -o $@ $(OBJ) $(HYB_LIBS) $(PKG_LIBS) $(LDFLAGS)

# ---- libhyb ----
# -O3 where the arithmetic is: loops over 256 coefficients or hash lanes; elsewhere it only grows the
# library. No automatic zeroing: buffers of 100 kB a call.
HARDEN_HYB = $(subst -fPIE,-fPIC,$(HARDEN))
HYB_HOT := %_poly.c %_avx2.c %_avx512.c %_shani.c src/hyb/keccak.c src/hyb/sha2.c src/hyb/x_%
hyb_flags = $(if $(filter $(HYB_HOT),$(1)),$(subst -O2,-O3,$(HARDEN_HYB)),$(HARDEN_HYB))
$(B)/obj/src/hyb/%.o: src/hyb/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CC_FLAGS) $(WERROR) $(call hyb_flags,$<) $(call cpu_flags,$<) -MMD -MP $(CFLAGS) -c $< -o $@

$(B)/san/src/hyb/%.o: src/hyb/%.c
	@mkdir -p $(@D)
	@echo "  SAN   $<"
	$(Q)$(CC) $(CC_FLAGS) $(SAN) $(call cpu_flags,$<) -MMD -MP -c $< -o $@

$(B)/libhyb.a: $(HYB_OBJ)
	@rm -f $@
	@echo "  AR    $@"
	$(Q)ar rcsD $@ $(HYB_OBJ)

$(B)/libhybx.a: $(HYBX_OBJ)
	@rm -f $@
	@echo "  AR    $@"
	$(Q)ar rcsD $@ $(HYBX_OBJ)

$(B)/libhyb.so: $(HYB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) -shared $(subst -pie,,$(LINK)) -Wl,-z,defs -Wl,-soname,libhyb.so.0 $(CFLAGS) -o $@ $(HYB_OBJ) -lcrypto -pthread $(LDFLAGS)

$(B)/hyb-bench: $(BENCH_SRC:%.c=$(B)/obj/%.o) $(HYB_LIBS)
	@echo "  LD    $@"
	$(Q)$(CC) $(HARDEN) $(LINK) $(CFLAGS) -o $@ $(BENCH_SRC:%.c=$(B)/obj/%.o) $(HYB_LIBS) -lcrypto -lm -pthread $(LDFLAGS)

$(B)/hybtest/%: tests/hyb/%.c tests/hyb/vec.h $(HYB_LIBS)
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	$(Q)$(CC) $(CC_FLAGS) -Itests/hyb -DHYB_TEST -O2 -g -MMD -MP -MF $@.d $< $(HYB_LIBS) -o $@ -Wl,--as-needed -lcrypto -lcjson -lm -pthread
-include $(wildcard $(B)/hybtest/*.d)

$(B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CC_FLAGS) $(WERROR) $(HARDEN) $(if $(IS_CLANG),,$(HARDEN_GCC)) -MMD -MP $(CFLAGS) -c $< -o $@

$(B)/san/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	@echo "  SAN   $<"
	$(Q)$(CC) $(CC_FLAGS) $(SAN) -MMD -MP -c $< -o $@

$(B)/obj/embed.o $(B)/san/embed.o: $(B)/gen/embed.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_) -O2 -fPIE -c $< -o $@

# Plugin lists come from file names; a list is rewritten only when it changes.
define plugin_list
$(B)/gen/$(1).def: FORCE
	@mkdir -p $$(@D)
	@for f in $$(sort $$(patsubst $(3)%,%,$$(basename $$(notdir $$(wildcard $(4)/$(3)*.c))))); do \
		echo "$(2)($$$$f)"; done > $$@.new
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@
endef
$(eval $(call plugin_list,detectors,PQM_DET,det_,src/detect))
$(eval $(call plugin_list,sources,PQM_SRC,src_,src/source))
$(eval $(call plugin_list,writers,PQM_REP,rep_,src/report))
$(eval $(call plugin_list,commands,PQM_CMD,cmd_,src/cli))

$(B)/gen/libraries.h: FORCE
	@mkdir -p $(@D)
	@{ printf '#define PQM_LIBRARIES'; for p in $(PKGS); do \
		printf ' { "%s", "%s" },' $$p "$$(pkg-config --modversion $$p)"; done; echo; } > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/gen/commit.h: FORCE
	@mkdir -p $(@D)
	@echo "#define PQM_COMMIT \"$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)\"" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The rules as ready trees: reading YAML would be most of the time of a short run.
TREE_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(wildcard src/base/*.c) src/parse/yaml.c src/rules/digest.c src/rules/tree_make.c)
$(B)/tree-make: $(TREE_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(HARDEN) $(LINK) $(CFLAGS) -o $@ $(TREE_OBJ) $(PKG_LIBS) $(LDFLAGS)

$(B)/gen/rules.tree: $(B)/tree-make $(RULE_FILES)
	@mkdir -p $(@D)
	@$(RUN) $(B)/tree-make rules $(RULE_FILES) > $@

# rules/ and reports/html/ go into the program as they are, the table of rules beside them.
$(B)/gen/embed.c: $(RULE_FILES) $(HTML_FILES) $(INIT_FILES) $(B)/gen/rules.tree src/base/embed.sh
	@mkdir -p $(@D)
	@src/base/embed.sh rules rules '*.yaml' html reports/html '*' init reports/init '*' tree $(B)/gen rules.tree > $@

.PHONY: FORCE
FORCE:

-include $(wildcard $(B)/obj/src/*/*.d $(B)/san/src/*/*.d $(B)/san/tests/*/*.d $(B)/fuzzlib/src/*/*.d)

# ---- tests ----
$(B)/unit/test_%: tests/unit/test_%.c $(B)/san/lib.a | $(GEN)
	@mkdir -p $(@D)
	@echo "  UNIT  $<"
	$(Q)$(CC) $(CC_FLAGS) -Itests/unit $(SAN) -MMD -MP -MF $@.d $< $(B)/san/lib.a -o $@ -lcmocka $(PKG_LIBS)
-include $(wildcard $(B)/unit/*.d)

$(B)/san/lib.a: $(SAN_OBJ)
	@rm -f $@
	@ar rcs $@ $(SAN_OBJ)

# Prints the calls that parse/code.h finds: tests compare them with objdump's.
CODE_DUMP := $(patsubst %.c,$(B)/obj/%.o,$(wildcard src/base/*.c src/parse/code*.c) src/parse/elf.c)
$(B)/code_dump: tests/tools/code_dump.c $(CODE_DUMP)
	@echo "  LD    $@"
	$(Q)$(CC) $(CC_FLAGS) $(HARDEN) $(LINK) $(CFLAGS) -o $@ tests/tools/code_dump.c $(CODE_DUMP) $(PKG_LIBS) $(LDFLAGS)

# The program itself under sanitizers: what the hostile-input tests run.
$(B)/pqmap-san: $(B)/san/lib.a $(B)/san/src/cli/main.o
	@echo "  LD    $@"
	$(Q)$(CC) $(SAN) $(EXPORT) -o $@ $(B)/san/src/cli/main.o $(B)/san/lib.a $(PKG_LIBS)

.PHONY: test
test: ## unit tests under sanitizers, command-line and golden tests; T=name runs one
	@.ci/deps $(APT_TEST)
	@$(MAKE) -j$(JOBS) --no-print-directory $(B)/pqmap $(B)/pqmap-san $(B)/code_dump $(HYB_TESTS) $(B)/libhyb.so $(B)/hyb-bench $(if $(T),$(foreach u,$(filter $(T),$(UNIT)),$(B)/unit/test_$u),$(UNIT:%=$(B)/unit/test_%))
	@T='$(T)' B=$(B) python3 tests/run.py

.PHONY: built
built: ## what `make test` tests, without testing it
	@$(MAKE) -j$(JOBS) --no-print-directory $(B)/pqmap $(B)/pqmap-san $(B)/code_dump $(HYB_TESTS) $(B)/libhyb.so $(B)/hyb-bench $(UNIT:%=$(B)/unit/test_%)

.PHONY: demo
demo: ## installs what is missing, builds, scans this machine and the example cluster
	@.ci/deps $(APT_DEMO)
	@$(MAKE) -j$(JOBS) --no-print-directory $(B)/pqmap
	@$(B)/pqmap scan /usr/bin /usr/lib /etc/ssl fixtures/cluster --regime us-eo-14412,nist-ir-8547 \
		-o html=report.html -o json=report.json

# ---- constant time ----
# CT=quick: two compilers at one level of optimisation each. Reports stay in build/ct/*/*.log.
CT ?= full
.PHONY: ct
ct: ## valgrind with secrets undefined, planted leaks, machine code, stack: constant time checked
	@.ci/deps $(APT_CT)
	@CT=$(CT) B=$(B) PYTHONDONTWRITEBYTECODE=1 python3 tests/ct/run.py

# ---- checks ----
.PHONY: check check-trees check-floors check-rules check-schemas check-examples check-format check-tidy check-werror check-fuzz
check: check-floors check-werror check-rules check-schemas check-format check-tidy check-fuzz ## what CI runs after `make test`
.PHONY: generated
generated: ## what the tests need from apt, and the sources that are made
	@.ci/deps $(APT_TEST)
	@$(MAKE) --no-print-directory $(GEN)

check-floors: ## a module includes only modules on a lower floor
	@python3 tests/floors.py

# With WERROR=-Werror in the environment, as CI has it, the program that was tested is gcc's. clang warns without optimising.
check-werror: ## gcc and clang, -Werror
ifeq ($(WERROR),)
	@$(MAKE) -j$(JOBS) --no-print-directory B=$(B)/gcc CC=gcc WERROR=-Werror $(B)/gcc/pqmap $(B)/gcc/libhybx.a
else
	@echo "gcc: $(B)/pqmap was built with $(WERROR)"
endif
	@$(MAKE) -j$(JOBS) --no-print-directory B=$(B)/clang CC=clang WERROR=-Werror HARDEN='-O0 -fPIE' $(B)/clang/pqmap $(B)/clang/libhybx.a

check-rules: $(B)/pqmap ## every rule on its own hits and misses
	@$(B)/pqmap rules check rules

check-examples: $(B)/pqmap ## reports/examples against what this tree makes
	@PQMAP=$(B)/pqmap /usr/bin/python3 tests/examples.py check

.PHONY: examples
examples: $(B)/pqmap ## rewrites reports/examples; the diff is reviewed like code
	@PQMAP=$(B)/pqmap /usr/bin/python3 tests/examples.py write

check-schemas: $(B)/pqmap ## JSON and CycloneDX output against their schemas
	@PQMAP=$(B)/pqmap /usr/bin/python3 tests/cli/test_schema.py > $(B)/schemas.log || { cat $(B)/schemas.log; exit 1; }
	@grep -v '^ok' $(B)/schemas.log || echo "schemas: $$(grep -c valid $(B)/schemas.log) outputs valid"

C_FILES := $(sort $(wildcard src/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/hyb/*.[ch] tests/ct/*.c))
check-format:
	@clang-format --dry-run -Werror $(C_FILES) && echo "format: $(words $(C_FILES)) files as .clang-format says"

check-tidy: | $(GEN) ## clang-tidy on the files changed since the last landing (all: TIDY=all)
	@python3 tests/tidy.py $(if $(filter all,$(TIDY)),--all) -- $(CPPFLAGS_) -std=gnu17 $(PKG_CFLAGS)

.PHONY: format
format: ## clang-format in place
	@clang-format -i $(C_FILES)

# ---- fuzzing ----
# With clang: libFuzzer. FUZZ_REPLAY builds the same targets with a main() that replays the corpus.
$(B)/fuzzlib/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)clang $(WARN) $(CPPFLAGS_) $(PKG_CFLAGS) $(SAN) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(B)/fuzzlib/src/hyb/%.o: src/hyb/%.c
	@mkdir -p $(@D)
	$(Q)clang $(WARN) $(CPPFLAGS_) $(PKG_CFLAGS) $(SAN) -fsanitize=fuzzer-no-link $(call cpu_flags,$<) -MMD -MP -c $< -o $@
$(B)/fuzzlib/embed.o: $(B)/gen/embed.c
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS_) -O1 -fPIE -c $< -o $@
$(B)/fuzzlib/lib.a: $(LIB_SRC:%.c=$(B)/fuzzlib/%.o) $(HYB_SRC:%.c=$(B)/fuzzlib/%.o) $(B)/fuzzlib/embed.o
	@rm -f $@
	@ar rcs $@ $^
$(B)/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/emit.h $(B)/fuzzlib/lib.a
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(CPPFLAGS_) $(PKG_CFLAGS) $(SAN) -fsanitize=fuzzer -std=gnu17 $< $(B)/fuzzlib/lib.a -o $@ $(PKG_LIBS)
$(B)/replay/%: tests/fuzz/fuzz_%.c tests/fuzz/emit.h tests/fuzz/replay.c $(B)/san/lib.a
	@mkdir -p $(@D)
	@echo "  REPLAY $<"
	$(Q)$(CC) $(CPPFLAGS_) $(PKG_CFLAGS) $(SAN) -std=gnu17 $< tests/fuzz/replay.c $(B)/san/lib.a -o $@ $(PKG_LIBS)

F ?=
S ?= 60
.PHONY: fuzz
fuzz: ## libFuzzer: F=parser S=seconds (all parsers without F); new crashes stay in the corpus
	@$(MAKE) -j$(JOBS) --no-print-directory $(foreach f,$(if $(F),$(F),$(FUZZ)),$(B)/fuzz/$f)
	@for f in $(if $(F),$(F),$(FUZZ)); do mkdir -p tests/fuzz/corpus/$$f $(B)/fuzz-new/$$f; \
		echo "fuzz $$f for $(S) s"; \
		$(B)/fuzz/$$f -max_total_time=$(S) -max_len=65536 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=8192 -print_final_stats=1 \
			-artifact_prefix=tests/fuzz/corpus/$$f/ $(B)/fuzz-new/$$f tests/fuzz/corpus/$$f 2>&1 | \
			grep -E 'SUMMARY|ERROR|number_of_executed|DONE' || exit 1; done

check-trees: $(B)/pqmap ## real source trees (fetched) against what a person said of every finding; T=names
	@PQMAP=$(CURDIR)/$(B)/pqmap FOLDER=$(CURDIR)/$(B)/trees python3 tests/trees/review.py $(T)

check-fuzz: ## replays every fuzz corpus under sanitizers
	@$(MAKE) -j$(JOBS) --no-print-directory $(FUZZ:%=$(B)/replay/%)
	@n=0; for f in $(FUZZ); do for i in tests/fuzz/corpus/$$f/*; do [ -e "$$i" ] || continue; \
		$(B)/replay/$$f "$$i" || { echo "replay $$f $$i failed"; exit 1; }; n=$$((n + 1)); done; done; \
		echo "fuzz corpus: $$n inputs replayed over $(words $(FUZZ)) parsers"

# ---- measuring ----
.PHONY: bench
bench: $(B)/pqmap $(B)/hyb-bench ## ratios to a named peer in one run; JSON lines
	@.ci/deps $(APT_BUILD) ripgrep yara python3 nginx-light sslscan nmap testssl.sh iproute2
	@python3 src/bench/scan.py --pqmap $(B)/pqmap
	@python3 src/bench/constants.py --pqmap $(B)/pqmap
	@python3 src/bench/k8s.py --pqmap $(B)/pqmap
	@python3 src/bench/images.py --pqmap $(B)/pqmap
	@python3 src/bench/probe.py --pqmap $(B)/pqmap
	@python3 src/bench/report.py --pqmap $(B)/pqmap
	@python3 src/bench/gate.py --pqmap $(B)/pqmap
	@python3 src/bench/hyb.py --pqmap $(B)/pqmap --bench $(B)/hyb-bench
	@$(MAKE) --no-print-directory dudect

DUDECT_S ?= 5
.PHONY: dudect
dudect: $(B)/dudect ## t-test on times of operations on secrets, DUDECT_S seconds each; JSON lines
	@$(B)/dudect $(DUDECT_S) || echo "dudect: see the lines with holds: false; repeat on a quiet machine" >&2

$(B)/dudect: tests/ct/dudect.c $(HYB_LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CC_FLAGS) -DHYB_TEST -O2 -g $< $(HYB_LIBS) -o $@ -lcrypto -lm -pthread

.PHONY: tsan
tsan: | $(GEN) ## thread sanitizer on a scan
	@$(MAKE) -j$(JOBS) --no-print-directory B=$(B)/tsan CFLAGS='-fsanitize=thread -O1' LDFLAGS=-fsanitize=thread $(B)/tsan/pqmap
	@TSAN_OPTIONS=halt_on_error=1 $(B)/tsan/pqmap scan -j8 fixtures src /etc/ssl -o json=$(B)/tsan/out.json >/dev/null && echo "tsan: clean"

.PHONY: mutants
mutants: ## disables every check of libhyb in turn; the tests must notice each (T=file for one)
	@.ci/deps $(APT_TEST)
	@$(MAKE) -j$(JOBS) --no-print-directory $(HYB_LIBS)
	@T='$(T)' B=$(B) python3 tests/mutate.py

# ---- installing ----
.PHONY: install install-program uninstall deb
install-program: $(B)/pqmap ## the program alone: rules, schemas, manual pages, completions; no libhyb
	@install -D -m 755 $(B)/pqmap $(DESTDIR)$(PREFIX)/bin/pqmap
	@for f in $(RULE_FILES); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/pqmap/$$f; done
	@for f in reports/schema/*.json; do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/pqmap/schema/$${f##*/}; done
	@install -D -m 644 src/man/pqmap-report.5 $(DESTDIR)$(PREFIX)/share/man/man5/pqmap-report.5
	@install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(BASH_DIR) $(DESTDIR)$(ZSH_DIR) $(DESTDIR)$(FISH_DIR)
	@$(B)/pqmap help --man > $(DESTDIR)$(PREFIX)/share/man/man1/pqmap.1
	@$(B)/pqmap completion bash > $(DESTDIR)$(BASH_DIR)/pqmap
	@$(B)/pqmap completion zsh > $(DESTDIR)$(ZSH_DIR)/_pqmap
	@$(B)/pqmap completion fish > $(DESTDIR)$(FISH_DIR)/pqmap.fish

install: install-program $(HYB_LIBS) $(B)/libhyb.so ## DESTDIR= PREFIX=
	@for f in $(HYB_HEADERS); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/include/$${f##*/}; done
	@for f in $(HYB_LIBS); do install -D -m 644 $$f $(DESTDIR)$(LIBDIR)/$${f##*/}; done
	@install -D -m 755 $(B)/libhyb.so $(DESTDIR)$(LIBDIR)/libhyb.so.$(VERSION)
	@ln -sf libhyb.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libhyb.so.0
	@ln -sf libhyb.so.0 $(DESTDIR)$(LIBDIR)/libhyb.so
	@install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' src/hyb/hyb.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/hyb.pc
	@for f in $(MAN_FILES); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/}; done
	@for f in $(HYB_EXAMPLES); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/pqmap/examples/$${f##*/}; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/pqmap $(DESTDIR)$(PREFIX)/share/man/man1/pqmap.1
	rm -f $(DESTDIR)$(BASH_DIR)/pqmap $(DESTDIR)$(ZSH_DIR)/_pqmap $(DESTDIR)$(FISH_DIR)/pqmap.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/pqmap $(DESTDIR)$(PREFIX)/share/doc/pqmap
	rm -f $(foreach f,$(HYB_HEADERS),$(DESTDIR)$(PREFIX)/include/$(notdir $f)) $(foreach f,$(HYB_LIBS),$(DESTDIR)$(LIBDIR)/$(notdir $f))
	rm -f $(DESTDIR)$(LIBDIR)/libhyb.so $(DESTDIR)$(LIBDIR)/libhyb.so.0 $(DESTDIR)$(LIBDIR)/libhyb.so.$(VERSION) $(DESTDIR)$(LIBDIR)/pkgconfig/hyb.pc
	rm -f $(foreach f,$(MAN_FILES),$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $f))/$(notdir $f))

deb: all ## a Debian package of the program, in build/
	@.ci/deps dpkg-dev
	@src/pkg/deb.sh $(B) $(VERSION)

.PHONY: image
image: all ## a container image of the program alone, build/image/; an OCI archive where buildah is
	@mkdir -p $(B)/image
	@cp src/pkg/Dockerfile $(B)/image/Dockerfile
	@echo "$(B)/image/rootfs: $$(src/pkg/rootfs.sh $(B) $(B)/image/rootfs)"
	@if command -v buildah >/dev/null; then \
		buildah --storage-driver vfs bud -q --isolation chroot -t pqmap:$(VERSION) $(B)/image >/dev/null && \
		buildah --storage-driver vfs push -q pqmap:$(VERSION) oci-archive:$(B)/image/pqmap-$(VERSION).tar && \
		echo "$(B)/image/pqmap-$(VERSION).tar"; \
	else echo "buildah is not installed: docker build $(B)/image"; fi

.PHONY: compile_commands
compile_commands: | $(GEN) ## compile_commands.json for editors, in build/
	@python3 tests/compdb.py '$(CC)' '$(strip $(CC_FLAGS))' $(SRC) $(wildcard tests/unit/*.c) > $(B)/compile_commands.json
	@echo $(B)/compile_commands.json

.PHONY: dist
dist: $(B)/pqmap ## reproducible archives: of the committed tree, and of the program with all that it needs at run time
	@git archive --format=tar --prefix=pqmap-$(VERSION)/ HEAD | gzip -n > $(B)/pqmap-$(VERSION).tar.gz
	@echo $(B)/pqmap-$(VERSION).tar.gz
	@src/pkg/dist.sh $(B) $(VERSION)

# What only arm64 is needed for stays in build/arm64-*: Debian's libraries and qemu-user, unpacked, not installed.
.PHONY: arm64
arm64: $(B)/pqmap ## cross-compiles for arm64 with -Werror, and tries the result under qemu-user
	@src/pkg/arm64.sh $(B)

.PHONY: clean help
clean: ## removes build/, the only output folder
	rm -rf $(B)

help: ## this list
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/\1|\2/p' Makefile | sort | while IFS='|' read -r t d; do printf '  %-18s %s\n' "$$t" "$$d"; done
