/// What a command is and takes; help texts, parsing and shell completions are made from it.
struct CommandDescription: Sendable {
    /// Its name on the command line; empty for the program itself.
    var name: String
    /// Its purpose, in one line.
    var summary: String
    /// Whether it is among those that the program's own short help names.
    var isUsual = false
    /// Command lines to begin with, each as it is typed; a line ends with ` \\` where it goes on.
    var examples: [String] = []
    /// The operands, in order.
    var operands: [Operand] = []
    /// Whether a program and its arguments follow `--`.
    var takesProgram = false
    /// Its options, grouped as the help shows them.
    var groups: [OptionGroup] = []
    /// More to know, below the options; lines of at most 79 characters.
    var notes = ""
    /// The notes of the short help; shown where the full notes do not fit a screen.
    var brief = ""

    /// Whether it prints a document with `--json`; otherwise it refuses that.
    var hasDocument = true

    var options: [Option] { groups.flatMap(\.options) }

    /// The options that it takes as every command does.
    var global: OptionGroup {
        var group = OptionGroup.global
        if !hasDocument { group.options.removeAll { $0.name == "json" } }
        return group
    }

    /// A value that stands beside the options.
    struct Operand: Sendable {
        var name: String
        var help: String
        /// The values it may have; empty for any.
        var choices: [String] = []
        /// Whether several may stand there, as the last ones.
        var isRepeatable = false
        /// Whether it may be left out, as the last one.
        var isOptional = false
        /// The text of the short help in place of `help`, if it is shorter.
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
        /// The placeholder for its value in the help; `nil` for an option without one.
        var placeholder: String?
        var help: String
        var isRequired = false
        var isRepeatable = false
        /// The values it may have, for completions; empty for any.
        var choices: [String] = []
        /// Whether the short help shows it, too, where all options do not fit a screen.
        var isUsual = false
        /// The text of the short help in place of `help`, if it is shorter.
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
        title: "Global options",
        options: [
            .init(
                "inventory",
                "URL",
                "inventory database (TRANCHE_INVENTORY): sqlite:PATH or postgresql://…",
                isUsual: true,
                brief: "sqlite:PATH or postgresql://… (TRANCHE_INVENTORY)"
            ),
            .init(
                "meta-db",
                "URL",
                "database of the items (TRANCHE_META_DB; default: the inventory's)"
            ),
            .init("env-file", "FILE", "dotenv file with settings (TRANCHE_ENV_FILE)"),
            .init("json", nil, "one JSON document on standard output", isUsual: true),
            .init("help", nil, "show the usual options; also -h"),
            .init("help-all", nil, "show all options and notes", isUsual: true),
        ]
    )
}
