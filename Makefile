# fsplab: `make run` and `make test` install what is missing, build, and go. `make help` lists the rest.
# Every variant builds in build/<variant>/; only the program itself is left at ./fsplab.

VERSION := $(shell sed -n 's/^.define FSPLAB_VERSION "\(.*\)"/\1/p' src/base.h)
VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0
FUZZ_SECONDS ?= 30

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(filter 1,$(V)),,@)
SAY = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n')

# Use every core; a -j on the command line counts more than this one.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

# ---- what is there ----

ifeq ($(origin CC),default)
CC := $(or $(shell command -v gcc),$(shell command -v clang),gcc)
CC := $(notdir $(CC))
endif

# C++ only for the CUDA kernels: compiled by nvcc for GPUs, and by this for the tests that run them without one.
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),$(subst gcc,g++,$(CC)))
endif

# nvcc makes the plug-in for GPUs, where there is one: CUDA=0 leaves it out, CUDA=1 wants it.
CUDA ?= auto
NVCC ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
NVCC_FOUND := $(and $(filter-out 0,$(CUDA)),$(filter release,$(VARIANT)),$(shell command -v $(NVCC)))
CUDA_ARCHS ?= 75 80 86 89 90

# Libraries of the program, by pkg-config name.
PKGS := sqlite3 jansson libmd libpng libjpeg ncursesw lapack blas libcerf
PKGS_TEST := cmocka vterm
deb_sqlite3 := libsqlite3-dev
deb_jansson := libjansson-dev
deb_libmd := libmd-dev
deb_libpng := libpng-dev
deb_libjpeg := libjpeg-dev
deb_ncursesw := libncurses-dev
deb_lapack := liblapack-dev
deb_blas := libblas-dev
deb_libcerf := libcerf-dev
deb_cmocka := libcmocka-dev
deb_vterm := libvterm-dev

# Goals that build nothing, or call make again after `deps` may have changed what is found.
NO_BUILD := bench-search-peers deps run test test-gpu bench-gpu check asan tsan layers headers fmt format-check uninstall deb dist dist-source help clean
ifneq ($(filter-out $(NO_BUILD),$(or $(MAKECMDGOALS),all)),)
BUILDING := 1
endif

ifdef BUILDING
ifeq ($(shell command -v $(firstword $(CC))),)
$(error no C compiler '$(CC)': install gcc (>= 12) or clang (>= 14), or run 'make deps')
endif
ifeq ($(shell command -v pkg-config),)
$(error missing: pkg-config. Install it, or run 'make deps')
endif
NEED := $(PKGS) $(if $(filter tests run-tests bench-ui dist-programs,$(MAKECMDGOALS)),$(PKGS_TEST))
MISSING := $(foreach p,$(NEED),$(if $(filter 0,$(shell pkg-config --exists $p; echo $$?)),,$(deb_$p)))
# iniparser has a .pc file only in newer releases, and its header has two places (see src/io/config.c).
ifeq ($(shell pkg-config --exists iniparser; echo $$?),0)
INIPARSER_CFLAGS := $(shell pkg-config --cflags iniparser)
INIPARSER_LIBS := $(shell pkg-config --libs iniparser)
else
INIPARSER_LIBS := -liniparser
MISSING += $(shell \
    printf '\043if __has_include(<iniparser/iniparser.h>) || __has_include(<iniparser.h>)\n\043else\n\043error\n\043endif\n' | \
    $(CC) -E -x c - >/dev/null 2>&1 || echo libiniparser-dev)
endif
# L-BFGS-B is Fortran, with neither a header nor a .pc file.
MISSING += $(shell \
    printf 'void setulb_(void);int main(void){setulb_();}' | $(CC) -w -x c - -o /dev/null -llbfgsb 2>/dev/null || echo liblbfgsb-dev)
