package import Tranche

/// What a column holds that is added for values of records.
package enum SQLColumnKind: Sendable {
    case boolean, integer, real
    /// Numbers whose digits are their meaning.
    case decimal
    case text
    /// JSON arrays and objects.
    case json
    case timestamp, date, blob

    /// What holds the value of a cell; `nil` for no value.
    package init?(_ kind: RecordCell.Kind) {
        switch kind {
        case .null: return nil
        case .boolean: self = .boolean
        case .integer: self = .integer
        case .real: self = .real
        case .decimal: self = .decimal
        case .text: self = .text
        case .json: self = .json
        case .timestamp: self = .timestamp
        case .date: self = .date
        case .blob: self = .blob
        }
    }

    /// What holds values of both kinds: numbers widen, all else becomes text.
    package func joined(with other: SQLColumnKind) -> SQLColumnKind {
        if self == other { return self }
        let numbers: Set<SQLColumnKind> = [.integer, .real, .decimal]
        guard numbers.contains(self), numbers.contains(other) else { return .text }
        return self == .decimal || other == .decimal ? .decimal : .real
    }
}
