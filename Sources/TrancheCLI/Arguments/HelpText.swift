/// The help of a command, made from its description.
struct HelpText {
    /// How many lines a screen has that the short help fits.
    static let screen = 40

    private static let width = 79
    private static let column = 28
    let command: CommandDescription

    /// The help that fits a screen: all options and notes where these fit, otherwise the usual
    /// ones.
    var short: String {
        let all = text(options(command.groups), notes: command.notes)
        let isShort = all.utf8.count { $0 == UInt8(ascii: "\n") } <= Self.screen
        return isShort ? all : text(usualOptions, notes: command.brief, isBrief: true)
    }

    /// All options, and all there is to know.
    var whole: String {
        text(options(command.groups + [command.global], isWhole: true), notes: command.notes)
    }

    // MARK: - Parts

    private func text(_ options: [String], notes: String, isBrief: Bool = false) -> String {
        var parts = ["\(command.summary)\n", "usage: \(usage)\n"]
        if !command.operands.isEmpty {
            let rows = command.operands.map { operand in
                row(operand.name, isBrief ? operand.brief ?? operand.help : operand.help)
            }
            parts.append((["Arguments:"] + rows).joined(separator: "\n") + "\n")
        }
        parts += options
        if !command.examples.isEmpty {
            let title = command.examples.count == 1 ? "Example:" : "Examples:"
            let lines = command.examples.flatMap { $0.split(separator: "\n") }.map { "  \($0)" }
            parts.append(([title] + lines).joined(separator: "\n") + "\n")
        }
        if !notes.isEmpty { parts.append(notes.hasSuffix("\n") ? notes : notes + "\n") }
        return parts.joined(separator: "\n")
    }

    /// The options of groups with their titles; of those that every command takes the usual ones,
    /// unless it is about all.
    private func options(
        _ groups: [CommandDescription.OptionGroup],
        isWhole: Bool = false
    ) -> [String] {
        let own = groups.map { section($0.title, $0.options, isBrief: false) }
        return isWhole ? own : own + [everywhere]
    }

    private var usualOptions: [String] {
        let usual = command.options.filter { $0.isUsual || $0.isRequired }
        let own = usual.isEmpty ? [] : [section("Usual options", usual, isBrief: true)]
        return own + [everywhere]
    }

    private var everywhere: String {
        let group = command.global
        return section(group.title, group.options.filter(\.isUsual), isBrief: true)
    }

    private func section(
        _ title: String,
        _ options: [CommandDescription.Option],
        isBrief: Bool
    ) -> String {
        let rows = options.map { option in
            row(option.label, isBrief ? option.brief ?? option.wholeHelp : option.wholeHelp)
        }
        return (["\(title):"] + rows).joined(separator: "\n") + "\n"
    }

    /// The command line, in short.
    var usage: String {
        var words = ["tranche", command.name]
        words += command.operands.map {
            let name = $0.choices.isEmpty ? $0.name : $0.choices.joined(separator: "|")
            if $0.isOptional { return "[\(name)]" }
            return $0.isRepeatable ? name + "…" : name
        }
        words += command.options.filter(\.isRequired).map(\.label)
        words.append("[options]")
        if command.takesProgram { words.append("-- CMD [ARG…]") }
        return words.joined(separator: " ")
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

extension CommandDescription.Option {
    /// The option with the placeholder of its value, as it is typed.
    var label: String { "--\(name)" + (placeholder.map { " \($0)" } ?? "") }

    /// All of its help.
    var wholeHelp: String { isRepeatable ? help + "; can be repeated" : help }
}

extension HelpText {
    /// The program's own help.
    ///
    /// - Parameters:
    ///   - commands: The commands.
    ///   - isWhole: Whether it names all of them, rather than those that are usual.
    /// - Returns: The text.
    static func program(_ commands: [CommandDescription], isWhole: Bool) -> String {
        let shown = isWhole ? commands : commands.filter(\.isUsual)
        let widest = shown.map(\.name.count).max() ?? 0
        let rows = shown.map { command in
            "  " + command.name + String(repeating: " ", count: widest + 2 - command.name.count)
                + command.summary
        }
        let title = isWhole ? "Commands" : "Usual commands"
        return """
            \(purpose)

            usage: tranche COMMAND [options]

            \(title):
            \(rows.joined(separator: "\n"))

            \(isWhole ? more : fewer)
            """
    }

    /// What the program is for.
    static let purpose =
        "Hands out the items of a table in weighted batches, each exactly once per run."

    /// Command lines to begin with.
    static let beginning = [
        "export TRANCHE_INVENTORY=sqlite:work.db",
        "tranche migrate up",
        "tranche register photos --table photo",
        "tranche work --job thumbs --meta photo --weight 64MiB -- ./make-thumbnails",
        "tranche status",
    ]

    private static let fewer = """
        Example:
        \(beginning.map { "  \($0)" }.joined(separator: "\n"))

        'tranche COMMAND --help' shows the usual options of a command, --help-all all of
        them. 'tranche --help-all' lists all commands, settings and exit statuses.

        """

    /// Settings and exit statuses.
    static let more = """
        'tranche COMMAND --help' shows the usual options of a command, --help-all all of
        them; 'tranche --version' the version. Settings come from options, then TRANCHE_…
        variables, then the dotenv file of TRANCHE_ENV_FILE or --env-file; env/sample.env
        lists them.

        Exit: 0 done, 1 failed, 3 nothing to do now, 4 batch lost, 5 cancelled,
        6 another pipeline is applied, 64 wrong usage, 69 a database refuses the
        connection, 75 try again later, 130 stopped by a signal. --exit-when-idle sets
        another status for nothing to do.

        """
}
