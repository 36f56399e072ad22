import Tranche

/// A table whose rows are written to a file.
///
/// Its columns are those that the database has, so that a migration that adds one need not say so
/// here. What kind a column is, is known from its name and type; see ``Kind``.
package struct TransferTable: Sendable {
    /// What its rows are called in a file.
    let name: String
    package let table: SQLTableName
    /// The columns that tell a row from all others, in whose order rows are written.
    let keys: [String]
    /// Whether other tables refer to its `id`, which the database gives anew.
    var isReferredTo = false
    /// Whether a row keeps its `id`.
    var keepsID = false
    var columns: [Column] = []

    /// A column.
    struct Column: Sendable {
        let name: String
        let kind: Kind
    }

    /// How a column's values are read and written.
    enum Kind: Sendable {
        /// Text.
        case text
        /// A whole number.
        case integer
        /// A number that may have a fraction.
        case real
        /// A point in time, in a file in milliseconds since 1970 UTC.
        case instant
        /// `processing_start` and `processing_end`, likewise.
        case processingTime
        /// JSON, in a file as text.
        case json
        /// Bytes, in a file as hexadecimal text.
        case blob

        init(_ column: SQLTable.Column) {
            switch column.name {
            case "processing_start", "processing_end": self = .processingTime
            case "job_result_item", "config": self = .json
            case "next_look", "interval_from", "interval_to": self = .instant
            case let name
            where name.hasSuffix("_at") || name.hasSuffix("_since") || name.hasSuffix("_until"):
                self = .instant
            default:
                switch column.baseType.lowercased() {
                case "double precision", "real": self = .real
                case "bytea", "blob": self = .blob
                default: self = column.kind == .integer ? .integer : .text
                }
            }
        }
    }

    /// The columns that refer to rows which get other numbers, and the tables of these.
    static let references = [
        "run_id": "run", "budget_id": "budget", "list_id": "page_list", "log_id": "input_log",
        "registry_id": "registry",
    ]

    /// The tables in the order in which they are written: what is referred to comes first.
    ///
    /// Left out is what passes: what budgets let in, charge and keep waiting. What is held when it
    /// is written counts under no budget afterwards. So is what runs add up to: the caller that
    /// asks adds it up again. Left out, too, is who works on it.
    package static func all(_ tables: TableNames) -> [TransferTable] {
        [
            .init(name: "run", table: tables.run, keys: ["id"], isReferredTo: true),
            .init(name: "budget", table: tables.budget, keys: ["id"], isReferredTo: true),
            .init(name: "run_budget", table: tables.runBudget, keys: ["run_id", "budget_id"]),
            .init(name: "probe", table: tables.probe, keys: ["id"]),
            .init(name: "batch", table: tables.batch, keys: ["id"], keepsID: true),
            .init(name: "attempt", table: tables.attempt, keys: ["batch_id", "attempt"]),
            .init(name: "output", table: tables.output, keys: ["batch_id", "attempt"]),
            .init(name: "gap", table: tables.gap, keys: ["id"]),
            .init(name: "archive", table: tables.archive, keys: ["id"]),
            .init(name: "change", table: tables.change, keys: ["id"]),
            .init(name: "workflow", table: tables.workflow, keys: ["run_id", "generation"]),
            .init(name: "page_list", table: tables.pageList, keys: ["id"], isReferredTo: true),
            .init(name: "page", table: tables.page, keys: ["list_id", "number"]),
            .init(name: "input_log", table: tables.inputLog, keys: ["id"], isReferredTo: true),
            .init(name: "event", table: tables.event, keys: ["log_id", "number"]),
            .init(name: "registry", table: tables.registry, keys: ["id"], isReferredTo: true),
            .init(name: "uid", table: tables.uid, keys: ["registry_id", "number"]),
            .init(name: "pipeline", table: tables.pipeline, keys: ["name", "generation"]),
            .init(
                name: "alert",
                table: tables.alert,
                keys: ["pipeline", "alert", "subject", "condition"]
            ),
        ]
    }
}

extension SQLInventoryStore {
    /// The tables with their columns, as the database has them.
    func transferTables() async throws -> [TransferTable] {
        var tables: [TransferTable] = []
        for var table in TransferTable.all(self.tables) {
            guard let known = try await database.table(table.table) else {
                throw TrancheError(
                    .schemaNotMigrated,
                    "\(name) has no table \(table.table.table): run 'tranche migrate up'"
                )
            }
            table.columns = known.columns.map { .init(name: $0.name, kind: .init($0)) }
            tables.append(table)
        }
        return tables
    }

    /// The number of the last migration.
    var selectSchemaVersion: SQLStatement {
        "SELECT max(version) FROM \(tables.migration)"
    }
}
