#!/usr/bin/env bash
# Instructions of the hot paths (tests/bench_hot.c), counted by valgrind's callgrind, beside what they were: a path that has
# grown by more than 3 % fails. The counts are those of one compiler and one instruction set; with another they are printed
# and judge nothing.
#
#   tests/instructions.sh [NAME...]            all, unless some are named
#   tests/instructions.sh --update [NAME...]   keeps what is counted as what they shall be
set -eu
kept=$(dirname "$0")/instructions.txt
bench=${BENCH_HOT:-build/release/tests/bench_hot}
update=0
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
names=${*:-fsp fsp-vgg finetune eval batch ask run trials}
command -v valgrind > /dev/null || { echo "instructions: not counted, for valgrind is not installed"; exit 0; }
grep -qw avx2 /proc/cpuinfo && isa=avx2 || isa=sse2 # valgrind knows no AVX-512
with="$(${CC:-cc} -dumpfullversion -dumpversion 2> /dev/null | head -n 1) $isa"
with="$(basename "${CC:-cc}" | sed 's/^cc$/gcc/') $with"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
bad=0
printf '%-10s %14s %14s %8s\n' path instructions kept change
for name in $names; do
    valgrind --tool=callgrind --callgrind-out-file="$out/$name" --toggle-collect='hot_*' "$bench" "$name" \
        > "$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
    now=$(awk '/Collected/ { print $NF }' "$out/log")
    line=$(grep "^$name " "$kept" 2> /dev/null || true)
    read -r _ was by <<< "$line" || true
    change=$(awk -v n="$now" -v w="${was:-0}" 'BEGIN { if (w > 0) printf "%+.1f %%", 100 * (n / w - 1); else print "-" }')
    printf '%-10s %14d %14s %8s' "$name" "$now" "${was:--}" "$change"
    if [ -n "${was:-}" ] && [ "$by" != "$with" ]; then
        printf '   (kept with %s; this is %s)' "$by" "$with"
    elif awk -v n="$now" -v w="${was:-0}" 'BEGIN { exit !(w > 0 && n > 1.03 * w) }'; then
        printf '   slower'
        bad=1
    fi
    echo
    if [ $update = 1 ]; then
        { grep -v "^$name " "$kept" 2> /dev/null || true; echo "$name $now $with"; } | sort > "$out/kept"
        cp "$out/kept" "$kept"
    fi
done
if [ $bad = 1 ] && [ $update = 0 ]; then
    echo "instructions: a path has grown; if that is right: $0 --update" >&2
    exit 1
fi
