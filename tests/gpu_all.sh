#!/usr/bin/env bash
# Everything there is to do on a machine with an NVIDIA GPU, in one go: build, op table, whole nets against PyTorch's
# numbers on the CPU and on the GPU, whole studies, compute-sanitizer over the table, benchmarks, PyTorch beside them
# where it is installed. One step's failure does not stop the next, but nothing goes on without a program and a plug-in.
# In $OUT each step leaves its output, summary.txt what passed, how long it took, and images a second beside PyTorch's.
#   OUT=DIR tests/gpu_all.sh [STEP...]     steps: build table parity study sanitizer bench peers (default: all)
# It runs in a source tree, or in an unpacked archive of `make dist`, where there is nothing to build.
#   LIMIT    seconds a step may take (default 600)      BATCHES  batch sizes (default "128 512"), REPEATS (21) of a bench
#   PYTHON   one that has PyTorch (default python3)
#   SMI, DEV  nvidia-smi and /dev, for this script's own test
# Exit status: 0 all passed; 1 one failed; 2 wrong usage; 77 there is no GPU, nothing was run.
set -u
cd "$(dirname "$0")/.." || exit 1
out=${OUT:-gpu-results} limit=${LIMIT:-600} smi=${SMI:-nvidia-smi} dev=${DEV:-/dev}
export BATCHES=${BATCHES:-128 512} REPEATS=${REPEATS:-21} PYTHON=${PYTHON:-python3} smi
if [ -f Makefile ]; then
    export FSPLAB=./fsplab FSPLAB_PLUGIN=$PWD/fsplab-cuda.so bin=build/release/tests
else
    export FSPLAB=bin/fsplab FSPLAB_PLUGIN=$PWD/lib/fsplab/fsplab-cuda.so bin=tests/bin
fi
steps=${*:-build table parity study sanitizer bench peers}
for s in $steps; do
    case $s in
    build | table | parity | study | sanitizer | bench | peers) ;;
    *) echo "gpu_all: '$s' is no step (allowed: build, table, parity, study, sanitizer, bench, peers)" >&2; exit 2 ;;
    esac
done

# ---- is there one ----
gpus=$("$smi" -L 2>/dev/null | grep -c '^GPU ')
if [ "$gpus" = 0 ] && ! compgen -G "$dev/nvidia[0-9]*" >/dev/null; then
    if command -v "$smi" >/dev/null; then why="$smi lists none"; else why="no $smi"; fi
    echo "gpu_all: no NVIDIA GPU on this machine ($why, and no $dev/nvidia0): nothing was run" >&2
    exit 77
fi

mkdir -p "$out" && : >"$out/summary.txt" || exit 1
rm -f "$out"/{build,machine,table,parity,study,sanitizer-*,bench-*,peers-*}.txt # of an earlier run
passed=0 skipped=0 failed=0
say() { echo "$*" | tee -a "$out/summary.txt"; }
try() { # NAME COMMAND...: output to $out/NAME.txt
    local name=$1 from=$SECONDS status
    shift
    timeout -k 10 "$limit" "$@" >"$out/$name.txt" 2>"$out/$name.err" </dev/null
    status=$?
    cat "$out/$name.err" >>"$out/$name.txt" && rm -f "$out/$name.err"
    case $status in
    0) say "ok      $name  $((SECONDS - from)) s" && passed=$((passed + 1)) ;;
    77) say "skipped $name  ($(tail -n 1 "$out/$name.txt"))" && skipped=$((skipped + 1)) ;;
    124 | 137) say "FAILED  $name  stopped after $limit s" && failed=$((failed + 1)) ;;
    *) say "FAILED  $name  status $status, $((SECONDS - from)) s" && failed=$((failed + 1)) ;;
    esac
    return $status
}

