/// Goes through the bytes of a CSV dialect one by one, and tells where fields and records end.
///
/// It is the one place that knows the rules of dialects: the scanner, the parser and the reading of
/// the header follow it, so that all see the same records. It can begin at any record's start.
struct DialectMachine {
    /// What a byte was.
    enum Event {
        /// A part of a field, or of something that is left out.
        case none
        /// The last byte of the delimiter behind a field.
        case field
        /// The line end behind a record.
        case record
        /// The end of an empty line or a comment.
        case line
        /// The end of the line that ends the data.
        case end
    }

    private enum Mode {
        case lineStart, fieldStart, field, escaped
        case quoted, quotedEscape
        /// Behind a quote within quotes, which the next byte may double.
        case quoteSeen
        /// Behind the quote that closes a field.
        case closed
        /// In `\.`, where a line begins.
        case marker
        case comment
        /// Behind the end of the data.
        case over
    }

    private let quote: UInt8?
    private let escape: UInt8?
    private let escapesOutsideQuotes: Bool
    private let comment: [UInt8]
    private let endsAtReturn: Bool
    private let keepsReturn: Bool
    private let keepsEmptyLines: Bool
    private let hasEndMarker: Bool
    private let delimiterEnd: UInt8
    private let delimiterWord: UInt32
    private let delimiterMask: UInt32
    private let delimiterLength: Int
    /// Bytes that mean something, where they do; a line feed, which always does, where they do not.
    private let quoteMark: UInt8
    private let quotedEscapeMark: UInt8
    private let escapeMark: UInt8
    private let returnMark: UInt8

    private var mode = Mode.lineStart
    /// The last bytes of the field, as far as a delimiter may begin among them.
    private var recent: UInt32 = 0
    private var recentCount = 0
    /// How many bytes of the comment's mark began the line.
    private var commentCount = 0
    private var previous: UInt8 = 0

    /// The offset of the next byte.
    private(set) var position: Int64
    /// Where the line, and the field, under way began.
    private(set) var lineStart: Int64
    private(set) var fieldStart: Int64
    /// Where the quote that is open was opened.
    private(set) var quoteStart: Int64?
    /// Behind the quote that closed the field; `nil` while none has.
    private(set) var closedAt: Int64?
    /// Whether the field has doubled quotes or escapes.
    private(set) var hasMarks = false
    /// The offset of the last byte that was escaped.
    private(set) var lastEscaped: Int64 = -1
    /// What stands behind the line that ends the data.
    private(set) var textBehindEnd: Int64?
    /// Where the field, or record, that was just ended ends: without delimiter, or line end.
    private(set) var contentEnd: Int64 = 0

    init(_ dialect: CSVDialect, at offset: Int64) {
        quote = dialect.quote
        escape = dialect.escape
        escapesOutsideQuotes = dialect.escapesOutsideQuotes
        comment = dialect.comment
        endsAtReturn = dialect.endsAtReturn
        keepsReturn = dialect.keepsReturn
        keepsEmptyLines = dialect.keepsEmptyLines
        hasEndMarker = dialect.hasEndMarker
        delimiterLength = dialect.delimiter.count
        delimiterEnd = dialect.delimiter.last ?? 0
        delimiterWord = dialect.delimiter.reduce(0) { $0 << 8 | UInt32($1) }
        delimiterMask = delimiterLength == 4 ? ~0 : (1 << UInt32(8 * delimiterLength)) - 1
        quoteMark = quote ?? 0x0A
        quotedEscapeMark = escape ?? quoteMark
        escapeMark = escapesOutsideQuotes ? escape ?? 0x0A : 0x0A
        returnMark = endsAtReturn ? 0x0D : 0x0A
        position = offset
        lineStart = offset
        fieldStart = offset
    }

    /// Whether a record has begun that has not ended.
    var isInRecord: Bool {
        switch mode {
        case .lineStart: commentCount > 0
        case .comment, .over: false
        default: true
        }
    }

    /// Whether what has begun is a record for sure: no empty line, comment or end of data.
    var isSurelyRecord: Bool {
        switch mode {
        case .lineStart, .comment, .over, .marker: false
        case .escaped: !hasEndMarker || position != lineStart + 1
        default: position > lineStart + 1 || previous != 0x0D
        }
    }

    var isOver: Bool { mode == .over }

    /// Whether a field is enclosed in quotes that are not closed.
    var isQuoted: Bool { mode == .quoted || mode == .quotedEscape }

