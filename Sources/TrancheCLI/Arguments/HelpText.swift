/// The help of a command, made from its description.
struct HelpText {
    private static let width = 79
    private static let column = 28
    let command: CommandDescription

    /// The text, with a line break at its end.
    var text: String {
        var parts = ["\(command.summary)\n", "usage: \(usage)\n"]
        if !command.operands.isEmpty {
            let rows = command.operands.map { operand in
                row(operand.name, operand.help)
            }
            parts.append((["Arguments:"] + rows).joined(separator: "\n") + "\n")
        }
        for group in command.groups + [.global] {
            let rows = group.options.map { row(label(of: $0), help(of: $0)) }
            parts.append((["\(group.title):"] + rows).joined(separator: "\n") + "\n")
        }
        if !command.notes.isEmpty { parts.append(command.notes + "\n") }
        return parts.joined(separator: "\n")
    }

    private var usage: String {
        var words = ["tranche", command.name]
        words += command.operands.map {
            let name = $0.choices.isEmpty ? $0.name : $0.choices.joined(separator: "|")
            if $0.isOptional { return "[\(name)]" }
            return $0.isRepeatable ? name + "…" : name
        }
        words += command.options.filter(\.isRequired).map { label(of: $0) }
        words.append("[options]")
        if command.takesProgram { words.append("-- CMD [ARG…]") }
        return words.joined(separator: " ")
    }

    private func label(of option: CommandDescription.Option) -> String {
        "--\(option.name)" + (option.placeholder.map { " \($0)" } ?? "")
    }

    private func help(of option: CommandDescription.Option) -> String {
        option.isRepeatable ? option.help + "; may be given several times" : option.help
    }

    /// A label with its text beside it, broken into lines.
    private func row(_ label: String, _ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > Self.width - Self.column {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? word : " " + word
        }
        lines.append(line)
        let indent = String(repeating: " ", count: Self.column)
        let head = "  \(label)"
        let first =
            head.count + 2 > Self.column
            ? head + "\n" + indent : head + String(repeating: " ", count: Self.column - head.count)
        return first + lines.joined(separator: "\n" + indent)
    }
}

extension HelpText {
    /// The program's own help.
    static func program(_ commands: [CommandDescription]) -> String {
        let widest = commands.map(\.name.count).max() ?? 0
        let rows = commands.map { command in
            "  " + command.name + String(repeating: " ", count: widest + 2 - command.name.count)
                + command.summary
        }
        return """
            Hands out the items of a table in weighted batches, each exactly once per run.

            usage: tranche COMMAND [options]

            Commands:
            \(rows.joined(separator: "\n"))

            'tranche COMMAND --help' tells a command's options, 'tranche --version' the version.
            Settings come from options, TRANCHE_… variables, and the dotenv file that
            TRANCHE_ENV_FILE or --env-file names, in this order; env/sample.env lists them.

            Exit: 0 done, 1 failed, 3 nothing to do now, 4 batch lost, 64 wrong usage,
            69 a database refuses the connection, 75 try again later, 130 stopped by a
            signal; --exit-when-idle sets another where there is nothing to do.

            """
    }
}
