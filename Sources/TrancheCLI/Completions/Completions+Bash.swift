extension Completions {
    /// The script for bash: a function that finds out where in the command line it stands, and the
    /// words that each command takes.
    var bash: String {
        """
        # Completions of tranche for bash: source <(tranche completions bash)
        \(Self.bashHelpers)
        _tranche() {
            local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} previous="" word
            local options="" valued="" operands=() several="" program="" place count=0
            COMPREPLY=()
            if [ "$COMP_CWORD" -eq 1 ]; then
                _tranche_words "\(commands.map(\.name).joined(separator: " ")) \
        help --help --help-all --version"
                return
            fi
            case $command in
        \(commands.map(bashCase).joined(separator: "\n"))
                help) operands=("\(commands.map(\.name).joined(separator: " "))") ;;
                *) return ;;
            esac
        \(Self.bashWalk)
            if [ -n "$previous" ]; then
                [ "$current" != = ] || current=""
                case "$command $previous" in
        \(bashValues)
                esac
            elif [[ $current == -* ]]; then
                _tranche_words "$options"
            else
                if [ "$count" -ge "${#operands[@]}" ]; then
                    [ -n "$several" ] || return 0
                    count=$((${#operands[@]} - 1))
                fi
                if [ "${operands[count]}" = @file ]; then _tranche_files; \
        else _tranche_words "${operands[count]}"; fi
            fi
        }
        complete -F _tranche tranche

        """
    }

    private static let bashHelpers = """
        _tranche_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }
        # bash itself completes files where the function finds nothing.
        _tranche_files() { compopt -o default 2>/dev/null; COMPREPLY=(); }
        """

    /// Walks over the words before the current one: `previous` becomes the option whose value that
    /// is, and `count` the number of operands before it.
    private static let bashWalk = """
            for ((place = 2; place < COMP_CWORD; place++)); do
                word=${COMP_WORDS[place]}
                case $word in
                    --)
                        [ -n "$program" ] || return 0
                        if ((place + 1 < COMP_CWORD)); then _tranche_files; return; fi
                        mapfile -t COMPREPLY < <(compgen -c -- "$current")
                        [ ${#COMPREPLY[@]} -gt 0 ] || _tranche_files
                        return ;;
                    --*)
                        [[ $valued == *" $word "* ]] || continue
                        # bash takes '=' for a word of its own.
                        [ "${COMP_WORDS[place + 1]}" != = ] || \
        [ $((place + 1)) -eq "$COMP_CWORD" ] || ((++place))
                        ((++place))
                        # And ':', which URLs have.
                        while ((place < COMP_CWORD)) && [ "${COMP_WORDS[place + 1]}" = : ]; do
                            ((place += 2))
                        done
                        [ "$place" -lt "$COMP_CWORD" ] || previous=$word ;;
                    *) ((++count)) ;;
                esac
            done
        """

    /// What a command takes, as variables of the function.
    private func bashCase(_ command: CommandDescription) -> String {
        let options = options(of: command)
        let valued = options.filter { $0.placeholder != nil }.map { "--\($0.name)" }
        let operands = command.operands.map { operand in
            let value = operand.completion
            return value.isFile ? "@file" : value.words.joined(separator: " ")
        }
        var parts = ["options=\"\(options.map { "--\($0.name)" }.joined(separator: " "))\""]
        parts.append("valued=\" \(valued.joined(separator: " ")) \"")
        parts.append("operands=(\(operands.map { "\"\($0)\"" }.joined(separator: " ")))")
        if command.operands.last?.isRepeatable == true { parts.append("several=yes") }
        if command.takesProgram { parts.append("program=yes") }
        return "        \(command.name)) \(parts.joined(separator: "; ")) ;;"
    }

    /// What is offered for values of options; options of several commands with the same stand
    /// together.
    private var bashValues: String {
        var patterns: [CompletionValue: [String]] = [:]
        var order: [CompletionValue] = []
        for command in commands {
            for option in options(of: command) {
                guard let value = option.completion, value.isFile || !value.words.isEmpty else {
                    continue
                }
                if patterns[value] == nil { order.append(value) }
                patterns[value, default: []].append("\"\(command.name) --\(option.name)\"")
            }
        }
        return order.map { value in
            let places = (patterns[value] ?? []).joined(separator: " | ")
            let words = value.words.joined(separator: " ")
            let action = value.isFile ? "_tranche_files" : "_tranche_words \"\(words)\""
            return "            \(places)) \(action) ;;"
        }.joined(separator: "\n")
    }
}
