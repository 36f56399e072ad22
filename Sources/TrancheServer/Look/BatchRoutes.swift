import FoundationEssentials
package import Tranche

/// What is read of batches and their attempts.
struct BatchRoutes: Sendable {
    let state: ServerState

    var routes: [Route] {
        [
            .get(
                "/v1/runs/{job}/{run}/batches",
                "List batches of a run, the newest first, without archived ones.",
                query: [
                    .meta,
                    .init("status", .words(BatchStatus.allCases.map(\.rawValue)), "Their status."),
                    .init("cause", .words(BatchCause.allCases.map(\.rawValue)), "Their cause."),
                    .init("error", .text, "A text that their error has in it."),
                    .init("worker", .text, "Who holds or last held them."),
                    .limit, .init("after", .id, "The mark 'next' of the page before."),
                ],
                BatchesPage.self
            ) { try await batches($0) },
            .get("/v1/batches/{id}", "Tell of one batch.", BatchDocument.self) {
                try .document(BatchDocument(try await state.batch(of: $0)))
            },
            .get(
                "/v1/batches/{id}/attempts",
                "List the attempts of a batch, the oldest first.",
                query: [
                    .limit,
                    .init("after", .whole(0...Int(Int32.max)), "The attempt before the page."),
                ],
                AttemptsPage.self
            ) { try await attempts($0) },
            .get(
                "/v1/batches/{id}/attempts/{attempt}/logs",
                "Tell what was written during an attempt, as far as it is kept.",
                OutputDocument.self
            ) { try await logs($0) },
        ]
    }

    private func batches(_ call: Call) async throws -> HTTPServerResponse {
        let key = try await state.run(of: call).key
        let limit = try call.limit
        let selection = BatchSelection(
            runs: RunSelection(key),
            status: try call.word("status", BatchStatus.self),
            cause: try call.word("cause", BatchCause.self),
            before: try call.id("after"),
            text: call.words("error"),
            worker: call.words("worker"),
            limit: limit
        )
        let batches = try await state.inventory.batches(selection)
        let next = batches.count == limit ? batches.last.map { String($0.id) } : nil
        return try .document(BatchesPage(batches: batches.map(BatchDocument.init), next: next))
    }

    private func attempts(_ call: Call) async throws -> HTTPServerResponse {
        let batch = try await state.batch(of: call)
        let limit = try call.limit
        let mark = try call.number("after", 0, in: 0...Int(Int32.max))
        let attempts = try await state.inventory.attempts(of: batch.id, after: mark, limit: limit)
        let next = attempts.count == limit ? attempts.last.map { String($0.attempt) } : nil
        return try .document(
            AttemptsPage(attempts: attempts.map(AttemptDocument.init), next: next)
        )
    }

    private func logs(_ call: Call) async throws -> HTTPServerResponse {
        let batch = try await state.batch(of: call)
        guard let attempt = Int(call.path["attempt"] ?? ""), attempt > 0 else {
            throw Refusal(400, "invalid_parameter", "'attempt' is not a number", field: "attempt")
        }
        // They are numbered from 1, and the last is the batch's own.
        guard attempt <= batch.attempt else {
            throw Refusal(
                404,
                "unknown_attempt",
                "batch \(batch.id) has no attempt \(attempt); GET v1/batches/\(batch.id)/attempts "
                    + "lists them"
            )
        }
        let output = try await state.inventory.retrying { _ in
            try await state.inventory.store.output(of: batch.id, attempt: attempt)
        }
        return try .document(OutputDocument(batch: batch.id, attempt: attempt, output))
    }
}

extension ServerState {
    /// The batch that a call's path names, where it is the caller's.
    func batch(of call: Call) async throws -> BatchRecord {
        let id = try call.pathID("id")
        let batch = try await inventory.batch(id)
        guard call.caller.has(job: batch.key.job) else {
            throw TrancheError(.unknownBatch, "there is no batch \(id) here")
        }
        return batch
    }
}

/// A page of batches.
package struct BatchesPage: Codable, Sendable, Hashable {
    package let batches: [BatchDocument]
    /// The mark of the next page; `null` at the end.
    package let next: String?
}

/// A page of attempts.
package struct AttemptsPage: Codable, Sendable, Hashable {
    package let attempts: [AttemptDocument]
    /// The mark of the next page; `null` at the end.
    package let next: String?
}
