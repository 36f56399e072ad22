/// What a command is and takes; help texts, parsing and shell completions are made from it.
struct CommandDescription: Sendable {
    /// Its name on the command line; empty for the program itself.
    var name: String
    /// What it does, in one line.
    var summary: String
    /// Whether it is among those that the program's own short help names.
    var isUsual = false
    /// Command lines to begin with, each as it is typed; a line ends with ` \\` where it goes on.
    var examples: [String] = []
    /// What stands beside the options, in order.
    var operands: [Operand] = []
    /// Whether a program and its arguments follow `--`.
    var takesProgram = false
    /// Its options, grouped as the help shows them.
    var groups: [OptionGroup] = []
    /// More to know, below the options; lines of at most 79 characters.
    var notes = ""
    /// What of the notes the short help says; shown where all of them do not fit a screen.
    var brief = ""

    var options: [Option] { groups.flatMap(\.options) }

    /// A value that stands beside the options.
    struct Operand: Sendable {
        var name: String
        var help: String
        /// What it may be; empty for anything.
        var choices: [String] = []
        /// Whether several may stand there, as the last ones.
        var isRepeatable = false
        /// Whether it may be left out, as the last one.
        var isOptional = false
        /// What the short help says in place of `help`, where it is shorter.
        var brief: String?
    }

    /// Options under one heading.
    struct OptionGroup: Sendable {
        var title: String
        var options: [Option]

        /// The group of several commands with those options usual that are so for one of them.
        func usual(_ names: String...) -> Self {
            var group = self
            for place in group.options.indices {
                group.options[place].isUsual = names.contains(group.options[place].name)
            }
            return group
        }
    }

    /// A long option.
    struct Option: Sendable {
        var name: String
        /// What stands for its value in the help; `nil` for an option without one.
        var placeholder: String?
        var help: String
        var isRequired = false
        var isRepeatable = false
        /// What its value may be, for completions; empty for anything.
        var choices: [String] = []
        /// Whether the short help shows it, too, where all options do not fit a screen.
        var isUsual = false
        /// What the short help says in place of `help`, where it is shorter.
        var brief: String?

        init(
            _ name: String,
            _ placeholder: String? = nil,
            _ help: String,
            isRequired: Bool = false,
            isRepeatable: Bool = false,
            choices: [String] = [],
            isUsual: Bool = false,
            brief: String? = nil
        ) {
            self.name = name
            self.placeholder = placeholder
            self.help = help
            self.isRequired = isRequired
            self.isRepeatable = isRepeatable
            self.choices = choices
            self.isUsual = isUsual
            self.brief = brief
        }
    }
}

extension CommandDescription.OptionGroup {
    /// The options that every command takes.
    static let global = Self(
        title: "Everywhere",
        options: [
            .init(
                "inventory",
                "URL",
                "the inventory (TRANCHE_INVENTORY): sqlite:PATH or postgresql://…",
                isUsual: true,
                brief: "sqlite:PATH or postgresql://… (TRANCHE_INVENTORY)"
            ),
            .init(
                "meta-db",
                "URL",
                "the items' database (TRANCHE_META_DB); the inventory's by default"
            ),
            .init("env-file", "FILE", "a dotenv file with settings (TRANCHE_ENV_FILE)"),
            .init("json", nil, "one JSON document on standard output", isUsual: true),
            .init("help", nil, "the usual options; -h too"),
            .init("help-all", nil, "all options, and more to know", isUsual: true),
        ]
    )
}
