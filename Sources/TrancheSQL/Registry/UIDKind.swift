import FoundationEssentials
import Tranche

/// What a column holds by which rows are told apart, or put in order, where it is kept as text.
package enum UIDKind: String, Sendable, Hashable {
    case uuid
    case text
    /// A time without a zone, to the microsecond.
    case timestamp
    /// A point in time, to the microsecond.
    case instant
    case date
    /// A whole number, as by which SQLite numbers rows. It is never a uid's own kind.
    case integer

    /// A text as somebody may write it, as the registry keeps it.
    ///
    /// A time may have a space for its `T`, an offset and fewer digits; of a point in time, UTC is
    /// meant where none is written.
    package func canonical(_ text: String) -> String {
        switch self {
        case .uuid: text.lowercased()
        case .timestamp: Self.time(text, isInstant: false) ?? text
        case .instant: Self.time(text, isInstant: true) ?? text
        case .text, .date, .integer: text
        }
    }

    /// A time as databases write it, to the microsecond; `nil` for what is none of the years 1 to
    /// 9999, and for an offset where a time has no zone.
    private static func time(_ text: String, isInstant: Bool) -> String? {
        var text = text
        guard let time = text.withUTF8({ TimeText($0) }), isInstant || time.zone == nil else {
            return nil
        }
        var (seconds, rest) = time.instant.quotientAndRemainder(dividingBy: 1_000_000)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + 1_000_000) }
        let moment = Date(milliseconds: seconds * 1000)
        guard TimeReader.years.contains(moment.milliseconds) else { return nil }
        // Without the milliseconds.
        return "\(moment.utcText.prefix(19)).\(String(1_000_000 + rest).dropFirst())"
            + (isInstant ? "Z" : "")
    }
}

/// How the uids of a table that are not integers are compared, and found.
package struct UIDNumbering: Sendable {
    /// What the uids are.
    package let kind: UIDKind
    /// A `COLLATE` that compares texts as the column's index does; empty for the column's own.
    package var collation: SQLStatement = ""
    /// What stands before all uids.
    package let lowest: SQLStatement
    /// What rises from row to row as rows come; `nil` where nothing is known to.
    package var order: Order?

    /// What rises from row to row as rows come, with an index on it.
    package struct Order: Sendable {
        /// The value, of a row of the table under the name `tranche_t`.
        package let value: SQLStatement
        package let kind: UIDKind
        /// A `COLLATE` that compares as the index does.
        package var collation: SQLStatement = ""
        /// Which values count: none that lies in the future.
        package var isMeant: SQLStatement = "1 = 1"

        package init(_ value: SQLStatement, _ kind: UIDKind) {
            self.value = value
            self.kind = kind
        }
    }

    package init(_ kind: UIDKind, lowest: SQLStatement) {
        self.kind = kind
        self.lowest = lowest
    }
}
