#!/usr/bin/env bash
# The command line as a user and as a script meets it: help, wrong words, wrong settings, wrong files, counts, the
# fields of JSON, exit statuses, signals, closed pipes. What it takes to train is a study of a few dozen steps.
# FSPLAB: the program (default ./fsplab).
set -u
work=$(mktemp -d)
pids=
trap 'for p in $pids; do kill -9 $p 2> /dev/null; done; rm -rf "$work"' EXIT
cp "${FSPLAB:-./fsplab}" "$work/fsplab" && root=$PWD && cd "$work" || exit 1
chmod 755 .
passed=0 failed=0 skipped=0 status=0

ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; sed 's/^/    /' err out 2> /dev/null | head -6; }
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }

fsplab() { # ARGUMENT...: leaves out, err, status
    ./fsplab "$@" > out 2> err < /dev/null
    status=$?
}
expect() { # WHAT STATUS FILE TEXT...: the status, and every TEXT somewhere in out or err
    local what=$1 want=$2 file=$3 text
    shift 3
    if [ $status != "$want" ]; then bad "$what: exit status $status, not $want"; return; fi
    for text in "$@"; do
        if ! grep -qF -- "$text" "$file"; then bad "$what: '$text' is not said"; return; fi
    done
    ok "$what"
}
python=
python3 -c 'import json' 2> /dev/null && python=python3
json() { # WHAT FILE CONDITION: FILE is JSON, and CONDITION holds of it, as d
    if [ -z "$python" ]; then skip "$1: no python3"; return; fi
    if $python -c '
import json, sys
d = json.load(open(sys.argv[1]))
keys = lambda o, names: all(n in o for n in names.split())
number = lambda v: isinstance(v, (int, float)) and not isinstance(v, bool)
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$2" "$3" 2> json.err; then ok "$1"; else bad "$1: $(tail -1 json.err)"; fi
}
await() { # FILE PATTERN: within two minutes, for busy machines
    local i
    for ((i = 0; i < 1200; i++)); do
        grep -q -- "$2" "$1" 2> /dev/null && return
        sleep 0.1
    done
    return 1
}

cat > t.ini << 'INI'
[defaults]
dataset = synth
data_dir = data
batch = 25
threads = 2
checkpoint_steps = 10
eval_steps = 20
teacher = res8
student = res8
teacher_steps = 20
transfer_steps = 10
finetune_steps = 20
lambda = 0.01

[tiny]
search = grid
search.lambda = log 0.001 0.01 2
[piped]
search.lambda = log 0.001 0.01 2
search = grid
[closed]
method = none
max_trials = 1
[long]
teacher_steps = 1000000
max_trials = 1
[cifar]
dataset = cifar10
method = none
max_trials = 1
INI
set -- -c t.ini --runs runs

# ---- help and wrong words ----

fsplab --help
expect 'help' 0 out 'fsplab [STUDY]' 'fsplab COMMAND' 'search.NAME'
for c in run attach ls trials suggest importance export import ctl replay flops bench data doctor; do
    fsplab $c --help
    expect "$c --help" 0 out "usage: fsplab $c" example
    fsplab $c --frobnicate
    expect "$c --frobnicate" 2 err --frobnicate
