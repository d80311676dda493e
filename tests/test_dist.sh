#!/usr/bin/env bash
# `make dist`: the tarball's size, and that what is in it runs from another folder, in an empty environment, on the
# libraries that came with it and on no other: by the loader's list and by what a study's process has mapped.
# BUILD: the build folder whose program is packed; only a release is.
set -u
build=${BUILD:-build/release}
[ "$build" = build/release ] || { echo 'skipped: only a release is packed'; exit 77; }
for tool in readelf tar gzip ldd; do command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }; done
prefix=$(cat "$build/prefix") || exit 77
work=$(mktemp -d)
study=
trap '[ -z "$study" ] || kill "$study" 2>/dev/null; rm -rf "$work"' EXIT
failed=0
ok() { echo "ok: $1"; }
bad() { failed=1; echo "FAILED: $1"; tail -n 12 "$work/log" 2>/dev/null | sed 's/^/    /'; }

if make --no-print-directory VARIANT=release CUDA=0 PREFIX="$prefix" DIST_OUT="$work/out" dist >"$work/log" 2>&1; then ok 'make dist'; else bad 'make dist'; exit 1; fi
version=$(sed -n 's/^#define FSPLAB_VERSION "\(.*\)"/\1/p' src/base.h)
name=fsplab-$version-linux-$(uname -m)
tarball=$work/out/$name.tar.gz
[ "$(ls "$work/out")" = "$name.tar.gz" ] || { bad "not $name.tar.gz: $(ls "$work/out")"; exit 1; }
size=$(stat -c %s "$tarball")
if [ "$size" -le $((40 << 20)) ]; then ok "$size bytes"; else bad "$size bytes, more than 40 MiB"; fi

# ---- unpacked elsewhere, in a folder with a blank ----
mkdir -p "$work/an other place/sub" "$work/here" && tar -C "$work/an other place" -xzf "$tarball" || exit 1
at="$work/an other place/sub/moved"
mv "$work/an other place/$name" "$at" && cd "$work/here" || exit 1
run() { env -i PATH=/usr/bin:/bin TERM=xterm "$@" >"$work/log" 2>&1 </dev/null; }
said() { grep -qF -- "$1" "$work/log"; }
if [ -z "$(find "$at" -type l)" ]; then ok 'no links'; else bad "links: $(find "$at" -type l)"; fi
if run "$at/bin/fsplab" --version && said "fsplab $version"; then ok version; else bad version; fi
if run "$at/bin/fsplab" doctor && said 'SQLite'; then ok doctor; else bad doctor; fi
if run "$at/bin/fsplab" flops res14 && said res14; then ok flops; else bad flops; fi

# ---- whose libraries: glibc's may be the system's, CUDA's and the driver's are ----
system='/(ld-linux[^/]*|lib(c|m|mvec|pthread|dl|rt)\.so\.[0-9]+|lib(c|m|mvec|pthread|dl|rt)-2[^/]*\.so|locale[^ ]*|gconv[^ ]*)$'
foreign() { grep -vF "$at/" | grep -vE "$system" | grep -vE '/lib(cu|nv)[^/]*$'; }
for f in bin/fsplab tests/bin/test_gpu tests/bin/test_parity; do
    run ldd "$at/$f"
    if said 'not found'; then bad "$f lacks a library"; continue; fi
    others=$(sed -n 's/.*=> \(\/.*\) (0x.*/\1/p' "$work/log" | foreign)
    n=$(grep -cF "=> $at/" "$work/log")
    if [ -z "$others" ] && [ "$n" -ge 3 ]; then ok "$f: $n libraries of its own"; else bad "$f: $n of its own, and $others"; fi
done

# ---- a study, by the experiments.ini that came with it ----
run "$at/bin/fsplab" run nothing-like-this
if said "$at/share/fsplab/experiments.ini"; then
    ok 'its own experiments.ini'
else
    bad 'another experiments.ini'
fi
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
repeats = 1
max_trials = 1
[tiny]
[long]
finetune_steps = 1000000
INI
if run "$at/bin/fsplab" run tiny -c t.ini && [ -s runs/tiny/trial-0001/student.safetensors ]; then ok 'a study'; else bad 'a study'; fi
env -i PATH=/usr/bin:/bin TERM=xterm "$at/bin/fsplab" run long -c t.ini >"$work/log" 2>&1 </dev/null &
study=$!
for _ in $(seq 600); do # until it trains: then everything is loaded that is
    "$at/bin/fsplab" ctl long status >"$work/status" 2>/dev/null && grep -q finetune "$work/status" && break
    kill -0 $study 2>/dev/null || break
    sleep 0.1
done
if grep -q finetune "$work/status"; then
    mapped=$(sed -n 's|^[^/]*\(/.*\.so.*\)|\1|p' /proc/$study/maps | sort -u)
    others=$(echo "$mapped" | foreign)
    n=$(echo "$mapped" | grep -F "$at/" | grep -c '/lib/')
    if [ -z "$others" ] && [ "$n" -ge 10 ]; then ok "a study in training has $n of its own libraries mapped"; else bad "$n of its own mapped, and $others"; fi
else
    bad 'a study that does not train'
fi
kill $study 2>/dev/null; wait $study 2>/dev/null
study=

# ---- the tests for a GPU's machine are there; the nets' on the CPU run anywhere ----
if (cd "$at" && run tests/bin/test_gpu) && said SKIPPED; then ok 'test_gpu starts'; else bad 'test_gpu'; fi
(cd "$at" && run env SMI=/none DEV=/none OUT="$work/gpu" tests/gpu_all.sh)
if [ $? = 77 ] && said 'no NVIDIA GPU on this machine' && [ ! -e "$work/gpu" ]; then ok 'gpu_all.sh'; else bad 'gpu_all.sh'; fi
exit $failed
