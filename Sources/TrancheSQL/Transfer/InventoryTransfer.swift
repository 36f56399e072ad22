package import Tranche

/// What writes an inventory's records as lines of JSON, and reads them again, whatever the
/// database.
///
/// The first line says what it is, the last that nothing is missing; each line between is one
/// record. See ``TransferTable`` for what belongs to it.
package protocol InventoryTransfer: Sendable {
    /// Writes the records as they are at one moment.
    ///
    /// - Parameters:
    ///   - selection: The runs, with what belongs to them; without any part, everything.
    ///   - write: Given whole lines, in order.
    /// - Returns: How many records there are.
    /// - Throws: `TrancheError` of the store; what `write` throws.
    func export(
        _ selection: RunSelection,
        to write: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TransferReport

    /// Reads records, all in one transaction.
    ///
    /// Batches keep their numbers. A named budget that there is already stays as it is, and so do
    /// pages that are the same.
    ///
    /// - Parameters:
    ///   - next: Gives the next lines, without their line breaks; `nil` after the last.
    ///   - isDryRun: Whether only to find out if all would be taken.
    /// - Returns: How many records there are.
    /// - Throws: `TrancheError` `.invalidArgument`, with the line, for what is not a record, for
    ///   what is there already, and for a run over the batches of a job that is not there as the
    ///   run knew it; nothing was changed then.
    func importLines(
        _ next: @escaping @Sendable () async throws -> [[UInt8]]?,
        isDryRun: Bool
    ) async throws -> TransferReport
}

/// What was written to a file, or read from one.
package struct TransferReport: Sendable, Hashable {
    /// How many records there are of each table, by the tables' names.
    package private(set) var rows: [String: Int] = [:]

    /// All records.
    package var total: Int { rows.values.reduce(0, +) }

    /// Adds records of a table.
    mutating func add(_ count: Int, of table: String) {
        rows[table, default: 0] += count
    }
}
