#!/usr/bin/env bash
# The arrows between the rooms, read from the #include lines: who may include whom, and which libraries stay behind
# one door. Prints each breach as FILE:LINE and fails. LAYERS_ROOT: another tree (the check's own test).
set -u
cd "${LAYERS_ROOT:-$(dirname "$0")/..}" || exit 1

# The room of a file under src/: nn, search, io, io/wire, ui, floor, or its family on the roof (trial_file.c: trial).
room() {
    local family=${1%.*}
    family=${family%%_*}
    case $1 in
    io/wire*) echo io/wire ;;
    nn/* | search/* | io/* | ui/*) echo "${1%%/*}" ;;
    *) case $family in base | param | colormap) echo floor ;; *) echo "$family" ;; esac ;;
    esac
}

# What a room may include besides itself; "-": anything.
allowed() {
    case $1 in
    floor) echo ;;
    nn | search) echo floor ;;
    io | io/wire) echo floor io io/wire ;;
    ui) echo floor io io/wire search history client spawn ;;
    history) echo floor search io ;;
    weights) echo floor nn io ;;
    trial) echo floor nn io weights ;;
    lab) echo floor trial search history io ;;
    serve) echo floor lab io/wire ;;
    client) echo floor io/wire ;;
    spawn) echo floor ;;
    *) echo - ;;
    esac
}

fail=0
breach() { echo "layers: $1"; fail=1; }

while IFS=: read -r file line text; do
    from=$(room "${file#src/}")
    if [[ $text =~ \"([^\"]+)\" ]]; then
        header=${BASH_REMATCH[1]}
        target=$(realpath -m --relative-to=. "$(dirname "$file")/$header")
        [ -e "$target" ] || target=src/$header
        to=$(room "${target#src/}")
        may=$(allowed "$from")
        [ "$from" = "$to" ] || [ "$may" = - ] || [[ " $may " == *" $to "* ]] ||
            breach "$file:$line: $from must not include $to ($header)"
    elif [[ $text =~ \<([^\>]+)\> ]]; then
        case ${BASH_REMATCH[1]} in
        *curses*.h | panel.h | menu.h | form.h) [[ $file == src/ui/term* ]] || breach "$file:$line: curses outside src/ui/term*" ;;
        sqlite3.h) [[ $file == src/io/store* ]] || breach "$file:$line: SQL outside src/io/store*" ;;
        sys/socket.h | sys/un.h) [[ $file == src/serve.c || $file == src/client.c ]] ||
            breach "$file:$line: sockets outside src/serve.c and src/client.c" ;;
        jansson.h) [[ $file == src/nn/* || $file == src/search/* || $from == floor ]] &&
            breach "$file:$line: JSON below src/io" ;;
        cuda*.h | cublas*.h) [[ $file == src/nn/cuda/* ]] || breach "$file:$line: CUDA outside src/nn/cuda" ;;
        esac
    fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' src --include='*.[ch]' --include='*.cu' --include='*.cuh')
[ $fail = 0 ] && echo "layers: every arrow holds"
exit $fail
