import FoundationEssentials
public import Tranche
public import TrancheConnectors

/// The records of files as sources, and files as sinks: `csv:PATH`, `jsonl:PATH`, and the sink
/// `none`.
///
/// A path may be the URL of a place for which there is a ``ByteConnector``. Fields of a source:
/// `format`, one of `csv`, `tsv`, `mysql`, `pgcopy` and `jsonl`; `encoding`; `replace_invalid`,
/// `follow` (the file grows) and `replaced`; of CSV `delimiter`, `quote`, `escape`, `null` (a
/// list), `keep_empty`, `skip_lines`, `comment`, `header` (a list), `header_lines`, `fit_ragged`;
/// of JSON `json_layout` and `json_nan`; and `reading`, how the file is read as an inventory keeps
/// it, with those in its place. Fields of a sink: `file_per_batch` and `overwrite`.
public struct FileConnector: SourceConnector, SinkConnector {
    /// Makes the connector.
    public init() {}

    /// How a file may be said to be written.
    package static var formats: [String] { FileFields.formats }

    /// `csv:PATH` and `jsonl:PATH`, and no place at all.
    public var schemes: [ConnectorScheme] {
        let formats: [(NamedFile.Format, noun: String)] = [
            (.csv, "a file of CSV"), (.jsonl, "a file of JSON"),
        ]
        let files = formats.flatMap { format, noun in
            let form = "\(format.rawValue):PATH"
            return [
                ConnectorScheme(
                    .source,
                    format.rawValue,
                    form: form,
                    noun: noun,
                    fields: FileFields.names(of: format)
                ),
                ConnectorScheme(
                    .sink,
                    format.rawValue,
                    form: form,
                    noun: form,
                    fields: ["file_per_batch", "overwrite"]
                ),
            ]
        }
        let nothing = ConnectorScheme(
            .sink,
            "",
            form: "none to write nothing",
            places: ["none"],
            noun: "none"
        )
        return files + [nothing]
    }