done
fsplab --version
expect 'version' 0 out 'fsplab 0.'
fsplab
expect 'no command' 2 err 'usage: fsplab'
fsplab rnu
expect 'unknown command' 2 err "'rnu' is no command" "'run'"
fsplab run
expect 'run without a study' 2 err 'name a study'
fsplab run tiny more "$@"
expect 'run with a word too many' 2 err "'more'"
fsplab trials
expect 'trials without a study' 2 err 'name a study'
fsplab trials nosuch "$@"
expect 'trials of a study never started' 1 err nosuch
fsplab suggest
expect 'suggest without a study' 2 err 'name a study'
fsplab suggest tiny -n none "$@"
expect 'suggest with a wrong number' 2 err "'none'" '1 to 1000'
fsplab suggest tiny --trials nosuch.json "$@"
expect 'suggest without its file' 1 err nosuch.json
echo '[{"params": {}, "val_accuracy": 1}]' >bad.json
fsplab suggest tiny --trials bad.json "$@" --set 'search.lambda=log 0.01 1'
expect 'suggest with trials of another space' 1 err 'trial 1' lambda
printf 'lambda,val_accuracy\n0.1,0.5\n0.2,much\n' >bad.csv
fsplab suggest tiny --trials bad.csv "$@" --set 'search.lambda=log 0.01 1'
expect 'suggest with a wrong field' 1 err bad.csv:3 "'much'" 'expected a number'
fsplab importance tiny --top 2 "$@"
expect 'importance with a wrong share' 2 err "'2'" 'between 0 and 1'
fsplab importance tiny --trials bad.csv "$@" --set 'search.lambda=log 0.01 1'
expect 'importance with a wrong field' 1 err bad.csv:3
head -2 bad.csv >few.csv
fsplab importance tiny --trials few.csv "$@" --set 'search.lambda=log 0.01 1'
expect 'importance of too few trials' 1 err '1 complete trial' 'at least 4'
fsplab export tiny "$@"
expect 'export without a format' 2 err 'csv, json or optuna'
fsplab export tiny --to yaml x "$@"
expect 'export to an unknown format' 2 err "'yaml'" 'csv, json, optuna'
fsplab export tiny --to csv x --runs nowhere
expect 'export of a study that was never run' 1 err tiny nowhere
lam=(-c t.ini --set 'search.lambda=log 0.01 1')
refused() { # WHAT TEXT SAID...: an import of this text is refused
    local what=$1
    printf "$2" >in.${3%%:*} && shift 2
    fsplab import tiny "in.${1%%:*}" "${lam[@]}" --runs taken
    expect "import $what" 1 err "in.$@"
}
refused 'of an unknown parameter' 'lambdo,val_accuracy\n0.1,0.5\n' csv:2 lambdo "did you mean 'lambda'"
refused 'without the searched parameter' 'val_accuracy\n0.5\n' csv:2 "no value of 'lambda'"
refused 'outside the type' 'lambda,finetune_steps,val_accuracy\n0.1,2.5,0.5\n' csv:2 'finetune_steps is 2.5' 'whole number'
refused 'outside the setting' 'lambda,val_accuracy\n0.1,0.5\n-3,0.5\n' csv:3 lambda -3
refused 'of other settings' 'lambda,finetune_steps,val_accuracy\n0.1,64,0.5\n' csv:2 'finetune_steps is 64' 'has 20'
refused 'without a measurement' 'lambda,val_accuracy\n0.1,nan\n' csv:2 'without val_accuracy' '0 to 1'
refused 'of per cent' 'lambda,val_accuracy\n0.1,75\n' csv:2 'val_accuracy is 75' '0 to 1'
refused 'of too few fields' 'lambda,val_accuracy\n0.1\n' csv:2 '1 fields' 'expected 2'
refused 'of an open quote' 'lambda,val_accuracy\n0.1,"0.5\n' csv:2 quote
refused 'twice in a file' 'lambda,val_accuracy\n0.1,0.5\n0.2,0.5\n0.1,0.5\n' csv:4 'trial 1 of the file'
refused 'of broken JSON' '[{"params": {"lambda": 0.1},\n "val_accuracy": }]' json:2
refused 'of a NaN in JSON' '[{"params": {"lambda": 0.1},\n "val_accuracy": NaN}]' json:2
refused 'of null in JSON' '[\n{"params": {"lambda": 0.1}, "val_accuracy": null}]' json:2 'without val_accuracy'
refused 'of text in JSON' '[\n\n{"params": {"lambda": "much"}, "val_accuracy": 0.1}]' json:3 'lambda is no number'
refused 'of a state that is none' '[{"params": {"lambda": 1}, "state": "asleep"}]' json:1 asleep queued
[ ! -e taken/tiny/study.db ] && ok 'a refused import leaves nothing' || bad 'a refused import leaves nothing'
printf 'lambda,val_accuracy,seed,state,kind\n0.1,0.5,1,,\n0.2,0.6,1,complete,search\n5,0.4,1,,\n1,,1,diverged,\n1,0.5,2,,repeat\n' >in.csv
fsplab import tiny in.csv "${lam[@]}" --runs taken
expect 'import' 0 out '3 trials imported' '2 left out'
fsplab import tiny in.csv "${lam[@]}" --runs taken
expect 'import of the same' 1 err in.csv:2 'imported from in.csv'
fsplab trials tiny --runs taken --json
json 'imported trials are there' out 'len(d) == 3 and all(t["kind"] == "manual" and t["state"] == "complete" and
    t["reason"] == "imported from in.csv" for t in d) and [t["params"]["lambda"] for t in d] == [0.1, 0.2, 5]'
