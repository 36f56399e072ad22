@testable import TrancheChains

/// CSV read byte by byte: slow, and plain to see.
struct CSVModel {
    struct Record: Equatable {
        var start: Int
        /// Behind the record and the empty lines and comments after it.
        var end: Int
        /// `nil` where a quoted field has text behind its quote; null fields are `nil`.
        var fields: [[UInt8]?]?
    }

    private(set) var records: [Record] = []
    /// Whether the last record has a quote that is not closed.
    private(set) var isOpen = false

    private let bytes: [UInt8]
    private let dialect: CSVDialect

    init(_ bytes: [UInt8], _ dialect: CSVDialect = CSVDialect(delimiter: [0x2C], quote: 0x22)) {
        self.bytes = bytes
        self.dialect = dialect
        var start = 0
        while start < bytes.count {
            guard let (content, end) = line(from: start) else {
                isOpen = true
                return
            }
            if dialect.hasEndMarker, Array(bytes[content]) == Array("\\.".utf8) { return }
            let isComment =
                !dialect.comment.isEmpty && bytes[start...].starts(with: dialect.comment)
            let isSecondHalf = dialect.endsAtReturn && bytes[start] == 0x0A
            if isComment || isSecondHalf || content.isEmpty && !dialect.keepsEmptyLines {
                if !records.isEmpty, end <= bytes.count, isComment ? ended(end) : true {
                    records[records.count - 1].end = end
                }
            } else {
                records.append(Record(start: start, end: end, fields: fields(content)))
            }
            start = end
        }
    }

    private func ended(_ end: Int) -> Bool {
        bytes[end - 1] == 0x0A || dialect.endsAtReturn && bytes[end - 1] == 0x0D
    }

    private func isLineEnd(_ place: Int) -> Bool {
        bytes[place] == 0x0A || dialect.endsAtReturn && bytes[place] == 0x0D
    }

    private func isDelimiter(_ place: Int) -> Bool {
        bytes[place...].starts(with: dialect.delimiter)
    }

    /// The line at a place: its content, and where the next begins; `nil` where a quote is not
    /// closed.
    private func line(from start: Int) -> (content: Range<Int>, end: Int)? {
        var place = start
        if !dialect.comment.isEmpty, bytes[start...].starts(with: dialect.comment) {
            while place < bytes.count, !isLineEnd(place) { place += 1 }
            return (start..<place, min(bytes.count, place + 1))
        }
        // The second half of a line end.
        if dialect.endsAtReturn, bytes[start] == 0x0A { return (start..<start, start + 1) }
        var isAtFieldStart = true
        var isEscaped = false
        while place < bytes.count, !isLineEnd(place) {
            isEscaped = false
            if isAtFieldStart, bytes[place] == dialect.quote {
                guard let behind = closing(of: place) else { return nil }
                place = behind
                isAtFieldStart = false
            } else if dialect.escapesOutsideQuotes, bytes[place] == dialect.escape {
                isEscaped = place + 1 < bytes.count
                place += 2
                isAtFieldStart = false
            } else if isDelimiter(place) {
                place += dialect.delimiter.count
                isAtFieldStart = true
            } else {
                place += 1
                isAtFieldStart = false
            }
        }
        place = min(place, bytes.count)
        var end = place
        if !dialect.endsAtReturn, !dialect.keepsReturn, end > start, bytes[end - 1] == 0x0D,
            !isEscaped
        {
            end -= 1
        }
        return (start..<end, min(bytes.count, place + 1))
    }

    /// Behind the quote that closes the one at a place.
    private func closing(of quote: Int) -> Int? {
        var place = quote + 1
        while place < bytes.count {
            if bytes[place] == dialect.escape {
                place += 2
            } else if bytes[place] != dialect.quote {
                place += 1
            } else if place + 1 < bytes.count, bytes[place + 1] == dialect.quote {
                place += 2
            } else {
                return place + 1
            }
        }
        return nil
    }

    private func fields(_ content: Range<Int>) -> [[UInt8]?]? {
        var fields: [[UInt8]?] = []
        var place = content.lowerBound
        while true {
            if place < content.upperBound, bytes[place] == dialect.quote,
                let behind = closing(of: place)
            {
                fields.append(text(place + 1..<behind - 1, isQuoted: true))
                place = behind
                if place < content.upperBound, !isDelimiter(place) { return nil }
            } else {
                let start = place
                while place < content.upperBound, !isDelimiter(place) {
                    let isEscape =
                        dialect.escapesOutsideQuotes && bytes[place] == dialect.escape
                    place += isEscape && place + 1 < content.upperBound ? 2 : 1
                }
                let raw = Array(bytes[start..<place])
                fields.append(
                    dialect.nulls.contains(raw) ? nil : text(start..<place, isQuoted: false)
                )
            }
            if place >= content.upperBound { break }
            place += dialect.delimiter.count
        }
        return fields
    }

    private func text(_ range: Range<Int>, isQuoted: Bool) -> [UInt8] {
        var text: [UInt8] = []
        var place = range.lowerBound
        let isEscaping = isQuoted || dialect.escapesOutsideQuotes
        while place < range.upperBound {
            let byte = bytes[place]
            place += 1
            if isEscaping, byte == dialect.escape, place < range.upperBound {
                text += meaning(of: bytes[place])
                place += 1
            } else {
                if isQuoted, byte == dialect.quote { place += 1 }
                text.append(byte)
            }
        }
        return text
    }

    /// What an escape with a byte behind it means; octal and hexadecimal bytes have tests of their
    /// own.
    private func meaning(of byte: UInt8) -> [UInt8] {
        let letters: [Character: UInt8]
        switch dialect.escapes {
        case .none: return [byte]
        case .character:
            let isMark =
                byte == dialect.quote || byte == dialect.escape || byte == 0x0A || byte == 0x0D
                || byte == dialect.delimiter.first
            return isMark ? [byte] : [dialect.escape ?? 0, byte]
        case .postgreSQL:
            letters = ["b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11]
        case .mariaDB: letters = ["0": 0, "b": 8, "n": 10, "r": 13, "t": 9, "Z": 26]
        case .tsv:
            letters = ["n": 10, "r": 13, "t": 9, "\\": 0x5C]
            guard let known = letters[Character(UnicodeScalar(byte))] else { return [0x5C, byte] }
            return [known]
        }
        return [letters[Character(UnicodeScalar(byte))] ?? byte]
    }
}
