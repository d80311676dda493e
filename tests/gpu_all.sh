#!/usr/bin/env bash
# Everything there is to do on a machine with an NVIDIA GPU, in one go: build, op table, whole nets against PyTorch's
# numbers, whole studies, compute-sanitizer over the table, benchmarks, PyTorch beside them where it is installed. One
# step's failure does not stop the next; each leaves its output in $OUT (default gpu-results), summary.txt says which
# passed and how long they took. Exit status 1 when one failed.
#   OUT=DIR tests/gpu_all.sh [STEP...]     steps: build table parity study sanitizer bench peers (default: all)
#   PLUGIN  the plug-in (default ./fsplab-cuda.so)   LIMIT  seconds a step may take (default 240)
set -u
cd "$(dirname "$0")/.." || exit 1
out=${OUT:-gpu-results} plugin=${PLUGIN:-$PWD/fsplab-cuda.so} limit=${LIMIT:-240} bin=build/release/tests
case $plugin in /*) ;; *) plugin=$PWD/$plugin ;; esac
mkdir -p "$out" && : >"$out/summary.txt" || exit 1
failed=0
export FSPLAB_PLUGIN=$plugin BUILD=build/release

say() { echo "$*" | tee -a "$out/summary.txt"; }
try() { # NAME COMMAND...: output to $out/NAME.txt
    local name=$1 from=$SECONDS status
    shift
    timeout -k 10 "$limit" "$@" >"$out/$name.txt" 2>&1 </dev/null
    status=$?
    if [ $status = 0 ]; then say "ok      $name  $((SECONDS - from)) s"
    elif [ $status = 77 ]; then say "skipped $name"
    else say "FAILED  $name  status $status, $((SECONDS - from)) s"; failed=1; fi
}

machine() {
    date -u
    uname -srm
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader
    nvidia-smi -L
    nvcc --version 2>/dev/null | tail -n 2
    git log -1 --format='%H %s' 2>/dev/null
    ./fsplab --version && ./fsplab doctor
    true
}
build() { make CUDA=1 all "$bin/test_gpu" "$bin/test_parity" "$bin/test_cuda_open"; }
table() { "$bin/test_gpu"; }
parity() { "$bin/test_parity"; }
study() { tests/test_cuda_study.sh; }
sanitizer() { # TOOL
    local tool
    tool=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
    [ -x "$tool" ] || { echo 'no compute-sanitizer here'; return 77; }
    "$tool" --tool "$1" --error-exitcode 9 "$bin/test_gpu"
}
bench() { # WHAT BATCH: one JSON, on the GPU
    ./fsplab bench "$1" --batch "$2" --repeats 21 --json --set device=cuda
}
peers() { # BATCH PRECISION [MODE of torch.compile]
    ${PYTHON:-python3} -c 'import torch; assert torch.cuda.is_available()' || return 77
    ${PYTHON:-python3} tests/peers/torch_step.py --device cuda --batch "$1" --precision "$2" --repeats 21 ${3:+--compile "$3"}
}
export -f build table parity study sanitizer bench peers machine
export bin

steps=${*:-build table parity study sanitizer bench peers}
for s in $steps; do
    case $s in
    build) try build bash -c build && try machine bash -c machine ;;
    table | parity | study) try "$s" bash -c "$s" ;;
    sanitizer) for t in memcheck racecheck synccheck initcheck; do try "sanitizer-$t" bash -c "sanitizer $t"; done ;;
    bench)
        for b in 128 512; do
            try "bench-step-$b" bash -c "bench step $b"
            try "bench-ops-$b" bash -c "bench ops $b"
        done
        ;;
    peers)
        for b in 128 512; do
            for p in f32 tf32 bf16; do
                try "peers-$b-$p" bash -c "peers $b $p"
                try "peers-$b-$p-compiled" bash -c "peers $b $p max-autotune"
            done
        done
        ;;
    *) echo "gpu_all: '$s' is no step" >&2; exit 2 ;;
    esac
done
exit $failed
