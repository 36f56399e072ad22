import FoundationEssentials
package import Tranche

/// A file that an inventory may know: by its name, by an earlier spelling of it, or by its content.
package struct KnownFile {
    private let location: ByteLocation
    private let store: any InventoryStore

    init(_ location: ByteLocation, beside store: any InventoryStore) {
        self.location = location
        self.store = store
    }

    /// How a source says which content it has.
    static func database(_ name: String, _ state: ByteState) -> String {
        "\(name) of \(state.storedSize) bytes, \(state.version)"
    }

    /// Likewise, where the content grows.
    static func growing(_ name: String) -> String {
        "\(name), which grows"
    }

    /// Opens the file as a source.
    ///
    /// - Parameters:
    ///   - format: How it is written.
    ///   - grows: Whether it may grow.
    /// - Returns: The source, with the definition under which the inventory knows it.
    /// - Throws: As ``ByteReader/state()``, what the header's fault is, and of the store.
    func open(_ format: any FileFormat, grows: Bool) async throws -> any MetaSource {
        let bytes = try await location.open()
        let reading = try format.reading(location.encoding).text
        if grows, location.isOnDisk { return try await follow(format, reading) }
        var source = try await FileMetaSource(
            bytes,
            format: format,
            name: location.name,
            grows: grows
        )
        if grows {
            let name = try await growing(format.prefix).name
            source.definition.table = format.prefix + name
            source.definition.database = Self.growing(name)
        } else {
            source.definition = try await known(
                source.definition,
                source.opened,
                bytes,
                prefix: format.prefix
            )
        }
        source.definition.reading = reading
        return source
    }

    // MARK: - Files that stay as they are

    /// The definition under which a content is known, or its own.
    ///
    /// The time tells contents apart. Where only that differs, the content is added up: a file that
    /// was touched, or copied to its place again, is the same.
    private func known(
        _ own: SourceDefinition,
        _ state: ByteState,
        _ bytes: any ByteReader,
        prefix: String
    ) async throws -> SourceDefinition {
        let known = try await definitions(of: own.table)
        let exact =
            known.first { $0.database == own.database }
            ?? known.first { known in
                // Earlier versions told how large a compressed file is when it is decompressed.
                state.size != state.storedSize
                    && known.database.hasSuffix(" bytes, \(state.version)")
            }
        let change = LocalFile.change(at: location.name)
        if let exact, let identity = exact.identity, let file = FileIdentity(identity),
            file.file == state.identity, file.isUnchanged(at: change)
        {
            var found = own
            found.identity = identity
            found.database = exact.database
            return found
        }
        let identity = FileIdentity(
            file: state.identity,
            content: try await bytes.checksum(),
            change: change
        )
        let sameContent = known.first { known in
            guard let content = identity.content else { return false }
            return known.identity.flatMap { FileIdentity($0)?.content } == content
        }
        if let exact, sameContent == nil, identity.content != nil,
            exact.identity.flatMap({ FileIdentity($0)?.content }) != nil
        {
            throw TrancheError(
                .redefined,
                "'\(location.name)' is another file than the one that is known under this name, although it "
                    + "has the same size and time: its content differs. Load it under another job name"
            )
        }
        var found = own
        found.identity = try identity.text
        if let same = sameContent ?? exact {
            found.database = same.database
        } else if known.isEmpty, let earlier = try await earlier(state, prefix: prefix) {
            found.database = earlier.database
            found.table = earlier.table
        }
        return found
    }

    /// The definition that the same content was given under another spelling, by versions that took
    /// a name as it was spelt.
    private func earlier(
        _ state: ByteState,
        prefix: String
    ) async throws -> SourceDefinition? {
        for name in spellings {
            let database = Self.database(name, state)
            let known = try await definitions(of: prefix + name)
            if let found = known.first(where: { $0.database == database }) { return found }
        }
        return nil
    }

    /// How the file may have been spelt: as given, and by the ends of its path.
    private var spellings: [String] {
        guard location.name.hasPrefix("/") else { return [] }
        var spellings = [location.spelling]
        let parts = location.name.split(separator: "/")
        for count in 1...max(1, parts.count) {
            let end = parts.suffix(count).joined(separator: "/")
            spellings += [end, "./" + end]
        }
        return spellings.filter { $0 != location.name }
    }

    /// Whether a run has loaded all of a file that is as it was, as far as that shows without
    /// reading it.
    ///
    /// - Parameters:
    ///   - summary: The run.
    ///   - store: The inventory's store.
    /// - Returns: Whether it has for sure.
    /// - Throws: Of the store.
    package static func isLoaded(
        _ summary: RunSummary,
        in store: any InventoryStore
    ) async throws -> Bool {
        let run = summary.run
        let areAllDone = summary.totals.allSatisfy { $0.key == .succeeded || $0.value.batches == 0 }
        guard areAllDone, run.bounds.isOpen, let cursor = run.cursor,
            let text = run.definition,
            let path = run.key.metaTable.firstIndex(of: ":").map({
                String(run.key.metaTable[run.key.metaTable.index(after: $0)...])
            }), path.hasPrefix("/")
        else { return false }
        let known = try JSONText.decode(SourceDefinition.self, from: text)
        // What is wrong with the file is told when it is opened.
        guard let identity = known.identity.flatMap({ FileIdentity($0) }),
            let file = identity.file, identity.isUnchanged(at: LocalFile.change(at: path)),
            // One that cannot be seen is not known; whoever opens it says why.
            let state = try? await LocalFile(path).state(), state.identity == file,
            let size = size(in: known.database, of: path, state),
            let last = try await store.batches(holding: cursor, of: run.key.metaTable)
                .last(where: { $0.key == run.key && $0.idEnd == cursor })
        else { return false }
        return last.idStart.addingClamped((last.weight ?? 0).nearestInteger) == size
    }

    /// The size that a definition tells of a file with the same time, which may be that of what it
    /// decompresses to.
    private static func size(
        in database: String,
        of path: String,
        _ state: ByteState
    ) -> Int64? {
        let (start, end) = ("\(path) of ", " bytes, \(state.version)")
        guard database.hasPrefix(start), database.hasSuffix(end) else { return nil }
        return Int64(database.dropFirst(start.count).dropLast(end.count))
    }

    // MARK: - Files that grow

    /// Opens a file on disk that grows, and in whose place others may come to stand.
    private func follow(
        _ format: any FileFormat,
        _ reading: String
    ) async throws -> FollowedFile {
        let (name, known) = try await growing(format.prefix)
        let own = known.filter { $0.definition.database == Self.growing(name) }
        let lists = own.compactMap { _, definition in
            definition.identity.flatMap { FileGenerations($0) }.map { ($0, definition.item) }
        }
        let last = lists.max { $0.0.isBefore($1.0) }
        // A run that has handed nothing out says by its files alone where it goes on.
        let waiting = own.map(\.run).filter { $0.cursor == nil && !$0.isFormer }
            .compactMap { run in UnreadGenerations.next(of: run).map { (run.key, $0) } }
            .min { $0.1 < $1.1 }
        let (store, table) = (self.store, format.prefix + name)
        return try await FollowedFile(
            location,
            as: name,
            format: format,
            reading: reading,
            known: last?.0,
            waiting: waiting.map { (run: $0.0, start: $0.1) },
            item: last?.1
        ) {
            try await UnreadGenerations(of: table, definedAs: Self.growing(name), in: store)
        }
    }

    /// The name under which a file that grows is known, and the runs that know it.
    ///
    /// Nothing but the spelling says which file an earlier version meant: only those are asked for
    /// that mean this one now.
    private func growing(
        _ prefix: String
    ) async throws -> (name: String, runs: [DefinedRun]) {
        let known = try await runs(of: prefix + location.name)
        guard known.isEmpty else { return (location.name, known) }
        for name in spellings where ResolvedPath(name).text == location.name {
            let known = try await runs(of: prefix + name)
            let grows = known.contains { $0.definition.database == Self.growing(name) }
            if grows { return (name, known) }
        }
        return (location.name, [])
    }

    private func definitions(of table: String) async throws -> [SourceDefinition] {
        try await runs(of: table).map(\.definition)
    }

    /// A run, and what it reads.
    private typealias DefinedRun = (run: RunRecord, definition: SourceDefinition)

    private func runs(of table: String) async throws -> [DefinedRun] {
        try await store.runs(RunSelection(metaTable: table)).compactMap { run in
            try run.definition.map {
                (run: run, definition: try JSONText.decode(SourceDefinition.self, from: $0))
            }
        }
    }
}

/// What tells a file that stays as it is from another one under the same name.
struct FileIdentity: Codable, Hashable {
    var file: String?
    var content: String?
    /// When anything of the file was changed last, also its time; earlier versions did not keep it.
    var change: String?

    init(file: String?, content: String?, change: String?) {
        self.file = file
        self.content = content
        self.change = change
    }

    /// Whether nothing of the file was changed since, as far as that is known: what was written
    /// into it and given the former time shows so alone.
    func isUnchanged(at now: String?) -> Bool {
        change == nil || now == nil || change == now
    }

    /// Reads what ``text`` wrote; `nil` for what something else wrote.
    init?(_ text: String) {
        guard let known = try? JSONText.decode(Self.self, from: text) else { return nil }
        self = known
    }

    var text: String? {
        get throws {
            file == nil && content == nil ? nil : try JSONText.encode(self)
        }
    }
}