mv out shown.json
fsplab export tiny --to json again.json --runs taken
expect 'export' 0 err '3 trials' again.json
cmp -s again.json shown.json && ok 'export --to json is what trials prints' || bad 'export --to json is what trials prints'
fsplab export tiny --to csv - --runs taken
mv out again.csv
fsplab trials tiny --csv --runs taken
cmp -s again.csv out && ok 'export --to csv is what trials prints' || bad 'export --to csv is what trials prints'
for f in again.json again.csv; do
    rm -rf back
    fsplab import tiny $f "${lam[@]}" --runs back
    expect "import of $f" 0 out '3 trials imported'
done
fsplab suggest tiny "${lam[@]}" --set search=bo --runs taken
expect 'suggest knows what was imported' 0 out lambda predicted
expect 'suggest says what lies outside' 0 err '1 trials lie outside'
fsplab export tiny --to optuna tiny.db --runs taken
expect 'export to Optuna' 0 err '3 trials' tiny.db
fsplab export tiny --to optuna tiny.db --runs taken
expect 'export over a file' 1 err tiny.db 'there already'
fsplab ctl tiny
expect 'ctl without a command' 2 err 'what to do'
fsplab ctl tiny frob
expect 'ctl with an unknown command' 2 err "'frob'" 'status, pause'
fsplab ctl tiny set "$@"
expect 'ctl set without a value' 2 err 'key=value'
fsplab ctl tiny set lambda=much "$@"
expect 'ctl set of no number' 2 err 'lambda=much'
fsplab ctl tiny set lambda=1 lambda=2 "$@"
expect 'ctl set of a value twice' 2 err "'lambda' is given twice"
fsplab ctl tiny enqueue lambda=1 lambda=2 "$@"
expect 'ctl enqueue of a value twice' 2 err "'lambda' is given twice"
fsplab ctl tiny skip now "$@"
expect 'ctl skip of more' 2 err "'now' is not trial=NUMBER"
fsplab ctl tiny clone "$@"
expect 'ctl clone of nothing' 2 err 'name the trial'
fsplab ctl tiny clone x "$@"
expect 'ctl clone of no number' 2 err "'x' is no number of a trial"
fsplab ctl tiny clone 1 lambda "$@"
expect 'ctl clone with no value' 2 err "'lambda' is neither key=NUMBER nor warm"
fsplab ctl tiny skip --warm "$@"
expect 'ctl skip --warm' 2 err '--warm is for clone alone'
fsplab ctl tiny clone 1 --warm "$@"
expect 'ctl clone of a study that nobody runs' 1 err "'tiny' is not running"
fsplab ctl tiny pause "$@"
expect 'ctl pause of a study that nobody runs' 1 err "'tiny' is not running"
fsplab run tiny --set
expect 'an option without its value' 2 err --set
fsplab bench --batch many
expect 'bench with a wrong number' 2 err "'many'" '1 to 4096'
fsplab data info
expect 'data info without a folder' 2 err DIR
fsplab data synth d --train 0
expect 'data synth with a wrong number' 2 err --train "'0'"
fsplab report tiny
expect 'a report of a study that was not begun' 1 err tiny 'study.db'
fsplab report --frobnicate
expect 'report with an unknown option' 2 err "'--frobnicate'"
fsplab --frobnicate
expect 'an option without a command' 2 err --frobnicate 'fsplab --help'
fsplab bench search --strategy guess
expect 'bench search with an unknown strategy' 2 err "'guess'" 'grid, random, sobol, bo'
fsplab bench search --function hartmann6 --strategy grid
expect 'bench search: a grid too small' 2 err '60 evaluations' '64 at least'
fsplab bench search --curves --strategy bo
expect 'bench search: --curves with a strategy' 2 err '--curves has its own'
fsplab ctl tiny status "$@"
expect 'ctl status of a study never started' 1 err "'tiny' has not been started" 'fsplab run tiny'
fsplab run $'t\377' -c t.ini --runs=runs --json
json 'an error about bytes that are no text' out '"t?" in d["error"]["message"]'
fsplab run tiny -c t.ini --runs runs --set=momentum=7
expect '--set=key=value' 2 err momentum "'7'"
if [ -w /dev/full ]; then
    ./fsplab flops > /dev/full 2> err
    status=$?
    expect 'output to a full disk' 1 err 'cannot write'
