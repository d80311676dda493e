#!/usr/bin/env bash
# A newcomer's first minutes, from an empty folder, in a real terminal (tmux): choose the demo, its nets, ranges and length,
# start it, watch it, aim a trial with the cursor on Search, pause, take the map along as files, go on, leave, come back and
# save. Each key is one that the screen offers at that moment; after each step the screen and the study must agree.
# FSPLAB: the program (default ./fsplab). Exit 77: there is no tmux here.
set -u
fsplab=$(realpath "${FSPLAB:-./fsplab}")
command -v tmux >/dev/null || exit 77
work=$(mktemp -d)
tmux="tmux -L fsplab-newcomer-$$"
cleanup() {
    [ $BASHPID = $$ ] || return
    $tmux kill-server 2>/dev/null
    (cd "$work/here" && "$fsplab" ctl demo stop >/dev/null 2>&1)
    rm -rf "$work"
}
trap cleanup EXIT
failed=0
ok() { echo "ok: $1"; }
bad() { # the rest builds on each step, so the first that fails is the last
    echo "FAILED: $1"
    shown | sed 's/^/    | /'
    exit 1
}
# until_true COMMAND...: waits up to a minute for it to succeed.
until_true() {
    for ((i = 0; i < 600; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}
check() { # WHAT COMMAND...: it comes to be true
    local what=$1
    shift
    if until_true "$@"; then ok "$what"; else bad "$what ($*)"; fi
}
shown() { $tmux capture-pane -p -t w 2>/dev/null; }
on_screen() { shown | grep -qF -- "$1"; }
matches() { shown | grep -qE -- "$1"; }
gone() { ! on_screen "$1"; }
expect() { check "$2" on_screen "$1"; } # TEXT WHAT
offered() { until_true on_screen " $1" || bad "the screen never offers '$1'"; } # "S start"
keys() { $tmux send-keys -t w "$@"; }
typed() { $tmux send-keys -t w -l -- "$1"; }
screen() { # [ARGUMENTS]: the program in a terminal, in the newcomer's folder
    $tmux kill-server 2>/dev/null
    until_true sh -c "! $tmux ls" || bad "the terminal before does not end"
    $tmux new-session -d -s w -x 100 -y 30 \
        "cd '$work/here' && LANG=C.UTF-8 TERM=tmux-256color '$fsplab' $*; echo LEFT \$?; cat"
}

# ---- what the study says ----

status() { "$fsplab" ctl demo status --json 2>/dev/null; }
state_is() { status | grep -q "\"state\":\"$1\""; }
one_line() { tr -d ' \n' | sed 's/},{"trial"/}\n{"trial"/g'; } # a trial a line
trials() { "$fsplab" trials demo --json 2>/dev/null | one_line; }
completed() { [ "$(trials | grep -c '"state":"complete"')" -ge "$1" ]; }
trial_is() { trials | grep -q "\"trial\":$1,\"state\":\"$2\""; } # NUMBER STATE

# ---- the form ----

at_setting() { matches ">.$1 "; }
find_setting() { # NAME: the cursor goes there
    offered "/ find"
    keys /
    until_true on_screen "settings that have in name or meaning" || bad "/ asks for a word"
    keys C-u
    typed "$1"
    until_true on_screen "meaning: $1" || bad "'$1' is typed"
    keys Enter
    until_true gone "later Esc shows all" && until_true at_setting "$1" || bad "/ $1 finds the setting"
}
asked_for() { until_true matches "^ (search\.)?$1( \(.*)?: " || bad "Enter lets $1 be typed"; }
enter_value() { # NAME VALUE SHOWN: typed at the cursor
    keys Enter
    asked_for "$1"
    keys C-u
    typed "$2"
    check "$1 $2 is found good while it is typed" matches "^ Enter takes it(: no change)? *$"
    keys Enter
    check "and stands in the form" matches ">\*$1 +$3"
}

# ---- an installed program, an empty folder ----

mkdir -p "$work/here" "$work/inst/bin" "$work/inst/share/fsplab"
cp "$fsplab" "$work/inst/bin/fsplab" && cp experiments.ini "$work/inst/share/fsplab/" || exit 1
fsplab=$work/inst/bin/fsplab
shipped=$(cksum <"$work/inst/share/fsplab/experiments.ini")
cd "$work/here" || exit 1
export XDG_STATE_HOME="$work/state"

screen
expect "0 Setup" "the program opens on Setup"
check "with the demo first, under the cursor" matches "> demo"
expect "not started" "which has not been started"
expect "S starts demo" "and says what S would do"
expect "how long is not known here: M measures it" "how long it takes is not known, and how to know is said"

expect "Choose a study. Enter: its settings." "Enter is said to go to the settings"
keys Enter
expect "Left, Right: change. Enter: type. s: range." "and there the keys are named"

find_setting teacher
expect "res14" "the teacher is a RES14"
keys Left
check "Left takes the net before" matches ">\*teacher +< .* was res14"
enter_value teacher res8 "< res8 > +was res14"
find_setting student
keys Enter
asked_for student
keys C-u
typed res9
expect "res9" "a net that does not exist"
expect "but then" "is objected to while it is typed"
expect "res9'" "by its name"
keys C-u
typed res14
check "one that exists is not" matches "^ Enter takes it(: no change)? *$"
keys Enter
check "the pair is chosen" matches "student res14 +[0-9]"
expect "teacher res8" "and the card shows both"

find_setting lambda
expect "search 0.01 to 1, log, 3 points" "lambda has a range already"
enter_value lambda "log 0.02 2 3" "search 0.02 to 2, log, 3 points"
find_setting transfer_lr
offered "s range"
keys s
expect "search 0.0001 to 0.01, log" "s gives transfer_lr a range about its value"
expect "What will be searched" "and both ranges are drawn"
expect "transfer_lr across, lambda up" "with the names of the axes"
find_setting search
expect "[grid]" "the strategy is a grid"
keys Right
expect "[random]" "Right goes on to the next"
keys Right
expect "[sobol]" "and on to Sobol's"

# short: a trial of a second, and more of them than there is time for
for pair in train_limit=400 test_limit=100 batch=20 teacher_steps=8 transfer_steps=8 finetune_steps=8 max_trials=200; do
    find_setting "${pair%=*}"
    enter_value "${pair%=*}" "${pair#*=}" "< ${pair#*=} >"
done
keys Escape
expect "12 changed" "Esc shows all settings again, and how many were changed"
[ ! -e experiments.ini ] && [ ! -e runs ] && ok "nothing was written yet" || bad "something was written before the start"

# ---- start, and watch ----

offered "S start"
keys S
check "S starts the study and shows Run" matches "^loss, |nothing yet|no curves|lambda1 1"
check "its process answers" state_is running
check "the line on top says which trial runs" matches "trial [0-9]+ of 2[0-9][0-9] +running +search +lambda"
expect "images/s" "and how fast"
for want in '"lambda":' '"transfer_lr":'; do
    until_true sh -c "cd '$work/here' && '$fsplab' ctl demo status --json | grep -q '$want'" || bad "no $want in the status"
done
check "the first trial ends" completed 1
check "the second" completed 2
check "the third" completed 3

# ---- aim a trial ----

cursor() { shown | sed -n 's/^ *\(lambda [0-9.e-]*  transfer_lr [0-9.e-]*\)  *[0-9.]* ± .*/\1/p' | head -n 1; }
has_cursor() { [ -n "$(cursor)" ]; }
moved_from() { [ -n "$(cursor)" ] && [ "$(cursor)" != "$1" ]; }
move() { # KEY
    local before
    before=$(cursor)
    keys "$1"
    until_true moved_from "$before" || bad "$1 moves the cursor"
}
expect "3 Search" "the line on top names Search and its key"
keys 3
expect "sobol over lambda, transfer_lr" "3 shows what the search believes"
check "with what is under the cursor" has_cursor
move Right
move Up
move Up
ok "the cursor moves"
aim=$(cursor)
offered "Enter try"
keys Enter
expect "try ${aim/  /, } next?  Enter: yes, Esc: no" "Enter asks whether to try just that"
keys Escape
check "Esc takes it back" gone "next?"
trials | grep -q '"kind":"manual"' && bad "a trial that was not agreed to"
[ "$(cursor)" = "$aim" ] || bad "the cursor stays where it was"
keys Enter
expect "next?  Enter: yes" "asked again"
keys Enter
expect "enqueued: it is tried after the present trial" "agreed to, it is enqueued"
manual() { trials | grep '"kind":"manual"'; }
check "and is among the trials" manual
number=$(manual | sed 's/.*"trial":\([0-9]*\),.*/\1/')
same=$(manual | sed 's/.*"lambda":\([-0-9.e]*\),"transfer_lr":\([-0-9.e]*\)}.*/\1 \2/' |
    awk '{printf "lambda %.4g  transfer_lr %.4g", $1, $2}')
[ "$same" = "$aim" ] && ok "with the cursor's values ($aim)" || bad "trial $number has '$same', the cursor was at '$aim'"

# ---- pause; the map as files ----

offered "p pause"
keys p
check "p pauses" state_is paused
check "the screen names the step, or the state" matches "pause at step|paused"
check "the picture is finished" gone "working out"
expect "2 3 would be next" "and shows where the search would go"
for end in csv png; do
    keys :
    expect "Enter run  Tab complete" ": takes a command"
    typed "export map.$end"
    expect ":export map.$end" "typed"
    keys Enter
    expect "wrote map.$end" "the map is written as $end"
done
line=$(shown | grep -F "$(cursor)" | head -n 1)
awk -F, -v line="$line" '
    /^#/ { said = said $0 "\n"; next }
    !head { head = $0; next }
    NF != 5 || $1 !~ /^[0-9.e-]+$/ || $3 !~ /^[0-9.e-]+$/ || $4 <= 0 { print "row " NR ": " $0; wrong = 1 }
    { rows++; at = sprintf("lambda %.4g  transfer_lr %.4g", $1, $2)
      if (index(line, at "  ") == 0) next
      shown = sprintf("%.2f ± %.2f %%", 100 * $3, 100 * $4); found = 1
      if (index(line, shown) == 0) { print "the file has " at " " shown ", the screen " line; wrong = 1 } }
    END { if (head != "lambda,transfer_lr,mean,sigma,worth") { print "columns " head; wrong = 1 }
          if (said !~ /study demo/) { print "no study in: " said; wrong = 1 }
          if (!found) { print "no row for " line; wrong = 1 }
          if (rows < 100) { print rows " rows"; wrong = 1 }
          exit wrong }' map.csv && ok "the CSV names the study, and has what the screen shows under the cursor" || bad "map.csv"
[ "$(head -c 8 map.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] && [ "$(tail -c 8 map.png | head -c 4)" = IEND ] &&
    [ "$(wc -c <map.png)" -gt 2000 ] && ok "the PNG is one" || bad "map.png"

# ---- go on, leave, come back ----

keys p
check "p goes on" state_is running
check "the point aimed at is run" trial_is "$number" complete
keys 6
expect "manual" "Trials shows it among the others"
offered "q quit"
keys q
expect "stop the study and leave: it is saved first" "q asks how to leave"
keys s
expect "LEFT 0" "s stops the study and leaves"
check "and that is what the study says of itself" state_is stopped
"$fsplab" ls --json | one_line | grep -q '"demo"' && ok "ls knows it" || bad "ls does not know it"

screen
check "back again, Setup says that the demo is not done" matches "demo +(paused|stopped|interrupted)"
expect "S goes on with demo" "and that S goes on with it"
offered "w save"
keys w
expect "save in experiments.ini as: demo-2" "what was begun is saved under another name"
expect "Enter adds [demo-2] at the end" "and what that does is said"
keys Enter
expect "saved as [demo-2] in experiments.ini" "saved"
grep -q '^\[demo-2\]' experiments.ini && grep -q '^search.lambda = log 0.02 2' experiments.ini && grep -q '^\[table1-res14\]' experiments.ini &&
    ok "in a copy of its own, in the newcomer's folder" || bad "experiments.ini"
[ "$(cksum <"$work/inst/share/fsplab/experiments.ini")" = "$shipped" ] && ok "the shipped file is untouched" ||
    bad "the shipped file was written to"
keys q
expect "LEFT 0" "q leaves at once where nothing runs"
exit $failed
