import Tranche

/// Finds out what stands before the first record of a CSV file, and how it is written.
struct CSVHead {
    private let format: CSVFormat
    private let name: String
    private let bytes: [UInt8]
    /// Whether nothing follows the bytes.
    private let isWhole: Bool
    /// Whether more may be written behind them.
    private let grows: Bool
    private var dialect: CSVDialect
    /// Where what is not passed over begins.
    private var start = 0
    /// Where the last line begins that is said to be passed over; `nil` for none.
    private var lastSkipped: Int?
    private var notes: [String] = []
    /// What was found, as it identifies the source's records.
    private var found: [String] = []

    /// Begins to look.
    ///
    /// - Parameters:
    ///   - format: How the file is said to be written.
    ///   - dialect: The same, as bytes.
    ///   - bytes: The file's first bytes.
    ///   - isWhole: Whether nothing follows them.
    ///   - grows: Whether more may be written behind them.
    ///   - name: The file's name, for messages.
    init(
        _ format: CSVFormat,
        _ dialect: CSVDialect,
        _ bytes: [UInt8],
        isWhole: Bool,
        grows: Bool = false,
        name: String
    ) {
        self.format = format
        self.dialect = dialect
        self.bytes = bytes
        self.isWhole = isWhole
        self.grows = grows
        self.name = name
    }

    /// Looks.
    ///
    /// - Returns: What was found; `nil` where more bytes are wanted.
    /// - Throws: `TrancheError` `.invalidSource` for a header that cannot be used.
    mutating func find() throws -> CSVFileFormat? {
        if bytes.starts(with: byteOrderMark) { start = byteOrderMark.count }
        if let blank { return blank }
        findLineEnds()
        passSeparatorLine()
        guard passSkippedLines() else {
            guard isWhole else { return nil }
            try requireHeader(false)
            throw TrancheError(
                .invalidSource,
                "'\(name)' has no more than the \(format.skippedLines) lines that --skip-lines passes over"
            )
        }
        try refuseBinary()
        try refuseJSON()
        try findDelimiter()
        findQuote()
        if dialect.escapes == .mariaDB { dialect.keepsReturn = !endsWithReturns() }
        let sample = sample()
        let rows = sample.rows
        let first = titleLines(rows)
        let lines = headerLines(rows, first)
        if rows.count < first + max(1, lines) {
            guard isWhole else { return nil }
            try requireHeader(rows.count >= first + lines)
            if let quote = sample.openQuote, format.header == nil || first + lines > 0 {
                throw TrancheError(
                    .invalidSource,
                    "the header of '\(name)' has a quote that is never closed, opened at offset \(quote)"
                )
            }
            guard rows.count >= first + lines, format.header != nil else {
                throw TrancheError(
                    .invalidSource,
                    "'\(name)' is empty, and has no header; give the names of the fields"
                )
            }
        }
        let header = Array(rows[first..<first + lines])
        let body = Array(rows[(first + lines)...])
        let names = try names(header, body)
        dialect.keepsEmptyLines = names.count == 1
        let head = FileHead(
            fields: try RecordFields(names),
            dataStart: Int64(header.last?.end ?? start)
        )
        return CSVFileFormat(
            format,
            dialect,
            found: found,
            before: (titles: lineCount(of: rows[..<first]), header: lines),
            head: head,
            notes: notes,
            rival: rival(of: names, hasHeader: lines > 0)
        )
    }

    /// Whether nothing follows the bytes, nor ever will: then a line without an end is one.
    private var isComplete: Bool { isWhole && !grows }

    /// Refuses a file that grows before its header is there, and all that stands before it; there
    /// may be nothing at all, and the last line may be half written.
    private func requireHeader(_ isThere: Bool) throws {
        guard grows, !isThere || format.header == nil else { return }
        let isNamed = format.header != nil
        let text = bytes.dropFirst(bytes.starts(with: byteOrderMark) ? byteOrderMark.count : 0)
        let what =
            text.allSatisfy { $0 == 0x0A || $0 == 0x0D }
            ? "is empty so far"
            : isNamed
                ? "has not all lines yet that stand before its records"
                : "has no whole header yet, or not all lines before it"
        let end = isNamed ? "the lines before its records are" : "its header is"
        let verb = isNamed ? "have" : "has"
        throw TrancheError(
            .sourceUnavailable,
            "'\(name)' grows, and \(what); it is followed once \(end) written and \(verb) an end"
        )
    }

