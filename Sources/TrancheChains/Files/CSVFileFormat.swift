import Tranche

/// The CSV format of one source.
struct CSVFileFormat: FileFormat {
    let format: CSVFormat
    let delimiter: UInt8
    let quote: UInt8?

    let prefix = "csv:"

    /// Checks a format.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ format: CSVFormat) throws {
        self.format = format
        delimiter = try Self.byte(format.delimiter, "delimiter")
        quote = try format.quote.map { try Self.byte($0, "quote") }
        guard quote != delimiter else {
            throw TrancheError(
                .invalidArgument,
                "'\(format.delimiter)' cannot be both delimiter and quote"
            )
        }
        if let header = format.header {
            guard !header.isEmpty else {
                throw TrancheError(.invalidArgument, "the header given has no fields; name them")
            }
            _ = try RecordFields(header)
        }
    }

    private static func byte(_ character: Character, _ what: String) throws -> UInt8 {
        guard let byte = character.asciiValue, byte != 0, byte != 0x0A, byte != 0x0D else {
            throw TrancheError(
                .invalidArgument,
                "the \(what) is \(character.debugDescription); give one ASCII character that ends no line"
            )
        }
        return byte
    }

    var description: String {
        var parts = ["csv", "delimiter \(format.delimiter.debugDescription)"]
        parts.append(format.quote.map { "quote \($0.debugDescription)" } ?? "no quotes")
        if let header = format.header { parts.append("header \(header.joined(separator: ","))") }
        if format.raggedRecords == .fit { parts.append("ragged records fit") }
        if format.invalidText == .replace { parts.append("invalid text replaced") }
        return parts.joined(separator: ", ")
    }

    func head(of bytes: any ByteReader, size: Int64) async throws -> FileHead {
        var length: Int64 = 1 << 16
        while true {
            let start = try await bytes.read(0..<max(1, min(size, length)))
            // A size that is unknown shows by the end.
            let isWhole = Int64(start.count) >= size || Int64(start.count) < length
            let mark = start.starts(with: byteOrderMark) ? byteOrderMark.count : 0
            if let header = format.header {
                return FileHead(fields: try RecordFields(header), dataStart: Int64(mark))
            }
            var scanner = RecordScanner(at: Int64(mark), delimiter: delimiter, quote: quote)
            start[mark...].withUnsafeBufferPointer {
                _ = scanner.scan($0, limit: .max, most: 1)
                if isWhole { scanner.finish(limit: .max, most: 1) }
            }
            if scanner.count == 1 {
                let record = start[Int(scanner.firstStart)..<Int(scanner.end)]
                return FileHead(fields: try fields(record, of: bytes.name), dataStart: scanner.end)
            }
            guard !isWhole else {
                throw TrancheError(
                    .invalidSource,
                    scanner.openQuote.map {
                        "the header of '\(bytes.name)' has a quote that is never closed, opened at "
                            + "offset \($0)"
                    } ?? "'\(bytes.name)' is empty, and has no header; give the fields' names"
                )
            }
            length *= 4
        }
    }

    private func fields(_ record: ArraySlice<UInt8>, of name: String) throws -> RecordFields {
        let names = split(record).map { field in
            String(decoding: field, as: UTF8.self).trimming { $0.isWhitespace }
        }
        do {
            return try RecordFields(names)
        } catch let error as TrancheError {
            throw TrancheError(
                .invalidSource,
                "the header of '\(name)' cannot be used: \(error.message)",
                underlying: error
            )
        }
    }

    /// The fields of one record, without quotes around them.
    private func split(_ record: ArraySlice<UInt8>) -> [[UInt8]] {
        var record = record
        while let last = record.last, last == 0x0A || last == 0x0D { record.removeLast() }
        var fields: [[UInt8]] = [[]]
        var isInQuotes = false
        var isAtStart = true
        var bytes = record.makeIterator()
        var next = bytes.next()
        while let byte = next {
            next = bytes.next()
            if isInQuotes {
                if byte != quote {
                    fields[fields.count - 1].append(byte)
                } else if next == quote {
                    fields[fields.count - 1].append(byte)
                    next = bytes.next()
                } else {
                    isInQuotes = false
                }
            } else if byte == delimiter {
                fields.append([])
                isAtStart = true
                continue
            } else if isAtStart, byte == quote {
                isInQuotes = true
            } else {
                fields[fields.count - 1].append(byte)
            }
            isAtStart = false
        }
        return fields
    }

    func scanner(at offset: Int64) -> any RecordScanning {
        RecordScanner(at: offset, delimiter: delimiter, quote: quote)
    }

    func parser(fields: RecordFields?) -> any RecordParser {
        // The head always says the fields.
        CSVParser(fields: fields ?? .none, delimiter: delimiter, quote: quote, format: format)
    }
}