    /// Passes over bytes that are not marks.
    ///
    /// - Returns: How many were passed over.
    @inline(__always)
    mutating func pass(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var place = 0
        if mode == .quoted {
            while place < count, bytes[place] != quoteMark, bytes[place] != quotedEscapeMark {
                place += 1
            }
        } else if mode == .field, delimiterLength == 1 {
            while place < count, bytes[place] != delimiterEnd, bytes[place] != 0x0A,
                bytes[place] != returnMark, bytes[place] != escapeMark
            {
                place += 1
            }
        }
        guard place > 0 else { return 0 }
        position += Int64(place)
        previous = bytes[place - 1]
        return place
    }

    /// Takes the next byte.
    mutating func take(_ byte: UInt8) -> Event {
        defer {
            position += 1
            previous = byte
        }
        switch mode {
        case .field, .closed: return content(byte)
        case .quoted:
            if byte == escape {
                mode = .quotedEscape
                hasMarks = true
            } else if byte == quote {
                mode = .quoteSeen
            }
            return .none
        case .quotedEscape:
            mode = .quoted
            return .none
        case .quoteSeen:
            if byte == quote {
                hasMarks = true
                mode = .quoted
                return .none
            }
            closedAt = position
            quoteStart = nil
            mode = .closed
            recentCount = 0
            return content(byte)
        case .lineStart: return beginLine(byte)
        case .fieldStart: return beginField(byte)
        case .escaped:
            let isMarker = hasEndMarker && byte == UInt8(ascii: ".")
            mode = isMarker && position == lineStart + 1 ? .marker : .field
            lastEscaped = position
            recentCount = 0
            return .none
        case .marker:
            if isLineEnd(byte) {
                mode = .over
                return .end
            }
            if byte == 0x0D, previous != 0x0D { return .none }
            mode = .field
            return content(byte)
        case .comment:
            return isLineEnd(byte) ? .line : .none
        case .over:
            if byte != 0x0A, byte != 0x0D { textBehindEnd = textBehindEnd ?? position }
            return .none
        }
    }

    /// Notes that there are no more bytes.
    ///
    /// - Returns: ``Event/record`` where a record ends with them.
    mutating func finish() -> Event {
        if mode == .quoteSeen {
            closedAt = position
            quoteStart = nil
            mode = .closed
        }
        if mode == .marker { mode = .over }
        // A carriage return alone is an empty line whose end is missing.
        let isReturn =
            position == lineStart + 1 && previous == 0x0D && !keepsReturn
            && !keepsEmptyLines
        guard isInRecord, !isQuoted, !isReturn else { return isReturn ? .line : .none }
        endContent()
        return .record
    }

    private func isLineEnd(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D && endsAtReturn
    }

    private mutating func beginLine(_ byte: UInt8) -> Event {
        if commentCount < comment.count, byte == comment[commentCount] {
            commentCount += 1
            if commentCount == comment.count { mode = .comment }
            return .none
        }
        if commentCount > 0 {
            // What looked like a comment holds no mark: it is the beginning of a field.
            for mark in comment[..<commentCount] { remember(mark) }
            mode = .field
            return content(byte)
        }
        if byte == 0x0A, endsAtReturn {
            // The second half of a line end.
            return .line
        }
        return beginField(byte)
    }

    private mutating func beginField(_ byte: UInt8) -> Event {
        if byte == quote {
            mode = .quoted
            quoteStart = position
            return .none
        }
        mode = .field
        return content(byte)
    }

    /// Takes a byte outside quotes.
    private mutating func content(_ byte: UInt8) -> Event {
        if isLineEnd(byte) { return endLine() }
        if byte == escape, escapesOutsideQuotes {
            mode = .escaped
            hasMarks = true
            return .none
        }
        remember(byte)
        guard byte == delimiterEnd, recentCount >= delimiterLength,
            recent & delimiterMask == delimiterWord
        else { return .none }
        contentEnd = position + 1 - Int64(delimiterLength)
        mode = .fieldStart
        recentCount = 0
        return .field
    }

    private mutating func remember(_ byte: UInt8) {
        recent = recent << 8 | UInt32(byte)
        recentCount += 1
    }

    private mutating func endLine() -> Event {
        let length = position - lineStart
        endContent()
        if length == 0 || contentEnd == lineStart, !keepsEmptyLines { return .line }
        return .record
    }

    private mutating func endContent() {
        contentEnd = position
        if previous == 0x0D, contentEnd > lineStart, lastEscaped != position - 1,
            !endsAtReturn, !keepsReturn,
            closedAt == nil || closedAt == contentEnd - 1
        {
            contentEnd -= 1
        }
    }

    /// Begins the next field; to be called when the one that ended has been read.
    mutating func beginNextField() {
        fieldStart = position
        closedAt = nil
        hasMarks = false
    }

    /// Begins the next line; to be called when the record that ended has been read.
    mutating func beginNextLine() {
        mode = .lineStart
        commentCount = 0
        recentCount = 0
        lineStart = position
        fieldStart = position
        closedAt = nil
        hasMarks = false
    }
}
