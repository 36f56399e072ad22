extension Completions {
    /// The script for fish: a `complete` for each command, option and operand.
    var fish: String {
        let names = commands.map { command in
            "complete -c tranche -n __tranche_begins -a \(command.name) "
                + "-d \(quoted(command.summary))"
        }
        return """
            # Completions of tranche for fish: tranche completions fish | source
            function __tranche_begins
                test (count (commandline -opc)) -eq 1
            end
            # Whether the command is among these, and its program is not being written yet.
            function __tranche_is
                set -l words (commandline -opc)
                test (count $words) -ge 2; and contains -- $words[2] $argv; \
            and not contains -- -- $words
            end
            # Whether the program of a command is being written.
            function __tranche_runs
                set -l words (commandline -opc)
                test (count $words) -ge 2; and contains -- $words[2] $argv; \
            and contains -- -- $words
            end
            complete -c tranche -f
            complete -c tranche -n __tranche_begins -l version -d 'the version'
            \(names.joined(separator: "\n"))
            \(commands.flatMap(fishLines).joined(separator: "\n"))

            """
    }

    private func fishLines(_ command: CommandDescription) -> [String] {
        let start = "complete -c tranche -n '__tranche_is \(command.name)'"
        var lines = command.operands.compactMap { operand -> String? in
            let value = operand.completion
            if value.isFile { return "\(start) -F" }
            if value.words.isEmpty { return nil }
            return "\(start) -a \(quoted(value.words.joined(separator: " ")))"
        }
        for option in options(of: command) {
            var line = "\(start) -l \(option.name)"
            if let value = option.completion {
                line += value.isFile ? " -r -F" : " -x"
                if !value.words.isEmpty {
                    line += " -a \(quoted(value.words.joined(separator: " ")))"
                }
            }
            lines.append(line + " -d \(quoted(option.brief ?? option.help))")
        }
        if command.takesProgram {
            let runs = "complete -c tranche -n '__tranche_runs \(command.name)'"
            lines.append("\(runs) -F")
            lines.append("\(runs) -a '(__fish_complete_command)'")
        }
        return lines
    }

    private func quoted(_ text: String) -> String {
        let safe = text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "'\(safe)'"
    }
}
