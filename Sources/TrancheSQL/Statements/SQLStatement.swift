package import Tranche

/// SQL text with its bound values.
///
/// A literal's interpolations become binds; names and raw text must be marked:
///
/// ```swift
/// let statement: SQLStatement = "SELECT \(name: column) FROM t WHERE id = \(id)"
/// ```
///
/// Placeholders are `$1`, `$2`, … in order of appearance, which both dialects understand.
package struct SQLStatement: Sendable, Hashable {
    package private(set) var text: String
    package private(set) var binds: [Value]

    package init(_ text: String = "", binds: [Value] = []) {
        self.text = text
        self.binds = binds
    }

    /// Rows of values, as a table for a `WITH` at a statement's begin.
    ///
    /// - Parameters:
    ///   - name: The table's name.
    ///   - columns: Its columns' names. A column that is NULL throughout is text: it is to be cast.
    ///   - rows: The rows; at least one, each of as many values.
    package init(table name: String, _ columns: [String], rows: [[Value]]) {
        self.init("\(name) (\(columns.joined(separator: ", "))) AS (VALUES ")
        for (number, row) in rows.enumerated() {
            text += number == 0 ? "(" : ", ("
            for (place, value) in row.enumerated() {
                if place > 0 { text += ", " }
                bind(value)
            }
            text += ")"
        }
        text += ")"
    }

    /// Cuts what is written with one statement into powers of two: few texts to prepare.
    ///
    /// - Parameter count: How much there is.
    /// - Returns: The parts, the largest first; of at most 64.
    package static func parts(of count: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (start, size) = (0, 64)
        while start < count {
            while size > count - start { size /= 2 }
            parts.append(start..<start + size)
            start += size
        }
        return parts
    }

    /// Adds a statement's text and values behind this one's.
    package mutating func append(_ other: SQLStatement) {
        guard !other.binds.isEmpty else {
            text += other.text
            return
        }
        guard !binds.isEmpty else {
            text += other.text
            binds = other.binds
            return
        }
        text.append(other.text, movingPlaceholdersBy: binds.count)
        binds += other.binds
    }

    /// Some parts, separated by commas.
    package static func list(_ parts: [SQLStatement]) -> SQLStatement {
        var list = parts.first ?? ""
        for part in parts.dropFirst() { list.append(", \(part)") }
        return list
    }

    package static func + (lhs: SQLStatement, rhs: SQLStatement) -> SQLStatement {
        var sum = lhs
        sum.append(rhs)
        return sum
    }
}

extension SQLStatement: ExpressibleByStringInterpolation {
    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var statement = SQLStatement()

        package init(literalCapacity: Int, interpolationCount: Int) {
            // What is shorter is kept in place, without storage of its own.
            guard literalCapacity > 15 else { return }
            statement.text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            statement.text += literal
        }

        /// Binds a value.
        package mutating func appendInterpolation(_ value: Value) {
            statement.bind(value)
        }

        package mutating func appendInterpolation(_ value: Int64?) {
            statement.bind(Value(value))
        }

        package mutating func appendInterpolation(_ value: Int) {
            statement.bind(.integer(Int64(value)))
        }

        package mutating func appendInterpolation(_ value: Double?) {
            statement.bind(Value(value))
        }

        package mutating func appendInterpolation(_ value: String?) {
            statement.bind(Value(value))
        }

        /// Puts a part of a statement in, with its values.
        package mutating func appendInterpolation(_ part: SQLStatement) {
            statement.append(part)
        }

        /// Puts a quoted name in.
        package mutating func appendInterpolation(name: String) {
            statement.text += name.quotedAsName
        }

        /// Puts a table's quoted name in, with its schema.
        package mutating func appendInterpolation(_ table: SQLTableName) {
            statement.text += table.quoted
        }

        /// Puts text in as it is: only for text that this package or the job's owner wrote.
        package mutating func appendInterpolation(unsafeRaw text: String) {
            statement.text += text
        }
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.statement
    }

    package init(stringLiteral value: String) {
        self.init(value)
    }

    private mutating func bind(_ value: Value) {
        binds.append(value)
        text += Self.placeholder(binds.count)
    }

    private static let placeholders = (0...64).map { "$\($0)" }

    private static func placeholder(_ number: Int) -> String {
        number < placeholders.count ? placeholders[number] : "$\(number)"
    }
}

extension String {
    /// The name in double quotes, as both dialects want it.
    package var quotedAsName: String {
        // Few names hold a quote, and every statement holds names.
        utf8.contains(UInt8(ascii: "\""))
            ? "\"" + replacing("\"", with: "\"\"") + "\"" : "\"\(self)\""
    }

    /// The text in single quotes, as both dialects want it.
    package var quotedAsText: String {
        "'" + replacing("'", with: "''") + "'"
    }

    /// Adds a statement's text with its placeholders moved behind others; what is quoted has none.
    ///
    /// It works on bytes: statements are put together for each batch.
    fileprivate mutating func append(_ part: String, movingPlaceholdersBy offset: Int) {
        let bytes = Array(part.utf8)
        var moved: [UInt8] = []
        moved.reserveCapacity(bytes.count + 64)
        /// Where what is not copied yet begins.
        var start = 0
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                while place < bytes.count, bytes[place] != byte { place += 1 }
                place += 1
            case UInt8(ascii: "$"):
                let digits = bytes[place...].prefix { (48...57).contains($0) }
                // No statement has as many placeholders as more digits would say.
                guard (1...9).contains(digits.count) else { continue }
                moved += bytes[start..<place]
                let number = digits.reduce(0) { 10 * $0 + Int($1 - 48) }
                moved += String(number + offset).utf8
                place = digits.endIndex
                start = place
            default: break
            }
        }
        moved += bytes[min(start, bytes.count)...]
        self += String(decoding: moved, as: UTF8.self)
    }
}

extension Value {
    /// A value to bind, or NULL.
    package init(_ value: Int64?) {
        self = value.map { .integer($0) } ?? .null
    }

    /// A value to bind, or NULL.
    package init(_ value: Double?) {
        self = value.map { .real($0) } ?? .null
    }

    /// A value to bind, or NULL.
    package init(_ value: String?) {
        self = value.map { .text($0) } ?? .null
    }
}
