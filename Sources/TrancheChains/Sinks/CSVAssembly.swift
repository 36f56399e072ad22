import Tranche

/// Puts parts of CSV together under one header, which has the fields of all of them.
struct CSVAssembly {
    private let parts: [(part: PartFolder.Part, head: Head)]
    private let header: [[UInt8]]
    private let delimiter: UInt8

    /// The header of a part.
    private struct Head {
        var names: [[UInt8]]
        var length: Int
        /// What parts the fields.
        var delimiter: UInt8
    }

    /// Reads the parts' headers.
    ///
    /// - Parameters:
    ///   - parts: The parts; one without a record has no header.
    ///   - fields: The fields of all records, as far as they are known beforehand.
    ///   - writing: How the parts are spelt.
    /// - Throws: `TrancheError` `.sinkFailed` for a part without a header.
    init(_ parts: [PartFolder.Part], fields: RecordFields?, _ writing: CSVWriting) async throws {
        var known: [(PartFolder.Part, Head)] = []
        var header = fields.map { writing.spelt($0.names) } ?? []
        for part in parts where part.size > 0 {
            var head = try await Self.head(of: part, delimiter: writing.delimiter)
            if head.names.count == 1, !header.contains(head.names[0]),
                let earlier = try await Self.headByCommas(of: part, writing)
            {
                head = earlier
            }
            known.append((part, head))
            for name in head.names where !header.contains(name) { header.append(name) }
        }
        self.parts = known
        self.header = header
        delimiter = writing.delimiter
    }

    /// The header of a part whose fields are parted by commas, as earlier versions did in files
    /// named `.tsv`; `nil` where it is none.
    private static func headByCommas(
        of part: PartFolder.Part,
        _ writing: CSVWriting
    ) async throws -> Head? {
        let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
        guard writing.delimiter == UInt8(ascii: "\t") else { return nil }
        var found = try await head(of: part, delimiter: comma)
        guard found.names.count > 1 else { return nil }
        // A single field may have a comma in its name.
        if Int64(found.length) < part.size {
            let record = try await head(of: part, from: Int64(found.length), delimiter: comma)
            guard record.names.count == found.names.count else { return nil }
        }
        let names = found.names.map { name in
            guard name.first == quote else { return String(decoding: name, as: UTF8.self) }
            return String(decoding: name.dropFirst().dropLast(), as: UTF8.self)
                .replacing("\"\"", with: "\"")
        }
        found.names = writing.spelt(names)
        return found
    }

    /// The fields of the line that begins at an offset.
    private static func head(
        of part: PartFolder.Part,
        from offset: Int64 = 0,
        delimiter: UInt8
    ) async throws -> Head {
        var start: [UInt8] = []
        let file = LocalFile(part.path)
        while offset + Int64(start.count) < part.size {
            let place = offset + Int64(start.count)
            start += try await file.read(place..<min(part.size, place + (1 << 16)))
            guard let head = CSVRealigner.header(of: start, delimiter: delimiter) else { continue }
            // A name that is empty has quotes: an empty line is the header of records without a
            // field.
            let names = head.names == [[]] ? [] : head.names
            return Head(names: names, length: head.length, delimiter: delimiter)
        }
        throw TrancheError(.sinkFailed, "'\(part.path)' has no header; it was changed")
    }

    /// Writes all: the header once, then the parts' records.
    func write(to output: OutputFile) async throws {
        guard !header.isEmpty || !parts.isEmpty else { return }
        var line: [UInt8] = []
        CSVRealigner.append(header, delimiter, &line)
        try await output.append(line)
        for (part, head) in parts {
            let isAlike = head.names == header && head.delimiter == delimiter
            var realigner = CSVRealigner(
                from: head.names,
                to: header,
                delimiter: delimiter,
                read: head.delimiter
            )
            try await PartFolder.eachChunk(of: part.path, from: Int64(head.length), to: part.size) {
                bytes in
                if isAlike { return try await output.append(bytes) }
                var aligned: [UInt8] = []
                realigner.append(bytes, to: &aligned)
                try await output.append(aligned)
            }
        }
    }
}
