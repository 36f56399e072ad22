import FoundationEssentials
import Tranche
import TrancheHTTP

/// What workers ask: batches, and how they ended.
struct WorkRoutes: Sendable {
    let state: ServerState
    private let desk: WorkDesk

    init(state: ServerState) {
        self.state = state
        desk = WorkDesk(state)
    }

    /// Items of a batch that are told with it.
    static let mostItems = 10_000
    /// Heartbeats in one request.
    private static let mostHeartbeats = 1000

    private static let lost = Route.Answer(409, "The batch is lost.", RefusalDocument.self)

    var routes: [Route] {
        [
            .post(
                "/v1/jobs/{job}/acquire",
                "Hand out one batch of a job that the pipeline's file declares.",
                role: .work,
                body: AcquireBody.self,
                [
                    .init(200, "The batch.", AcquiredDocument.self),
                    .init(204, "There is none now; Tranche-Reason says why."),
                    .init(409, "The run is cancelled or superseded.", RefusalDocument.self),
                    .init(
                        429,
                        "A budget or the parallelism has no room, or is 0.",
                        RefusalDocument.self
                    ),
                ]
            ) { try await desk.acquire($0) },
            .get(
                "/v1/batches/{id}/items",
                "List the items of a batch, ascending by id.",
                role: .work,
                query: [.limit, .init("after", .id, "The item behind which the page begins.")],
                ItemsPage.self
            ) { try await items($0) },
            end("succeed", "Record that a batch is done.", SucceedBody.self) {
                try await succeed($0)
            },
            end("fail", "Record that a batch failed.", FailBody.self) { try await fail($0) },
            end("release", "Give a batch back unharmed.", ReleaseBody.self) {
                try await release($0)
            },
            .post(
                "/v1/batches/{id}/heartbeat",
                "Extend the lease of a batch.",
                role: .work,
                body: HeartbeatBody.self,
                [.init(200, "Until when it is held.", LeaseDocument.self), Self.lost]
            ) { try await heartbeat($0) },
            .post(
                "/v1/heartbeats",
                "Extend the leases of many batches.",
                role: .work,
                body: HeartbeatsBody.self,
                [.init(200, "What became of each.", HeartbeatsDocument.self)]
            ) { try await heartbeats($0) },
        ]
    }

    /// A route that ends a batch.
    private func end(
        _ verb: String,
        _ summary: String,
        _ body: any (Decodable & Sendable).Type,
        _ handler: @escaping Route.Handler
    ) -> Route {
        .post(
            "/v1/batches/{id}/\(verb)",
            summary,
            role: .work,
            body: body,
            [.init(200, "The batch.", BatchDocument.self), Self.lost],
            handler
        )
    }

    // MARK: - Ending

    /// The attempt that a body names; a batch of a job that is not the caller's is none.
    private func holding(_ call: Call, _ token: String) async throws -> AttemptKey {
        let id = try call.pathID("id")
        if call.caller.jobs != nil { _ = try await state.batch(of: call) }
        return try HoldingToken.attempt(of: token, batch: id)
    }

    private func succeed(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(SucceedBody.self)
        let holding = try await holding(call, body.token)
        let bad = try Self.blame(body.bad, body.badIDs)
        guard bad.isEmpty else { return try await succeed(in: bad, holding, body) }
        let success = AttemptSuccess(holding, result: body.result?.text, logging: body.logging)
        let record = try await state.held.ending(holding, as: .succeeded) {
            try await state.inventory.succeed(success, within: WorkDesk.patience)
        }
        return try .document(BatchDocument(record))
    }

    /// Records that all items are done but some.
    private func succeed(
        in bad: [ExactText: String?],
        _ holding: AttemptKey,
        _ body: SucceedBody
    ) async throws -> HTTPServerResponse {
        guard body.logging == nil else {
            throw Refusal(
                400,
                "invalid_field",
                "logging does not go with bad items: it holds their errors",
                field: "/logging"
            )
        }
        var success = BatchSuccess(result: body.result?.text)
        success.parts = try await parts(of: holding, blaming: bad).doneButBad
        let failure = BatchFailure(inPart: success)
        let inventory = state.inventory
        let record = try await state.held.ending(holding, as: .succeeded, failure) {
            try await inventory.retrying(within: WorkDesk.patience) { _ in
                try await inventory.store.fail(holding, with: failure)
            }
        }
        return try .document(BatchDocument(record))
    }

