#!/usr/bin/env bash
# The pictures of the README: a small study is run in a terminal (tmux), looked at by the keys that a reader would press, and its
# screens are kept as SVG in assets/shots. Takes some minutes; needs tmux and python3. FSPLAB: the program (default ./fsplab).
# KEEP: a folder to run in (and to find the study in, when it is there); without it a scratch folder.
set -eu
fsplab=$(realpath "${FSPLAB:-./fsplab}") here=$(cd "$(dirname "$0")" && pwd)
work=${KEEP:-$(mktemp -d)} tmux="tmux -L fsplab-captures-$$"
mkdir -p "$work" "$here/shots"
cleanup() {
    [ $BASHPID = $$ ] || return
    $tmux kill-server 2>/dev/null || true
    [ -n "${KEEP:-}" ] || { (cd "$work" && "$fsplab" ctl tour stop >/dev/null 2>&1) || true; rm -rf "$work"; }
}
trap cleanup EXIT
cd "$work"
export XDG_STATE_HOME="$work/state"
# The demo, with a second range and shorter stages.
[ -e experiments.ini ] || cat "$here/../experiments.ini" - >experiments.ini <<'INI'

[tour]
dataset = synth
train_limit = 2500
test_limit = 500
teacher = res14
student = res8
batch = 50
teacher_lr = 0.05
teacher_steps = 300
transfer_steps = 60
finetune_lr = 0.05
finetune_steps = 120
eval_steps = 15
schedule = cosine
search = sobol
max_trials = 14
prune = none
search.lambda = log 0.01 3
search.transfer_lr = log 0.0001 0.01
INI

shown() { $tmux capture-pane -p -t w; }
until_shown() { # REGEX: a minute, or MINUTES
    for ((i = 0; i < 600 * ${MINUTES:-1}; i++)); do
        shown | grep -qE -- "$1" && return
        sleep 0.1
    done
    echo "captures: the screen never shows '$1'" >&2
    shown >&2
    exit 1
}
keys() { $tmux send-keys -t w "$@"; }
shot() { # NAME TITLE
    $tmux capture-pane -e -p -N -t w | "$here/ansi2svg.py" "$2" >"$here/shots/$1.svg.new"
    mv "$here/shots/$1.svg.new" "$here/shots/$1.svg"
    echo "$1.svg $(wc -c <"$here/shots/$1.svg") bytes"
}
done_trials() { "$fsplab" trials tour --json 2>/dev/null | grep -c '"state": "complete"' || true; }

$tmux new-session -d -s w -x 110 -y 32 "LANG=C.UTF-8 TERM=tmux-256color '$fsplab' --theme dark; echo LEFT; cat"
until_shown "S starts"
for ((i = 0; i < 60; i++)); do # the cursor down to the study
    shown | grep -qE '>.tour ' && break
    keys Down
    sleep 0.2
done
until_shown '>.tour '
shot setup "Setup: a study's settings, its nets, and what they come to"
keys S
until_shown 'lambda1 1|trial [0-9]+ of'
for ((i = 0; i < 9000 && $(done_trials) < 11; i++)); do sleep 1; done
keys 1
MINUTES=5 until_shown 'finetune ([89][0-9]|1[01][0-9])/120' # well into a stage
shot run "Run: losses and accuracies of the trial that runs"
keys 2
until_shown 'teacher'
shot fsp "FSP: the matrices of teacher and student, and their difference"
keys 3
until_shown ' ± '
MINUTES=2 until_shown '2 3 would be next'
keys Home # the best by the mean; beside it
for key in Right Right Right Down Down; do
    keys $key
    sleep 0.2
done
keys Enter
until_shown 'try lambda'
shot search "Search: what the search believes, and a trial about to be tried where the cursor is"
keys Enter
until_shown 'enqueued'
keys 6
until_shown 'kind'
keys v
until_shown 'settings and accuracy'
shot trials "Trials: the table, and every trial as a line across all settings"
keys 7
until_shown '[Tt]able'
sleep 1 # what has been run is read beside the screens
shot report "Report: the paper's tables, measured beside published"
