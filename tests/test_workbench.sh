#!/usr/bin/env bash
# The workbench on a real run, in a real terminal (tmux): it is started from the screens, paused, tuned, detached from, its
# front end killed, attached to again, and finishes; the weights are those of a replay of its record.
# FSPLAB: the program (default ./fsplab). Exit 77: there is no tmux here.
set -u
fsplab=$(realpath "${FSPLAB:-./fsplab}")
command -v tmux >/dev/null || exit 77
work=$(mktemp -d)
tmux= screens=0
cleanup() {
    [ $BASHPID = $$ ] || return
    [ -n "$tmux" ] && $tmux kill-server 2>/dev/null
    (cd "$work" && "$fsplab" ctl tiny stop >/dev/null 2>&1)
    rm -rf "$work"
}
trap cleanup EXIT
failed=0
ok() { echo "ok: $1"; }
bad() {
    failed=1
    echo "FAILED: $1"
    $tmux capture-pane -p -t w 2>/dev/null | sed 's/^/    | /'
}
# until COMMAND...: waits up to a minute for it to succeed.
until_true() {
    for ((i = 0; i < 600; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}
expect() { # TEXT WHAT: the screen comes to show it
    if until_true on_screen "$1"; then ok "$2"; else bad "$2 (the screen never shows '$1')"; fi
}
on_screen() { $tmux capture-pane -p -t w | grep -qF -- "$1"; }
status() { "$fsplab" ctl tiny status --json 2>/dev/null; }
state_is() { status | grep -q "\"state\":\"$1\""; }
stage_is() { status | grep -q "\"trial\":$1,.*\"stage\":\"$2\""; } # TRIAL STAGE
keys() { $tmux send-keys -t w "$@"; }
screen() { # starts a front end in the terminal
    [ -n "$tmux" ] && $tmux kill-server 2>/dev/null
    screens=$((screens + 1)) tmux="tmux -L fsplab-test-$$-$((screens + 1))" # a server of its own: one that ends takes a while
    $tmux new-session -d -s w -x "$1" -y "$2" "cd '$work' && LANG=C.UTF-8 TERM=tmux-256color '$fsplab' $3; echo LEFT \$?; cat"
}

cd "$work" || exit 1
export XDG_STATE_HOME="$work/state"
cat > experiments.ini <<'INI'
[tiny]
dataset = synth
data_dir = data
train_limit = 600
test_limit = 100
batch = 50
threads = 1
teacher = res8
student = res8
teacher_steps = 30
transfer_steps = 100000
finetune_steps = 60
transfer_lr = 0.0001
lambda = 0.01
checkpoint_steps = 50
eval_steps = 30
search = grid
search.lambda = log 0.001 0.01 2
INI
"$fsplab" data synth data/synth --train 1000 --test 200 --seed 5 >/dev/null || bad "data synth"

"$fsplab" run tiny --detach >/dev/null || bad "run --detach"
screen 80 24 "tiny"
expect "1 Run" "the screens come up"
expect "transfer" "the transfer is shown"
until_true sh -c "'$fsplab' ctl tiny status --json | grep -q '\"stage\":\"transfer\"'" || bad "no transfer"
keys x
expect "epoch" "x shows epochs"
keys x
expect "seconds" "and seconds"
keys x
expect "step " "and steps again"
keys p
until_true state_is paused && ok "p pauses" || bad "p pauses"
expect "paused" "and the screen says so"
keys p
until_true state_is running && ok "p goes on" || bad "p goes on"
keys +
expect "lambda 0.001 -> 0.0011 at step" "+ raises lambda and names the step of effect"
keys -- -
expect "lambda 0.0011 -> 0.001 at step" "- lowers it"
keys e C-u 0.002 Enter
expect "lambda 0.001 -> 0.002 at step" "a typed value"
keys u
expect "lambda 0.002 -> 0.001 at step" "u takes it back"
keys e C-u nonsense Enter
expect "is no number" "a wrong value is refused in place"
keys Escape
keys 2
expect "teacher  |T|" "2 shows the matrices"
keys 4
expect "Processor" "4 shows the device"
keys 5
expect "lambda 0.001 -> 0.0011" "5 shows the log, with the change in it"
keys d
expect "LEFT 0" "d detaches"
state_is running && ok "and the study goes on" || bad "and the study goes on"

screen 200 60 "attach tiny"
expect "lambda 0.001 -> 0.0011" "attached again, on the screen that was left"
keys 1
expect "FSP matrices" "Run, as a dashboard"
pid=$($tmux list-panes -t w -F '#{pane_pid}')
front=$(pgrep -P "$pid" -f attach | head -n 1)
kill -9 "${front:-$pid}"
sleep 0.2
if state_is running || state_is complete; then ok "a killed front end costs the study nothing"; else bad "study gone with its front end"; fi
screen 80 24 "attach tiny --readonly"
expect "read only" "a watcher"
keys p
expect "nothing can be changed" "who may not act"
keys q
expect "LEFT 0" "and leaves at once"

screen 80 24 "attach tiny"
expect "transfer" "back again"
keys 1
keys K
expect "Enter: yes" "K asks before it ends the stage"
keys Enter
expect "skip at step" "and names the step"
expect "finetune" "the fine-tuning begins"
keys d
expect "LEFT 0" "left before the end"
until_true stage_is 2 transfer && "$fsplab" ctl tiny skip >/dev/null || bad "the second trial's transfer"
until_true state_is complete && ok "the study finishes" || bad "the study finishes"
if "$fsplab" replay tiny 1; then ok "a replay of the record gives the same weights"; else bad "replay differs"; fi
screen 100 30 "tiny"
expect "since you left" "what happened since is said"
[ $failed = 0 ]
