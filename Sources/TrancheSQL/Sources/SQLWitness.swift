/// Some rows of a table as they were: the first and the last ones.
struct SQLWitness: Codable, Sendable {
    /// Rows at either end.
    static let rowsAtEnd = 4

    /// Where the database's count of what was written stood.
    var count: Int64?
    /// How many columns of the table ``Row/all`` is of, from the first.
    var columns: Int
    var rows: [Row]

    struct Row: Codable, Sendable {
        var id: Int64
        /// The digest of the payload; `nil` where the source has none.
        var item: Int64?
        /// The digest of all columns.
        var all: Int64
    }

    /// What those rows tell that are still there.
    struct Agreement: Sendable {
        var found = 0
        private var equalItems: [Int64] = []
        private var equalRows = 0
        private var items = 0

        mutating func add(_ row: Row, asItWas known: Row) {
            found += 1
            if row.all == known.all { equalRows += 1 }
            guard let item = row.item, let knownItem = known.item else { return }
            items += 1
            if item == knownItem { equalItems.append(item) }
        }

        /// Whether most rows are what they were, in all columns or in their payloads.
        ///
        /// Payloads that are all alike prove nothing.
        var isProof: Bool {
            if found == 0 { return false }
            if 2 * equalRows > found { return true }
            return 2 * equalItems.count > found
                && Set(equalItems).count > min(1, equalItems.count - 1)
        }

        /// Whether none of several payloads is what it was.
        var isContradiction: Bool { items > 1 && equalItems.isEmpty }

        /// Whether no row is what it was.
        var hasNoEqual: Bool { found > 0 && equalRows == 0 }
    }
}
