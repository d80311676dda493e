# Completion of fsplab in bash: the program itself says what a word can become (see src/cmd_complete.c).
_fsplab()
{
    local line=${COMP_LINE:0:COMP_POINT} cut='' candidate meaning
    local -a words
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    # Of "key=val" readline takes only "val" for the word: what stands before must not be said again.
    if [[ $COMP_WORDBREAKS == *=* && ${words[-1]} == *=* ]]; then
        cut=${words[-1]%=*}=
    fi
    COMPREPLY=()
    while IFS=$'\t' read -r candidate meaning; do
        case $candidate in
        :file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "${words[-1]}") ;;
        :dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "${words[-1]}") ;;
        *)
            [[ $candidate == *[=.] ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("${candidate#"$cut"}")
            ;;
        esac
    done < <("$1" complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _fsplab fsplab
