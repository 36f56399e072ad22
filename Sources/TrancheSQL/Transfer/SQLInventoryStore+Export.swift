import FoundationEssentials
package import Tranche

extension SQLInventoryStore: InventoryTransfer {
    package func export(
        _ selection: RunSelection,
        to write: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TransferReport {
        try await wrapping {
            let all = try await transferTables()
            let identity = try await identity()
            let opening = dialect.beginningSnapshot
            return try await database.readers.withTransaction(opening) { connection, _ in
                var report = TransferReport()
                var version = try await connection.run([selectSchemaVersion])[0].first
                let isWhole = selection == RunSelection()
                let schema = try version?.integer() ?? 0
                try await write(head(schema, identity, isWhole: isWhole).bytes)
                for table in all {
                    guard let condition = condition(on: table, of: selection) else { continue }
                    var mark: [Value]?
                    while true {
                        try Task.checkCancellation()
                        let select = select(from: table, where: condition, after: mark)
                        let rows = try await connection.run([select])[0]
                        if rows.isEmpty { break }
                        let (bytes, last) = try lines(of: rows, of: table)
                        try await write(bytes)
                        mark = last
                        report.add(rows.count, of: table.name)
                    }
                }
                try await write(Self.end(of: report).bytes)
                return report
            }
        }
    }

    private func head(_ version: Int64, _ identity: String, isWhole: Bool) -> TransferLine {
        TransferLine(
            name: TransferLine.head,
            values: [
                ("format", .integer(TransferLine.format)), ("schema", .integer(version)),
                ("made_at", .text(Date().utcText)), ("inventory", .text(name)),
                ("identity", .text(identity)), ("whole", .integer(isWhole ? 1 : 0)),
            ]
        )
    }

    private static func end(of report: TransferReport) -> TransferLine {
        TransferLine(
            name: TransferLine.end,
            values: [("records", .integer(Int64(report.total)))]
        )
    }

    /// The lines of rows, and what tells the last row from all others.
    private func lines(
        of rows: SQLRows,
        of table: TransferTable
    ) throws -> (bytes: [UInt8], last: [Value]) {
        let places = table.keys.compactMap { key in
            table.columns.firstIndex { $0.name == key }
        }
        var bytes: [UInt8] = []
        var last: [Value] = []
        for number in 0..<rows.count {
            var row = rows[number]
            let values = table.columns.map { ($0.name, row.value()) }
            bytes += try TransferLine(name: table.name, values: values).bytes
            last = places.map { values[$0].1 }
        }
        return (bytes, last)
    }

    // MARK: Statements

    /// The next rows of a table.
    private func select(
        from table: TransferTable,
        where condition: SQLStatement,
        after mark: [Value]?
    ) -> SQLStatement {
        let columns = table.columns.map { column -> SQLStatement in
            let name: SQLStatement = "\(name: column.name)"
            return switch column.kind {
            case .instant: dialect.milliseconds(name)
            case .processingTime: dialect.milliseconds(ofProcessingTime: name)
            case .text, .integer, .real, .json, .blob: name
            }
        }
        let keys = SQLStatement.list(table.keys.map { "\(name: $0)" })
        var isBehind: SQLStatement = "1 = 1"
        if let mark {
            isBehind = "(\(keys)) > (\(SQLStatement.list(mark.map { "\($0)" })))"
        }
        return """
            SELECT \(SQLStatement.list(columns))
            FROM \(table.table)
            WHERE \(condition) AND \(isBehind)
            ORDER BY \(keys)
            LIMIT 500
            """
    }

    /// Which rows of a table belong to runs.
    ///
    /// - Returns: The condition; `nil` for a table whose rows are of no run.
    private func condition(
        on table: TransferTable,
        of selection: RunSelection
    ) -> SQLStatement? {
        if selection == RunSelection() {
            return table.name == "probe" ? isProbe(ofBudgets: "1 = 1") : "1 = 1"
        }
        let isMeant = isSelected(selection)
        let runs: SQLStatement = "SELECT id FROM \(tables.run) WHERE \(isMeant)"
        let budgets: SQLStatement = """
            SELECT budget_id FROM \(tables.runBudget) WHERE run_id IN (\(runs))
            """
        let isBudget: SQLStatement = "(run_id IN (\(runs)) OR id IN (\(budgets)))"
        let tableNames: SQLStatement = "SELECT meta_table FROM \(tables.run) WHERE \(isMeant)"
        let isList: SQLStatement = "(\(PagedSource.prefix) || name) IN (\(tableNames))"
        switch table.name {
        case "run", "batch": return isMeant
        case "attempt", "output":
            return "batch_id IN (SELECT id FROM \(tables.batch) WHERE \(isMeant))"
        case "budget": return isBudget
        case "probe": return isProbe(ofBudgets: isBudget)
        case "run_budget", "gap", "archive", "change", "workflow":
            return "run_id IN (\(runs))"
        case "page_list": return isList
        case "page": return "list_id IN (SELECT id FROM \(tables.pageList) WHERE \(isList))"
        case "registry": return "meta_table IN (\(tableNames))"
        case "uid":
            return """
                registry_id IN (
                    SELECT id FROM \(tables.registry) WHERE meta_table IN (\(tableNames))
                )
                """
        default: return nil
        }
    }

    /// Whether a probe is of some budgets.
    ///
    /// One that earlier versions left behind without its budget holds nothing back, and is of none.
    private func isProbe(ofBudgets isBudget: SQLStatement) -> SQLStatement {
        "budget_id IN (SELECT id FROM \(tables.budget) WHERE \(isBudget))"
    }
}