    /// What is wrong with each bad item that a body names, by its id or uid.
    private static func blame(
        _ bad: [BadItemBody]?,
        _ ids: [Value]?
    ) throws -> [ExactText: String?] {
        var reasons: [ExactText: String?] = [:]
        func name(_ id: Value, _ field: String) throws -> ExactText {
            switch id {
            case .integer(let id): return ExactText(String(id))
            case .text(let uid): return ExactText(uid)
            default:
                throw Refusal(
                    400,
                    "invalid_field",
                    "an item is named by its id, or by its uid as text",
                    field: field
                )
            }
        }
        for (place, item) in (bad ?? []).enumerated() {
            let error = item.error.map(ProgramBlame.kept)
            reasons.updateValue(error, forKey: try name(item.id, "/bad/\(place)/id"))
        }
        for (place, id) in (ids ?? []).enumerated() {
            let name = try name(id, "/bad_ids/\(place)")
            if reasons[name] == nil { reasons.updateValue(nil, forKey: name) }
        }
        return reasons
    }

    private func parts(
        of holding: AttemptKey,
        blaming bad: [ExactText: String?],
        error: String? = nil
    ) async throws -> [BatchPart] {
        let inventory = state.inventory
        let batch = try await inventory.batch(holding.batch)
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await inventory.source(state.source(run, inventory))
        return try await inventory.parts(of: batch, blaming: bad, error: error, in: source)
    }

    private func fail(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(FailBody.self)
        let holding = try await holding(call, body.token)
        var failure = BatchFailure(body.error, isTransient: body.transient ?? false)
        let inventory = state.inventory
        let bad = try Self.blame(body.bad, body.badIDs)
        if !bad.isEmpty {
            guard body.transient != true else {
                throw Refusal(
                    400,
                    "invalid_field",
                    "bad and bad_ids blame items, and transient none; give one of them",
                    field: body.bad?.isEmpty ?? true ? "/bad_ids" : "/bad"
                )
            }
            failure.parts = try await parts(of: holding, blaming: bad, error: body.error)
        }
        let ending = failure
        let record = try await state.held.ending(holding, as: .failed, ending) {
            try await inventory.retrying(within: WorkDesk.patience) { _ in
                try await inventory.store.fail(holding, with: ending)
            }
        }
        return try .document(BatchDocument(record))
    }

    private func release(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(ReleaseBody.self)
        let holding = try await holding(call, body.token)
        let inventory = state.inventory
        guard let seconds = body.seconds, seconds != 0 else {
            try body.requireNothingOfWait()
            let record = try await state.held.ending(holding, as: nil) {
                try await inventory.retrying(within: WorkDesk.patience) { _ in
                    try await inventory.store.release(holding)
                }
            }
            return try .document(BatchDocument(record))
        }
        guard seconds >= 1, seconds <= 900 else {
            throw Refusal(
                400,
                "invalid_field",
                "a batch comes back in 1 s to 900 s; leave 'seconds' out, or give 0, for at once",
                field: "/seconds"
            )
        }
        if let budget = body.park { try await requireBudget(budget, of: holding) }
        let reason = body.reason ?? ""
        let deferral = BatchDeferral(for: .seconds(seconds), parking: body.park, reason: reason)
        let jitter = deferral.wait * inventory.configuration.randomness() / 5
        let note = ChangeNote(by: call.caller.principal, reason: reason)
        var complaint: String?
        let record = try await state.held.ending(holding, as: nil) {
            let deferred = try await inventory.retrying(within: WorkDesk.patience) { _ in
                try await inventory.store.release(holding, deferral, jitter: jitter, note)
            }
            complaint = deferred.complaint
            return deferred.record
        }
        if let complaint { throw TrancheError(.unknownBudget, complaint) }
        return try .document(BatchDocument(record))
    }

    /// Refuses to park a budget that the batch's run does not refer to, before anything is changed.
    private func requireBudget(_ name: String, of holding: AttemptKey) async throws {
        let key = try await state.inventory.batch(holding.batch).key
        let budgets = try await state.inventory.budgets(of: key)
        guard budgets.contains(where: { $0.owner == .name(name) }) else {
            throw TrancheError(
                .unknownBudget,
                "\(key) does not refer to a budget '\(name)': nothing was changed; GET v1/budgets "
                    + "lists what there is"
            )
        }
    }

