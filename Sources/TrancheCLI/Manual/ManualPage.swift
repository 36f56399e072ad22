/// A manual page, made from what the help of a command is made from.
struct ManualPage: Sendable {
    /// The name of its file, such as `tranche-work.1`.
    let file: String
    /// The page, as roff.
    let text: String

    /// Makes all pages: one of the program, and one of each command.
    ///
    /// - Parameters:
    ///   - commands: The commands.
    ///   - date: The day that the pages bear, such as `2026-11-28`.
    /// - Returns: The pages, that of the program first.
    static func all(_ commands: [CommandDescription], date: String) -> [ManualPage] {
        [program(commands, date: date)] + commands.map { ManualPage($0, date: date) }
    }

    private init(file: String, text: String) {
        self.file = file
        self.text = text
    }

    /// Makes the page of a command.
    init(_ command: CommandDescription, date: String) {
        let name = "tranche-\(command.name)"
        var page = Roff(title: name, date: date)
        page.section("Name")
        page.paragraph("\(name) - \(command.summary.loweringFirst)")
        page.section("Synopsis")
        page.paragraph(HelpText(command: command).usage)
        if !command.notes.isEmpty {
            page.section("Description")
            page.notes(command.notes)
        }
        if !command.operands.isEmpty {
            page.section("Arguments")
            for operand in command.operands { page.term(operand.name, operand.help) }
        }
        page.section("Options")
        for group in command.groups + [command.global] where !group.options.isEmpty {
            page.part(group.title)
            for option in group.options { page.term(option.label, option.wholeHelp) }
        }
        if !command.examples.isEmpty {
            page.section(command.examples.count == 1 ? "Example" : "Examples")
            for example in command.examples {
                page.lines(example.split(separator: "\n").map(String.init))
            }
        }
        page.section("See also")
        page.paragraph("tranche(1)")
        self.init(file: "\(name).1", text: page.text)
    }

    private static func program(_ commands: [CommandDescription], date: String) -> ManualPage {
        var page = Roff(title: "tranche", date: date)
        page.section("Name")
        page.paragraph("tranche - \(HelpText.purpose.loweringFirst)")
        page.section("Synopsis")
        page.paragraph("tranche COMMAND [options]")
        page.section("Commands")
        for command in commands { page.term("tranche-\(command.name)(1)", command.summary) }
        page.section("Options")
        page.term("--version", "show the version")
        for option in CommandDescription.OptionGroup.global.options {
            page.term(option.label, option.wholeHelp)
        }
        page.section("Settings and exit statuses")
        page.notes(HelpText.more)
        page.section("Example")
        page.lines(HelpText.beginning)
        page.section("See also")
        let names = commands.map { "tranche-\($0.name)(1)" }
        page.paragraph(names.joined(separator: ", "))
        return ManualPage(file: "tranche.1", text: page.text)
    }
}

extension String {
    /// The text with its first letter in lower case and without a full stop, as names of manual
    /// pages have it.
    fileprivate var loweringFirst: String {
        prefix(1).lowercased() + (hasSuffix(".") ? dropFirst().dropLast() : dropFirst())
    }
}