    /// The format of a file that holds nothing but line breaks, and will hold no more; `nil` for
    /// any other file.
    ///
    /// It has no records, and says not even their fields' names.
    ///
    /// Where names are given and no header is read, empty lines may be records: such a file is as
    /// any other.
    private var blank: CSVFileFormat? {
        guard isWhole, !grows, format.header == nil || (format.headerLines ?? 0) > 0,
            bytes[start...].allSatisfy({ $0 == 0x0A || $0 == 0x0D })
        else { return nil }
        return CSVFileFormat(format, dialect, head: FileHead(dataStart: Int64(bytes.count)))
    }

    /// Another delimiter that parts all first records alike; whoever names a single field himself
    /// is not asked.
    private func rival(of names: [String], hasHeader: Bool) -> UInt8? {
        guard names.count == 1, format.header == nil else { return nil }
        return CSVGuess.rival(
            bytes,
            from: start,
            dialect,
            isWhole: isComplete,
            hasHeader: hasHeader
        )
    }

    /// Refuses JSON in the place of a header: an array of objects or of records, or an object.
    private func refuseJSON() throws {
        guard format.header == nil, format.headerLines != 0 else { return }
        func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let begin = bytes.dropFirst(start).drop(while: isBlank)
        let next = begin.dropFirst().drop(while: isBlank).first
        let isArray = begin.first == UInt8(ascii: "[") && next == UInt8(ascii: "{")
        let isObject = begin.first == UInt8(ascii: "{") && next == UInt8(ascii: "\"")
        guard isArray || isObject else { return }
        throw TrancheError(
            .invalidSource,
            "'\(name)' is JSON, where a header of CSV should be; read it as JSON (--format jsonl), "
                + "or name the fields of its lines"
        )
    }

    private func sample() -> CSVSample {
        CSVSample(bytes, from: start, dialect, isWhole: isComplete, most: 1000)
    }

    private mutating func note(_ text: String) {
        notes.append(text)
    }

    private func refusal(_ problem: String, _ remedy: String? = nil) -> TrancheError {
        TrancheError(
            .invalidSource,
            "the header of '\(name)' \(problem); \(remedy.map { "\($0), or " } ?? "")"
                + "give the names of the fields with --header, and pass over the lines that are "
                + "there with --skip-lines"
        )
    }

    // MARK: - Before the header

    /// Lines end with CR where there are such outside quotes, and no LF is.
    private mutating func findLineEnds() {
        guard !bytes.contains(0x0A) || dialect.quote != nil, bytes.contains(0x0D) else { return }
        var isInQuotes = false
        var hasReturn = false
        var last: UInt8 = 0
        for byte in bytes[start...] {
            if let quote = dialect.quote, byte == quote { isInQuotes.toggle() }
            if !isInQuotes, byte == 0x0A { return }
            if !isInQuotes, byte == 0x0D { hasReturn = true }
            last = byte
        }
        // One CR at the very end may be the half of a line end.
        guard hasReturn, isComplete || last != 0x0D || bytes.count > 4096 else { return }
        dialect.endsAtReturn = true
        note("lines end with CR alone")
    }

