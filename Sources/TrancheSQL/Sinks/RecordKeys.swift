import Tranche

/// The keys of records, so that two are equal where the database takes them for one: `1`, `01` and
/// `1.0` of a number, and the spellings of a uuid or a time.
///
/// Of a column whose collation takes different texts for one, the texts are different keys.
package struct RecordKeys: Sendable {
    private let columns: [(place: Int, kind: Kind)]

    /// Makes it for the records of a loading.
    package init(_ load: SQLLoad) {
        columns = load.keyPlaces.map { ($0, Kind(baseType: load.columns[$0].baseType)) }
    }

    /// Whether there is no key, so that each record is a row of its own.
    package var isEmpty: Bool { columns.isEmpty }

    /// Adds a record's key to a hash.
    func hash(_ record: Record, into hasher: inout Hasher) {
        for (place, kind) in columns {
            hasher.combine(kind.part(of: record, record.cell(place)))
        }
    }

    /// The key of a record with the fields of the loading.
    func key(of record: Record) -> [Part] {
        columns.map { $0.kind.part(of: record, record.cell($0.place)) }
    }
}

extension RecordKeys {
    /// One column's value in a key.
    enum Part: Hashable, Sendable {
        case whole(Int64)
        case float(Double)
        /// A text's bytes: of two that only look alike, databases take each for itself.
        case characters([UInt8])
        case blob([UInt8])

        static func text(_ text: some StringProtocol) -> Part { .characters(Array(text.utf8)) }

        /// The value without what a collation may not tell apart.
        var folded: Part {
            guard case .characters(let bytes) = self else { return self }
            let folded = String(decoding: bytes, as: UTF8.self).lowercased().bare
            return .text(Double(folded).map { String($0) } ?? folded)
        }
    }

    /// How the values of a column are compared.
    enum Kind: Sendable {
        case exactNumber, double, single
        case uuid, instant, timestamp, date, time, boolean
        /// Bytes, which a text spells as PostgreSQL reads it.
        case bytes
        /// Upper and lower case are one.
        case anyCase
        /// Blanks at the end do not count.
        case padded
        /// Numbers are compared as such where they are no texts.
        case anything
        case text

        /// Makes the kind of a type, which is one of PostgreSQL's or an affinity of SQLite.
        init(baseType type: String) {
            self =
                switch type {
                case "smallint", "integer", "bigint", "numeric", "INTEGER", "NUMERIC": .exactNumber
                case "double precision", "REAL": .double
                case "real": .single
                case "uuid": .uuid
                case "timestamp with time zone": .instant
                case "timestamp without time zone": .timestamp
                case "date": .date
                case "time without time zone": .time
                case "boolean": .boolean
                case "bytea": .bytes
                case "character", "bpchar": .padded
                case "BLOB": .anything
                case _ where type.hasSuffix("citext"): .anyCase
                default: .text
                }
        }

        func part(of record: Record, _ cell: RecordCell) -> Part {
            if cell.kind == .blob { return .blob(Array(record.block.bytes[cell.textRange])) }
            if cell.kind == .boolean, let whole = truth(cell) { return whole }
            let text = text(of: cell, record)
            switch self {
            case .exactNumber: return RecordKeys.number(text) ?? .text(text)
            case .double: return Double(text.bare).flatMap(Self.float) ?? .text(text)
            case .single: return Float(text.bare).flatMap { Self.float(Double($0)) } ?? .text(text)
            case .anything where [.integer, .real, .decimal].contains(cell.kind):
                return RecordKeys.number(text) ?? .text(text)
            case .uuid: return .text(text.lowercased().filter(\.isHexDigit))
            case .instant: return .text(UIDKind.instant.canonical(text))
            case .timestamp:
                // A zone behind it does not count.
                return RecordKeys.time(text.bare).map { .whole($0.clock) } ?? .text(text)
            case .date:
                // A time behind it does not count.
                return RecordKeys.time(text.bare).map { .whole($0.days) } ?? .text(text)
            case .time:
                return RecordKeys.time("1970-01-01T" + text.bare).map { .whole($0.clock) }
                    ?? .text(text)
            case .boolean:
                return RecordKeys.boolean(text.bare).map { .whole($0 ? 1 : 0) } ?? .text(text)
            case .bytes: return RecordKeys.bytes(Array(text.utf8)).map { .blob($0) } ?? .text(text)
            case .anyCase: return .text(text.lowercased())
            case .padded: return .text(String(text.reversed().drop { $0 == " " }.reversed()))
            case .anything, .text: return .text(text)
            }
        }

