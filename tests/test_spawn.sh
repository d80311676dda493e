#!/usr/bin/env bash
# `run --detach`: a study in the background begins or says why not; it outlives its starter, its terminal and a hang-up,
# takes none of the starter's files with it, and is nobody's zombie.
# FSPLAB: the program (default ./fsplab).
set -u
work=$(mktemp -d)
pids=
trap 'for p in $pids; do kill -9 $p 2> /dev/null; done; rm -rf "$work"' EXIT
cp "${FSPLAB:-./fsplab}" "$work/fsplab" && cd "$work" || exit 1
passed=0 failed=0 skipped=0 status=0

ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; sed 's/^/    /' err out 2> /dev/null | head -6; }
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
await() { # COMMAND...: until it succeeds, two minutes at most
    local i
    for ((i = 0; i < 2400; i++)); do
        "$@" > /dev/null 2>&1 && return
        sleep 0.05
    done
    return 1
}
gone() { ! kill -0 "$1" 2> /dev/null; }
ended() { gone "$1" || grep -q '^State:.*Z' "/proc/$1/status" 2> /dev/null; } # init may be slow to collect it
field() { sed -n "s/.*\"$2\":\\([^,}]*\\).*/\\1/p" "$1"; }                    # FILE NAME: of one line of JSON
said() { grep -qF -- "$2" "$1"; }

cat > experiments.ini << 'INI'
[defaults]
dataset = synth
data_dir = data
train_limit = 300
test_limit = 100
batch = 10
threads = 1
teacher = res8
student = res8
teacher_steps = 5
transfer_steps = 100000
[long]
[other]
[third]
[short]
transfer_steps = 2
finetune_steps = 2
INI
./fsplab data synth data/synth --train 600 --test 100 > /dev/null || exit 1

# ---- it begins ----

exec 8< experiments.ini 9> kept-open # the study must not inherit these, nor the pipe that this substitution reads
pid=$(./fsplab run long --detach --set lambda=0.02 --set seed=7 2> err)
status=$?
exec 8<&- 9>&-
case $pid in '' | *[!0-9]*) bad "a study is started and its process named"; exit 1 ;; esac
pids+=" $pid"
check "a study is started and its process named" [ $status = 0 ]
check "what to do next is said" said err 'fsplab ctl long status'
fsplab ctl long status --json
check "it listens by then" [ "$status $(field out pid)" = "0 $pid" ]
first() { ./fsplab ctl long status --json > now && [ "$(field now trial)" = 1 ]; }
check "it trains" await first
check "with the settings that it was given" [ "$(field now lambda)" = 0.02 ]

ls -l /proc/$pid/fd > fds
links=$(sed -n 's/.* -> //p' fds)
strange=$(echo "$links" | grep -v -e '^/dev/null$' -e "^$PWD/runs/long\(/\|$\)" -e '^socket:' -e 'eventfd')
check "it holds its own files alone: ${strange:-none}" [ -z "$strange" ]
check "stdin is /dev/null" [ "$(readlink /proc/$pid/fd/0)" = /dev/null ]
check "stdout and stderr are its log" \
    [ "$(readlink /proc/$pid/fd/1) $(readlink /proc/$pid/fd/2)" = "$PWD/runs/long/run.log $PWD/runs/long/run.log" ]
check "it has no terminal" [ "$(awk '{print $7}' /proc/$pid/stat)" = 0 ]
check "it is in a session of its own, which it does not lead" \
    [ "$(awk '{print $6}' /proc/$pid/stat)" != "$(awk '{print $6}' /proc/$$/stat)" -a "$(awk '{print $6}' /proc/$pid/stat)" != $pid ]
check "it is no child of the starter's" [ "$(awk '{print $4}' /proc/$pid/stat)" != $$ ]
check "it has the program's name" [ "$(cat /proc/$pid/comm)" = fsplab ]
check "its folder is the starter's" [ "$(readlink /proc/$pid/cwd)" = "$PWD" ]

