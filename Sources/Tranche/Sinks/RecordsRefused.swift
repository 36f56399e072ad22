/// A record that is not taken, and why.
public struct RefusedRecord: Sendable {
    /// The stage that refuses a record.
    public enum Origin: Sendable, Hashable {
        /// The source could not read it.
        case source
        /// A step of the chain, such as a schema.
        case step
        /// The sink.
        case sink
    }

    /// The id of the record's item.
    public var id: Int64
    /// The field that is to blame; `nil` where it is not one alone.
    public var field: String?
    /// The fault, in words that name the field.
    public var message: String
    /// The field's text; `nil` when it has none.
    public var input: String?
    /// The stage that refuses it.
    public var origin: Origin
    /// The record, where it is still at hand.
    public var record: Record?
    /// Whether it may be taken later, since it refers to a record that may be another batch's: it
    /// is tried again as often as a batch is.
    public var mayBeEarly = false

    /// Makes a refusal.
    public init(
        id: Int64,
        field: String? = nil,
        message: String,
        input: String? = nil,
        origin: Origin = .sink,
        record: Record? = nil
    ) {
        self.id = id
        self.field = field
        self.message = message
        self.input = input
        self.origin = origin
        self.record = record
    }

    /// Makes a sink's refusal of a record.
    public init(_ record: Record, field: String? = nil, _ message: String, input: String? = nil) {
        self.init(id: record.id, field: field, message: message, input: input, record: record)
    }
}

/// Records that are not taken, while others would be.
///
/// A batch that ends with it fails with these items to blame: they are quarantined, and all the
/// rest is a batch again at once. Where a chain has a file of rejects, they go there instead, and
/// the batch succeeds without them.
public struct RecordsRefused: Error, CategorizedError {
    /// The records, by the ids of their items.
    public var failures: [RefusedRecord]

    /// Trying again is of no use.
    public var category: ErrorCategory { .permanent }

    /// Makes the error.
    public init(_ failures: [RefusedRecord]) {
        self.failures = failures
    }

    /// Makes the error of a sink.
    ///
    /// - Parameter failures: The records, by the ids of their items, with the sink's words.
    public init(_ failures: [(id: Int64, message: String)]) {
        self.failures = failures.map { RefusedRecord(id: $0.id, message: $0.message) }
    }

    /// The items to blame, each with all that is wrong with it: what is wrong with several of its
    /// records is said once.
    public var reasons: [Int64: String] {
        var reasons: [Int64: String] = [:]
        var told: [Int64: Set<String>] = [:]
        for failure in failures
        where told[failure.id, default: []].insert(failure.message).inserted {
            reasons[failure.id] = (reasons[failure.id].map { "\($0); " } ?? "") + failure.message
        }
        return reasons
    }
}

extension RecordsRefused: CustomStringConvertible {
    /// How many, by whom, and the first one's reason.
    public var description: String {
        let origins: [RefusedRecord.Origin] = [.source, .step, .sink]
        let parts = origins.compactMap { origin -> String? in
            let own = failures.filter { $0.origin == origin }
            guard let first = own.first else { return nil }
            let count = own.count == 1 ? "1 record" : "\(own.count) records"
            let words =
                switch origin {
                case .source: "\(count) could not be read"
                case .step: "\(count) \(own.count == 1 ? "is" : "are") not valid"
                case .sink: "the sink refused \(count)"
                }
            return "\(words), such as \(first.id): \(first.message)"
        }
        return parts.isEmpty ? "no record was refused" : parts.joined(separator: "; ")
    }
}

extension [Record] {
    /// Parts the records from those that were refused.
    ///
    /// Several may be of one item: a refusal that does not say which of them it means is of all.
    ///
    /// - Parameter refused: What was refused.
    /// - Returns: The records that are left, and a refusal for each other one; also those of
    ///   records that are not here.
    package func parted(
        from refused: [RefusedRecord]
    ) -> (left: [Record], refused: [RefusedRecord]) {
        if refused.isEmpty { return (self, []) }
        let own = Set(map { RecordRow($0) })
        var rows: [RecordRow: RefusedRecord] = [:]
        var items: [Int64: RefusedRecord] = [:]
        for refusal in refused {
            if let row = refusal.record.map({ RecordRow($0) }), own.contains(row) {
                rows[row] = rows[row] ?? refusal
            } else {
                items[refusal.id] = items[refusal.id] ?? refusal
            }
        }
        var (left, others): ([Record], [RefusedRecord]) = ([], [])
        for record in self {
            guard var refusal = rows[RecordRow(record)] ?? items[record.id] else {
                left.append(record)
                continue
            }
            refusal.record = record
            others.append(refusal)
        }
        let ids = Set(map(\.id))
        return (left, others + refused.filter { !ids.contains($0.id) })
    }
}

/// What tells a record from others of its item.
private struct RecordRow: Hashable {
    let block: ObjectIdentifier
    let row: Int

    init(_ record: Record) {
        block = ObjectIdentifier(record.block)
        row = record.row
    }
}

/// Says that a batch is to be written once more within the same attempt, in another way.
///
/// A sink that has found out something while it wrote (a row that the database refuses, without
/// saying which it is; a column that is to be added) throws it; what was written so far is given
/// up.
package struct SinkPassNeeded: Error {
    /// What is told when there have been too many passes.
    package let underlying: any Error
    /// What is done before the next pass, outside any transaction of the batch.
    package let prepare: @Sendable () async throws -> Void

    package init(
        _ underlying: any Error,
        prepare: @escaping @Sendable () async throws -> Void
    ) {
        self.underlying = underlying
        self.prepare = prepare
    }
}