ifneq ($(filter tests run-tests,$(MAKECMDGOALS)),)
ifeq ($(shell command -v $(firstword $(CXX))),)
MISSING += $(if $(findstring clang,$(CXX)),clang,g++)
endif
endif
MISSING := $(strip $(MISSING))
ifneq ($(MISSING),)
$(error missing: $(MISSING) (names of Debian packages). Install them, or run 'make deps')
endif
LIB_CFLAGS := $(strip $(shell pkg-config --cflags $(PKGS)) $(INIPARSER_CFLAGS))
LIBS := $(strip $(shell pkg-config --libs $(PKGS)) $(INIPARSER_LIBS) -llbfgsb -lpthread -ldl -lm)
TEST_LIBS = $(shell pkg-config --cflags --libs $(PKGS_TEST))
CC_NAME := $(CC) $(shell $(CC) -dumpfullversion -dumpversion 2>/dev/null | head -n 1)
CUDA_SAYS := $(if $(filter 0,$(CUDA)),CUDA off,no nvcc)
ifneq ($(NVCC_FOUND),)
ifeq ($(shell assets/nvcc.sh $(NVCC_FOUND)),yes)
CUDA_VERSION := $(shell $(NVCC) --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')
CUDA_SAYS := CUDA $(CUDA_VERSION)
CUDA_GPUS := $(filter $(CUDA_ARCHS:%=sm_%),$(shell $(NVCC) --list-gpu-code))
ifeq ($(CUDA_GPUS),)
$(error nvcc $(CUDA_VERSION) knows none of CUDA_ARCHS '$(CUDA_ARCHS)': name others, or leave the plug-in out with CUDA=0)
endif
else ifeq ($(CUDA),1)
$(error CUDA=1, but '$(NVCC)' cannot build the plug-in: build/nvcc.log says why)
else
NVCC_FOUND :=
CUDA_SAYS := no CUDA ('$(NVCC)' cannot build it: build/nvcc.log)
endif
else ifeq ($(CUDA)$(VARIANT),1release)
$(error CUDA=1, but no nvcc was found: name it with NVCC=)
endif
FOUND_LIBS := $(foreach p,$(PKGS),$p $(shell pkg-config --modversion $p),) iniparser, lbfgsb
endif

# ---- flags ----

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
BASE_CFLAGS := -std=gnu11 -fno-math-errno -fno-trapping-math -ffp-contract=fast $(WARN) -g
CPPFLAGS += -Isrc
opt_release := -O3
opt_check := -O3 -Werror
opt_asan := -O2 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
opt_tsan := -O2 -Werror -fsanitize=thread -fno-omit-frame-pointer
opt_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
kernels_fuzz := -fno-sanitize=all # no target gets there, and clang takes minutes over them
ifeq ($(opt_$(VARIANT)),)
$(error unknown VARIANT '$(VARIANT)': release, check, asan, tsan or fuzz)
endif
CFLAGS ?=
ALL_CFLAGS = $(BASE_CFLAGS) $(opt_$(VARIANT)) $(CFLAGS)
DEPFLAGS = -MMD -MP

# The kernels are compiled once for each instruction set; the program picks one when it starts.
ifdef BUILDING
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
endif
ifeq ($(MACHINE),x86_64)
ISAS := sse2 avx2 avx512
else
ISAS := generic
endif
march_sse2 := -march=x86-64
march_avx2 := -march=x86-64-v3
march_avx512 := -march=x86-64-v4 -mprefer-vector-width=512

# ---- files ----

O := build/$(VARIANT)
LIB := $(O)/libfsplab.a
PROGRAM := $(if $(filter release,$(VARIANT)),fsplab,$(O)/fsplab)
KERNELS := $(wildcard src/nn/cpu_kernels.c)
SRC := $(filter-out src/main.c $(KERNELS),$(wildcard src/*.c $(foreach d,nn search io ui,src/$d/*.c) assets/*.c))
MAIN := $(wildcard src/main.c)
OBJ := $(SRC:%.c=$(O)/%.o) $(if $(KERNELS),$(ISAS:%=$(O)/src/nn/cpu_kernels_%.o))
# The CUDA kernels run in tests on fibres that switch stacks by hand, for x86-64; not under tsan, which would have to
# be told of each switch.
CUDA_HOST := $(and $(filter x86_64,$(MACHINE)),$(filter-out tsan fuzz,$(VARIANT)))
CUDA_TESTS := tests/test_cuda_host.c tests/test_cuda.c
TEST_SRC := $(filter-out $(if $(CUDA_HOST),,$(CUDA_TESTS)),$(wildcard tests/test_*.c))
FUZZ_SRC := $(wildcard tests/fuzz_*.c)
# Any other .c in tests/ is shared by the test programs, but fake_*.c: libraries that a test opens in place of real ones.
HELPER_SRC := $(filter-out $(TEST_SRC) $(CUDA_TESTS) $(FUZZ_SRC) tests/bench_% tests/fake_%,$(wildcard tests/*.c))
TEST_BIN := $(TEST_SRC:%.c=$(O)/%)
BENCH_BIN := $(patsubst %.c,$(O)/%,$(wildcard tests/bench_*.c))
FUZZ_BIN := $(FUZZ_SRC:%.c=$(O)/%)
HELPER_OBJ := $(HELPER_SRC:%.c=$(O)/%.o)
CUDA_SRC := $(wildcard src/nn/cuda/*.cu)
CUDA_HOST_OBJ := $(patsubst %,$(O)/%.host.o,$(CUDA_SRC) $(wildcard tests/cuda_host/*.cpp tests/cuda_host/*.cu))
# Scripts among the tests may be narrowed, as the programs: make test TESTS='test_base test_cli'
TEST_SCRIPTS := $(shell find tests -maxdepth 1 -name 'test_*.sh' -perm -u+x | sort)
ifneq ($(TESTS),)
TEST_BIN := $(filter $(TESTS:%=$(O)/tests/%),$(TEST_BIN))
TEST_SCRIPTS := $(filter $(TESTS:%=tests/%.sh),$(TEST_SCRIPTS))
endif

# ---- goals ----

.PHONY: all banner deps run test tests run-tests check asan tsan test-gpu bench-gpu layers headers bench fuzz fmt format-check \
    install uninstall deb dist dist-source help clean FORCE

all: banner $(LIB) $(if $(MAIN),$(PROGRAM)) $(if $(NVCC_FOUND),fsplab-cuda.so) ## build the program (CC=clang, V=1 to see the commands)

banner:
	@echo "fsplab $(VERSION) ($(VARIANT)): $(CC_NAME); $(FOUND_LIBS); $(CUDA_SAYS); CPU kernels $(or $(if $(KERNELS),$(ISAS)),none)"

deps: ## install the packages that are missing, saying which and why
	@CC="$(if $(filter command environment,$(firstword $(origin CC))),$(CC))" assets/deps.sh

run: ## install what is missing, build, and run the demo study
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	./fsplab run demo

test: ## install what is missing, build, and run every test (TESTS='test_base ...' for some)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory tests
	@$(MAKE) --no-print-directory run-tests

tests: all $(TEST_BIN)

run-tests:
	@FSPLAB=./$(PROGRAM) BUILD=$(O) tests/run $(TEST_BIN) $(TEST_SCRIPTS)

check: ## everything: tests with -Werror, under asan and tsan, layers, headers, format
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory layers headers
	@$(MAKE) --no-print-directory test VARIANT=check
	@$(MAKE) --no-print-directory check-histories VARIANT=check
	@$(MAKE) --no-print-directory check-instructions
	@$(MAKE) --no-print-directory asan
	@$(MAKE) --no-print-directory tsan
	@$(MAKE) --no-print-directory format-check
	@echo "check: all passed"

check-instructions: $(O)/tests/bench_hot ## instructions of the hot paths, beside what they were (needs valgrind)
	@CC=$(CC) BENCH_HOT=$< tests/instructions.sh

check-histories: $(O)/tests/test_bo ## Bayesian optimisation over 10,000 random histories
	@HISTORIES=10000 $(O)/tests/test_bo

asan: ## tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	    $(MAKE) --no-print-directory test VARIANT=asan

tsan: ## tests under ThreadSanitizer
	@TSAN_OPTIONS=halt_on_error=1:allocator_may_return_null=1 $(MAKE) --no-print-directory test VARIANT=tsan

# The last are for machines with a GPU; elsewhere they say so.
GPU_OUT ?= build/gpu
test-gpu: ## on a machine with a GPU: op table, whole nets, studies, compute-sanitizer (GPU_OUT=build/gpu)
	@OUT=$(GPU_OUT) tests/gpu_all.sh build table parity study sanitizer

bench-gpu: ## on a machine with a GPU: steps and operations at batches of 128 and 512, PyTorch beside them
	@OUT=$(GPU_OUT) tests/gpu_all.sh build bench peers

layers: ## the arrows between the rooms, read from the #include lines
	@tests/layers.sh

headers: ## every header compiles by itself
	@for h in $$(find src tests -name '*.h' | sort); do \
	    $(CC) $(CPPFLAGS) $(BASE_CFLAGS) -Werror -Wno-unused -fsyntax-only -include $$h -x c /dev/null || \
	        { echo "headers: $$h does not compile by itself"; exit 1; }; \
	done; echo "headers: every one compiles by itself"

ifneq ($(wildcard src/cmd_bench.c),)
bench: all ## measure operations and training steps
	./fsplab bench ops
	./fsplab bench step

bench-peers: all ## the same steps beside PyTorch's, taking turns (needs python3-torch)
	/usr/bin/python3 tests/peers/torch_step.py --against ./fsplab
endif

PEERS_PYTHON ?= python3
PEERS_ARGS ?= --function kd --seeds 50
.PHONY: bench-search-peers
bench-search-peers: ## other optimisers on the functions of `bench search` (PEERS_PYTHON: one that has them)
	OMP_NUM_THREADS=1 $(PEERS_PYTHON) tests/peers/search_peers.py $(PEERS_ARGS)

bench-ui: all $(BENCH_BIN) ## what the screens cost: frames, keys, bytes a second, serving
	$(O)/tests/bench_frame
	/usr/bin/python3 tests/bench_ui.py --fsplab ./$(PROGRAM)

ifneq ($(FUZZ_SRC),)
fuzz: ## fuzz every target for FUZZ_SECONDS (default 30; needs clang)
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz fuzz-build
	@mkdir -p build/fuzz/corpus
	@for t in $(patsubst tests/%.c,%,$(FUZZ_SRC)); do \
	    mkdir -p build/fuzz/corpus/$$t && \
	    build/fuzz/tests/$$t -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/$$t- -print_final_stats=1 \
	        -verbosity=0 build/fuzz/corpus/$$t $$(ls -d tests/corpus/$$t 2>/dev/null) || exit 1; \
	done
.PHONY: fuzz-build
fuzz-build: banner $(FUZZ_BIN)
endif

FORMATTED = $(shell find src tests -name '*.[ch]')
fmt: ## format the sources with clang-format
	clang-format -i $(FORMATTED)

format-check:
	@if command -v clang-format >/dev/null; then \
	    clang-format --dry-run -Werror $(FORMATTED) && echo "format: as .clang-format has it"; \
	else echo "format: not checked (no clang-format)"; fi

# One entry a file, for language servers.
compile_commands.json: Makefile FORCE ## compilation database for editors
	$(Q){ echo '['; sep=; for f in $(SRC) $(KERNELS) $(MAIN) $(HELPER_SRC) $(TEST_SRC) $(FUZZ_SRC); do \
	    printf '%s{"directory": "%s", "file": "%s", "command": "%s -c %s"}' "$$sep" '$(CURDIR)' "$$f" \
	        '$(CC) $(CPPFLAGS) $(LIB_CFLAGS) $(ALL_CFLAGS) $(if $(KERNELS),-DISA=$(firstword $(ISAS)))' "$$f"; sep=', '; \
	done; printf ']\n'; } >$@
	@echo "wrote $@"

SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETIONS = $(SHARE)/bash-completion/completions/fsplab $(SHARE)/zsh/site-functions/_fsplab \
    $(SHARE)/fish/vendor_completions.d/fsplab.fish

install: all build/fsplab.1 ## install program, man page, completions, documents (DESTDIR, PREFIX=/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/fsplab/themes $(SHARE)/doc/fsplab $(dir $(COMPLETIONS))
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/fsplab
	$(if $(wildcard fsplab-cuda.so),install -D -m 755 fsplab-cuda.so $(DESTDIR)$(PREFIX)/lib/fsplab/fsplab-cuda.so)
	install -m 644 build/fsplab.1 $(SHARE)/man/man1/fsplab.1
	install -m 644 experiments.ini $(SHARE)/fsplab/experiments.ini
	install -m 644 assets/themes/*.theme $(SHARE)/fsplab/themes
	install -m 644 README.md CHANGELOG.md LICENSE docs/*.md $(SHARE)/doc/fsplab
	install -m 644 assets/completion/fsplab.bash $(word 1,$(COMPLETIONS))
	install -m 644 assets/completion/_fsplab $(word 2,$(COMPLETIONS))
	install -m 644 assets/completion/fsplab.fish $(word 3,$(COMPLETIONS))

uninstall: ## remove what install has put there (the same DESTDIR and PREFIX)
	rm -f $(DESTDIR)$(PREFIX)/bin/fsplab $(SHARE)/man/man1/fsplab.1 $(COMPLETIONS)
	rm -rf $(SHARE)/fsplab $(SHARE)/doc/fsplab $(DESTDIR)$(PREFIX)/lib/fsplab

deb: ## a Debian package in dist/ (needs dpkg-dev)
	rm -rf build/deb
	@$(MAKE) --no-print-directory install PREFIX=/usr DESTDIR=build/deb/root
	@assets/deb.sh build/deb/root $(VERSION) dist

# The program itself prints the settings: its one table is the page's too.
build/fsplab.1: docs/fsplab.1.in $(PROGRAM)
	$(SAY) MAN $@
	$(Q)./$(PROGRAM) --help-roff >build/settings.roff
	$(Q)./$(PROGRAM) --keys-roff >build/keys.roff
	$(Q)sed -e 's/@VERSION@/$(VERSION)/' -e '/^@SETTINGS@$$/{r build/settings.roff' -e 'd}' \
	    -e '/^@KEYS@$$/{r build/keys.roff' -e 'd}' $< >$@

# The same programs, linked to look for libraries beside themselves.
DIST_BIN := $(O)/dist/fsplab $(O)/dist/test_gpu $(O)/dist/test_parity
DIST_OUT ?= dist
.PHONY: dist-programs
dist-programs: $(DIST_BIN)

dist: ## a tarball in dist/ that runs where nothing can be installed: unpack it, and bin/fsplab
	rm -rf build/dist
	@$(MAKE) --no-print-directory install DESTDIR=build/dist/install
	@$(MAKE) --no-print-directory dist-programs
	@assets/dist.sh build/dist/install$(PREFIX) $(O)/dist $(VERSION) $(DIST_OUT)

dist-source: ## a source archive of the last commit in dist/
	@mkdir -p dist
	git archive --prefix=fsplab-$(VERSION)/ -o dist/fsplab-$(VERSION).tar.gz HEAD
	@echo "wrote dist/fsplab-$(VERSION).tar.gz"

help: ## this text
	@echo "make [GOAL]... (default: all)"
	@sed -n 's/^\([a-z_.-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r goal text; do \
	    printf '  %-22s %s\n' "$$goal" "$$text"; done

clean: ## remove what was built (not runs/ and data/)
	rm -rf build fsplab fsplab-cuda.so compile_commands.json

# ---- rules ----

# Holds the command line; rewritten, and so newer than every object, only when it changes.
$(O)/flags: FORCE
	@mkdir -p $(O); printf '%s\n' '$(CC_NAME) $(CPPFLAGS) $(LIB_CFLAGS) $(ALL_CFLAGS) $(ISAS) $(LDFLAGS) $(LIBS)' >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(O)/src/nn/cpu_kernels_%.o: src/nn/cpu_kernels.c $(O)/flags
	@mkdir -p $(@D)
	$(SAY) CC '$< ($*)'
	$(Q)$(CC) $(CPPFLAGS) $(LIB_CFLAGS) $(ALL_CFLAGS) $(march_$*) $(kernels_$(VARIANT)) -DISA=$* $(DEPFLAGS) -c -o $@ $<

# Where an installed program looks for experiments.ini.
$(O)/prefix: FORCE
	@mkdir -p $(O); printf '%s\n' '$(PREFIX)' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(O)/src/cmd.o: $(O)/prefix
$(O)/src/cmd.o: private CPPFLAGS += -DFSPLAB_DATADIR='"$(PREFIX)/share/fsplab"'

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(LIB_CFLAGS) $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# Says of a plug-in whether it was made from the sources that the program was made with.
CUDA_STAMP := $(VERSION)-$(shell cat src/base.h src/nn/backend.h src/nn/cuda_plugin.h $(sort $(wildcard src/nn/cuda/*)) | cksum | cut -d' ' -f1)
CUDA_STAMPED := $(O)/src/nn/cuda_open.o $(O)/src/nn/cuda/backend.cu.host.o $(O)/src/nn/cuda/backend.cuda.o
$(O)/cuda-stamp: FORCE
	@mkdir -p $(O); printf '%s\n' '$(CUDA_STAMP)' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(CUDA_STAMPED): $(O)/cuda-stamp
$(CUDA_STAMPED): private CPPFLAGS += -DCUDA_PLUGIN_STAMP='"$(CUDA_STAMP)"'

# The plug-in: machine code for the GPUs that nvcc knows of those in CUDA_ARCHS, PTX of the last for newer ones.
CUDA_OBJ := $(CUDA_SRC:%.cu=$(O)/%.cuda.o)
CUDA_GENCODE = $(foreach a,$(CUDA_GPUS:sm_%=%),-gencode arch=compute_$a,code=sm_$a) \
    $(foreach a,$(lastword $(CUDA_GPUS:sm_%=%)),-gencode arch=compute_$a,code=compute_$a)
$(O)/cuda-flags: FORCE
	@mkdir -p $(O); printf '%s\n' '$(NVCC) $(CUDA_VERSION) $(CUDA_GENCODE)' >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(O)/%.cuda.o: %.cu $(O)/cuda-flags
	@mkdir -p $(@D)
	$(SAY) NVCC $<
	$(Q)$(NVCC) -std=c++17 -O3 $(CUDA_GENCODE) $(CPPFLAGS) -Xcompiler -fPIC,-fvisibility=hidden -MMD -MP -MF $(@:.o=.d) \
	    -c -o $@ $<
# It needs little of the C++ library, which is linked in: a machine may have an older one.
fsplab-cuda.so: $(CUDA_OBJ)
	$(SAY) LINK $@
	$(Q)$(NVCC) -shared -cudart static -o $@ $^ -lcublas -Xcompiler -static-libstdc++ -Xlinker --exclude-libs,ALL -Xlinker -s

# The CUDA sources as host C++. The engine that switches stacks stays out of the sanitizers' sight.
CXXFLAGS ?=
CUDA_HOST_FLAGS = -std=c++17 -fPIC -Itests/cuda_host -ffp-contract=off -fno-math-errno -Wall -Wextra -Wshadow -g \
    $(subst -O3,-O2,$(opt_$(VARIANT))) $(CXXFLAGS)
$(O)/tests/cuda_host/engine.cpp.host.o: private opt_asan := -O2 -Werror
$(O)/host-flags: FORCE
	@mkdir -p $(O); printf '%s\n' '$(CXX) $(CPPFLAGS) $(CUDA_HOST_FLAGS)' >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(O)/%.host.o: % $(O)/host-flags
	@mkdir -p $(@D)
	$(SAY) CXX '$< (on the host)'
	$(Q)$(CXX) $(CPPFLAGS) $(CUDA_HOST_FLAGS) $(DEPFLAGS) -x c++ -c -o $@ $<
$(patsubst %.c,$(O)/%,$(CUDA_TESTS)): $(CUDA_HOST_OBJ)
$(patsubst %.c,$(O)/%,$(CUDA_TESTS)): private TEST_LIBS += -lstdc++
# The same as a plug-in, so that a test can run whole studies on it.
$(O)/tests/cuda_host.so: $(filter-out %/planted.cu.host.o,$(CUDA_HOST_OBJ))
	$(SAY) LINK $@
	$(Q)$(CXX) $(subst -O3,-O2,$(opt_$(VARIANT))) -shared -o $@ $^

# Made anew each time: an object whose source is gone must not live on in it.
$(LIB): $(OBJ)
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $(OBJ)

$(PROGRAM): $(O)/src/main.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(TEST_BIN) $(BENCH_BIN): $(O)/%: $(O)/%.o $(HELPER_OBJ) $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS)

# DT_RPATH, which holds for the libraries' libraries and the plug-in's too; DT_RUNPATH would not.
$(DIST_BIN): private LDFLAGS += -Wl,--disable-new-dtags
$(O)/dist/fsplab: $(O)/src/main.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -s -o $@ $^ $(LIBS)
$(O)/dist/test_%: $(O)/tests/test_%.o $(HELPER_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../../lib' -s -o $@ $^ $(TEST_LIBS) $(LIBS)

$(O)/tests/fake_%.so: tests/fake_%.c $(O)/flags
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(BASE_CFLAGS) -O1 -shared -fPIC -Wl,-Bsymbolic -o $@ $<
$(O)/tests/test_gpuinfo: | $(O)/tests/fake_nvml.so
$(O)/tests/test_parity: | $(if $(CUDA_HOST),$(O)/tests/cuda_host.so)
$(O)/tests/test_cuda_open: | $(O)/tests/fake_cuda.so $(O)/tests/fake_cuda_stamp.so $(if $(CUDA_HOST),$(O)/tests/cuda_host.so)

$(FUZZ_BIN): $(O)/%: $(O)/%.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

.SECONDARY:
-include $(OBJ:.o=.d) $(O)/src/main.d $(patsubst %.c,$(O)/%.d,$(TEST_SRC) $(FUZZ_SRC) $(HELPER_SRC)) $(CUDA_HOST_OBJ:.o=.d) $(CUDA_OBJ:.o=.d)
