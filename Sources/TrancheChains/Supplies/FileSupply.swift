package import Tranche

/// The records of files, one file after the other, from the first byte to the last.
package struct FileSupply: RecordSupply {
    /// A file, and the item of the batch that names it.
    package struct File: Sendable {
        package var item: Int64
        package var path: String
        package var source: any MetaSourceDescription

        /// Describes a file.
        ///
        /// - Parameters:
        ///   - item: The item of the batch that names it.
        ///   - path: Its path, or its URL.
        ///   - source: It as a source: a ``CSVSource`` or a ``JSONLinesSource``.
        package init(item: Int64, path: String, source: any MetaSourceDescription) {
            (self.item, self.path, self.source) = (item, path, source)
        }
    }

    private struct Opened: Sendable {
        let file: File
        let source: FileMetaSource
        /// What is added to offsets, so that ids differ between files.
        let base: Int64
    }

    private let files: [Opened]
    package let fields: RecordFields?

    /// How many bits of an id are the offset: a file of 64 GiB, text that is decompressed counted.
    private static let offsetBits: Int64 = 36

    /// Opens files.
    ///
    /// - Parameter files: The files.
    /// - Throws: `TrancheError` `.invalidSource`, `.sourceUnavailable` for one that cannot be read.
    package init(_ files: [File]) async throws {
        var opened: [Opened] = []
        for file in files {
            let number = file.item & ((1 << (63 - Self.offsetBits)) - 1)
            opened.append(
                Opened(
                    file: file,
                    source: try await Self.open(file),
                    base: number << Self.offsetBits
                )
            )
        }
        self.files = opened
        // A blank file tells no fields, and has no records that others would come of.
        let told = opened.map(\.source).filter { !$0.isBlank }
        let first = told.first?.fields
        fields = told.allSatisfy { $0.fields == first } ? first : nil
    }

    private static func open(_ file: File) async throws -> FileMetaSource {
        let (location, format): (ByteLocation, any FileFormat)
        switch file.source {
        case let csv as CSVSource:
            (location, format) = (csv.location, try CSVFileFormat(csv.format))
        case let json as JSONLinesSource:
            (location, format) = (json.location, JSONFileFormat(json.format))
        default:
            throw TrancheError(.invalidSource, "'\(file.path)' is not a file of CSV or JSON")
        }
        let bytes = try await location.open()
        var source = try await FileMetaSource(
            bytes,
            format: format,
            name: location.name,
            grows: false
        )
        source.wayOn = "give the file again: it is read from its first record"
        return source
    }

    package func place(of id: Int64) -> RecordPlace {
        let base = (id >> Self.offsetBits) << Self.offsetBits
        guard let opened = files.first(where: { $0.base == base }) else {
            return RecordPlace(item: id)
        }
        return RecordPlace(item: opened.file.item, file: opened.file.path, offset: id - base)
    }

    package func lines(of ids: some Sequence<Int64>) async -> [Int64: RecordLine] {
        var found: [Int64: RecordLine] = [:]
        for opened in files {
            let own = ids.filter { ($0 >> Self.offsetBits) << Self.offsetBits == opened.base }
            let lines = await opened.source.knownLines(of: own.map { $0 - opened.base })
            for (offset, line) in lines { found[opened.base + offset] = line }
        }
        return found
    }

    package func records(
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        var left = files[...]
        var reading: (opened: Opened, records: ChunkReader<Record>)?
        return ChunkReader {
            while true {
                if let (opened, records) = reading {
                    if let chunk = try await records.next() {
                        return try Self.numbered(chunk, opened)
                    }
                    try await opened.source.requireUnchanged()
                    reading = nil
                }
                guard let next = left.popFirst() else { return nil }
                let records = try await next.source.allRecords { fault in
                    var fault = fault
                    fault.id = try Self.id(at: fault.id, next)
                    try onFault(fault)
                }
                reading = (next, records)
            }
        }
    }

    private static func numbered(_ chunk: [Record], _ opened: Opened) throws -> [Record] {
        if let last = chunk.last { _ = try id(at: last.id, opened) }
        return chunk.blockRuns.flatMap { run -> [Record] in
            guard let block = run.first?.block else { return [] }
            let numbered = block.numbered { opened.base &+ $0 }
            return run.map { Record(numbered, row: $0.row) }
        }
    }

    private static func id(at offset: Int64, _ opened: Opened) throws -> Int64 {
        guard offset < 1 << offsetBits else {
            throw TrancheError(
                .invalidSource,
                "'\(opened.file.path)' has more than 64 GiB, the most that is read as one batch; "
                    + "have a "
                    + "process of the type 'workflow' load it in batches"
            )
        }
        return opened.base + offset
    }
}
