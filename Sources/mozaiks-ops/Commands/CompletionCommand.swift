import Ambient
import Model

/// `completion`: the scripts by which shells complete command lines of this program. They ask the program itself, by
/// `mozaiks-ops __complete WORD…`, so that they fit whatever version is installed.
enum CompletionCommand {
    static let command = Command(
        ["completion"], "Print the completion script of a shell",
        discussion: "It completes commands, options and values: incidents, rules, apps, runtimes, channels, leases, silences and "
            + "offers as configuration and journal have them. A package installs it; else print it to where the shell looks, as below.",
        positionals: [Positional("bash|zsh|fish", "the shell")],
        examples: [
            ("mozaiks-ops completion bash > ~/.local/share/bash-completion/completions/mozaiks-ops", "for bash with bash-completion"),
            ("mozaiks-ops completion zsh > ~/.zfunc/_mozaiks-ops", "for zsh, where ~/.zfunc stands in $fpath before compinit"),
            ("mozaiks-ops completion fish > ~/.config/fish/completions/mozaiks-ops.fish", "for fish"),
        ]
    ) { invocation in
        let shell = invocation.arguments.positional("bash|zsh|fish") ?? ""
        guard let script = scripts[shell] else {
            throw UsageError(
                "there is no completion for '\(shell)'",
                hint: nearest(shell, in: ["bash", "zsh", "fish"]).map { "did you mean \($0)?" } ?? "bash, zsh or fish")
        }
        write(script)
        return .ok
    }

    /// The word that the scripts call, with the words of the command line behind it.
    static let question = "__complete"

    /// Answers a script. Never a word on standard error, never a failure: the shell has nothing to do with either.
    static func answer(_ words: [String], environment: Environment) {
        let values = CompletionValues(words, environment: environment, now: SystemClock().now())
        write(Completion(words, values: values).answer.lines)
    }

    private static let scripts = ["bash": bash, "zsh": zsh, "fish": fish]

    private static let bash = #"""
        # bash completion for mozaiks-ops, written by 'mozaiks-ops completion bash'
        _mozaiks_ops() {
            local line way= program=$1 current=${COMP_WORDS[COMP_CWORD]}
            [[ $program == "~/"* ]] && program=$HOME/${program:2}
            [[ $current == "=" ]] && current=
            COMPREPLY=()
            while IFS= read -r line; do
                if [[ -z $way ]]; then way=$line; else COMPREPLY+=("${line%%$'\t'*}"); fi
            done < <("$program" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
            case $way in
                files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
                folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
            esac
        }
        complete -F _mozaiks_ops mozaiks-ops

        """#

    private static let zsh = #"""
        #compdef mozaiks-ops
        # zsh completion for mozaiks-ops, written by 'mozaiks-ops completion zsh'
        _mozaiks_ops() {
            local -a lines candidates shown
            local line program=${words[1]/#\~\//$HOME/}
            lines=("${(@f)$("$program" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
            case $lines[1] in
                files) _files; return ;;
                folders) _files -/; return ;;
            esac
            for line in "${(@)lines[2,-1]}"; do
                [[ -n $line ]] || continue
                candidates+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  -- }")
            done
            (( $#candidates )) && compadd -l -d shown -- "${candidates[@]}"
        }
        if [[ ${funcstack[1]} == _mozaiks* ]]; then _mozaiks_ops "$@"; else compdef _mozaiks_ops mozaiks-ops; fi

        """#

    private static let fish = #"""
        # fish completion for mozaiks-ops, written by 'mozaiks-ops completion fish'
        function __mozaiks_ops_complete
            set -l before (commandline -opc)
            set -l current (commandline -ct)
            set -l lines ($before[1] __complete $before[2..-1] "$current[1]" 2>/dev/null </dev/null)
            switch "$lines[1]"
                case files
                    __fish_complete_path "$current[1]"
                case folders
                    __fish_complete_directories "$current[1]" ''
                case '*'
                    printf '%s\n' $lines[2..-1]
            end
        end
        complete -c mozaiks-ops -f -a '(__mozaiks_ops_complete)'

        """#
}
