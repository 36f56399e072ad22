import Foundation
import Tranche
import TrancheSQL

/// Where the work on a batch leaves its trace: which attempt of which batch has done which item.
protocol CrashSink: Sendable {
    /// Writes the trace of a batch and records its success.
    func succeed(_ batch: Batch, _ items: [Item], _ talk: Conversation) async throws
}

/// A table of the inventory's own database, written in the transaction of the success.
struct TableSink: CrashSink {
    let job: String
    let table: String
    /// Rows for each item, and their size: many and large make a transaction that no cache holds.
    let copies: Int
    let payload: Int

    func succeed(_ batch: Batch, _ items: [Item], _ talk: Conversation) async throws {
        while true {
            do {
                return try await write(batch, items, talk)
            } catch let error as TrancheError where error.category == .transient {
                // The database went away before it was decided, or while the answer was on its way.
                talk.say("again \(batch.id) \(batch.attempt) \(error.code)")
                try await waitForDatabase(batch)
            }
        }
    }

    private func write(_ batch: Batch, _ items: [Item], _ talk: Conversation) async throws {
        let payload = String(repeating: "x", count: payload)
        try await batch.succeed { transaction in
            await talk.reach("writing", batch)
            for item in items {
                for copy in 0..<copies {
                    try await transaction.run(
                        """
                        INSERT INTO \(table) (job, item, batch, attempt, copy, payload)
                        VALUES ($1, $2, $3, $4, $5, $6)
                        """,
                        [
                            .text(job), .integer(item.id), .integer(batch.id),
                            .integer(Int64(batch.attempt)), .integer(Int64(copy)), .text(payload),
                        ]
                    )
                }
                if copies > 1 { talk.say("wrote \(item.id)") }
            }
            await talk.reach("committing", batch)
        }
    }

    /// A heartbeat is repeated within the lease.
    private func waitForDatabase(_ batch: Batch) async throws {
        do {
            _ = try await batch.heartbeat()
        } catch let error as TrancheError where error.code == .batchLost {
            // Perhaps by its own success: the next try finds out.
        }
    }
}

/// A file to which each attempt adds lines; it knows nothing of the inventory's transactions.
struct FileSink: CrashSink {
    let job: String
    let path: String

    func succeed(_ batch: Batch, _ items: [Item], _ talk: Conversation) async throws {
        try await leaveTrace(of: batch, items, talk)
        try await batch.succeed()
    }

    /// Writes the trace of a batch.
    func leaveTrace(of batch: Batch, _ items: [Item], _ talk: Conversation) async throws {
        await talk.reach("writing", batch)
        try append(items.map { "\(job) \($0.id) \(batch.id) \(batch.attempt)\n" }.joined())
        await talk.reach("committing", batch)
    }

    /// One write call: other processes write to the file, too.
    private func append(_ text: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw WorkerError("cannot open '\(path)'") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw WorkerError("cannot write to '\(path)'")
        }
    }
}
