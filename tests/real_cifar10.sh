#!/usr/bin/env bash
# The real thing, on CIFAR-10: both teachers, and RES14 alone, with FSP from RES26 and with FSP from VGG26 under one
# protocol, three seeds each. lambda and the transfer's rate are chosen on the validation split by the -tune studies first.
#
#   tests/real_cifar10.sh DATA_DIR [RUNS]          shortened protocol (studies short-*), some hours on two cores
#   tests/real_cifar10.sh --full DATA_DIR [RUNS]   the paper's lengths (studies table1-*), meant for a GPU
#
# Interrupted at any moment it goes on from the last checkpoint when it is called again.
set -eu
fsplab=${FSPLAB:-./fsplab}
full=0
if [ "${1:-}" = --full ]; then
    full=1
    shift
fi
data=${1:?name the folder of the CIFAR-10 binary files} runs=${2:-runs}
run() { local study=$1; shift; "$fsplab" run "$study" --runs "$runs" --set data_dir="$data" "$@"; }
# "lambda=L transfer_lr=R" of the best completed trial by validation accuracy.
best() {
    "$fsplab" trials "$1" --runs "$runs" --csv |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
                 $col["state"] == "complete" && $col["val_accuracy"] > best {
                     best = $col["val_accuracy"]; at = "lambda=" $col["lambda"] " transfer_lr=" $col["transfer_lr"]
                 }
                 END { print at }'
}

if [ $full = 1 ]; then
    for study in table1-res14 table1-res26-res14 table1-vgg26-res14; do run $study; done
    exit
fi
run short-res14
for teacher in res26 vgg26; do
    run short-$teacher-tune
    read -r lambda lr <<< "$(best short-$teacher-tune)"
    echo "$teacher: $lambda $lr chosen on the validation split"
    run short-$teacher-res14 --set "$lambda" --set "$lr"
done
