import Tranche

/// The file of rejected records: one JSON object a line, with the item's id, its faults, and the
/// record.
///
/// ```json
/// {"offset":4711,"line":120,"errors":[{"field":"amount","message":"is no number","input":"n/a"}],"row":{"id":"5"}}
/// ```
///
/// The line is that on which the record begins, line ends within quotes counted; `"line_from"` says
/// from which offset it is counted, where that is not the file's beginning. There is none where
/// counting would mean to decode or fetch very much again.
///
/// Each item is in it once, however often its batch was tried: an attempt writes a part aside,
/// which takes the place of an earlier attempt's before the success is recorded. When a run is
/// complete, the file is put together from the parts of the batches that succeeded, in order of id.
/// Where no item was refused, there is no file. Those of other jobs and inventories stay out of it.
/// The rejects of a named run are in a file of its own: `NAME.RUN.EXTENSION`.
public struct RejectFile: Sendable {
    private let place: Place
    private let namesSource: Bool
    /// The path, links followed: two that have the same are one.
    let path: String
    /// Whether it takes what no step has a file of its own for, whatever steps follow.
    var takesRest = false

    private enum Place: Sendable {
        case oneFile(PartFolder)
        case folder(BatchFileFolder, path: String)
    }

    private init(_ place: Place, at path: String, namesSource: Bool) {
        self.place = place
        self.namesSource = namesSource
        self.path = ResolvedPath(path).text
    }

    /// A file of JSON Lines.
    ///
    /// - Parameters:
    ///   - path: The file's path; parts are kept in the folder of that name with `.parts` behind
    ///     it.
    ///   - overwrites: Whether a file that was not made by the job is replaced; otherwise it is
    ///     refused.
    ///   - namesSource: Whether each line begins with the source's name, as `"source"`: for jobs
    ///     over several sources, of which an offset alone would not tell.
    /// - Returns: The file.
    public static func jsonLines(
        _ path: String,
        overwrites: Bool = false,
        namesSource: Bool = false
    ) -> RejectFile {
        let parts = PartFolder(path, overwrites: overwrites)
        return RejectFile(.oneFile(parts), at: path, namesSource: namesSource)
    }

    /// A folder with a file of JSON Lines for each batch that has rejects, for runs without an end.
    ///
    /// - Parameter path: The folder's path.
    /// - Returns: The folder.
    package static func folder(_ path: String) -> RejectFile {
        let folder = BatchFileFolder(path, overwrites: false, suffix: "jsonl")
        return RejectFile(.folder(folder, path: path), at: path, namesSource: false)
    }
}

extension RejectFile: ChainAttachment {
    func prepare() async throws {
        switch place {
        case .oneFile(let parts): try parts.prepare()
        case .folder(_, let path): try PartFolder.requireWritable(path)
        }
    }

    func claim(_ run: SinkRun) async throws -> [String] {
        switch place {
        case .oneFile(let parts): try await parts.claim(run)
        case .folder(let folder, _): try await folder.claim(run)
        }
    }

    func begin(_ context: BatchContext) {
        context.rejects.append(RejectCollector(path: path, takesRest: takesRest))
    }

    private func collector(in context: BatchContext) -> RejectCollector? {
        context.rejects.first { $0.path == path }
    }

    func flush(_ context: BatchContext) async throws {
        guard let rejects = collector(in: context) else { return }
        var lines: [UInt8] = []
        let source = namesSource ? context.batch.key.metaTable : nil
        let faults = rejects.take()
        let places = faults.isEmpty ? [:] : await context.lines(of: faults.map(\.id))
        for fault in faults {
            let place = context.supply?.place(of: fault.id)
            Self.append(fault, of: source, from: place, on: places[fault.id], to: &lines)
        }
        if lines.isEmpty { return }
        if rejects.part == nil {
            rejects.part =
                switch place {
                case .oneFile(let parts): try await parts.begin(context.batch)
                case .folder(let folder, _): try await folder.begin(context.batch)
                }
        }
        try await rejects.part?.append(lines)
    }

    func finish(_ context: BatchContext) async throws {
        if let part = collector(in: context)?.part {
            try await part.finish()
        } else {
            switch place {
            case .oneFile(let parts): try await parts.remove(context.batch)
            case .folder(let folder, _): try await folder.remove(context.batch)
            }
        }
    }

    func abandon(_ context: BatchContext) async {
        await collector(in: context)?.part?.abandon()
    }