    /// Passes over the line `sep=;` of Excel, which says the delimiter.
    private mutating func passSeparatorLine() {
        let line = line(from: start)
        var text = bytes[line.content]
        if text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\""), text.count > 1 {
            text = text.dropFirst().dropLast()
        }
        let mark = text.prefix(4).map { $0 | 0x20 }
        guard text.count == 5, mark == Array("sep=".utf8).map({ $0 | 0x20 }),
            text[text.startIndex + 3] == UInt8(ascii: "="), let delimiter = text.last,
            delimiter != dialect.quote, !Character(UnicodeScalar(delimiter)).isLetter,
            line.end <= bytes.count
        else { return }
        start = line.end
        found.append("after sep=\(Character(UnicodeScalar(delimiter)))")
        if format.guesses.contains(.delimiter) || format.delimiter == "," {
            dialect.delimiter = [delimiter]
        }
        let said = Character(UnicodeScalar(dialect.delimiter[0])).debugDescription
        note("the line sep= is passed over; fields are parted by \(said)")
    }

    /// The line at a place: where its content is, and where the next begins.
    private func line(from place: Int) -> (content: Range<Int>, end: Int) {
        var end = place
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D || !dialect.endsAtReturn {
            end += 1
        }
        var content = place..<end
        if !dialect.endsAtReturn, end > place, bytes[end - 1] == 0x0D { content = place..<end - 1 }
        if end + 1 < bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A { end += 1 }
        return (content, min(bytes.count, end + 1))
    }

    /// Passes over the lines that are said to stand before all else.
    ///
    /// - Returns: Whether there are as many.
    private mutating func passSkippedLines() -> Bool {
        guard format.skippedLines > 0 else { return true }
        for _ in 0..<format.skippedLines {
            guard start < bytes.count else { return false }
            let line = line(from: start)
            // Half a line is none where more may come.
            let last = bytes[line.end - 1]
            let hasEnd = last == 0x0A || last == 0x0D && dialect.endsAtReturn
            if grows, !hasEnd { return false }
            lastSkipped = start
            start = line.end
        }
        found.append("\(format.skippedLines) lines skipped")
        return isWhole || start < bytes.count
    }

    /// Refuses what is not text at its first bytes.
    private func refuseBinary() throws {
        let first = bytes[start...].prefix(64)
        guard first.count(where: { $0 == 0 }) > 1 else { return }
        throw TrancheError(
            .invalidSource,
            "'\(name)' is not a text: it has NUL bytes among its first 64; if it is UTF-16, or "
                + "compressed, say so "
                + "or convert it"
        )
    }

    private mutating func findDelimiter() throws {
        let isSaid = found.contains { $0.hasPrefix("after sep=") }
        guard format.guesses.contains(.delimiter), !isSaid else { return }
        let guess = CSVGuess.delimiter(
            bytes,
            from: start,
            after: lastSkipped,
            dialect,
            isWhole: isComplete,
            names: format.header?.count
        )
        switch guess {
        case .comma: return
        case .other(let delimiter):
            dialect.delimiter = [delimiter]
            let character = Character(UnicodeScalar(delimiter))
            note("fields are parted by \(character.debugDescription)")
        case .either(let delimiter):
            let character = String(UnicodeScalar(delimiter)).replacing("\t", with: "\\t")
            throw TrancheError(
                .invalidSource,
                "the first records of '\(name)' are parted into as many fields each by ',' as by "
                    + "'\(character)'; say which it is with --delimiter ',' or "
                    + "--delimiter '\(character)'"
            )
        }
    }

    private mutating func findQuote() {
        guard format.guesses.contains(.quote), dialect.quote == UInt8(ascii: "\"") else { return }
        switch CSVGuess.quotes(bytes, from: start, dialect, isWhole: isComplete) {
        case true?: note("quotes enclose fields")
        case false?:
            dialect.quote = nil
            note("quotes are text")
        case nil:
            dialect.quote = nil
            dialect.isQuoteUnknown = true
        }
    }

    /// Whether each line ends with a carriage return before its line feed.
    private func endsWithReturns() -> Bool {
        var dialect = dialect
        dialect.keepsReturn = true
        let rows = CSVSample(bytes, from: start, dialect, isWhole: isComplete, most: 1000).rows
        let ends = rows.map(\.end).filter { $0 > 1 && bytes[$0 - 1] == 0x0A }
        return !ends.isEmpty && ends.allSatisfy { bytes[$0 - 2] == 0x0D }
    }

    // MARK: - The header

    private var guessesHeader: Bool {
        format.guesses.contains(.header) && format.header == nil && format.headerLines == nil
            && format.skippedLines == 0
    }

    /// How many records stand before the header.
    private mutating func titleLines(_ rows: [CSVSample.Row]) -> Int {
        guard guessesHeader, let count = CSVGuess.titles(in: rows) else { return 0 }
        let what = count == 1 ? "a line stands" : "\(count) lines stand"
        note(
            "\(what) before the header, and no record; --skip-lines 0 reads the first line as header"
        )
        found.append("\(count) lines before the header")
        return count
    }

    /// How many lines some first records take, and what stands between them.
    private func lineCount(of rows: ArraySlice<CSVSample.Row>) -> Int {
        guard let end = rows.last?.end else { return 0 }
        let mark = dialect.endsAtReturn ? RecordScanner.carriageReturn : RecordScanner.newline
        return bytes[start..<end].count(where: { $0 == mark })
    }

    private mutating func headerLines(_ rows: [CSVSample.Row], _ first: Int) -> Int {
        if let lines = format.headerLines {
            if format.header != nil, lines > 0 { found.append("header of \(lines) lines replaced") }
            if format.header == nil, lines != 1 { found.append("header of \(lines) lines") }
            return lines
        }
        if format.header != nil { return 0 }
        guard guessesHeader, CSVGuess.hasSecondHeader(rows[min(first, rows.count)...]) else {
            return 1
        }
        found.append("header of 2 lines")
        note("the header has two lines; --header-lines 1 reads the second as record")
        return 2
    }

    private mutating func names(_ header: [CSVSample.Row], _ body: [CSVSample.Row]) throws
        -> [String]
    {
        if let names = format.header {
            try refuseDoubledHeader(names, body)
            findLastDelimiter(width: names.count, body, isNamed: true)
            return names
        }
        var texts: [String] = []
        for row in header {
            while texts.count < row.width { texts.append("") }
            for (place, field) in row.fields.enumerated() {
                let text = try text(of: field, place).trimming { $0.isWhitespace }
                guard !text.isEmpty else { continue }
                texts[place] += texts[place].isEmpty ? text : " " + text
            }
        }
        if header.isEmpty {
            guard let width = body.first?.width else {
                throw TrancheError(
                    .invalidSource,
                    "'\(name)' is empty, and has no header; give the names of the fields"
                )
            }
            texts = Array(repeating: "", count: width)
            note("there is no header; --header names the fields")
        } else if texts.count > 1, texts.last == "" {
            if findLastDelimiter(width: texts.count - 1, body, isNamed: false) {
                texts.removeLast()
            }
        } else {
            findLastDelimiter(width: texts.count, body, isNamed: true)
        }
        let names = CSVNames(texts)
        notes += names.notes
        return names.names
    }

    /// A delimiter stands behind the last field of each record where all have one field more, an
    /// empty one.
    @discardableResult
    private mutating func findLastDelimiter(
        width: Int,
        _ body: [CSVSample.Row],
        isNamed: Bool
    ) -> Bool {
        // As of the file that stood there before.
        if dialect.endsWithDelimiter { return true }
        guard format.guesses.contains(.header) else { return false }
        guard !isNamed || !body.isEmpty,
            body.allSatisfy({
                $0.width == width + 1 && $0.fields[width].isEmpty && !$0.fields[width].isQuoted
            })
        else { return false }
        dialect.endsWithDelimiter = true
        note("each record ends with a delimiter, behind which there is no field")
        return true
    }

    /// Refuses a header that is there though names are given for a file without one.
    private func refuseDoubledHeader(_ names: [String], _ body: [CSVSample.Row]) throws {
        guard let first = body.first, first.width == names.count, names.count > 1 else { return }
        let texts = first.fields.map { field in
            String(decoding: field.text, as: UTF8.self).trimming { $0.isWhitespace }.lowercased()
        }
        guard texts == names.map({ $0.lowercased() }) else { return }
        throw TrancheError(
            .invalidSource,
            "the first record of '\(name)' has the names that are given for its fields: it is a header. Leave "
                + "--header away, or pass over the line with --skip-lines \(format.skippedLines + 1)"
        )
    }

    private mutating func text(of field: CSVSample.Field, _ place: Int) throws -> String {
        guard !field.hasTextBehind else {
            throw refusal("has text behind the closing quote of field \(place + 1)")
        }
        if let bad = UTF8Check.firstInvalid(field.text[...]), format.invalidText == .refuse {
            throw refusal(
                "is not UTF-8 in field \(place + 1), at its byte \(bad)",
                "say its encoding with --encoding, or replace what is none with --replace-invalid"
            )
        }
        if let byte = field.text.first(where: {
            $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D || $0 == 0x7F
        }) {
            throw refusal(
                "has the control character U+\(hex(byte)) in field \(place + 1): is it text?",
                "say its encoding with --encoding"
            )
        }
        if field.text.contains(0x0D), !field.isQuoted {
            throw refusal(
                "has a carriage return (CR) in field \(place + 1), though other lines end with LF",
                "make all line ends alike"
            )
        }
        let text = String(decoding: field.text, as: UTF8.self)
        guard let line = field.text.firstIndex(of: 0x0A) ?? field.text.firstIndex(of: 0x0D) else {
            return text
        }
        let behind = field.text[line...]
        if behind.contains(where: { $0 == dialect.delimiter.first }) || field.text.count > 1024 {
            throw refusal(
                "has a name of several lines in field \(place + 1), which looks like records",
                "close the quote that is open"
            )
        }
        note("the name of field \(place + 1) has several lines")
        return text
    }

    private func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