else
    skip 'output to a full disk: no /dev/full'
fi

# ---- counts ----

for line in 'res14 A 172506 26395264 52.85' 'res14 B 175258 26657408' 'res26 A 366938 54706816 109.53' \
    'res26 B 369690 54968960' 'vgg26 - 366938 54706816 109.42' 'res20 B 272474 40813184'; do
    fsplab flops "${line%% *}"
    if tr -s ' ' < out | grep -q "^$line"; then ok "flops $line"; else bad "flops: '$line' is not said"; fi
done
fsplab flops res14 vgg26 --json
json 'flops --json' out 'len(d) == 3 and keys(d[0], "net shortcut parameters macs tf_flops fsp_macs") and
    [x["macs"] for x in d] == [26395264, 26657408, 54706816] and d[2]["shortcut"] is None and d[0]["fsp_macs"] == 524288'
fsplab flops res15
expect 'a depth that is not 6n + 2' 2 err res15 res14 res20
[ -s out ] && bad 'flops res15 prints half a table' || ok 'flops res15 prints no table'
fsplab run tiny "$@" --set student=res9
expect 'a student whose depth is not 6n + 2' 2 err res9 '6n + 2' student

# ---- data ----

fsplab data synth data/synth --train 500 --test 100 --json
json 'data synth --json' out 'd["train"] == 500 and d["test"] == 100'
fsplab data info data/synth --json
json 'data info --json' out 'keys(d, "dir dataset mean std digest files classes") and d["train"] == 500 and len(d["classes"]) == 10'
fsplab run cifar "$@" --set data_dir=nowhere
expect 'data that are missing' 1 err 'nowhere/data_batch_1.bin'
spoiled() { rm -rf data/cifar10 && mkdir data/cifar10 && cp data/synth/*.bin data/cifar10/; }
spoiled && truncate -s -1 data/cifar10/data_batch_2.bin
fsplab run cifar "$@"
expect 'a truncated data file' 1 err data_batch_2.bin
spoiled && printf '\012' | dd of=data/cifar10/data_batch_3.bin bs=1 seek=3073 conv=notrunc 2> /dev/null
fsplab run cifar "$@"
expect 'a label out of range' 1 err data_batch_3.bin 10
spoiled && head -c 307400 /dev/zero > data/cifar10/data_batch_4.bin
fsplab run cifar "$@"
expect 'records of another size among the data' 1 err data_batch_4.bin
spoiled && rm data/cifar10/data_batch_5.bin
fsplab run cifar "$@"
expect 'a data file that is missing' 1 err data_batch_5.bin
fsplab data info data/cifar10
expect 'data info of the same' 1 err data_batch_5.bin
rm -rf data/cifar10

# ---- image files ----

if [ -n "$python" ]; then
    python3 - << 'PY'
import os, struct, zlib
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
for part, n in ("train", 30), ("test", 5):
    for c, name in enumerate(["gull", "tern"]):
        os.makedirs(f"birds/{part}/{name}")
        for i in range(n):
            rows = b"".join(b"\0" + bytes((x * (3 + 4 * c) + y * i) % 256 for x in range(40)) for y in range(24))
            with open(f"birds/{part}/{name}/{i}.png", "wb") as f:
                f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 24, 8, 0, 0, 0, 0)) +
                        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PY
    fsplab data info birds --json
    json 'data info of image files' out 'd["dataset"] == "folder" and d["train"] == 60 and d["test"] == 10 and
        [c["name"] for c in d["classes"]] == ["gull", "tern"] and d["classes"][1]["train"] == 30'
    fsplab run closed "$@" --set dataset=folder --set data_dir=birds --runs birdruns --json
    [ $status = 0 ] && ok 'a study on image files' || bad "a study on image files: exit status $status"
    fsplab trials closed "$@" --runs birdruns --json
    json 'its trial' out 'len(d) == 1 and d[0]["state"] == "complete" and number(d[0]["test_accuracy"])'
    printf GIF89a > birds/train/tern/7.png
    fsplab run closed "$@" --set dataset=folder --set data_dir=birds --runs birdruns2
    expect 'an image file that is none' 1 err birds/train/tern/7.png 'neither a PNG nor a JPEG'
    fsplab data info birds
    expect 'data info of the same' 1 err birds/train/tern/7.png
else
    skip 'image files: no python3'
fi
fsplab run closed "$@" --set dataset=folder --set data_dir=nowhere
expect 'a folder of images that is missing' 1 err nowhere 'no such file or folder'

# ---- settings ----

fsplab run nosuch "$@"
expect 'no such study' 2 err nosuch 'tiny, piped'
fsplab run tiny -c nosuch.ini
expect 'no such file of settings' 2 err nosuch.ini
fsplab run tiny "$@" --set lambdda=1
expect 'an unknown setting' 2 err lambdda "'lambda'"
fsplab run tiny "$@" --set momentum=1.5
expect 'a value out of range' 2 err momentum 1.5 0.9999
fsplab run tiny "$@" --set search=gird
expect 'a word that is no choice' 2 err gird 'grid'
fsplab run tiny "$@" --set 'search.lambda=log 1 0.1 3'
expect 'a range reversed' 2 err search.lambda 1 0.1
fsplab run tiny "$@" --set prune=never
expect 'a rule that there is not' 2 err prune never gain-pi
fsplab run tiny "$@" --set batch=1000
expect 'a batch larger than the data' 2 err batch 1000
fsplab run tiny "$@" --set batch=1000 --json
json 'an error as JSON' out 'd["error"]["code"] == "config" and "batch" in d["error"]["message"]'
broken() { # WHAT LINE TEXT...: LINE, the second of a study's, is refused
    local what=$1 line=$2
    shift 2
    printf '[tiny]\nseed = 1\n%s\n' "$line" > broken.ini
    fsplab run tiny -c broken.ini --runs runs
    expect "INI: $what" 2 err broken.ini:3: "$@"
}
broken 'an unknown key' 'lamda = 1' lamda "'lambda'"
broken 'a value out of range' 'momentum = 2' "'2'" 0.9999
broken 'a range reversed' 'search.lambda = log 1 0.1' search.lambda
broken 'a key given twice' 'seed = 2' seed
broken 'a line that is none' 'what is this' 'what is this'
broken 'a section that is not closed' '[other' other

# ---- nets that do not fit ----

fsplab run tiny "$@" --set teacher=res26x2 --set student=res14
expect 'sections that cannot be paired' 2 err 'section 1' res26x2 32x32x32 res14 32x32x16
fsplab run tiny "$@" --set teacher=res14 --set pairing=inside
expect 'one block a section, paired inside' 2 err inside
[ -e runs ] && bad 'a refused study leaves a folder' || ok 'a refused study leaves no folder'

# ---- a study, and what is said about it ----

fsplab run tiny "$@"
expect 'a study runs through' 0 out 'recommended: trial' 'test accuracy:'
fsplab run tiny "$@"
expect 'run again, it is complete' 0 out 'recommended: trial'
fsplab trials tiny "$@" --json
json 'trials --json' out 'len(d) == 2 and all(
    keys(t, "trial state params seed edited dir val_accuracy test_accuracy seconds") and t["state"] == "complete" and
    number(t["params"]["lambda"]) and keys(t["seconds"], "teacher transfer finetune") and 0 <= t["val_accuracy"] <= 1 for t in d) and
    sum(t["test_accuracy"] is not None for t in d) == 1'
fsplab trials tiny "$@" --csv
if [ "$(wc -l < out)" = 3 ] && [ "$(sed 's/[^,]//g' out | sort -u | wc -l)" = 1 ]; then ok 'trials --csv'; else bad 'trials --csv'; fi
fsplab ctl tiny status "$@" --json
json 'ctl status of a study that nobody runs' out 'd["state"] == "complete" and d["pid"] is None and d["study"] == "tiny"'
fsplab ls "$@" --json
json 'ls --json' out '[(s["state"], s["complete"], s["planned"]) for s in d if s["study"] in ("tiny", "piped", "cifar")] ==
    [("complete", 2, 2), (None, 0, 2), (None, 0, 1)]'
fsplab run tiny "$@" --set finetune_steps=30
expect 'a study begun with other settings' 2 err 'finetune_steps=20' 'finetune_steps=30'
# an objective outside, driven to its maximum at lambda 0.1, transfer_lr 0.001
echo '[]' >mine.json
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    fsplab suggest tiny "$@" --trials mine.json --json --set search=bo --set 'search.lambda=log 0.01 1' \
        --set 'search.transfer_lr=log 0.0001 0.01'
    python3 - out mine.json <<'PY'
import json, math, sys
got, trials = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
p = got[0]["params"]
y = 0.9 - 0.1 * (math.log10(p["lambda"]) + 1) ** 2 - 0.1 * (math.log10(p["transfer_lr"]) + 3) ** 2
trials.append({"params": p, "val_accuracy": y})
json.dump(trials, open(sys.argv[2], "w"))
PY
done
json 'suggest drives an objective outside' mine.json 'len(d) == 12 and max(t["val_accuracy"] for t in d) > 0.897'
fsplab suggest tiny "$@" --trials mine.json -n 3 --json --set search=bo --set 'search.lambda=log 0.01 1' \
    --set 'search.transfer_lr=log 0.0001 0.01'
json 'suggest --json' out 'len(d) == 3 and all(keys(s, "params mean sigma acquisition") and 0.8 < s["mean"] < 1 and s["sigma"] > 0
    for s in d)'
fsplab importance tiny "$@" --trials mine.json --json --set 'search.lambda=log 0.01 1' \
    --set 'search.transfer_lr=log 0.0001 0.01'
json 'importance --json' out 'len(d) == 2 and all(keys(p, "param ped_anova ped_anova_share first_order total trials top") and
    p["trials"] == 12 and p["first_order"]["low"] <= p["first_order"]["high"] and 0.2 < p["total"]["estimate"] < 0.8 for p in d)'
fsplab bench search --function kd --strategy bo --seeds 2 --evaluations 8 --workers 2 --json
json 'bench search --json' out 'len(d) == 1 and d[0]["function"] == "kd" and d[0]["evaluations"] == 8 and d[0]["seeds"] == 2 and
    all(set(d[0][k]) == {"mean", "se", "median"} and d[0][k]["mean"] > 0 for k in ("recommended", "best_observed"))'
fsplab bench step --repeats 1 --batch 8 --json
json 'bench step --json' out 'keys(d, "device threads batch steps") and d["batch"] == 8 and
    {"fsp", "finetune"} <= {s["name"] for s in d["steps"]} and
    all(keys(s, "name precision") and s["images_per_second"] > 0 for s in d["steps"])'
fsplab doctor "$@" --set data_dir=data --json
json 'doctor --json' out 'all(keys(f, "what ok text") for f in d)'

# ---- teachers from a file ----

weights=runs/tiny/trial-0001/student.safetensors
fsplab run tiny -c t.ini --runs with-file --set teacher=$weights
expect 'a teacher from a file' 0 out 'test accuracy:'
head -c 20000 $weights > cut.safetensors
fsplab run tiny -c t.ini --runs r --set teacher=cut.safetensors
expect 'a truncated teacher' 1 err cut.safetensors
fsplab run tiny -c t.ini --runs r --set teacher=gone.safetensors
expect 'a teacher that is not there' 1 err gone.safetensors
fsplab run closed -c t.ini --runs wide --set student=res8x2
fsplab run tiny -c t.ini --runs r --set teacher=wide/closed/trial-0001/student.safetensors
expect 'a teacher file of another width' 2 err 'section 1' res8x2 res8
echo 'no weights' > text.safetensors
fsplab run tiny -c t.ini --runs r --set teacher=text.safetensors
expect 'a teacher file that is none' 1 err text.safetensors
[ -e r ] && bad 'a refused teacher leaves a folder' || ok 'a refused teacher leaves no folder'

# ---- folders that cannot be written ----

touch file
fsplab run tiny -c t.ini --runs file
expect 'a runs folder that is a file' 1 err file
nobody=
[ "$(id -u)" != 0 ] && nobody=env
[ -z "$nobody" ] && setpriv --reuid 65534 --regid 65534 --clear-groups true 2> /dev/null &&
    nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
if [ -n "$nobody" ]; then
    cp -r runs locked && chmod -R a+rX,a-w locked
    $nobody ./fsplab run closed -c t.ini --runs locked > out 2> err
    status=$?
    expect 'a read-only runs folder' 1 err locked/closed
    $nobody ./fsplab trials tiny -c t.ini --runs locked > out 2> err
    status=$?
    expect 'trials of a read-only folder' 0 out complete
    chmod -R u+w locked
else
    skip 'a read-only runs folder: this user may write everywhere'
fi

# ---- one study, several processes and signals ----

./fsplab run long "$@" --json > first 2> first.err &
pid=$!
pids=$pid
await first '"event"' || bad 'a run says something'
fsplab run long "$@"
expect 'a second process on one study' 1 err "$pid"
fsplab ctl long status "$@" --json
json 'ctl status --json' out 'keys(d, "study pid state trial stage step steps resumed_at lambda lr losses val_accuracy "
    "images_per_second clients kind search_no repeat step_seconds trial_eta base_lr fsp_student fsp_teacher last_event")
    and d["kind"] == "search" and len(d["fsp_student"]) == 3 and d["state"] == "running" and d["stage"] == "teacher" and d["pid"] == '$pid
fsplab ctl long pause "$@" --json
json 'ctl pause --json' out 'd["ok"] is True and number(d["step"]) and d["stage"] == "teacher"'
fsplab ctl long pause "$@"
expect 'a second pause' 1 err paused
fsplab ctl long set seed=2 "$@"
expect 'ctl set of what may not change' 1 err seed lambda
fsplab ctl long set lambda=-1 "$@"
expect 'ctl set out of range' 1 err lambda -1
fsplab ctl long set lambda=0.5 "$@" --json
json 'ctl set --json' out 'd["ok"] is True and d["before"] == 0.01 and d["after"] == 0.5'
fsplab ctl long skip "$@"
expect 'ctl skip of a teacher' 1 err "teacher's training"
fsplab ctl long clone 1 lambda=0.5 "$@" --json
json 'ctl clone --json' out 'd["ok"] is True and d["clone"] == 2'
fsplab ctl long clone 9 "$@"
expect 'ctl clone of a trial that is none' 1 err 'no trial 9'
fsplab ctl long probe "$@" --json
json 'ctl probe --json: sections' out 'd["ok"] is True and d["block"] == 0 and len(d["rgb"]) == 3072 and d["images"] > d["image"] == 0
    and d["stage"] == "teacher" and [(p["m"], p["n"], len(p["teacher"]), len(p["teacher"][0]), p["student"]) for p in d["pairs"]] == [
    (16, 16, 16, 16, None), (16, 32, 16, 32, None), (32, 64, 32, 64, None)] and all(number(v) for r in d["pairs"][2]["teacher"] for v in r)'
fsplab ctl long probe image=1 block=2 "$@" --json
json 'ctl probe --json: a block' out 'd["image"] == 1 and d["teacher"]["block"] == 2 and "pairs" not in d and d["student"] is None
    and (d["teacher"]["m"], d["teacher"]["n"]) == (len(d["teacher"]["fsp"]), len(d["teacher"]["fsp"][0]))'
fsplab ctl long probe block=1 "$@"
expect 'ctl probe' 0 out 'image 0 of' 'section 1, block 1' norm
fsplab ctl long probe block=999 "$@"
expect 'ctl probe of no block' 1 err 'block 999' 'blocks 1 to'
fsplab ctl long probe frob=1 "$@"
expect 'ctl probe of no place' 2 err frob image block
fsplab ctl long probe block=1.5 "$@"
expect 'ctl probe of half a block' 2 err 'block=1.5'
fsplab ctl long resume "$@"
expect 'ctl resume' 0 out 'in effect'
kill -INT $pid
wait $pid
status=$?
expect 'interrupted once, a run pauses' 130 first '"state":"paused"'
at=$(tail -1 first | sed 's/.*"step":\([0-9]*\).*/\1/')
fsplab ls "$@" --json
json 'the record says paused' out '[s["state"] for s in d if s["study"] == "long"] == ["paused"]'
./fsplab run long "$@" --json > second 2> second.err &
pid=$!
pids=$pid
if await second "\"resumed_at\":$at,"; then ok 'the same command goes on from that step'; else bad "it goes on at step $at"; fi
fsplab ctl long stop "$@"
expect 'ctl stop' 0 out 'in effect'
wait $pid
status=$?
expect 'stopped, a run leaves with 130' 130 second '"state":"stopped"'

# ---- the workbench where there is no terminal ----

fsplab attach nowhere "$@"
expect 'attach to a study that was not begun' 1 err "study 'nowhere' was not begun"
fsplab attach
expect 'attach without a study' 2 err 'name a study'
fsplab attach long more "$@"
expect 'attach with a word too many' 2 err "'more' is not understood"
fsplab long --them dark "$@"
expect 'an option that is not known' 2 err "'--them' is not understood"
fsplab piped "$@"
expect 'piped, a study is run and followed as lines' 0 out 'piped: complete'
fsplab piped "$@"
expect 'one that is complete says so at once' 0 out 'piped: complete'
fsplab trials piped "$@" --json
json 'and is complete then' out '[t["state"] for t in d] == ["complete", "complete"]'
rm -rf runs/piped
fsplab ctl long screen log "$@" --size 100x30
expect 'a screen as text' 0 out 'stop'
if [ "$(wc -l < out)" = 30 ]; then ok 'of the size asked for'; else bad "it has $(wc -l < out) lines"; fi
for size in 0x10 10 80x24x3 99999x10 axb; do
    fsplab ctl long screen "$@" --size $size
    expect "a screen of size $size" 2 err "--size '$size'"
done
fsplab ctl long screen nonsense "$@"
expect 'a screen that there is not' 2 err 'allowed are setup, run, fsp, search, device, log'
fsplab ctl nowhere screen "$@"
expect 'a screen of a study that was not begun' 1 err 'has not been started'
fsplab --keys-markdown
if sed 1,4d "$root/docs/KEYS.md" | cmp -s - out; then ok 'docs/KEYS.md is the table of keys'; else bad 'docs/KEYS.md is not what --keys-markdown prints'; fi

# ---- standard input and output that are not there ----

./fsplab run closed "$@" > out 2> err <&-
status=$?
expect 'standard input closed' 0 out 'test accuracy:'
./fsplab run piped "$@" 2> err | head -1 > out
status=${PIPESTATUS[0]}
fsplab trials piped "$@" --json
json 'standard output closed by its reader: the record is whole' out '[t["state"] for t in d] == ["complete", "complete"]'

[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
