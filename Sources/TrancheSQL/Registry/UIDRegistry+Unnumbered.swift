import Tranche

/// Rows that wait without a number, for those who only look.
extension UIDRegistry {
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
