#!/usr/bin/env bash
# tests/gpu_all.sh without a GPU: that it says so and runs nothing; and, in a tree of stand-ins for nvidia-smi, program,
# tests and PyTorch, that it reports each step as it went, and the rates beside each other.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 status=0
all() { # STEP...: leaves log, status
    (cd "$work" && env OUT="$work/out" DEV="$work" SMI="$work/smi" PYTHON="$work/python" PATH="$work:$PATH" LIMIT=${LIMIT:-60} \
        BATCHES='4 8' REPEATS=1 "$script" "$@") >"$work/log" 2>&1 </dev/null
    status=$?
}
expect() { # WHAT STATUS FILE PATTERN...
    local what=$1 want=$2 file=$work/$3 text
    shift 3
    if [ $status != "$want" ]; then
        echo "FAILED: $what: exit status $status, not $want"; sed 's/^/    /' "$work/log"; failed=1; return
    fi
    for text in "$@"; do
        grep -qE -- "$text" "$file" || { echo "FAILED: $what: '$text' is not in:"; sed 's/^/    /' "$file"; failed=1; return; }
    done
    echo "ok: $what"
}
stand_in() { mkdir -p "$work/$(dirname "$1")" && { echo '#!/bin/sh'; cat; } >"$work/$1" && chmod +x "$work/$1"; } # FILE, its text on stdin

# ---- in this tree, no GPU ----
script=$PWD/tests/gpu_all.sh
all table
expect 'no nvidia-smi' 77 log "^gpu_all: no NVIDIA GPU on this machine \(no $work/smi, and no $work/nvidia0\): nothing was run$"
[ -e "$work/out" ] && { echo 'FAILED: it has left results'; failed=1; }
stand_in smi <<<'echo "No devices were found"'
all
expect 'nvidia-smi without a GPU' 77 log "smi lists none, and no .*: nothing was run$"
all tabel
expect 'a wrong step' 2 log "^gpu_all: 'tabel' is no step \(allowed: build, table, .*peers\)$"

# ---- an unpacked archive, all stand-ins ----
script=$work/tests/gpu_all.sh
mkdir -p "$work/tests" && cp tests/gpu_all.sh "$script"
stand_in smi <<<'[ "$1" = -L ] && echo "GPU 0: A stand-in (UUID: GPU-0)"; exit 0'
all
expect 'nothing there to run' 1 log '^FAILED  build  status 1' '^nothing to go on with$'
mkdir -p "$work/lib/fsplab" && : >"$work/lib/fsplab/fsplab-cuda.so"
stand_in bin/fsplab <<'SH'
[ "$1" = bench ] || { echo "fsplab $*"; exit; }
echo "{\"device\":\"cuda\",\"steps\":[{\"name\":\"fsp\",\"precision\":\"f32\",\"images_per_second\":${4}000.0},{\"name\":\"eval\",\"precision\":\"f32\",\"images_per_second\":1.5e3}]}"
SH
stand_in tests/bin/test_gpu <<<'echo "table: $* of $FSPLAB_PLUGIN"; exit 0'
stand_in tests/bin/test_parity <<<'echo no >&2; exit 3'
stand_in tests/test_cuda_study.sh <<<'exec sleep 60'
stand_in compute-sanitizer <<<'[ "$2" = racecheck ] && exit 9; shift 4; exec "$@"'
stand_in python <<'SH'
[ "$1" = -c ] && exit
case "$*" in *--compile*) exit 1 ;; esac
echo '{"torch": "0", "steps": [{"name": "fsp", "precision": "bf16", "images_per_second": 2000.0}]}'
SH
all build table parity sanitizer bench peers
expect 'each step is reported' 1 out/summary.txt '^ok      build  [0-9]+ s$' '^ok      machine ' '^ok      table ' \
    '^FAILED  parity  status 3, ' '^ok      sanitizer-memcheck ' \
    '^FAILED  sanitizer-racecheck  status 9' '^ok      bench-ops-8 ' '^ok      peers-4-bf16 ' '^FAILED  peers-8-tf32-compiled  status 1' \
    '^16 passed, 8 failed, 0 skipped'
expect 'what a step said' 1 out/table.txt "^table:  of $work/lib/fsplab/fsplab-cuda.so$"
expect 'what it said on stderr' 1 out/parity.txt '^no$'
expect 'the sanitizer looks at the table alone' 1 out/sanitizer-memcheck.txt '^table: kernels\* of '
expect 'rates' 1 out/summary.txt '^batch 8, images/s: fsplab \(f32\)$' '^    fsp +8000$' '^    eval +1500$' \
    '^batch 4, images/s: PyTorch bf16, ' '^    fsp +2000  2\.00$' '^    fsp +2000  4\.00$'
LIMIT=1 all study
expect 'a step that hangs' 1 out/summary.txt '^FAILED  study  stopped after 1 s$' '^0 passed, 1 failed'
stand_in python <<<'exit 1'
all bench peers
expect 'without PyTorch' 0 out/summary.txt '^skipped peers-4-f32  \(.*python has no PyTorch\)$' '^4 passed, 0 failed, 12 skipped'
[ -e "$work/out/table.txt" ] && { echo 'FAILED: results of an earlier run are still there'; failed=1; }
exit $failed
