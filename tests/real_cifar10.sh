#!/usr/bin/env bash
# The real thing, on CIFAR-10: both teachers, and RES14 alone, with FSP from RES26 and with FSP from VGG26 under one
# protocol, three seeds each. lambda and the transfer's rate are chosen on the validation split by the -tune studies first.
#
#   tests/real_cifar10.sh DATA_DIR [RUNS]          shortened protocol (studies short-*), some hours on two cores
#   tests/real_cifar10.sh --full DATA_DIR [RUNS]   the paper's lengths (studies table1-*), meant for a GPU
#   ARMS="vgg26" tests/real_cifar10.sh ...         only these of: none res26 vgg26 (the teachers; none is RES14 alone)
#
# Interrupted at any moment it goes on from the last checkpoint when it is called again.
set -eu
fsplab=${FSPLAB:-./fsplab}
full=0 arms=${ARMS:-none res26 vgg26}
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

for arm in $arms; do
    case $full$arm in
    0none) run short-res14 ;;
    1none) run table1-res14 ;;
    0res26 | 0vgg26)
        run short-$arm-tune
        read -r lambda lr <<< "$(best short-$arm-tune)"
        echo "$arm: $lambda $lr chosen on the validation split"
        run short-$arm-res14 --set "$lambda" --set "$lr"
        ;;
    1res26 | 1vgg26) run table1-$arm-res14 ;;
    *)
        echo "ARMS: '$arm' is none of: none res26 vgg26" >&2
        exit 2
        ;;
    esac
done
