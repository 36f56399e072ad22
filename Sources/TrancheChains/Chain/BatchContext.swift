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
    /// The items of which the elements were made that a step gave last; of records each knows it.
    var items: [Int64] = []
    /// The receivers of items that are not valid records, one for each file of these; empty where
    /// the batch fails with them.
    var rejects: [RejectCollector] = []
    /// How many items may be no valid records; any number by default.
    var maxRejects: RejectLimit?
    /// The fields that all records of the source have; `nil` where each says its own.
    let sourceFields: RecordFields?
    /// Whether there is another attempt for records that came too early.
    let hasMoreAttempts: Bool
    /// Whether faults name fields of a file rather than options of a command.
    var isOfFile = false
    /// The example that is named where more is refused than may be.
    private var firstRejected: RefusedRecord?
    /// What ends with the batch when nobody takes faults.
    private var refused: [RefusedRecord] = []

    init(_ batch: BatchRecord, sourceFields: RecordFields? = nil, hasMoreAttempts: Bool = false) {
        self.batch = batch
        self.sourceFields = sourceFields
        self.hasMoreAttempts = hasMoreAttempts
    }

    /// The items of which the elements were made that the step before gave just now.
    ///
    /// - Parameter chunk: The elements.
    /// - Returns: As many ids.
    func items<Element>(of chunk: [Element]) -> [Int64] {
        // Not asked of each element, as where the array's type is known.
        let all: Any = chunk
        if let records = all as? [Record] { return records.map(\.id) }
        if items.count == chunk.count { return items }
        return [Int64](repeating: batch.idStart, count: chunk.count)
    }

    /// Reports an item that is not a valid record.
    ///
    /// It goes to the file of rejects, where the chain has one. Otherwise the batch fails, with the
    /// item to blame.
    ///
    /// - Parameter fault: What is wrong with it.
    /// - Throws: `TrancheError` `.invalidItem` where there are more than may be; `RecordsRefused`.
    public func reject(_ fault: RecordFault) throws {
        try reject(fault, by: .step)
    }

    /// Reports an item that is not a valid record.
    ///
    /// - Parameters:
    ///   - fault: What is wrong with it.
    ///   - origin: The stage that found it.
    ///   - file: The step's own file of rejects, where it has one.
    /// - Throws: `TrancheError` `.invalidItem` where there are more than may be; `RecordsRefused`.
    func reject(
        _ fault: RecordFault,
        by origin: RefusedRecord.Origin,
        to file: RejectFile? = nil
    ) throws {
        let fault = isOfFile && origin == .source ? FieldWords.fault(fault) : fault
        try countRejected(RefusedRecord(fault, by: origin))
        if let collector = collector(of: file) { return collector.add(fault) }
        try keep(RefusedRecord(fault, by: origin))
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
        try countRejected(refusal)
        guard let collector = collector(of: nil) else { return try keep(refusal) }
        var input: [UInt8] = []
        refusal.record?.appendJSON(to: &input)
        let isOfSink = refusal.origin == .sink
        let error = FieldError(
            field: refusal.field,
            message: isOfFile && isOfSink ? FieldWords.text(refusal.message) : refusal.message,
            input: refusal.input
        )
        collector.add(
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

    /// Where the rejects for a file come together; without a file, those that no step has one for.
    private func collector(of file: RejectFile?) -> RejectCollector? {
        if let file, let own = rejects.first(where: { $0.path == file.path }) { return own }
        return rejects.last { $0.takesRest } ?? rejects.last
    }

    /// Asked with each: a batch of which all is refused ends as soon as one that is written.
    private func countRejected(_ refusal: @autoclosure () -> RefusedRecord) throws {
        counters.add(1, to: CounterName.rejected)
        guard let maxRejects else { return }
        var first = firstRejected ?? refusal()
        // A record keeps all that was read with it.
        first.record = nil
        firstRejected = first
        try maxRejects.require(counters[CounterName.rejected], of: batch, suchAs: first)
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

extension RefusedRecord {
    /// An item that is not a valid record, with all that is wrong with it in one text.
    init(_ fault: RecordFault, by origin: Origin) {
        let message = fault.errors.map(\.description).joined(separator: "; ")
        self.init(id: fault.id, message: message, origin: origin)
    }
}

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
