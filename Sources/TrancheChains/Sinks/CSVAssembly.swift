import Tranche

/// Puts parts of CSV together under one header, which has the fields of all of them.
struct CSVAssembly {
    private let parts: [(part: PartFolder.Part, names: [[UInt8]], headLength: Int)]
    private let header: [[UInt8]]
    private let delimiter: UInt8

    /// Reads the parts' headers.
    ///
    /// - Parameters:
    ///   - parts: The parts; one without a record has no header.
    ///   - fields: The fields of all records, as far as they are known beforehand.
    ///   - writing: How the parts are spelt.
    /// - Throws: `TrancheError` `.sinkFailed` for a part without a header.
    init(_ parts: [PartFolder.Part], fields: RecordFields?, _ writing: CSVWriting) async throws {
        var known: [(PartFolder.Part, [[UInt8]], Int)] = []
        var header = fields.map { writing.spelt($0.names) } ?? []
        for part in parts where part.size > 0 {
            let head = try await Self.head(of: part, delimiter: writing.delimiter)
            known.append((part, head.names, head.length))
            for name in head.names where !header.contains(name) { header.append(name) }
        }
        self.parts = known
        self.header = header
        delimiter = writing.delimiter
    }

    private static func head(
        of part: PartFolder.Part,
        delimiter: UInt8
    ) async throws -> (names: [[UInt8]], length: Int) {
        var start: [UInt8] = []
        let file = LocalFile(part.path)
        while Int64(start.count) < part.size {
            let place = Int64(start.count)
            start += try await file.read(place..<min(part.size, place + (1 << 16)))
            guard let head = CSVRealigner.header(of: start, delimiter: delimiter) else { continue }
            // A name that is empty has quotes: an empty line is the header of records without a
            // field.
            return head.names == [[]] ? ([], head.length) : head
        }
        throw TrancheError(.sinkFailed, "'\(part.path)' has no header; it was changed")
    }

    /// Writes all: the header once, then the parts' records.
    func write(to output: OutputFile) async throws {
        guard !header.isEmpty || !parts.isEmpty else { return }
        var line: [UInt8] = []
        CSVRealigner.append(header, delimiter, &line)
        try await output.append(line)
        for (part, names, headLength) in parts {
            let isAlike = names == header
            var realigner = CSVRealigner(from: names, to: header, delimiter: delimiter)
            try await PartFolder.eachChunk(of: part.path, from: Int64(headLength), to: part.size) {
                bytes in
                if isAlike { return try await output.append(bytes) }
                var aligned: [UInt8] = []
                realigner.append(bytes, to: &aligned)
                try await output.append(aligned)
            }
        }
    }
}
