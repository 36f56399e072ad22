import FoundationEssentials
import Tranche
import TrancheChains
import TrancheConnectors

/// Which option means which field of a source or sink, and what its value is: the one table of it.
struct SpecOptions: Sendable {
    /// What the option is called that names the place; empty for an operand.
    let place: String
    let fields: [Field]

    struct Field: Sendable {
        let option: String
        let name: String
        let kind: Kind
        /// What stands for the option's value where it is to be given.
        var placeholder = ""

        init(_ option: String, _ kind: Kind, name: String? = nil, placeholder: String = "") {
            self.option = option
            self.name = name ?? option.replacing("-", with: "_")
            self.kind = kind
            self.placeholder = placeholder
        }
    }

    enum Kind: Sendable {
        case text, flag, count, list
        /// Given several times, each with several values.
        case lists
        /// A file's content is the value.
        case content
    }

    /// How a file is written.
    private static let ofFiles: [Field] = [
        Field("format", .text), Field("delimiter", .text), Field("quote", .text),
        Field("escape", .text), Field("null", .lists), Field("keep-empty", .flag),
        Field("skip-lines", .count), Field("comment", .text), Field("header", .list),
        Field("header-lines", .count), Field("fit-ragged", .flag),
        Field("replace-invalid", .flag), Field("json-layout", .text), Field("json-nan", .text),
        Field("encoding", .text),
    ]

    /// The columns and rows of a table.
    private static let ofTables: [Field] = [
        Field("uid", .text), Field("item", .text), Field("weight-column", .text),
        Field("where", .text), Field("volatile-filter", .flag), Field("settle-column", .text),
    ]

    /// The column of times.
    private static let ofTimes: [Field] = [
        Field("time-column", .text), Field("by", .text), Field("zone", .text),
        Field("time-as", .text),
    ]

    /// The ends of a run, where they are times.
    private static let ends: [Field] = [
        Field("from", .text, name: "time_from"), Field("to", .text, name: "time_to"),
    ]

    /// The options of a table's columns and rows.
    static let tableOptions = ofTables.map(\.option)

    /// One without fields.
    static func database(from origin: String) -> SpecOptions {
        SpecOptions(place: origin, fields: [])
    }

    /// Those of the source of a job.
    static let source = SpecOptions(
        place: "--meta",
        fields: [Field("schema", .text), Field("key", .text)] + ofTables + ofTimes + ofFiles
            + [Field("upstream-run", .text), Field("first", .text), Field("repeated", .text)]
    )

    /// Those that give a known source other columns and rows.
    static let redefinition = SpecOptions(place: "--meta", fields: ofTables)

    /// Those of a file to load.
    static let file = SpecOptions(place: "", fields: ofFiles + [Field("replaced", .flag)])

    /// Those of where a load writes to.
    ///
    /// - Parameter origin: Where the place was said.
    /// - Returns: The options.
    static func sink(from origin: String) -> SpecOptions {
        SpecOptions(
            place: origin,
            fields: [
                Field("table", .text), Field("key", .list), Field("create-index", .flag),
                Field("each", .flag),
                Field("cypher", .content, name: "statement", placeholder: " FILE"),
                Field("file-per-batch", .flag), Field("drop-unknown", .flag),
                Field("add-columns", .flag),
            ]
        )
    }

    /// The fields that are given.
    ///
    /// - Parameter arguments: The command line.
    /// - Returns: Their values by name.
    /// - Throws: ``UsageError``.
    func fields(_ arguments: Arguments) throws -> [String: SpecValue] {
        var values: [String: SpecValue] = [:]
        for field in fields where arguments.has(field.option) {
            values[field.name] = try value(of: field, arguments)
        }
        return values
    }

    private func value(of field: Field, _ arguments: Arguments) throws -> SpecValue? {
        let text = arguments.text(field.option) ?? ""
        switch field.kind {
        case .text: return .text(text)
        case .flag: return true
        case .count:
            return try arguments.value(field.option) {
                .whole(Int64(try parseCount($0, from: 0)))
            }
        case .list:
            let parts = text.isEmpty ? [] : text.components(separatedBy: ",")
            return .list(parts.map { .text($0.trimmed()) })
        case .lists:
            let parts = arguments.texts(field.option)
                .flatMap { $0.components(separatedBy: ",") }
            return .list(parts.map { .text($0) })
        case .content:
            do {
                return .text(try String(contentsOfFile: text, encoding: .utf8))
            } catch {
                throw UsageError("--\(field.option) '\(text)': the file cannot be read")
            }
        }
    }

    /// Says an error about a field as one about its option.
    ///
    /// - Parameter body: What may throw a `SpecError`.
    /// - Returns: What `body` returns.
    /// - Throws: ``UsageError``, and what `body` throws else.
    func named<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as SpecError {
            throw usage(error)
        }
    }

    /// The option that means a field.
    ///
    /// - Parameter path: The keys that lead to the field; empty for the place.
    /// - Returns: Such as `--weight-column`; what names the place for an empty path.
    func option(of path: [String]) -> String {
        guard let name = path.first else { return place }
        let option = field(name)?.option ?? name.replacing("_", with: "-")
        return "--\(option)"
    }

    private func field(_ name: String) -> Field? {
        (fields + Self.ends).first { $0.name == name }
    }

    private func usage(_ error: SpecError) -> UsageError {
        let words = error.text { path in
            option(of: path) + (path.first.flatMap(field)?.placeholder ?? "")
        }
        if error.code == .holdsPassword, let remedy = Self.remedies[place] {
            let reason = "holds a password, which everyone on this machine could read"
            return UsageError("\(place) \(reason); \(remedy)")
        }
        guard let url = error.value, error.code == .invalidValue, isFolderOfObjects(url) else {
            return UsageError(words)
        }
        return UsageError("\(words): 'tranche register \(url) --table TABLE' does")
    }

    /// Where a password goes instead.
    private static let remedies = [
        "--to": "put the URL into TRANCHE_SINK",
        "--meta": "set MONGO_USERNAME and MONGO_PASSWORD",
    ]

    /// Whether a source is many objects, whose names a table can list.
    private func isFolderOfObjects(_ url: String) -> Bool {
        guard place.isEmpty || place == "--meta", url.hasSuffix("/") else { return false }
        let schemes = Connectors.ofProgram.all((any ByteConnector).self).flatMap(\.byteSchemes)
        return schemes.contains { url.hasPrefix("\($0)://") }
    }
}
