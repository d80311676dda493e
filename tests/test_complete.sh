#!/usr/bin/env bash
# What shells offer: the words that `fsplab complete` prints, its tables against the commands' own help, and the functions of
# bash, zsh and fish, run without a terminal. FSPLAB: the program (default ./fsplab).
set -u
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "${FSPLAB:-./fsplab}" "$work/fsplab" && cd "$work" || exit 1
failed=0
ok() { echo "ok: $1"; }
bad() { failed=1; echo "FAILED: $1"; }

cat >experiments.ini <<'INI'
[defaults]
dataset = synth
[demo]
student = res8
[deep-net]
student = res14
INI
mkdir -p other/begun folder && touch other/begun/study.db 'file one' fileb

words() { ./fsplab complete -- "$@" | cut -f1 | tr '\n' ' '; }
offers() { # EXPECTED WORD...: exactly these
    local want=$1 got
    shift
    got=$(words "$@")
    if [ "$got" = "$want" ]; then ok "[$*]"; else bad "[$*] offers '$got', not '$want'"; fi
}
includes() { # EXPECTED WORD...: this one among others
    local want=$1
    shift
    if words "$@" | grep -qF -- " $want " || words "$@" | grep -q -- "^$want "; then ok "[$*] includes $want"; else bad "[$*] does not offer $want"; fi
}

# ---- the words ----
offers 'replay report ' re
offers 'deep-net ' run dee
offers 'demo deep-net ' run ''
offers 'begun ' run --runs other b
offers 'begun ' --runs other b
offers '' run demo ''
offers 'pause probe ' ctl demo p
offers 'lambda1= ' ctl demo set lambda1
offers 'method=kd ' run demo --set method=k
offers 'nesterov=0 nesterov=1 ' run demo --set nesterov=
offers 'search= search_repeats= search. ' run demo --set searc
offers 'search.lambda2=log ' run demo --set search.lambda2=lo
offers 'csv json optuna ' export demo --to ''
offers ':file ' export demo --to csv ''
offers ':file ' run demo -c ''
offers ':dir ' data synth ''
offers 'res14 ' flops res1
offers '--set ' trials demo --set
offers '--detach ' run --d
offers '' suggest demo -n ''
offers 'dark light ' demo --theme ''
offers 'search ' ctl demo screen sea
offers 'image= ' ctl demo probe im
includes --json ls --
includes lambda= ctl demo enqueue ''
includes --version ''
offers '' nonsense with words ''
offers '' ''' or 1=1'

# ---- the tables are those of the commands ----
for c in $(./fsplab complete -- '' | cut -f1 | grep -v '^-'); do
    [ "$c" = demo ] || [ "$c" = deep-net ] && continue
    # every option of the usage, and of the list below it
    ./fsplab "$c" --help | awk 'NF == 0 {prose = 1} !prose || /^  -/' | grep -oE '(^|[][ (|])--?[a-z]+' | grep -oE -- '--?[a-z]+' | sort -u >said
    ./fsplab complete -- "$c" - | cut -f1 | sort -u >offered
    for o in $(comm -23 said offered); do
        case $c$o in
        *--help) ;;
        *) bad "$c: its help has $o, which is not offered" ;;
        esac
    done
    for o in $(comm -13 said offered); do
        case $o in
        -c | --runs | --set | --json | --help) ;;
        *) bad "$c: $o is offered, and not in its help" ;;
        esac
    done
done
ok 'options are those of the help'
for v in $(./fsplab complete -- ctl demo '' | cut -f1); do
    ./fsplab ctl --help | grep -qE "ctl STUDY.* $v( |$|\|)" || bad "ctl $v is not in the help"
done
ok 'what ctl takes is in its help'

# ---- the shells' functions ----
cat >bash.sh <<'SH'
set -u
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
COMPREPLY=()
_fsplab ./fsplab
printf '%s\n' "${COMPREPLY[@]}"
SH
in_bash() { # LINE EXPECTED
    local got
    got=$(bash bash.sh "$root/assets/completion/fsplab.bash" "$1" | tr '\n' ' ')
    if [ "$got" = "$2" ]; then ok "bash: [$1]"; else bad "bash: [$1] offers '$got', not '$2'"; fi
}
in_bash './fsplab re' 'replay report '
in_bash './fsplab run ' 'demo deep-net '
in_bash './fsplab run demo --set method=' 'none kd hint fsp ' # readline's word begins behind the =
in_bash './fsplab run demo --set lambda3' 'lambda3= '
in_bash './fsplab export demo --to csv file' 'file one fileb '
in_bash './fsplab data synth fol' 'folder '
in_bash './fsplab ctl demo sk' 'skip '

if command -v zsh >/dev/null; then
    # compadd is put in its place: what reaches it is what would be shown
    cat >zsh.sh <<'SH'
_describe() { local name=${@[(i)*]}; local -a all=("${(@P)4}"); print -rl -- "${(@)all%%:*}"; }
_files() { print -r -- "files $*"; }
words=("${(@)argv[2,-1]}") CURRENT=$(( $# - 1 ))
source $1
SH
    in_zsh() { # EXPECTED WORD...
        local want=$1 got
        shift
        got=$(zsh -f zsh.sh "$root/assets/completion/_fsplab" "$@" | tr '\n' ' ')
        if [ "$got" = "$want" ]; then ok "zsh: [$*]"; else bad "zsh: [$*] offers '$got', not '$want'"; fi
    }
    in_zsh 'replay report ' ./fsplab re
    in_zsh 'method=kd ' ./fsplab run demo --set method=k
    in_zsh 'files -/ ' ./fsplab data synth ''
    in_zsh 'files  ' ./fsplab export demo --to csv ''
else
    echo 'skipped: no zsh'
fi

if command -v fish >/dev/null; then
    in_fish() { # LINE EXPECTED
        local got
        got=$(HOME=$work fish --no-config -c "source $root/assets/completion/fsplab.fish; complete -C '$1'" | cut -f1 | tr '\n' ' ')
        if [ "$got" = "$2" ]; then ok "fish: [$1]"; else bad "fish: [$1] offers '$got', not '$2'"; fi
    }
    PATH=$work:$PATH
    in_fish 'fsplab re' 'replay report '
    in_fish 'fsplab run dee' 'deep-net '
    in_fish 'fsplab run demo --set method=k' 'method=kd '
    in_fish 'fsplab data synth fol' 'folder/ '
else
    echo 'skipped: no fish'
fi
exit $failed
