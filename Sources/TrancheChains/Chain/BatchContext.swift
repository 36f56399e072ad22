public import Tranche

/// One attempt of a batch on its way through a chain; belongs to one task.
public final class BatchContext {
    /// The batch.
    public let batch: BatchRecord
    /// What was counted so far; steps add under names of their own.
    public var counters = Counters()
    /// Who is told of items that are no valid records; `nil` where the batch fails with them.
    var rejects: RejectCollector?
    /// The fields that all records of the source have; `nil` where each says its own.
    let sourceFields: RecordFields?
    /// What ends with the batch when nobody takes faults.
    private(set) var faults: [RecordFault] = []

    init(_ batch: BatchRecord, sourceFields: RecordFields? = nil) {
        self.batch = batch
        self.sourceFields = sourceFields
    }

    /// Tells of an item that is no valid record.
    ///
    /// It goes to the file of rejects, where the chain has one. Otherwise the batch fails, with the item
    /// to blame.
    ///
    /// - Parameter fault: What is wrong with it.
    /// - Throws: The reject file's failure, or `RecordsRefused`.
    public func reject(_ fault: RecordFault) throws {
        counters.add(1, to: CounterName.rejected)
        if let rejects { return try rejects.add(fault) }
        faults.append(fault)
        // Some more of the same kind are looked for, so that they are known at once.
        if faults.count >= Self.mostFaults { throw refusal }
    }

    /// The error of items that nobody takes; `nil` when there are none.
    func requireNoFaults() throws {
        if !faults.isEmpty { throw refusal }
    }

    private static let mostFaults = 100

    private var refusal: RecordsRefused {
        RecordsRefused(faults.map { ($0.id, $0.errors.map(\.description).joined(separator: "; ")) })
    }
}

@available(*, unavailable)
extension BatchContext: Sendable {}

/// The names of what every chain counts.
public enum CounterName: Sendable {
    /// Records that were read from the source.
    public static let read = "records_read"
    /// Records that were valid.
    public static let valid = "records_valid"
    /// Items that were no valid records.
    public static let rejected = "records_rejected"
    /// Records that the sink took.
    public static let written = "records_written"
}