        /// The text that a column of this kind is given: of a time its value, however that was
        /// spelled where it was read.
        private func text(of cell: RecordCell, _ record: Record) -> String {
            let isTime = cell.kind == .timestamp || cell.kind == .date
            return switch self {
            case .instant, .timestamp, .date, .time:
                isTime ? record.valueText(of: cell) : record.text(of: cell)
            default: record.text(of: cell)
            }
        }

        /// True and false where they are 1 and 0: SQLite keeps them so, but among texts.
        private func truth(_ cell: RecordCell) -> Part? {
            switch self {
            case .exactNumber, .anything: .whole(cell.boolean ? 1 : 0)
            case .double: .float(cell.boolean ? 1 : 0)
            default: nil
            }
        }

        /// What is no number is none that equals another.
        private static func float(_ value: Double) -> Part? { value.isNaN ? nil : .float(value) }
    }

    private static func time(_ text: String) -> TimeText? {
        var text = text
        return text.withUTF8 { TimeText($0) }
    }

    /// True or false, as PostgreSQL reads it.
    private static func boolean(_ text: String) -> Bool? {
        let word = text.lowercased()
        if word.isEmpty { return nil }
        if word == "1" || word == "on" || "true".hasPrefix(word) || "yes".hasPrefix(word) {
            return true
        }
        let isFalse =
            ["0", "of", "off"].contains(word) || "false".hasPrefix(word) || "no".hasPrefix(word)
        return isFalse ? false : nil
    }

    /// The bytes that a text stands for, as PostgreSQL reads it: two digits each behind `\x`, or
    /// characters, among which `\\` is a backslash and `\101` a byte.
    private static func bytes(_ text: [UInt8]) -> [UInt8]? {
        func number(_ digits: ArraySlice<UInt8>, _ radix: Int) -> UInt8? {
            UInt8(String(decoding: digits, as: UTF8.self), radix: radix)
        }
        var bytes: [UInt8] = []
        if text.starts(with: "\\x".utf8) {
            var rest = text.dropFirst(2).filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }[...]
            while !rest.isEmpty {
                guard rest.count > 1, let byte = number(rest.prefix(2), 16) else { return nil }
                bytes.append(byte)
                rest = rest.dropFirst(2)
            }
            return bytes
        }
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == UInt8(ascii: "\\") else {
                bytes.append(character)
                continue
            }
            let isDoubled = rest.first == character
            guard let byte = isDoubled ? character : number(rest.prefix(3), 8) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(isDoubled ? 1 : 3)
        }
        return bytes
    }

    /// A number's value: its digits, and the power of ten of the last, where it is not a whole one
    /// of 64 bits.
    private static func number(_ text: String) -> Part? {
        if let whole = Int64(text) { return .whole(whole) }
        let parts = text.bare.lowercased()
            .split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard var mantissa = parts.first, let exponent = parts.count == 1 ? 0 : Int(parts[1]),
            exponent.magnitude < 1 << 32
        else { return nil }
        let sign = mantissa.first == "-" ? "-" : ""
        if mantissa.first == "-" || mantissa.first == "+" { mantissa.removeFirst() }
        let sides = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = sides.count == 2 ? sides[1] : ""
        var digits = sides[0] + fraction
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        var power = exponent - fraction.count
        while digits.last == "0" {
            digits.removeLast()
            power += 1
        }
        digits = digits.drop { $0 == "0" }
        if digits.isEmpty { return .whole(0) }
        let zeros = 0...18 ~= power ? String(repeating: "0", count: power) : "."
        return Int64("\(sign)\(digits)\(zeros)").map { .whole($0) }
            ?? .text("\(sign)\(digits)e\(power)")
    }
}

extension String {
    /// The text without blanks at its ends.
    fileprivate var bare: String {
        let text = drop(while: \.isWhitespace)
        return String(text.reversed().drop(while: \.isWhitespace).reversed())
    }
}
