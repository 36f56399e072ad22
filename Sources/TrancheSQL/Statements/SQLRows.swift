package import FoundationEssentials
package import Tranche

/// The rows that a statement gave, copied out of the database.
package struct SQLRows: Sendable {
    package let width: Int
    package var values: [Value]

    package init(width: Int = 0, values: [Value] = []) {
        self.width = width
        self.values = values
    }

    package var count: Int { width == 0 ? 0 : values.count / width }

    package var isEmpty: Bool { values.isEmpty }

    package var first: SQLRow? { isEmpty ? nil : self[0] }

    package subscript(index: Int) -> SQLRow {
        SQLRow(values: values[index * width..<(index + 1) * width])
    }

    package func map<T>(_ transform: (inout SQLRow) throws -> T) rethrows -> [T] {
        try (0..<count).map { index in
            var row = self[index]
            return try transform(&row)
        }
    }
}

/// One row, read column by column from left to right.
package struct SQLRow: Sendable {
    private var values: ArraySlice<Value>

    init(values: ArraySlice<Value>) {
        self.values = values
    }

    package mutating func value() -> Value {
        values.popFirst() ?? .null
    }

    package mutating func integer() throws -> Int64 {
        let value = value()
        guard let integer = value.integer else { throw Self.unexpected(value, "a whole number") }
        return integer
    }

    package mutating func optionalInteger() throws -> Int64? {
        let value = value()
        guard value != .null else { return nil }
        guard let integer = value.integer else { throw Self.unexpected(value, "a whole number") }
        return integer
    }

    package mutating func optionalDouble() throws -> Double? {
        let value = value()
        switch value {
        case .null: return nil
        case .real(let double): return double
        case .integer(let integer): return Double(integer)
        default: throw Self.unexpected(value, "a number")
        }
    }

    package mutating func text() throws -> String {
        let value = value()
        guard let text = value.text else { throw Self.unexpected(value, "text") }
        return text
    }

    package mutating func optionalText() -> String? {
        value().text
    }

    package mutating func boolean() throws -> Bool {
        try integer() != 0
    }

    /// Reads an instant given in milliseconds since 1970 UTC.
    package mutating func instant() throws -> Date {
        Date(milliseconds: try integer())
    }

    package mutating func optionalInstant() throws -> Date? {
        try optionalInteger().map { Date(milliseconds: $0) }
    }

    private static func unexpected(_ value: Value, _ wanted: String) -> TrancheError {
        TrancheError(
            .storeFailed,
            "the inventory holds '\(value.text ?? "NULL")' where \(wanted) must stand"
        )
    }
}