fsplab run long --detach
check "a second start says who runs it" [ $status = 1 ]
check "... and how to look in" said err "being run by process $pid"
fsplab run long --detach --json
check "... in JSON, too" said out '"code":"busy"'

kill -HUP $pid
step=$(./fsplab ctl long status --json > now; field now step)
later() { ./fsplab ctl long status --json > now && [ "$(field now state)" = '"running"' ] && [ "$(field now step)" != "$step" ]; }
check "a hang-up does not touch it" await later
fsplab ctl long stop
check "it is stopped" [ $status = 0 ]
check "and ends" await ended $pid
await grep -q '^stopped at step' runs/long/run.log
check "its last words are in the log" grep -q '^stopped at step' runs/long/run.log
before=$(wc -l < runs/long/run.log)
fsplab run long --detach --json --set lambda=0.02 --set seed=7
check "it is taken up again" [ $status = 0 ]
pid=$(field out pid)
pids+=" $pid"
await grep -q 'from the checkpoint' runs/long/run.log
check "behind what the log held" [ "$(head -n "$before" runs/long/run.log | grep -c '^stopped at step')" = 1 ]
kill -9 $pid
check "killed, it leaves no one who would not begin anew" await ended $pid
fsplab run long --detach --set lambda=0.02 --set seed=7
check "after kill -9 it begins anew" [ $status = 0 ]
pids+=" $(cat out)"
./fsplab ctl long stop > /dev/null

# ---- its terminal goes away ----

if command -v script > /dev/null; then
    # Another session on a terminal of its own; its shell stays in front until the terminal is taken from it.
    script -qec './fsplab run other --detach > other.pid; tty > tty; while :; do sleep 1; done' /dev/null > /dev/null 2>&1 < /dev/null &
    terminal=$!
    pids+=" $terminal"
    await test -s tty
    other=$(cat other.pid)
    pids+=" $other"
    check "it was started on a terminal" grep -q '^/dev/' tty
    kill -9 $terminal
    wait $terminal 2> /dev/null
    step=-1
    lives() { ./fsplab ctl other status --json > now && [ "$(field now pid)" = "$other" ] && [ "$(field now step)" != "$step" ]; }
    check "the terminal's end does not end it" await lives
    step=$(field now step)
    check "and it goes on training" await lives
    ./fsplab ctl other stop > /dev/null
else
    skip "the terminal's end: no script(1)"
fi

# ---- it does not begin ----

no_trace() { [ ! -e runs/$1 ]; }
fsplab run third --detach --set lamda=1
check "a setting that is none is reported, with its status" [ $status = 2 ]
check "... by name" said err "lamda"
check "... and leaves nothing behind" no_trace third
fsplab run third --detach --set teacher=res9 --json
check "settings that cannot work are, too" [ $status = 2 ]
check "... with their code" grep -q '"code":"\(config\|shape\)"' out
fsplab run nothing --detach
check "a study that is none is reported" [ $status = 2 ]
fsplab run ../x --detach
check "a name that cannot be a folder's is" [ $status = 2 ]
fsplab run third --detach --runs kept-open
check "a folder that cannot be made is" [ $status = 1 ]
check "... by name" said err "kept-open"
fsplab run third --detach --set data_dir=/nowhere --set dataset=cifar10
check "data that are not there are" [ $status = 1 ]
check "... with the advice of the foreground" said err "/nowhere"
mkdir -p runs/third/run.log
fsplab run third --detach
check "a log that cannot be written is" [ $status = 1 ]
check "... by name" said err "run.log"
rmdir runs/third/run.log
for words in '--ready-fd' '--ready-fd 1' '--ready-fd 77' '--ready-fd x' '--detach --ready-fd 3x'; do
    fsplab run third $words
    [ $status = 2 ] || bad "run third $words: exit status $status, not 2"
done
# ---- a whole study ----

fsplab run short --detach
pid=$(cat out)
check "a short study is started" [ $status = 0 ]
await ended "$pid"
fsplab ctl short status --json
check "and completes" said out '"state":"complete"'
check "its table is in the log" grep -q 'trial' runs/short/run.log

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
