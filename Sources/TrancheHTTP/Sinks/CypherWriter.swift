import Tranche

/// Sends the records of one batch.
///
/// Each request is a transaction. One that the server refuses for what it holds is sent in halves,
/// so that the record to blame is found and all others are taken.
final class CypherWriter: RecordWriter {
    private let sink: CypherSink
    private let configuration: CypherSink.Configuration
    private var waiting: [Record] = []
    /// The waiting records as JSON, with commas between, and where each begins.
    private var bytes: [UInt8] = []
    private var starts: [Int] = []
    private var refused: [RefusedRecord] = []
    /// Whether the server has taken any.
    private var isTaking = false
    private var counters = Counters()

    init(_ sink: CypherSink, _ configuration: CypherSink.Configuration) {
        self.sink = sink
        self.configuration = configuration
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if !waiting.isEmpty { bytes.append(UInt8(ascii: ",")) }
            starts.append(bytes.count)
            record.appendJSON(to: &bytes, long: .asTexts)
            waiting.append(record)
            if waiting.count >= configuration.records || bytes.count >= configuration.bytes {
                try await flush()
            }
        }
    }

    private func flush() async throws {
        let (records, bytes, ends) = (
            waiting, bytes, starts.dropFirst().map { $0 - 1 } + [bytes.count]
        )
        let starts = starts.isEmpty ? [0] : starts
        forget()
        var ranges = [0..<max(1, records.count)]
        while let range = ranges.popLast() {
            do {
                let part = bytes[starts[range.lowerBound]..<ends[range.upperBound - 1]]
                counters.merge(try await sink.run(Array(part)))
                isTaking = isTaking || !records.isEmpty
            } catch let error as TrancheError {
                guard let failure = error.underlying as? CypherFailure, failure.mayBlameRecord,
                    !records.isEmpty
                else { throw error }
                if range.count > 1 {
                    let middle = range.lowerBound + range.count / 2
                    ranges += [middle..<range.upperBound, range.lowerBound..<middle]
                    continue
                }
                refused.append(RefusedRecord(records[range.lowerBound], error.message))
                // A statement that takes none is to blame itself.
                if !isTaking, refused.count >= Self.mostAtOnce { throw error }
            }
        }
    }

    private static let mostAtOnce = 20

    func takeRefused() -> [RefusedRecord] {
        if !isTaking, refused.count >= Self.mostAtOnce { return [] }
        defer { refused = [] }
        return refused
    }

    /// Sends what is left; all is counted, also when there was no record.
    func finish() async throws -> Counters {
        if !waiting.isEmpty || counters.values.isEmpty { try await flush() }
        return counters
    }

    /// Requests that were sent are sent again by the next attempt.
    func abandon() async { forget() }

    private func forget() {
        waiting = []
        bytes = []
        starts = []
    }
}
