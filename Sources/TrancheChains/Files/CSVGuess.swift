/// What the first records of a CSV file tell of how it is written.
///
/// Each guess leaves all as it is unless the content is clear.
enum CSVGuess {
    /// What may part fields, other than a comma.
    static let delimiters: [UInt8] = [UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")]
    /// What may part fields that are read as one.
    static let rivals: [UInt8] = delimiters + [UInt8(ascii: ","), UInt8(ascii: ":")]
    /// The most lines that may stand before a header.
    static let mostTitles = 30

    /// What the first records tell of the delimiter.
    enum Delimiter: Equatable {
        /// Nothing against a comma.
        case comma
        case other(UInt8)
        /// A comma and another part all records, each into as many fields.
        case either(UInt8)
    }

    /// The delimiter: another than a comma where the first record has no comma, but two fields or
    /// more of the other, and nine records in ten have as many as it, or as each other.
    ///
    /// Where the first record has a comma, one that parts all records into as many fields, and
    /// where names are given into as many as these; a comma must not do so, too. What was passed
    /// over may have been a header, and then tells.
    ///
    /// - Parameters:
    ///   - bytes: The file's first bytes.
    ///   - start: Where the first record begins.
    ///   - skipped: Where the last line begins that is passed over; `nil` where none is.
    ///   - dialect: How the file is said to be written.
    ///   - isWhole: Whether nothing follows the bytes.
    ///   - names: How many names are given; `nil` where the file has them.
    /// - Returns: What they tell.
    static func delimiter(
        _ bytes: [UInt8],
        from start: Int,
        after skipped: Int?,
        _ dialect: CSVDialect,
        isWhole: Bool,
        names: Int?
    ) -> Delimiter {
        // Whoever names a single field is not asked.
        if names == 1 { return .comma }
        func rows(_ delimiter: UInt8, from start: Int, most: Int = 1000) -> [CSVSample.Row] {
            var dialect = dialect
            dialect.delimiter = [delimiter]
            return CSVSample(bytes, from: start, dialect, isWhole: isWhole, most: most).rows
        }
        func width(_ delimiter: UInt8, at start: Int) -> Int {
            rows(delimiter, from: start, most: 1).first?.width ?? 1
        }
        let comma = UInt8(ascii: ",")
        let others = delimiters.filter { $0 != dialect.quote }
        let clear = others.first { other in
            guard let first = rows(other, from: start, most: 1).first,
                case let width = names ?? first.width, width > 1, first.fits(width)
            else { return false }
            let rows = rows(other, from: start)
            return rows.count > (names == nil ? 1 : 0) && rows.allSatisfy { $0.fits(width) }
        }
        let ownWidth = width(comma, at: start)
        if let clear, ownWidth > 1 || names != nil {
            let own = rows(comma, from: start)
            let wanted = names ?? ownWidth
            let fitting = own.count { $0.fits(wanted) }
            guard Double(fitting) >= Double(own.count) * (names == nil ? 0.9 : 1) else {
                return .other(clear)
            }
            guard let skipped else { return .either(clear) }
            switch (width(comma, at: skipped) == wanted, width(clear, at: skipped) == wanted) {
            case (true, false): return .comma
            case (false, true): return .other(clear)
            default: return .either(clear)
            }
        }
        guard ownWidth == 1 else { return .comma }
        return likeliest(of: others.map { ($0, rows($0, from: start)) }).map { .other($0) }
            ?? .comma
    }

    /// Of what may part records that no comma parts, that which does so best.
    private static func likeliest(of others: [(delimiter: UInt8, rows: [CSVSample.Row])])
        -> UInt8?
    {
        var best: (delimiter: UInt8, share: Double, width: Int)?
        for (delimiter, rows) in others {
            let first = titles(in: rows) ?? 0
            guard first < rows.count, case let width = rows[first].width, width > 1 else {
                continue
            }
            // Records may all have another number of fields than the header: they are refused one
            // by one.
            let body = rows[(first + 1)...]
            let usual = body.first { $0.width > 1 }?.width ?? width
            let share = max(share(of: width, in: rows[first...]), share(of: usual, in: body))
            guard share >= 0.9 else { continue }
            if let best, (best.share, best.width) >= (share, width) { continue }
            best = (delimiter, share, width)
        }
        return best?.delimiter
    }

    /// The delimiter that parts all first records, also the header, into as many fields: two or
    /// more.
    ///
    /// Without a header a colon tells nothing, which stands within times.
    static func rival(
        _ bytes: [UInt8],
        from start: Int,
        _ dialect: CSVDialect,
        isWhole: Bool,
        hasHeader: Bool
    ) -> UInt8? {
        var best: (delimiter: UInt8, width: Int)?
        for delimiter in rivals
        where [delimiter] != dialect.delimiter && delimiter != dialect.quote {
            if delimiter == UInt8(ascii: ":"), !hasHeader { continue }
            var other = dialect
            other.delimiter = [delimiter]
            other.keepsEmptyLines = false
            let rows = CSVSample(bytes, from: start, other, isWhole: isWhole, most: 1000).rows
            guard let width = rows.first?.width, width > 1, width > best?.width ?? 1,
                rows.allSatisfy({ $0.width == width })
            else { continue }
            best = (delimiter, width)
        }
        return best?.delimiter
    }

    /// How many of some records have a width.
    private static func share(of width: Int, in rows: ArraySlice<CSVSample.Row>) -> Double {
        Double(rows.count { $0.width == width }) / Double(max(1, rows.count))
    }

    /// Whether quotes enclose fields of a file whose name says TSV; `nil` where none begins with a
    /// quote.
    ///
    /// They do where each such field is closed by a quote, and one of them needs that, or the
    /// header has quotes.
    static func quotes(_ bytes: [UInt8], from start: Int, _ dialect: CSVDialect, isWhole: Bool)
        -> Bool?
    {
        var bare = dialect
        bare.quote = nil
        let quote = UInt8(ascii: "\"")
        let plain = CSVSample(bytes, from: start, bare, isWhole: isWhole)
        guard plain.rows.contains(where: { $0.fields.contains { $0.text.first == quote } }) else {
            return nil
        }
        var quoted = dialect
        quoted.quote = quote
        let sample = CSVSample(bytes, from: start, quoted, isWhole: isWhole)
        let fields = sample.rows.flatMap(\.fields).filter(\.isQuoted)
        let isSound =
            (sample.openQuote == nil || !isWhole) && !fields.isEmpty
            && fields.allSatisfy { !$0.hasTextBehind }
        let isNeeded =
            fields.contains(where: \.needsQuotes)
            || sample.rows.first?.fields.contains(where: \.isQuoted) == true
        return isSound && isNeeded
    }

    /// How many records before the header are titles; `nil` where none are, or it is not clear.
    ///
    /// A title has one field that is not empty, the first, or a third of the fields that the others
    /// have, all at its beginning. The header behind them has a name for each field, no two alike
    /// and none a number, and nine in ten of what follows have as many fields: three at least, or
    /// two of which one is a number.
    static func titles(in rows: [CSVSample.Row]) -> Int? {
        for count in 1...mostTitles where count + 1 < rows.count {
            let header = rows[count]
            let width = header.width
            guard rows[..<count].allSatisfy({ isTitle($0, width) }) else { continue }
            guard width > 1, isHeader(header) else { continue }
            let body = rows[(count + 1)...]
            // Two fields are soon found in a text with a delimiter in it: numbers tell that they
            // are fields.
            let isTable = width > 2 || (0..<width).contains { isNumber($0, in: body) }
            return isTable && share(of: width, in: body) >= 0.9 ? count : nil
        }
        return nil
    }

    private static func isTitle(_ row: CSVSample.Row, _ width: Int) -> Bool {
        guard row.width <= width else { return false }
        let filled = row.fields.prefix { !isBlank($0) }.count
        guard row.fields.dropFirst(filled).allSatisfy(isBlank) else { return false }
        return filled <= max(1, width / 3)
    }

    private static func isHeader(_ row: CSVSample.Row) -> Bool {
        row.fields.allSatisfy { !isBlank($0) && !$0.isNumber }
            && Set(row.fields.map(\.text)).count == row.width
    }

    private static func isBlank(_ field: CSVSample.Field) -> Bool {
        field.text.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// Whether the header has two records: the first leaves fields without a name, the second has a
    /// name for those, none a number, and some field is a number in all that follow, two at least.
    static func hasSecondHeader(_ rows: ArraySlice<CSVSample.Row>) -> Bool {
        guard rows.count >= 4, let first = rows.first, let second = rows.dropFirst().first,
            first.width == second.width, first.fields.contains(where: isBlank),
            !isBlank(first.fields[0]) || first.fields.contains(where: { !isBlank($0) }),
            first.fields.allSatisfy({ !$0.isNumber || $0.text.count == 4 }),
            second.fields.allSatisfy({ !$0.isNumber })
        else { return false }
        let isNamed = zip(first.fields, second.fields).allSatisfy { !isBlank($0) || !isBlank($1) }
        let body = rows.dropFirst(2)
        return isNamed
            && first.fields.indices.contains { isNumber($0, in: body) }
    }

    /// Whether a field is a number in all of some records.
    private static func isNumber(_ place: Int, in rows: ArraySlice<CSVSample.Row>) -> Bool {
        rows.allSatisfy { $0.width > place && $0.fields[place].isNumber }
    }
}