    func assemble(_ run: SinkRun) async throws {
        guard case .oneFile(let parts) = place else { return }
        if try await parts.isWhole(run) { return }
        if try await parts.keepsOther(from: run) { return }
        do {
            let kept = try await parts.parts(of: run, areAllThere: false)
            if kept.isEmpty { return try parts.removeTarget(of: run.key) }
            var hasLines = false
            try await parts.write(for: run.key) { output in
                for part in kept {
                    let size = try await Self.copy(part, of: parts, into: output)
                    hasLines = hasLines || size > 0
                }
            }
            if !hasLines { try parts.removeTarget(of: run.key) }
        } catch {
            // Another process may have put it together meanwhile, and removed the parts.
            guard try await parts.isWhole(run) else { throw error }
        }
    }

    /// Copies a part; of what was put together before not the lines of items whose batches were
    /// done again.
    ///
    /// - Returns: How many bytes were written.
    /// - Throws: `TrancheError` `.sinkFailed`, `.sinkUnavailable`.
    private static func copy(
        _ part: PartFolder.Part,
        of parts: PartFolder,
        into output: OutputFile
    ) async throws -> Int64 {
        if part.again.runs.isEmpty {
            try await parts.copy([part], into: output)
            return part.size
        }
        let lineFeed = UInt8(ascii: "\n")
        var (size, rest): (Int64, [UInt8]) = (0, [])
        try await PartFolder.eachChunk(of: part.path, from: 0, to: part.size) { bytes in
            rest += bytes
            guard let end = rest.lastIndex(of: lineFeed) else { return }
            var kept: [UInt8] = []
            for line in rest[..<end].split(separator: lineFeed) {
                if let item = item(of: line), part.again.contains(item) { continue }
                kept += line + [lineFeed]
            }
            rest.removeSubrange(...end)
            size += Int64(kept.count)
            try await output.append(kept)
        }
        try await output.append(rest)
        return size + Int64(rest.count)
    }

    /// The item that a line is of; `nil` where it does not say that.
    ///
    /// A quote within a text of the line has a backslash before it: it begins no name.
    private static func item(of line: ArraySlice<UInt8>) -> Int64? {
        let event = Array("{\"event\":".utf8)
        let start =
            line.starts(with: event)
            ? line.startIndex + event.count
            : line.firstRange(of: Array("\"offset\":".utf8))?.upperBound
        let number = start.map { line[$0...].prefix { $0 != UInt8(ascii: ",") } }
        return number.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    func clean(_ run: SinkRun) async throws {
        if case .oneFile(let parts) = place { try await parts.clean(run) }
    }

    private static func append(
        _ fault: RecordFault,
        of source: String?,
        from place: RecordPlace?,
        on line: RecordLine?,
        to lines: inout [UInt8]
    ) {
        lines.append(UInt8(ascii: "{"))
        if let place { lines += "\"event\":\(place.item),".utf8 }
        if let source = place?.file ?? source {
            lines += "\"source\":".utf8
            JSONBytes.append(source.utf8, to: &lines)
            lines.append(UInt8(ascii: ","))
        }
        if let offset = place == nil ? fault.id : place?.offset {
            lines += "\"offset\":\(offset),".utf8
        }
        if let line {
            lines += "\"line\":\(line.number),".utf8
            if let origin = line.origin { lines += "\"line_from\":\(origin),".utf8 }
        }
        lines += "\"errors\":[".utf8
        for (index, error) in fault.errors.enumerated() {
            if index > 0 { lines.append(UInt8(ascii: ",")) }
            lines.append(UInt8(ascii: "{"))
            if let field = error.field {
                lines += "\"field\":".utf8
                JSONBytes.append(field.utf8, to: &lines)
                lines.append(UInt8(ascii: ","))
            }
            lines += "\"message\":".utf8
            JSONBytes.append(error.message.utf8, to: &lines)
            if let input = error.input {
                lines += ",\"input\":".utf8
                JSONBytes.append(input.utf8, to: &lines)
            }
            lines.append(UInt8(ascii: "}"))
        }
        lines += "],\"row\":".utf8
        // A record that could be read is an object; one that could not is text.
        if fault.isObject {
            lines += fault.input.utf8
        } else {
            JSONBytes.append(fault.input.utf8, to: &lines)
        }
        lines += "}\n".utf8
    }
}
