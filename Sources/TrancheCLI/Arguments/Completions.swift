/// Shell functions that complete command lines, made from the commands' descriptions.
struct Completions {
    let commands: [CommandDescription]

    /// The script for bash.
    var bash: String {
        let cases = commands.map { command in
            "        \(command.name)) words=\"\(words(of: command).joined(separator: " "))\" ;;"
        }
        return """
            # Completions of tranche for bash: source <(tranche completions bash)
            _tranche() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words
                case $previous in
                    --env-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
            \(choices.map { "        \($0)) COMPREPLY=($(compgen -W \"\($1)\" -- \"$current\")); return ;;" }
                .joined(separator: "\n"))
                esac
                case ${COMP_WORDS[1]} in
            \(cases.joined(separator: "\n"))
                    *) words="" ;;
                esac
                if [ "$COMP_CWORD" -eq 1 ]; then
                    words="\(commands.map(\.name).joined(separator: " ")) --help --version"
                fi
                COMPREPLY=($(compgen -W "$words" -- "$current"))
            }
            complete -o default -F _tranche tranche

            """
    }

    /// The script for zsh.
    var zsh: String {
        let summaries = commands.map { "        '\($0.name):\(quoted($0.summary))'" }
        let cases = commands.map { command in
            let specifications =
                command.operands.map(specification) + options(of: command).map(specification)
            return """
                        \(command.name))
                            _arguments \\
                \(specifications.map { "                \($0)" }.joined(separator: " \\\n")) ;;
                """
        }
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
            \(cases.joined(separator: "\n"))
                esac
            }
            compdef _tranche tranche

            """
    }

    private var choices: [(String, String)] {
        // An option of several commands may be what any of them says.
        var known: [String: [String]] = [:]
        for option in commands.flatMap(\.options) where !option.choices.isEmpty {
            let others = known["--\(option.name)"] ?? []
            known["--\(option.name)"] = others + option.choices.filter { !others.contains($0) }
        }
        return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: " ")) }
    }

    private func options(of command: CommandDescription) -> [CommandDescription.Option] {
        command.options + CommandDescription.OptionGroup.global.options
    }

    private func words(of command: CommandDescription) -> [String] {
        command.operands.flatMap(\.choices) + options(of: command).map { "--\($0.name)" }
    }

    private func specification(_ operand: CommandDescription.Operand) -> String {
        let values = operand.choices.isEmpty ? "" : "(\(operand.choices.joined(separator: " ")))"
        // Of several each may be a file.
        if operand.isRepeatable { return "'*:\(quoted(operand.name)):_files'" }
        return "':\(quoted(operand.name)):\(values)'"
    }

    private func specification(_ option: CommandDescription.Option) -> String {
        let star = option.isRepeatable ? "*" : ""
        var text = "'\(star)--\(option.name)[\(quoted(option.help))]"
        if let placeholder = option.placeholder {
            let files = option.name == "env-file" ? "_files" : ""
            let values =
                option.choices.isEmpty ? files : "(\(option.choices.joined(separator: " ")))"
            text += ":\(quoted(placeholder)):\(values)"
        }
        return text + "'"
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
