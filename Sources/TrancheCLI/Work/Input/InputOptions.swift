import Tranche

/// The options that say how CMD is given the items of a batch.
struct InputOptions: Sendable {
    /// The columns of the rows that stand beside the items.
    let columns: RowColumns?
    /// What CMD gets on its standard input.
    private let form: ItemForm
    /// The words of CMD, with the place of the items among them; `nil` where they go elsewhere.
    private let arguments: ItemArguments?
    /// Whether one process works on one batch after the other.
    let isPersistent: Bool

    /// Which option says what.
    static let group = CommandDescription.OptionGroup(
        title: "Input of CMD",
        options: [
            columnsOption("add \"row\" to each line", isUsual: true),
            .init("lines", nil, "pass only the payloads, as lines, instead of JSON"),
            .init(
                "args",
                nil,
                "pass the payloads as arguments, as xargs does: at the end, or in place "
                    + "of an argument {}, which implies --args",
                isUsual: true,
                brief: "payloads as arguments, as with xargs; {} implies it"
            ),
            .init(
                "placeholder",
                "TEXT",
                "argument that stands for the items instead of {}; '' for none, and {} is passed on"
            ),
            .init(
                "persistent",
                nil,
                "one process per worker, which reads batch after batch and answers each "
                    + "with a line; for programs that start slowly",
                isUsual: true,
                brief: "one process per worker, for batch after batch"
            ),
        ]
    )

    /// What `--columns` takes.
    static func columnsOption(
        _ what: String,
        isUsual: Bool = false
    ) -> CommandDescription.Option {
        .init(
            "columns",
            "A,B|'*'",
            "\(what): these columns of the item, or all, as a JSON object",
            isUsual: isUsual,
            brief: "\(what): these columns, or all"
        )
    }

    init(_ arguments: Arguments) throws {
        columns = try arguments.value("columns", Self.parseColumns)
        isPersistent = arguments.has("persistent")
        let isLines = arguments.has("lines")
        let isJSON = columns != nil || isPersistent || isLines
        let mark = arguments.text("placeholder") ?? "{}"
        // What says otherwise how the items are given lets {} be what it is.
        let given = [arguments.has("args"), arguments.has("placeholder"), !isJSON].contains(true)
        if !isJSON, !arguments.has("placeholder") { try Self.requireWhole(arguments.program) }
        self.arguments =
            try given
            ? ItemArguments(
                arguments.program,
                mark: mark.isEmpty ? nil : mark,
                isAppended: arguments.has("args")
            ) : nil
        if arguments.has("placeholder"), !mark.isEmpty, self.arguments == nil {
            throw UsageError("--placeholder '\(mark)': no argument of CMD is that")
        }
        form = isLines ? .payloads : .json(columns)
        let uses = [
            ("--lines", isLines), ("--columns", columns != nil),
            ("--persistent", isPersistent),
            (arguments.has("args") ? "--args" : "'\(mark)' for the items", self.arguments != nil),
        ].filter(\.1).map(\.0)
        guard uses.count < 2 || uses == ["--columns", "--persistent"] else {
            throw UsageError(
                "\(uses[0]) and \(uses[1]) exclude each other: CMD is given the items in one way"
            )
        }
    }

    /// Refuses a `{}` within a word, which would be passed on as it is: an item is meant there.
    ///
    /// In a text with blanks, such as a script or JSON, it may mean anything.
    private static func requireWhole(_ program: [String]) throws {
        guard
            let word = program.dropFirst().first(where: {
                $0 != "{}" && $0.contains("{}") && !$0.contains(where: \.isWhitespace)
            })
        else { return }
        let start = word.count > 60 ? "\(word.prefix(60))…" : word
        throw UsageError(
            "'\(start)' has {} within an argument: the items stand in the place of a whole argument "
                + "{}, as in -- CMD {}; --placeholder '' passes {} on as it is, --placeholder TEXT "
                + "names another mark"
        )
    }

    /// Reads `--columns`.
    static func parseColumns(_ text: String) throws -> RowColumns {
        if text == "*" { return .all }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !names.contains("") else {
            throw ValueError("give names of columns with commas between them, or '*' for all")
        }
        guard Set(names).count == names.count else { throw ValueError("a column stands twice") }
        guard !names.contains("*") else { throw ValueError("'*' means all columns: give it alone") }
        return .named(names)
    }

    /// Finds out whether a source has what CMD is to be given.
    ///
    /// - Parameter source: The open source.
    /// - Throws: `TrancheError` `.invalidSource`.
    func check(_ source: any MetaSource) throws {
        _ = try columns?.limiting(source)
        let isPlain = arguments != nil || form == .payloads
        let definition = source.definition
        if isPlain, definition.item == nil, let source = source as? any RecordMetaSource,
            let fields = source.fields
        {
            let names = fields.names.map { "'\($0)'" }.joined(separator: ", ")
            throw TrancheError(
                .invalidSource,
                "'\(definition.table)' has no payload to give to CMD: name its column with --item; "
                    + "it has \(names)",
                field: ["item"]
            )
        }
        if isPersistent, definition.table.hasPrefix(PagedSource.prefix) {
            throw TrancheError(
                .invalidSource,
                "--persistent does not go with pages: each names the next while it is worked on"
            )
        }
    }

    /// What CMD would be given of a batch.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - program: CMD.
    ///   - environment: What takes of the system's room for arguments beside the batch's own
    ///     variables.
    /// - Returns: Its words, and the first lines of its standard input.
    /// - Throws: What reading the items throws; `TrancheError` `.invalidItem` for one that CMD
    ///   cannot be given so.
    func preview(
        of batch: Batch,
        _ program: [String],
        _ environment: [String: String]
    ) async throws -> ProgramPreview {
        do {
            if let arguments {
                let own = try await batch.programVariables()
                let calls = try await arguments.calls(
                    for: batch,
                    environment: environment.merging(own) { $1 }
                )
                return ProgramPreview(command: calls.first ?? program, calls: calls.count)
            }
            var given = ProgramPreview(command: program)
            if isPersistent { given.lines.append(try await batch.programHeader()) }
            try await batch.writeItems(as: form) { chunk in
                // Whole lines: behind the last one nothing stands.
                let lines = chunk.split(
                    separator: UInt8(ascii: "\n"),
                    omittingEmptySubsequences: false
                )
                for line in lines.dropLast() {
                    guard given.lines.count < ProgramPreview.mostLines else {
                        given.isWhole = false
                        return false
                    }
                    given.lines.append(String(decoding: line, as: UTF8.self))
                }
                return true
            }
            return given
        } catch let unfit as UnfitItems {
            throw TrancheError(.invalidItem, unfit.words ?? "an item cannot be given to CMD")
        }
    }

    /// How a program is given the items; a pool of processes belongs to one use of it.
    var way: ProgramInput {
        if let arguments { return .arguments(arguments) }
        return isPersistent ? .persistent(ProgramPool(form)) : .lines(form)
    }
}

/// How a program is given the items of a batch.
enum ProgramInput: Sendable {
    /// As lines on its standard input.
    case lines(ItemForm)
    /// As arguments of one or more calls.
    case arguments(ItemArguments)
    /// As lines on the standard input of a process that goes on.
    case persistent(ProgramPool)
}
