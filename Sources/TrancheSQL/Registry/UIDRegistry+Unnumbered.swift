import Tranche

/// Rows that wait without a number, for those who only look.
extension UIDRegistry {
    /// How many portions of uids without a number are read at once.
    static let portionsRead = 16

    /// The state of the registry that ``unnumbered(_:limit:)`` reads, for a `WITH`.
    var stateForLooking: SQLStatement {
        """
        tranche_state AS (
            SELECT id, walked, front
            FROM \(place.tables.registry)
            WHERE \(isOwn)
        )
        """
    }

    /// The table's rows that have no number yet, under the table's own name, of those that a look
    /// would come to next: at the front the newest, else the next ones of the walk.
    ///
    /// - Parameters:
    ///   - standing: How far the numbers go.
    ///   - limit: How many rows are looked at.
    /// - Returns: The rows, behind a `WITH` of ``stateForLooking``.
    func unnumbered(_ standing: Standing, limit: Int) -> SQLStatement {
        """
        (
            SELECT *
            FROM (
                SELECT tranche_t.*, (\(known(text))) AS tranche_is_known
                FROM \(table) AS tranche_t
                WHERE \(key) IS NOT NULL AND \(isNext(standing))
                LIMIT \(unsafeRaw: String(limit))
            ) AS tranche_looked
            WHERE tranche_is_known IS NULL
        ) AS \(name: table.table)
        """
    }

    /// The statement that reads the uids without a number of rows that meet a condition, as text
    /// and in their order.
    ///
    /// All that meet it are found before they are put in order, so that no planner walks along the
    /// uids for them.
    ///
    /// - Parameters:
    ///   - condition: The condition, by the table's columns.
    ///   - uid: The uid behind which they are; `nil` for all.
    /// - Returns: The statement; it reads ``portionsRead`` portions at most.
    func unnumbered(where condition: SQLStatement, after uid: String?) -> SQLStatement {
        var isBehind: SQLStatement = ""
        if let uid {
            let last = dialect.uid(ofText: "\(uid)", numbering.kind)
            isBehind = " AND \(key) > \(last)\(numbering.collation)"
        }
        return """
            WITH \(stateForLooking), tranche_looked AS MATERIALIZED (
                SELECT \(unsafeRaw: isView ? "DISTINCT " : "")\(key) AS tranche_key,
                    \(text) AS tranche_text
                FROM \(table) AS tranche_t
                WHERE \(key) IS NOT NULL\(isBehind)
                    AND (\(condition))
                    AND (\(known(text))) IS NULL
            )
            SELECT tranche_text
            FROM tranche_looked
            ORDER BY tranche_key
            LIMIT \(unsafeRaw: String(Self.portion * Self.portionsRead))
            """
    }

    /// Which rows come next, with their order.
    private func isNext(_ standing: Standing) -> SQLStatement {
        if standing.hasFront, let order = numbering.order {
            let from = dialect.uid(ofText: "(SELECT front FROM tranche_state)", order.kind)
            return """
                \(order.value) >= \(from)\(order.collation)
                ORDER BY \(order.value) DESC
                """
        }
        let from = dialect.uid(ofText: "(SELECT walked FROM tranche_state)", numbering.kind)
        return """
            \(key) >= coalesce(\(from), \(numbering.lowest))\(numbering.collation)
            ORDER BY \(key)
            """
    }
}
