#!/usr/bin/env bash
# A trial that was steered by hand, paused, cut short and killed is made again from its record, to the byte; so are its
# clones. The record is what counts: with another value in it, the replay comes out different.
# FSPLAB: the program (default ./fsplab).
set -u
work=$(mktemp -d)
trap '[ $BASHPID = $$ ] && { kill -9 $pid 2> /dev/null; rm -rf "$work"; }' EXIT
cp "${FSPLAB:-./fsplab}" "$work/fsplab" && cd "$work" || exit 1
passed=0 failed=0 skipped=0 status=0 pid=

ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; sed 's/^/    /' err out 2> /dev/null | head -8; }
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }
check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then ok "$what"; else bad "$what"; fi
}
fsplab() { # ARGUMENT...: leaves out, err, status
    ./fsplab "$@" > out 2> err < /dev/null
    status=$?
}
must() { # CTL...: it is answered with a yes
    fsplab ctl "$@"
    [ $status = 0 ] || bad "ctl $*"
}
start() { # STUDY: in the background, from where it is
    ./fsplab run "$1" --headless > log 2>&1 < /dev/null &
    pid=$!
    disown $pid # its death by a signal is nothing to be told of
    for ((w = 0; w < 6000; w++)); do
        ./fsplab ctl "$1" status --json > now 2> /dev/null && grep -q '"pid":'$pid now && return
        sleep 0.02
    done
}
field() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,}\"]*\\).*/\\1/p" now; }
reach() { # STUDY TRIAL STAGE STEP: until it is there or beyond
    local t s
    for ((w = 0; w < 6000; w++)); do
        ./fsplab ctl "$1" status --json > now 2> /dev/null || { bad "$1 ended before $3 $4"; return 1; }
        t=$(field trial) s=$(field stage)
        [ "$t" = "$2" ] && [ "$s" = "$3" ] && [ "$(field step)" -ge "$4" ] && return
        sleep 0.02
    done
}
dies() { kill -9 $pid; while kill -0 $pid 2> /dev/null; do sleep 0.01; done; }
ends() { while kill -0 $pid 2> /dev/null; do sleep 0.05; done; }
said() { grep -qF -- "$2" "$1"; }
is_equal() { # TRIAL WHAT [STUDY]
    fsplab replay "${3:-live}" "$1" --json
    if [ $status = 0 ] && said out '"equal":true'; then ok "$2: $(sed -n 's/.*"changes":\([0-9]*\).*/\1/p' out) changes"; else bad "$2"; fi
}

cat > experiments.ini << 'INI'
[defaults]
dataset = synth
data_dir = data
train_limit = 300
test_limit = 100
batch = 10
threads = 1
checkpoint_steps = 7
eval_steps = 11
teacher = res8
student = res8
teacher_steps = 10
transfer_steps = 100
finetune_steps = 60
lambda = 0.01
[live]
search = grid
search.lambda = log 0.001 0.01 2
[brief]
transfer_steps = 30
finetune_steps = 30
INI
./fsplab data synth data/synth --train 600 --test 100 --seed 5 > /dev/null || exit 1

# ---- the first trial is steered and killed ----

start live
reach live 1 transfer 5
must live set lambda=0.02
must live set lambda=0.03 # at the same step or a later one
must live set lr=0.0005
reach live 1 transfer 15
must live pause
must live set lambda2=0.5 # while nothing is in memory
must live set lr=0.0007
dies # no checkpoint has been written since
start live
reach live 1 transfer 25
check "what was changed while paused holds in the next process" [ "$(field lambda2)" = 0.5 ]
must live set lambda3=0.25
dies # at once: the change is in the record alone
start live
reach live 1 transfer 26
check "what was answered is not lost by a kill" [ "$(field lambda3)" = 0.25 ]
must live pause
must live resume
must live skip
dies
start live
reach live 1 finetune 3
check "nor is a skip" [ "$(field stage)" = finetune ]
must live set lr=0.02
must live clone 1 # cold
must live clone 1 --warm finetune_lr=0.005 lambda=0.5
check "a clone is named" said out 'the clone is trial 3'
dies
start live
reach live 1 finetune 12
must live pause
must live skip # while paused
must live set finetune_lr=0.004
must live resume
reach live 2 transfer 1 # the second of the grid comes after the clones: 2 is the cold one
must live set lambda=0.04
must live stop
ends
fsplab run live
check "the study completes" [ $status = 0 ]
fsplab trials live --csv
sed 's/^/    /' out
check "four trials were run" [ "$(grep -c complete, out)" = 4 ]
check "each line has every column" [ "$(awk -F, '{print NF}' out | sort -u | wc -l)" = 1 ]

# ---- and made again ----

find runs -type f ! -name 'study.db-*' ! -name lock | sort | xargs sha256sum > before
is_equal 1 "steered, paused, killed, skipped"
is_equal 2 "its cold clone, steered too"
is_equal 3 "its warm clone"
is_equal 4 "one that nobody touched"
find runs -type f ! -name 'study.db-*' ! -name lock | sort | xargs sha256sum > after
check "a replay writes nothing into the study" cmp -s before after
fsplab replay live 1 --out kept
check "--out keeps the student" cmp -s kept/student.safetensors runs/live/trial-0001/student.safetensors
check "... and in words" said out 'made again: equal'
rm -rf runs/teachers
fsplab replay live 2 --out kept2
check "a teacher that is gone is trained again" [ $status = 0 ]
check "... beside the replay" [ -d kept2/teachers -a ! -e runs/teachers ]

# ---- a trial that has not ended ----

start brief
must brief pause
must brief set lambda=0.05
fsplab replay brief 1
[ $status = 0 ] || said err "no student yet" || bad "a trial paused at its beginning"
must brief resume
reach brief 1 transfer 3
must brief set lambda=0.06
must brief stop
ends
is_equal 1 "a stopped one, up to its checkpoint" brief

# ---- what goes wrong ----

fsplab replay live 9
check "a trial that is none" [ $status = 1 ]
check "... by name" said err "no trial 9"
fsplab replay live
check "no trial" [ $status = 2 ]
fsplab replay live x
check "no number" [ $status = 2 ]
fsplab replay brief 1 --out runs/brief/again
check "a folder in the study is refused" [ $status = 2 -a ! -e runs/brief/again ]
fsplab replay nothing 1
check "a study that is none" [ $status = 2 ]
if python3 -c 'import sqlite3' 2> /dev/null; then
    python3 - << 'PY'
import sqlite3
d = sqlite3.connect("runs/live/study.db")
d.execute("update event set after = after * 1.01 where kind = 'set' and key = 'lr' and trial = 1")
d.commit()
PY
    fsplab replay live 1
    check "with other changes in the record the replay differs" [ $status = 1 ]
    check "... and says where" said out "differs in"
else
    skip "another record: no python3 with sqlite3"
fi
before=$(ls -d "${TMPDIR:-/tmp}"/fsplab-replay-* 2> /dev/null | wc -l)
check "no folder is left behind" [ "$before" = 0 ]

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
