public import Tranche
import TrancheConnectors

/// One attempt of a batch on its way through a chain; belongs to one task.
public final class BatchContext {
    /// The batch.
    public let batch: BatchRecord
    /// The parameters of the run, by name.
    public internal(set) var parameters: [String: String] = [:]
    /// The counts so far; steps add under names of their own.
    public var counters = Counters()
    /// Where the records come from, where that is not the batch's source.
    var supply: (any RecordSupply)?
    /// What knows on which lines records stand, where they stand on some.
    var source: (any LineCounting)?
    /// The receiver of items that are not valid records; `nil` where the batch fails with them.
    var rejects: RejectCollector?
    /// The fields that all records of the source have; `nil` where each says its own.
    let sourceFields: RecordFields?
    /// Whether there is another attempt for records that came too early.
    let hasMoreAttempts: Bool
    /// Whether faults name fields of a file rather than options of a command.
    var isOfFile = false
    /// What ends with the batch when nobody takes faults.
    private var refused: [RefusedRecord] = []

    init(_ batch: BatchRecord, sourceFields: RecordFields? = nil, hasMoreAttempts: Bool = false) {
        self.batch = batch
        self.sourceFields = sourceFields
        self.hasMoreAttempts = hasMoreAttempts
    }

    /// Reports an item that is not a valid record.
    ///
    /// It goes to the file of rejects, where the chain has one. Otherwise the batch fails, with the
    /// item to blame.
    ///
    /// - Parameter fault: What is wrong with it.
    /// - Throws: The reject file's failure, or `RecordsRefused`.
    public func reject(_ fault: RecordFault) throws {
        try reject(fault, by: .step)
    }

    /// Reports an item that is not a valid record, and the stage that found it.
    func reject(_ fault: RecordFault, by origin: RefusedRecord.Origin) throws {
        counters.add(1, to: CounterName.rejected)
        let fault = isOfFile && origin == .source ? FieldWords.fault(fault) : fault
        if let rejects { return try rejects.add(fault) }
        let message = fault.errors.map(\.description).joined(separator: "; ")
        try keep(RefusedRecord(id: fault.id, message: message, origin: origin))
    }

    /// Tells of a record that a step cannot work on.
    func reject(_ record: Record, _ message: String) throws {
        try reject(RefusedRecord(id: record.id, message: message, origin: .step, record: record))
    }

    /// Tells of a record that is refused.
    func reject(_ refusal: RefusedRecord) throws {
        var refusal = refusal
        refusal.mayBeEarly = refusal.mayBeEarly && hasMoreAttempts
        if refusal.mayBeEarly { return try keep(refusal) }
        counters.add(1, to: CounterName.rejected)
        guard let rejects else { return try keep(refusal) }
        var input: [UInt8] = []
        refusal.record?.appendJSON(to: &input)
        let isOfSink = refusal.origin == .sink
        let error = FieldError(
            field: refusal.field,
            message: isOfFile && isOfSink ? FieldWords.text(refusal.message) : refusal.message,
            input: refusal.input
        )
        try rejects.add(
            RecordFault(
                id: refusal.id,
                errors: [error],
                input: String(decoding: input, as: UTF8.self),
                isObject: refusal.record != nil
            )
        )
    }

    /// Finds out on which lines records begin.
    func lines(of ids: [Int64]) async -> [Int64: RecordLine] {
        if let supply { return await supply.lines(of: ids) }
        return await source?.knownLines(of: ids) ?? [:]
    }

    /// Throws the error of items that nobody takes.
    func requireNoFaults() throws {
        if !refused.isEmpty { throw RecordsRefused(refused) }
    }

    /// Some more of the same kind are looked for, so that they are known at once.
    private func keep(_ refusal: RefusedRecord) throws {
        var refusal = refusal
        // A record keeps all that was read with it.
        refusal.record = nil
        refused.append(refusal)
        if refused.count >= Self.mostFaults { throw RecordsRefused(refused) }
    }

    private static let mostFaults = 1000
}

@available(*, unavailable)
extension BatchContext: Sendable {}

/// The names of what every chain counts.
public enum CounterName: Sendable {
    /// Records that were read from the source.
    public static let read = "records_read"
    /// Records that were valid.
    public static let valid = "records_valid"
    /// Items that were not valid records.
    public static let rejected = "records_rejected"
    /// Fields beyond those that there are, left out where ragged records are fitted.
    public static let surplus = "fields_surplus"
    /// Records that the sink took.
    public static let written = "records_written"
}
