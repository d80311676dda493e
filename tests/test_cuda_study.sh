#!/usr/bin/env bash
# Whole studies on the CUDA plug-in, with the kernels as host code (tests/cuda_host) in the plug-in's place: what asking
# for a device does, what is refused, and that a study trains, twice to the same bits.
# FSPLAB: the program (default ./fsplab). BUILD: where tests/cuda_host.so is (default build/release). FSPLAB_PLUGIN: a
# plug-in to take instead, on a machine with a GPU.
set -u
plugin=${FSPLAB_PLUGIN:-$PWD/${BUILD:-build/release}/tests/cuda_host.so}
if [ -n "${FSPLAB_PLUGIN:-}" ]; then last=0 none=99 there='from 0)' kind=sm_; else last=1 none=2 there='(there are 2, from 0)' kind=sm_90; fi
[ -f "$plugin" ] || { echo 'skipped: no CUDA kernels as host code in this build'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/lib/fsplab" && cp "${FSPLAB:-./fsplab}" "$work/bin/fsplab" || exit 1
# a program out of a tarball of `make dist` has its libraries in ../lib
case ${FSPLAB:-} in */bin/fsplab | bin/fsplab) ln -s "$(realpath "$(dirname "$FSPLAB")/../lib")"/*.so.* "$work/lib" 2>/dev/null ;; esac
cd "$work" || exit 1
export TERM=xterm
failed=0 status=0

fsplab() { # ARGUMENT...: leaves out, err, status
    bin/fsplab "$@" >out 2>err </dev/null
    status=$?
}
expect() { # WHAT STATUS FILE TEXT...: the status, and every TEXT somewhere in out or err
    local what=$1 want=$2 file=$3 text
    shift 3
    if [ $status != "$want" ]; then
        echo "FAILED: $what: exit status $status, not $want"; sed 's/^/    /' err; failed=1; return
    fi
    for text in "$@"; do
        grep -qF -- "$text" "$file" || { echo "FAILED: $what: '$text' is not said in:"; sed 's/^/    /' "$file"; failed=1; return; }
    done
    echo "ok: $what"
}

cat >t.ini <<'INI'
[defaults]
dataset = synth
data_dir = data
teacher = res8
student = res8
batch = 4
train_limit = 20
test_limit = 8
augment = none
threads = 1
teacher_steps = 2
transfer_steps = 2
finetune_steps = 3
checkpoint_steps = 1
repeats = 1
max_trials = 1
[first]
[second]
[third]
INI
set -- -c t.ini --runs runs

# ---- which device ----
fsplab run first "$@" --set device=cuda
expect 'cuda without a plug-in' 1 err "device 'cuda' is not available: no CUDA plug-in (fsplab-cuda.so)"
fsplab doctor -c t.ini
expect 'doctor without a plug-in' 0 out 'no CUDA plug-in (fsplab-cuda.so)' 'device = auto is the CPU'
cp "$plugin" lib/fsplab/fsplab-cuda.so
echo 'no library' >bin/fsplab-cuda.so
fsplab run first "$@" --set device=cuda
expect 'a plug-in beside the program that is none' 1 err "device 'cuda' is not available: cannot open the CUDA plug-in" \
    bin/fsplab-cuda.so
rm bin/fsplab-cuda.so
fsplab doctor -c t.ini
expect 'doctor with a plug-in' 0 out 'used when asked for (device = cuda)' 'plug-in of' "device 0 is $kind" \
    'device = auto is the CPU'
fsplab run first "$@" --set device=cuda:$none
expect 'a device that is not there' 1 err "no CUDA device $none" "$there"
for p in tf32 bf16; do
    fsplab run first "$@" --set device=cuda --set precision=$p
    expect "$p on a GPU" 2 err "precision: $p is not one that device cuda:0 ($kind" 'trains in (allowed: f32)'
    fsplab run first "$@" --set precision=$p
    expect "$p with device=auto" 2 err "precision: $p needs a GPU (allowed with device=auto: f32)"
done

[ -e runs/first ] && { echo 'FAILED: a refused study has left something in runs'; failed=1; }

# ---- training: bit for bit the same again ----
fsplab run first "$@" --set device=cuda:$last
expect 'a study on the last device' 0 err
fsplab run second "$@" --set device=cuda
expect 'a study on the first device' 0 err
cmp runs/first/trial-0001/student.safetensors runs/second/trial-0001/student.safetensors &&
    echo 'ok: the same bits on both' || failed=1
fsplab run third "$@"
expect 'a study with device=auto' 0 err
cmp -s runs/first/trial-0001/student.safetensors runs/third/trial-0001/student.safetensors &&
    { echo 'FAILED: device=auto has not trained on the CPU'; failed=1; }
exit $failed