    // MARK: - Holding

    private func heartbeat(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(HeartbeatBody.self)
        let holding = try await holding(call, body.token)
        let inventory = state.inventory
        if let note = body.note {
            try AttemptOutput.validate(note: note)
            let output = AttemptOutput(note: AttemptOutput.kept(note: note))
            try await inventory.retrying(within: WorkDesk.patience) { _ in
                try await inventory.store.keep(output, of: holding)
            }
        }
        let end = try await state.held.extending(holding) {
            try await inventory.heartbeat(holding, within: WorkDesk.patience)
        }
        return try .document(LeaseDocument(holding, until: end))
    }

    private func heartbeats(_ call: Call) async throws -> HTTPServerResponse {
        let asked = try call.body(HeartbeatsBody.self).batches
        guard asked.count <= Self.mostHeartbeats else {
            throw Refusal(
                400,
                "invalid_field",
                "give at most \(Self.mostHeartbeats) batches at once",
                field: "/batches"
            )
        }
        var theirs = Set(asked.map(\.id))
        if call.caller.jobs != nil, !asked.isEmpty {
            let known = try await state.inventory.batches(BatchSelection(ids: asked.map(\.id)))
            theirs = Set(known.filter { call.caller.has(job: $0.key.job) }.map(\.id))
        }
        let shared = state
        let entries = try await withThrowingTaskGroup(of: (Int, HeartbeatsDocument.Entry).self) {
            group in
            // Those that are asked for at once share transactions.
            for (place, one) in asked.enumerated() {
                let isTheirs = theirs.contains(one.id)
                group.addTask { (place, try await Self.entry(one, isTheirs, shared)) }
            }
            var entries: [(Int, HeartbeatsDocument.Entry)] = []
            for try await entry in group { entries.append(entry) }
            return entries.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return try .document(HeartbeatsDocument(batches: entries))
    }

    private static func entry(
        _ one: HeartbeatsBody.Holding,
        _ isTheirs: Bool,
        _ state: ServerState
    ) async throws -> HeartbeatsDocument.Entry {
        do {
            guard isTheirs else {
                throw TrancheError(.unknownBatch, "there is no batch \(one.id) here")
            }
            let holding = try HoldingToken.attempt(of: one.token, batch: one.id)
            let end = try await state.held.extending(holding) {
                try await state.inventory.heartbeat(holding, within: WorkDesk.patience)
            }
            return .init(id: one.id, leaseExpiresAt: end, error: nil, code: nil)
        } catch let error as CancellationError {
            throw error
        } catch {
            let document = Refusal(error).document
            return .init(
                id: one.id,
                leaseExpiresAt: nil,
                error: document.error,
                code: document.code
            )
        }
    }

    private func items(_ call: Call) async throws -> HTTPServerResponse {
        let batch = try await state.batch(of: call)
        let (limit, mark) = (try call.limit, try call.id("after"))
        let inventory = state.inventory
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await inventory.source(state.source(run, inventory))
        let items = try await inventory.items(of: batch, from: source, after: mark, limit: limit)
        let next = items.count == limit ? items.last.map { String($0.id) } : nil
        return try .document(ItemsPage(items: items, next: next))
    }
}

extension ReleaseBody {
    /// Refuses what says how a batch waits, of one that does not.
    fileprivate func requireNothingOfWait() throws {
        let isReason = !(reason ?? "").isEmpty
        let name: String? = park != nil ? "park" : isReason ? "reason" : nil
        guard let name else { return }
        throw Refusal(
            400,
            "invalid_field",
            "'\(name)' needs 'seconds'; give both, or neither",
            field: "/\(name)"
        )
    }
}

/// Names an attempt for who holds it.
enum HoldingToken {
    static func text(_ batch: Batch) -> String { "\(batch.id).\(batch.attempt)" }

    /// The attempt of a token.
    static func attempt(of token: String, batch: Int64) throws -> AttemptKey {
        let parts = token.split(separator: ".")
        guard parts.count == 2, Int64(parts[0]) == batch, let attempt = Int(parts[1]), attempt > 0
        else {
            throw Refusal(
                400,
                "invalid_field",
                "this is not the token of batch \(batch); acquiring it told that",
                field: "/token"
            )
        }
        return AttemptKey(batch: batch, attempt: attempt)
    }
}
