public import Tranche

/// The connectors that a program has: by them texts become sources, sinks and databases.
///
/// ```swift
/// let connectors = Connectors([InventoryConnector(), FileConnector(), SQLiteConnector()])
/// let source = try connectors.source(SourceSpec("csv:data/x.csv"), ConnectorContext())
/// ```
///
/// It is a value: a program makes it of the modules that it links. Where several have a scheme the
/// first is asked, so one that takes any name, such as that of tables, comes last.
public struct Connectors: Sendable {
    private let list: [any Connector]
    /// The schemes of each connector, which are asked for many times.
    private let schemes: [[ConnectorScheme]]

    /// Takes connectors, those that are asked first in front.
    public init(_ connectors: [any Connector]) {
        list = connectors
        schemes = connectors.map(\.schemes)
    }

    /// These connectors, and others that are asked before them.
    public func adding(_ others: any Connector...) -> Connectors {
        Connectors(others + list)
    }

    // MARK: - Making

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - spec: The source.
    ///   - context: What else belongs to it.
    /// - Returns: The source; nothing is opened yet.
    /// - Throws: ``SpecError``.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let connector = try connector(of: spec, (any SourceConnector).self)
        return try checked(spec) { try connector.source(spec, joined(context)) }
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - spec: The sink.
    ///   - context: What else belongs to it.
    /// - Returns: The sink; nothing is opened yet.
    /// - Throws: ``SpecError``.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        let connector = try connector(of: spec, (any SinkConnector).self)
        return try checked(spec) { try connector.sink(spec, joined(context)) }
    }

    /// The target of a sink, as runs store it: the same however it is spelt.
    ///
    /// - Parameter spec: The sink.
    /// - Returns: The words.
    /// - Throws: ``SpecError``.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let connector = try connector(of: spec, (any SinkConnector).self)
        return try checked(spec) { try connector.target(of: spec) }
    }

    /// Describes where an inventory is.
    ///
    /// - Parameters:
    ///   - spec: The inventory's database.
    ///   - context: What else belongs to it.
    /// - Returns: The location; nothing is opened yet.
    /// - Throws: ``SpecError``.
    public func inventory(
        _ spec: DatabaseSpec,
        _ context: ConnectorContext
    ) throws -> InventoryLocation {
        let connector = try connector(of: spec, (any DatabaseConnector).self)
        return try checked(spec) { try connector.inventory(spec, joined(context)) }
    }

    /// The same source, sink or database, whichever process reads it: with absolute paths in place
    /// of those that begin in this process's working folder, the links in them followed.
    ///
    /// - Parameter spec: The source, sink or database.
    /// - Returns: The value; its fields are kept, and the database that is one of them is treated
    ///   alike.
    /// - Throws: ``SpecError``.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> {
        let connector = try connector(of: spec, (any Connector).self)
        var anchored = try checked(spec) { try connector.anchored(spec) }
        if let database = try spec.fields(as: NamedDatabase.self).database {
            anchored.fields["database"] = try SpecValue(encoding: self.anchored(database))
        }
        return anchored
    }

    /// The database that a table is in, where a field names it.
    private struct NamedDatabase: Decodable {
        var database: DatabaseSpec?
    }

    // MARK: - What there is

    /// The schemes that a kind may have, in the order in which they are asked.
    public func schemes(of kind: SpecKind) -> [ConnectorScheme] {
        schemes.flatMap { $0.filter { $0.kind == kind } }
    }

    /// The scheme of a value.
    ///
    /// - Parameter spec: The value.
    /// - Returns: The scheme, with the fields that it takes.
    /// - Throws: ``SpecError`` `.unknownScheme`, with those that are known.
    public func scheme<Role: SpecRole>(of spec: Spec<Role>) throws -> ConnectorScheme {
        for scheme in schemes.joined()
        where scheme.kind == Role.kind && scheme.name == spec.scheme
            && scheme.places?.contains(spec.place) ?? true
        {
            return scheme
        }
        throw unknown(spec, schemes(of: Role.kind))
    }

    /// The connector of a value, once its fields are known to be those of its scheme.
    ///
    /// - Parameters:
    ///   - spec: The value.
    ///   - type: What the connector must be.
    /// - Returns: The connector.
    /// - Throws: ``SpecError`` `.unknownScheme` or `.unknownField`.
    public func connector<Role: SpecRole, Kind>(
        of spec: Spec<Role>,
        _ type: Kind.Type
    ) throws -> Kind {
        let scheme = try scheme(of: spec)
        if let extra = spec.fields.keys.filter({ !scheme.fields.contains($0) }).min() {
            throw misplaced(extra, scheme)
        }
        for (connector, schemes) in zip(list, schemes) where schemes.contains(scheme) {
            if let connector = connector as? Kind { return connector }
        }
        throw unknown(spec, schemes(of: Role.kind))
    }

    /// The connectors that are of a type, in the order in which they are asked.
    public func all<Kind>(_ type: Kind.Type) -> [Kind] { list.compactMap { $0 as? Kind } }

    // MARK: - Recorded sources

    /// The names under which inventories keep a source, today's first.
    ///
    /// - Parameter spec: The source.
    /// - Returns: At least one name.
    /// - Throws: ``SpecError``.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        let connector = try connector(of: spec, (any SourceConnector).self)
        return try checked(spec) { try connector.recordedNames(of: spec) }
    }

    /// The sources that may have been recorded under a definition.
    ///
    /// - Parameters:
    ///   - definition: What an inventory keeps of the source of a run.
    ///   - rootIDs: The ids at the root that the run is limited to.
    /// - Returns: The sources, the likeliest first.
    /// - Throws: What is wrong with the definition.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds = IDBounds()
    ) throws -> [SourceSpec] {
        for connector in list {
            guard let connector = connector as? any SourceConnector else { continue }
            let specs = try connector.specs(recordedAs: definition, rootIDs: rootIDs)
            if !specs.isEmpty { return specs }
        }
        return []
    }

    // MARK: - Faults

    private func joined(_ context: ConnectorContext) -> ConnectorContext {
        var context = context
        context.connectors = self
        return context
    }

    /// Says which text an error is about that a module has about its own place.
    private func checked<Role: SpecRole, Result>(
        _ spec: Spec<Role>,
        _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as TrancheError where error.code == .invalidArgument {
            throw SpecError(.unusable, value: spec.location, error.message)
        }
    }

    private func unknown<Role: SpecRole>(
        _ spec: Spec<Role>,
        _ known: [ConnectorScheme]
    ) -> SpecError {
        let forms = Self.listed(known.map(\.form))
        let words =
            switch Role.kind {
            case .source: "is not a table's name, and its scheme is not known"
            case .sink: "is not known: this is not a place to write to"
            case .database: wordsOnDatabase(spec)
            }
        let nearest = NearestName(known.map(\.name).filter { !$0.isEmpty }).to(spec.scheme)
        let meant = nearest.map { "\($0):" } ?? likeliest(spec, known)
        let hint = meant.map { "did you mean \($0), or one of" } ?? "give"
        return SpecError(.unknownScheme, value: spec.location, "\(words); \(hint) \(forms)")
    }

    /// The sink that a text without a scheme may mean: by its ending a file, otherwise a table.
    private func likeliest<Role: SpecRole>(
        _ spec: Spec<Role>,
        _ known: [ConnectorScheme]
    ) -> String? {
        guard Role.kind == .sink, spec.scheme.isEmpty, !spec.place.isEmpty else { return nil }
        let endings = [
            "csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl", "db": "sqlite",
            "sqlite": "sqlite", "sqlite3": "sqlite",
        ]
        let parts = spec.place.split(separator: ".", omittingEmptySubsequences: false)
        let ending = parts.count > 1 ? endings[parts[parts.count - 1].lowercased()] : nil
        // A path is no table's name.
        guard let scheme = ending ?? (spec.place.contains("/") ? nil : "table"),
            known.contains(where: { $0.name == scheme })
        else { return nil }
        return "\(scheme):\(redacted(spec.place))"
    }

    /// What a text is that names no database.
    private func wordsOnDatabase<Role: SpecRole>(_ spec: Spec<Role>) -> String {
        let others = schemes(of: .source) + schemes(of: .sink)
        if let other = others.first(where: { !$0.name.isEmpty && $0.name == spec.scheme }) {
            return "names \(other.noun), which can hold neither an inventory nor tables"
        }
        switch spec.scheme {
        case "jdbc": return "names no database as it is; leave out 'jdbc:'"
        case "file": return "names no database; a SQLite file has the scheme sqlite"
        case "" where spec.place.contains("="):
            return "names no database; what libpq takes as words is given as a URL"
        case "" where !spec.place.isEmpty:
            return "names no database; the SQLite file of this name is sqlite:\(spec.place)"
        default: return "names no database"
        }
    }

    private func misplaced(_ field: String, _ scheme: ConnectorScheme) -> SpecError {
        let known = schemes(of: scheme.kind)
        let takers = known.filter { $0.fields.contains(field) }.map(\.noun)
        let words: String
        if takers.isEmpty {
            let names = scheme.fields.sorted()
            let nearest = NearestName(names).to(field).map { "did you mean \($0)?" }
            let all = names.isEmpty ? "there is none" : "there are \(names.joined(separator: ", "))"
            words = "is not a field of \(scheme.noun); \(nearest ?? all)"
        } else {
            words = "goes with \(Self.listed(takers)), not with \(scheme.noun)"
        }
        return SpecError(.unknownField, field: [field], words)
    }

    /// Names, each once, the last behind "or".
    private static func listed(_ names: [String]) -> String {
        var known: Set<String> = []
        let names = names.filter { known.insert($0).inserted }
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return "\(names.dropLast().joined(separator: ", ")) or \(last)"
    }
}