# ---- the steps ----
machine() {
    date -u
    uname -srm
    "$smi" --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader
    "$smi" -L
    nvcc --version 2>/dev/null | tail -n 2
    git log -1 --format='%H %s' 2>/dev/null
    "$FSPLAB" --version && "$FSPLAB" doctor
    true
}
build() {
    if [ -f Makefile ]; then make CUDA=1 all "$bin/test_gpu" "$bin/test_parity" || return; fi
    [ -x "$FSPLAB" ] && [ -f "$FSPLAB_PLUGIN" ] && [ -x "$bin/test_gpu" ] && [ -x "$bin/test_parity" ] && return
    echo "one of these is missing: $FSPLAB $FSPLAB_PLUGIN $bin/test_gpu $bin/test_parity"
    return 1
}
table() { CMOCKA_MESSAGE_OUTPUT=stdout "$bin/test_gpu"; }
parity() { CMOCKA_MESSAGE_OUTPUT=stdout "$bin/test_parity"; }
study() { tests/test_cuda_study.sh; }
sanitizer() { # TOOL
    local tool
    tool=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
    [ -x "$tool" ] || { echo 'no compute-sanitizer'; return 77; }
    "$tool" --tool "$1" --error-exitcode 9 "$bin/test_gpu" 'kernels*'
}
bench() { "$FSPLAB" bench "$1" --batch "$2" --repeats "$REPEATS" --json --set device=cuda; } # WHAT BATCH: one JSON
peers() { # BATCH PRECISION [MODE of torch.compile]: one JSON
    "$PYTHON" -c 'import torch' 2>/dev/null || { echo "$PYTHON has no PyTorch"; return 77; }
    "$PYTHON" -c 'import torch; assert torch.cuda.is_available()' || { echo 'PyTorch sees no GPU'; return 1; }
    "$PYTHON" tests/peers/torch_step.py --device cuda --batch "$1" --precision "$2" --repeats "$REPEATS" ${3:+--compile "$3"}
}
export -f machine build table parity study sanitizer bench peers

# ---- images a second, and how they compare ----
rates() { # FILE: "step images/s" of a bench's JSON, ours or PyTorch's
    grep -o '"name": *"[^"]*"[^}]*"images_per_second": *[0-9.e+]*' "$1" 2>/dev/null |
        sed -E 's/"name": *"([^"]*)".*: */\1 /'
}
compare() { # BATCH
    local f
    [ -n "$(rates "$out/bench-step-$1.txt")" ] || return
    say "batch $1, images/s: fsplab (f32)"
    rates "$out/bench-step-$1.txt" | awk '{printf "    %-10s %12.0f\n", $1, $2}' | tee -a "$out/summary.txt"
    for f in "$out/peers-$1-"*.txt; do
        [ -n "$(rates "$f")" ] || continue
        say "batch $1, images/s: PyTorch $(basename "${f#*"/peers-$1-"}" .txt), and fsplab's as a multiple of it"
        awk 'NR == FNR {ours[$1] = $2; next} {printf "    %-10s %12.0f  %s\n", $1, $2, ours[$1] ? sprintf("%.2f", ours[$1] / $2) : "-"}' \
            <(rates "$out/bench-step-$1.txt") <(rates "$f") | tee -a "$out/summary.txt"
    done
}

for s in $steps; do
    case $s in
    build)
        try build bash -c build || { say 'nothing to go on with'; exit 1; }
        try machine bash -c machine
        ;;
    table | parity | study) try "$s" bash -c "$s" ;;
    sanitizer) for t in memcheck racecheck synccheck initcheck; do try "sanitizer-$t" bash -c "sanitizer $t"; done ;;
    bench)
        for b in $BATCHES; do
            try "bench-step-$b" bash -c "bench step $b"
            try "bench-ops-$b" bash -c "bench ops $b"
        done
        ;;
    peers)
        for b in $BATCHES; do
            for p in f32 tf32 bf16; do
                try "peers-$b-$p" bash -c "peers $b $p"
                try "peers-$b-$p-compiled" bash -c "peers $b $p max-autotune"
            done
        done
        ;;
    esac
done
for b in $BATCHES; do compare "$b"; done
say "$passed passed, $failed failed, $skipped skipped; details in $out"
[ $failed = 0 ] && [ $passed -gt 0 ]
