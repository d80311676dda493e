#!/usr/bin/env bash
# Interrupted by kill -9, SIGTERM or pause at random moments of every stage and continued, a study leaves the same
# bytes as one that ran through; a continued run says from which step.
# FSPLAB: the program (default ./fsplab). RESUME_KILLS: how many runs are cut short (default 6).
set -u
fsplab=${FSPLAB:-./fsplab}
kills=${RESUME_KILLS:-6}
work=$(mktemp -d)
trap '[ $BASHPID = $$ ] && rm -rf "$work"' EXIT # not in a child that is killed before its exec
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; }

cat > "$work/t.ini" <<'INI'
[defaults]
dataset = synth
train_limit = 600
test_limit = 200
batch = 50
threads = 2
checkpoint_steps = 7
eval_steps = 11
teacher = res14
student = res8
teacher_steps = 40
transfer_steps = 30
finetune_steps = 40
lambda = 0.01
schedule = cosine
[fsp]
search = grid
search.lambda = log 0.001 0.01 2
repeats = 2
[hint]
method = hint
teacher = res14x2
teacher_steps = 10
[kd]
method = kd
teacher_steps = 10
INI

data=$work/data
"$fsplab" data synth "$data/synth" --train 1000 --test 200 --seed 5 > /dev/null || { bad "data synth"; exit 1; }

run() { # STUDY RUNS [more...]
    local study=$1 runs=$2
    shift 2
    "$fsplab" run "$study" -c "$work/t.ini" --runs "$runs" --set data_dir="$data" "$@"
}
await() { # COMMAND...: until it succeeds, two minutes at most
    for ((w = 0; w < 6000; w++)); do
        if "$@" 2> /dev/null; then return; fi
        sleep 0.02
    done
}
digest() { (cd "$1" && find . -name '*.safetensors' | sort | xargs sha256sum); }

for study in fsp hint kd; do
    run $study "$work/whole-$study" > "$work/log" 2>&1 || { bad "$study runs through: $(tail -1 "$work/log")"; continue; }
    digest "$work/whole-$study" > "$work/want"
    began=$(date +%s%N)
    run $study "$work/again-$study" > /dev/null 2>&1
    took=$((($(date +%s%N) - began) / 1000000))
    digest "$work/again-$study" > "$work/got"
    if cmp -s "$work/want" "$work/got"; then ok "$study: equal runs give equal bytes"; else bad "$study: two equal runs differ"; fi

    RANDOM=7
    for signal in KILL TERM; do
        runs=$work/cut-$signal-$study resumed=0
        for ((i = 0; i < kills; i++)); do
            : > "$work/lines"
            "$fsplab" run $study -c "$work/t.ini" --runs "$runs" --set data_dir="$data" --json > "$work/lines" 2>&1 &
            pid=$!
            case $i in # the first is cut when it has a checkpoint, the second when it has said where it begins, others anywhere
            0) await test -e "$runs/$study/trial-0001/state.safetensors" ;;
            1) await grep -q '"trial":' "$work/lines" ;;
            *) sleep "$(awk -v t="$took" -v n="$kills" -v r=$RANDOM 'BEGIN { print t / 1000 * (0.2 + 1.6 * r / 32768) / n + 0.05 }')" ;;
            esac
            kill -$signal $pid 2> /dev/null
            wait $pid 2> /dev/null
            status=$?
            if [ $status = 0 ]; then break; fi
            case $signal/$status in
            KILL/137 | TERM/143) ;;
            *) bad "$study: exit status $status after SIG$signal: $(tail -1 "$work/lines")" ;;
            esac
            if grep -q '"resumed_at":[0-9]' "$work/lines"; then resumed=$((resumed + 1)); fi
        done
        run $study "$runs" > "$work/log" 2>&1 || bad "$study continues after SIG$signal: $(tail -1 "$work/log")"
        digest "$runs" > "$work/got"
        if cmp -s "$work/want" "$work/got"; then
            ok "$study: cut short by SIG$signal up to $kills times, the bytes are the same ($resumed times from a checkpoint)"
        else
            bad "$study: cut short by SIG$signal, the bytes differ: $(diff "$work/want" "$work/got" | head -3)"
        fi
        [ $resumed -gt 0 ] || bad "$study: no run said resumed_at after SIG$signal"
    done
done

# At another number of threads the bytes are the same too.
run fsp "$work/threads" --set threads=1 > /dev/null 2>&1
digest "$work/whole-fsp" > "$work/want"
digest "$work/threads" > "$work/got"
if cmp -s "$work/want" "$work/got"; then ok "one thread gives the bytes of two"; else bad "one and two threads differ"; fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
