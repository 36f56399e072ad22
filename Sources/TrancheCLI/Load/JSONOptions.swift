import TrancheChains

/// The options of `tranche load` that say how a file of JSON is written.
enum JSONOptions {
    private static let layouts = JSONFormat.Layout.allCases.map(\.rawValue)
    private static let ways = JSONFormat.NonFiniteNumbers.allCases.map(\.rawValue)

    static let options: [CommandDescription.Option] = [
        .init(
            "json-layout",
            layouts.joined(separator: "|"),
            "where records of JSON end: at line feeds, or as values of an array or one after the other; by the "
                + "content's look by default",
            choices: layouts
        ),
        .init(
            "json-nan",
            ways.joined(separator: "|"),
            "what becomes of NaN and Infinity in JSON; refused by default",
            choices: ways
        ),
    ]

    /// Reads the options.
    ///
    /// - Parameter arguments: The command line.
    /// - Returns: How the file is written.
    /// - Throws: ``UsageError``.
    static func format(_ arguments: Arguments) throws -> JSONFormat {
        var format = JSONFormat()
        format.layout =
            try arguments.value("json-layout") { text in
                guard let layout = JSONFormat.Layout(rawValue: text) else {
                    throw ValueError("give one of \(layouts.joined(separator: ", "))")
                }
                return layout
            } ?? .recognized
        format.nonFiniteNumbers =
            try arguments.value("json-nan") { text in
                guard let way = JSONFormat.NonFiniteNumbers(rawValue: text) else {
                    throw ValueError("give one of \(ways.joined(separator: ", "))")
                }
                return way
            } ?? .refuse
        if arguments.has("replace-invalid") { format.invalidText = .replace }
        return format
    }
}
