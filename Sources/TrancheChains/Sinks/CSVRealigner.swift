import Tranche

/// Brings records of a CSV file that was written here under another header, without reading their
/// values.
///
/// A field that the records lack is null: nothing stands between its delimiters. What the fields
/// hold is copied as it is, quotes included.
struct CSVRealigner {
    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")

    private let delimiter: UInt8
    /// What parts the fields of the records.
    private let read: UInt8
    /// For each field of the header, where the records have it.
    private let places: [Int?]
    private var fields: [[UInt8]] = [[]]
    private var isInQuotes = false

    /// Makes one.
    ///
    /// - Parameters:
    ///   - names: The fields of the records, as their header spells them.
    ///   - header: The fields of the header that they are brought under.
    ///   - delimiter: What parts fields.
    ///   - read: What parts those of the records, where it is another.
    init(
        from names: [[UInt8]],
        to header: [[UInt8]],
        delimiter: UInt8,
        read: UInt8? = nil
    ) {
        self.delimiter = delimiter
        self.read = read ?? delimiter
        places = header.map { names.firstIndex(of: $0) }
    }

    /// Appends the records that end within the next bytes.
    mutating func append(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            if byte == Self.quote { isInQuotes.toggle() }
            if !isInQuotes, byte == read {
                fields.append([])
            } else if !isInQuotes, byte == Self.newline {
                let aligned = places.map { place in place.map { spelt(fields[$0]) } ?? [] }
                Self.append(aligned, delimiter, &output)
                fields = [[]]
            } else {
                fields[fields.count - 1].append(byte)
            }
        }
    }

    /// A field as it is spelt between its new delimiters: within quotes where it has one.
    private func spelt(_ field: [UInt8]) -> [UInt8] {
        guard read != delimiter, field.first != Self.quote, field.contains(delimiter) else {
            return field
        }
        return [Self.quote] + field + [Self.quote]
    }

    /// Appends a record, or a header.
    static func append(_ fields: [[UInt8]], _ delimiter: UInt8, _ output: inout [UInt8]) {
        for (place, field) in fields.enumerated() {
            if place > 0 { output.append(delimiter) }
            output += field
        }
        output.append(newline)
    }

    /// The header of a file, as its fields are spelt, and how many bytes it takes; `nil` where it
    /// has not ended.
    static func header(
        of bytes: some Sequence<UInt8>,
        delimiter: UInt8
    ) -> (names: [[UInt8]], length: Int)? {
        var names: [[UInt8]] = [[]]
        var isInQuotes = false
        for (place, byte) in bytes.enumerated() {
            if byte == quote { isInQuotes.toggle() }
            if !isInQuotes, byte == newline { return (names, place + 1) }
            if !isInQuotes, byte == delimiter {
                names.append([])
            } else {
                names[names.count - 1].append(byte)
            }
        }
        return nil
    }
}
