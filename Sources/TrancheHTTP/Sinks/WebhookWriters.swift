import Tranche

/// Sends a batch as one request.
final class WebhookBatchWriter: RecordWriter {
    private let posting: WebhookPosting
    private var body: [UInt8] = []
    private var count = 0

    init(_ posting: WebhookPosting) {
        self.posting = posting
        let batch = posting.batch
        body += "{\"job\":".utf8
        JSONBytes.append(batch.key.job.utf8, to: &body)
        body += ",\"run\":".utf8
        JSONBytes.append(batch.key.run.utf8, to: &body)
        body += ",\"batch\":\(batch.id),\"id_start\":\(batch.idStart)".utf8
        body += ",\"id_end\":\(batch.idEnd),\"records\":[".utf8
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if body.last != UInt8(ascii: "[") { body.append(UInt8(ascii: ",")) }
            record.appendJSON(to: &body)
        }
        count += records.count
        guard body.count <= posting.configuration.maxBytes else {
            throw TrancheError(
                .sinkFailed,
                "batch \(posting.batch.id) has more than \(posting.configuration.maxBytes) bytes as JSON, "
                    + "the most of one request to \(posting.url.withoutSecrets); \(Self.wayOut)"
            )
        }
    }

    func finish() async throws -> Counters {
        body += "]}".utf8
        let batch = posting.batch
        let key = try posting.key(
            String(batch.id),
            String(batch.idStart),
            String(batch.idEnd)
        )
        if let complaint = try await posting.post(body, key: key) {
            let several = count == 1 ? "" : "; it is a request of \(count) records: \(Self.wayOut)"
            throw TrancheError(.sinkFailed, complaint + several)
        }
        return Counters(["requests_sent": 1])
    }

    private static let wayOut =
        "hand out less weight a batch (--weight, --count), or send each record apart (--each)"

    func abandon() async { body = [] }
}

/// Sends each record as a request.
final class WebhookRecordWriter: RecordWriter {
    private let posting: WebhookPosting
    private var count = 0
    private var places = RecordPlaces()
    private var refused: [RefusedRecord] = []

    init(_ posting: WebhookPosting) {
        self.posting = posting
    }

    func write(_ records: [Record]) async throws {
        var requests: [(id: Int64, key: String, record: Record)] = []
        for record in records {
            // Several records may have been made of one item.
            let place = places.next(of: record.id)
            requests.append((record.id, try posting.key(String(record.id), String(place)), record))
        }
        let posting = posting
        let ended = try await withThrowingTaskGroup(of: Ended.self) { group in
            var all: [Ended] = []
            for (number, request) in requests.enumerated() {
                if number >= posting.configuration.concurrency, let ended = try await group.next() {
                    all.append(ended)
                }
                group.addTask {
                    try await WebhookRecordWriter.send(
                        request.record,
                        key: request.key,
                        by: posting
                    )
                }
            }
            for try await ended in group { all.append(ended) }
            return all
        }
        count += ended.count { $0.isSent }
        refused += ended.compactMap(\.refusal).sorted { $0.id < $1.id }
    }

    /// What became of a record.
    private struct Ended: Sendable {
        var isSent = true
        var refusal: RefusedRecord?
    }

    private static func send(
        _ record: Record,
        key: String,
        by posting: WebhookPosting
    ) async throws -> Ended {
        var body: [UInt8] = []
        record.appendJSON(to: &body)
        let most = posting.configuration.maxBytes
        guard body.count <= most else {
            let words =
                "it has \(body.count) bytes as JSON, and a request to "
                + "\(posting.url.withoutSecrets) has \(most) at most"
            return Ended(isSent: false, refusal: RefusedRecord(record, words))
        }
        let complaint = try await posting.post(body, key: key)
        return Ended(refusal: complaint.map { RefusedRecord(record, $0) })
    }

    func takeRefused() -> [RefusedRecord] {
        defer { refused = [] }
        return refused
    }

    func finish() async throws -> Counters { Counters(["requests_sent": count]) }

    /// Requests that were sent are sent again by the next attempt, with the same keys.
    func abandon() async {}
}
