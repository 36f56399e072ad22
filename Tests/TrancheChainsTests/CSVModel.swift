@testable import TrancheChains

/// CSV read byte by byte: slow, and plain to see.
struct CSVModel {
    struct Record: Equatable {
        var start: Int
        /// Behind the record and the empty lines after it.
        var end: Int
        /// `nil` where a quoted field has text behind its quote.
        var fields: [[UInt8]?]?
    }

    private(set) var records: [Record] = []
    /// Whether the last record has a quote that is not closed.
    private(set) var isOpen = false

    init(_ bytes: [UInt8], delimiter: UInt8 = 0x2C, quote: UInt8? = 0x22) {
        var start = 0
        while start < bytes.count {
            var place = start
            var isInQuotes = false
            var isAtFieldStart = true
            while place < bytes.count {
                let byte = bytes[place]
                if isInQuotes {
                    if byte == quote {
                        if place + 1 < bytes.count, bytes[place + 1] == quote {
                            place += 1
                        } else {
                            isInQuotes = false
                        }
                    }
                } else if byte == 0x0A {
                    break
                } else if byte == quote, isAtFieldStart {
                    isInQuotes = true
                }
                isAtFieldStart = !isInQuotes && byte == delimiter
                place += 1
            }
            if isInQuotes {
                isOpen = true
                return
            }
            var line = bytes[start..<place]
            if line.last == 0x0D { line.removeLast() }
            let end = min(bytes.count, place + 1)
            if line.isEmpty {
                if !records.isEmpty { records[records.count - 1].end = end }
            } else {
                let fields = Self.fields(line, delimiter, quote)
                records.append(Record(start: start, end: end, fields: fields))
            }
            start = end
        }
    }

    private static func fields(
        _ line: ArraySlice<UInt8>,
        _ delimiter: UInt8,
        _ quote: UInt8?
    ) -> [[UInt8]?]? {
        var fields: [[UInt8]?] = []
        var place = line.startIndex
        while true {
            var field: [UInt8] = []
            if place < line.endIndex, line[place] == quote {
                place += 1
                while true {
                    if line[place] != quote {
                        field.append(line[place])
                    } else if place + 1 < line.endIndex, line[place + 1] == quote {
                        field.append(line[place])
                        place += 1
                    } else {
                        break
                    }
                    place += 1
                }
                place += 1
                if place < line.endIndex, line[place] != delimiter { return nil }
                fields.append(field)
            } else {
                while place < line.endIndex, line[place] != delimiter {
                    field.append(line[place])
                    place += 1
                }
                fields.append(field.isEmpty ? nil : field)
            }
            if place == line.endIndex { return fields }
            place += 1
        }
    }
}