    /// The file by its absolute path, links followed; an object as it is given.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> {
        guard !spec.scheme.isEmpty else { return spec }
        let file = try file(spec)
        if NamedFile.isObject(file.path) { return spec }
        let path = ResolvedPath(file.path).text
        return try Spec(scheme: spec.scheme, place: path, fields: spec.fields)
    }

    // MARK: - Sources

    /// The file's records.
    public func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        let file = try file(spec)
        let fields = try spec.fields(as: FileFields.self)
        let reading = try fields.reading(of: file)
        var location = try location(file, reading.encoding, context)
        if fields.replaced ?? false { location = location.replaced() }
        let follows = fields.follow ?? false
        return switch file.format {
        case .csv:
            CSVSource(
                location,
                format: try checked(reading.csv ?? FileFields.guessed(file.path)),
                grows: follows
            )
        case .jsonl:
            JSONLinesSource(location, format: reading.json ?? JSONFormat(), grows: follows)
        }
    }

    /// Refuses a format that no file can have, before anything is opened or compared.
    private func checked(_ format: CSVFormat) throws -> CSVFormat {
        _ = try CSVFileFormat(format)
        return format
    }

    /// The absolute path, and the path as it is spelt.
    public func recordedNames(of spec: SourceSpec) throws -> [String] {
        let file = try file(spec)
        return file.recorded == file.spelt ? [file.spelt] : [file.recorded, file.spelt]
    }

    /// The file of a definition, as one that stays as it is and as one that grows.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] {
        guard let file = NamedFile(recorded: definition.table) else { return [] }
        let reading = try SpecValue(encoding: FileReading(definition) ?? FileReading())
        return try [false, true].map { follows in
            try SourceSpec(
                scheme: file.format.rawValue,
                place: file.path,
                fields: ["reading": reading, "follow": .flag(follows)]
            )
        }
    }

    /// The source of a file by its name alone, whose format the fields or its ending say.
    ///
    /// - Parameters:
    ///   - path: A path or URL, or one of these with its scheme.
    ///   - fields: The fields.
    /// - Returns: The source.
    /// - Throws: `SpecError` where nothing says how the file is written.
    package static func spec(
        ofFile path: String,
        _ fields: [String: SpecValue]
    ) throws(SpecError) -> SourceSpec {
        for format in NamedFile.Format.allCases where path.hasPrefix("\(format.rawValue):") {
            let place = String(path.dropFirst(format.rawValue.count + 1))
            return try SourceSpec(scheme: format.rawValue, place: place, fields: fields)
        }
        var format = NamedFile.Format(ending: path)
        if case .text(let name)? = fields["format"] { format = FileFields.fileFormat(name) ?? .csv }
        // Of a folder of objects that is said where it is opened.
        guard let format = format ?? (isFolder(path) ? .csv : nil) else {
            throw SpecError(
                .missing,
                field: ["format"],
                value: path,
                "does not say how it is written; give csv:\(path) or jsonl:\(path), or say it with"
            )
        }
        return try SourceSpec(scheme: format.rawValue, place: path, fields: fields)
    }

    private func file<Role: SpecRole>(_ spec: Spec<Role>) throws(SpecError) -> NamedFile {
        guard let file = NamedFile(spec), !file.path.isEmpty else {
            throw SpecError(
                .invalidValue,
                value: spec.location,
                "names no file; give \(spec.scheme):PATH"
            )
        }
        guard !Self.isFolder(file.path) else {
            throw SpecError(
                .invalidValue,
                value: file.path,
                "names no object; to process the files under it, register them in a table, and "
                    + "name that"
            )
        }
        return file
    }

    private static func isFolder(_ path: String) -> Bool {
        NamedFile.isObject(path) && path.hasSuffix("/")
    }

    private func location(
        _ file: NamedFile,
        _ encoding: TextEncoding?,
        _ context: ConnectorContext
    ) throws -> ByteLocation {
        guard NamedFile.isObject(file.path), let end = file.path.firstRange(of: "://") else {
            return .file(file.path, encoding: encoding)
        }
        let scheme = String(file.path[..<end.lowerBound])
        let places = context.connectors.all((any ByteConnector).self)
        guard let connector = places.first(where: { $0.byteSchemes.contains(scheme) }) else {
            let known = places.flatMap(\.byteSchemes).map { "\($0)://" }.joined(separator: ", ")
            throw SpecError(
                .unknownScheme,
                value: file.path,
                "is not a place of files; there are paths" + (known.isEmpty ? "" : " and \(known)")
            )
        }
        return try connector.bytes(at: file.path, encoding: encoding, context)
    }

    // MARK: - Sinks

    private struct SinkFields: Decodable {
        var filePerBatch: Bool?
        var overwrite: Bool?
    }

    /// The file, or a folder of a file for each batch; fields are parted by tabs where its name
    /// ends with `.tsv`.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        if spec.scheme.isEmpty { return NoOpSink() }
        let file = try sinkFile(spec)
        let fields = try spec.fields(as: SinkFields.self)
        let layout: FileSink.Layout = fields.filePerBatch ?? false ? .filePerBatch : .oneFile
        let overwrites = fields.overwrite ?? false
        return switch file.format {
        case .csv:
            FileSink.csv(
                file.path,
                layout: layout,
                delimiter: Self.isTSV(file.path) ? "\t" : ",",
                overwrites: overwrites
            )
        case .jsonl: FileSink.jsonLines(file.path, layout: layout, overwrites: overwrites)
        }
    }

    /// The absolute path, and whether there is a file for each batch.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        if spec.scheme.isEmpty { return SinkTarget("none") }
        let file = try sinkFile(spec)
        let format = file.format == .csv ? "csv" : "json lines"
        let isFilePerBatch = try spec.fields(as: SinkFields.self).filePerBatch ?? false
        return SinkTarget(
            "\(format) '\(ResolvedPath(file.path).text)'",
            manners: isFilePerBatch ? ["a file for each batch"] : []
        )
    }

    /// Whether the last part of a path says so, as the source of the same path takes it.
    private static func isTSV(_ path: String) -> Bool {
        path.split(separator: "/").last?.lowercased().hasSuffix(".tsv") ?? false
    }

    private func sinkFile(_ spec: SinkSpec) throws -> NamedFile {
        let file = try file(spec)
        guard !NamedFile.isObject(file.path) else {
            let words = "an object cannot be written to: load into a file, and copy that"
            throw SpecError(.unusable, value: file.path, words)
        }
        let plain = CompressionEnding.removed(from: file.path)
        // Of a folder, the name does not say what the files in it are.
        let isFolder = try spec.fields(as: SinkFields.self).filePerBatch ?? false
        guard isFolder || plain == file.path else {
            let words =
                "would not be compressed, as its name says: write '\(plain)', and compress that "
                + "when it is complete"
            throw SpecError(.unusable, value: file.path, words)
        }
        return file
    }
}

extension FileConnector: RedefiningConnector {
    /// The definition with the content that is there now.
    package func redefined(
        _ known: SourceDefinition,
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) async throws -> SourceDefinition {
        let encoding = try spec.fields(as: FileFields.self).reading?.encoding
        return try await location(file(spec), encoding, context).redefined(known)
    }

    /// The definition with the reading that the fields say.
    package func relaxed(
        _ known: SourceDefinition,
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) async throws -> SourceDefinition {
        guard known.reading != nil else {
            throw TrancheError(
                .invalidArgument,
                "'\(known.table)' was begun by an earlier version, which did not keep how it is "
                    + "read; load it under another job name"
            )
        }
        let file = try file(spec)
        let reading = try spec.fields(as: FileFields.self).reading(of: file)
        return try await location(file, reading.encoding, context).relaxed(known, to: reading, file)
    }
}
