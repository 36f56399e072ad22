extension Completions {
    /// The script for zsh: its `_arguments` with a specification of each option and operand.
    var zsh: String {
        let summaries = commands.map { "        '\($0.name):\(quoted($0.summary))'" }
        return """
            #compdef tranche
            # Completions of tranche for zsh: put this as _tranche into a folder of $fpath.
            _tranche() {
                local -a commands
                commands=(
            \(summaries.joined(separator: "\n"))
                )
                if (( CURRENT == 2 )); then
                    _describe command commands
                    return
                fi
                local command=$words[2]
                shift words
                (( CURRENT-- ))
                case $command in
            \(commands.map(zshCase).joined(separator: "\n"))
                esac
            }
            # As a file of $fpath this is the function itself, the first time; else it is sourced.
            if [ "$funcstack[1]" = _tranche ]; then
                _tranche "$@"
            else
                compdef _tranche tranche
            fi

            """
    }

    private func zshCase(_ command: CommandDescription) -> String {
        var specifications =
            command.operands.map(specification) + options(of: command).map(specification)
        // What follows '--' is a command line of its own.
        if command.takesProgram { specifications.append("'*:::program: _normal'") }
        return """
                    \(command.name))
                        _arguments -S \\
            \(specifications.map { "                \($0)" }.joined(separator: " \\\n")) ;;
            """
    }

    private func specification(_ operand: CommandDescription.Operand) -> String {
        let name = quoted(operand.choices.isEmpty ? operand.name : "what to do")
        let place = operand.isRepeatable ? "*:" : operand.isOptional ? "::" : ":"
        return "'\(place)\(name):\(action(operand.completion))'"
    }

    private func specification(_ option: CommandDescription.Option) -> String {
        let star = option.isRepeatable ? "*" : ""
        var text = "'\(star)--\(option.name)[\(quoted(option.help))]"
        if let placeholder = option.placeholder, let value = option.completion {
            text += ":\(quoted(placeholder)):\(action(value))"
        }
        return text + "'"
    }

    private func action(_ value: CompletionValue) -> String {
        if value.isFile { return "_files" }
        return value.words.isEmpty ? "" : "(\(value.words.joined(separator: " ")))"
    }

    /// Text without what zsh would read in a specification.
    private func quoted(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "'": result += "'\\''"
            case ":", "[", "]", "\\": result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }
}
