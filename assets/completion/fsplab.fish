# Completion of fsplab in fish: the program itself says what a word can become (see src/cmd_complete.c).
function __fsplab_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path "$word"
            case ':dir'
                __fish_complete_directories "$word" ''
            case '*'
                echo $line
        end
    end
end
complete -c fsplab -f -a '(__fsplab_complete)'
