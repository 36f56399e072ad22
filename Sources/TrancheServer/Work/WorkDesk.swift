import FoundationEssentials
import Synchronization
import Tranche
import TrancheConnectors
import TrancheHTTP
import TrancheWorkflows

/// Hands out batches of the jobs that the pipeline's file declares.
final class WorkDesk: Sendable {
    /// A job that was begun: what is asked for, and of which source.
    private struct Begun: Sendable {
        let request: BatchRequest
        let source: any MetaSourceDescription
        /// The generation of its workflow.
        let generation: Int
    }

    private struct Place: Hashable {
        let job: String
        let run: String
    }

    private let state: ServerState
    private let begun = Mutex<[Place: Begun]>([:])

    private static let idempotencyKey = "Idempotency-Key"

    /// For how long a request is tried again while the inventory cannot be reached.
    static let patience = Duration.seconds(5)
    /// The longest wait for a batch.
    private static let longestWait = 25.0
    /// Between two looks of one who waits.
    private static let looks = (first: Duration.milliseconds(200), last: Duration.seconds(2))

    init(_ state: ServerState) {
        self.state = state
    }

    /// Hands out a batch, or says why there is none.
    func acquire(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(AcquireBody.self)
        let job = call.path["job"] ?? ""
        try call.require(job: job)
        let wait = body.wait ?? 0
        guard wait >= 0, wait <= Self.longestWait else {
            throw Refusal(400, "invalid_field", "wait is 0 to 25 seconds", field: "/wait")
        }
        let place = Place(job: job, run: Call.run(body.run ?? ""))
        var known = try await begun(place)
        var request = try request(known.request, body, call)
        var looksAgain = !isDeclared(place)
        let clock = state.configuration.clock
        let stopwatch = Stopwatch(clock)
        var pause = Self.looks.first
        while true {
            switch try await acquired(request, known.source, body, call, looksAgain) {
            case .batch(let batch):
                return try await answer(batch, body, isRepeatable: request.token != nil)
            case .noBatch(let reason):
                if forget(place, known, reason), looksAgain {
                    looksAgain = false
                    known = try await begun(place)
                    request = try self.request(known.request, body, call)
                    continue
                }
                let left = .seconds(wait) - stopwatch.elapsed
                guard reason.mayPass, left > .zero else {
                    let told = try await telling(reason, request, known.source)
                    return try answer(reason, in: told.wordsOfServer)
                }
                try await clock.sleep(for: min(pause, left))
                pause = min(pause * 2, Self.looks.last)
            }
        }
    }

    /// Forgets a job whose run was forgotten, and may have been begun anew under its name.
    ///
    /// - Returns: Whether to look for it at once: the inventory knows what it is, not the file.
    private func forget(_ place: Place, _ job: Begun, _ reason: NoBatchReason) -> Bool {
        guard case .superseded(let generation) = reason else { return false }
        let isDeclared = isDeclared(place)
        // A newer one stays: begun again and again, the descriptions of two servers would replace
        // each other for ever. That of a run that was begun anew is none: it counts from 1 again.
        let isAnew = generation == 0 || !isDeclared && generation <= job.generation
        guard isAnew else { return false }
        begun.withLock { $0[place] = nil }
        return !isDeclared
    }

    /// Whether the file says what a job is.
    private func isDeclared(_ place: Place) -> Bool {
        state.jobs.workflow(job: place.job, run: place.run) != nil
    }

    /// The reason as everybody is told it: a limit of 0 lasts until somebody changes it.
    private func telling(
        _ reason: NoBatchReason,
        _ request: BatchRequest,
        _ source: any MetaSourceDescription
    ) async throws -> NoBatchReason {
        guard case .limited = reason else { return reason }
        let table = try await state.inventory.source(source).definition.table
        let key = RunKey(metaTable: table, job: request.job, run: request.run)
        return try await state.inventory.telling(reason, of: key)
    }

    /// Asks the inventory; what it refuses of a request is said of what the caller sent.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: Of which source.
    ///   - body: What the caller sent.
    ///   - call: The call.
    ///   - mayBeAnother: Whether a run of other ids, which has the name by now, is told of as of a
    ///     run that was forgotten.
    /// - Returns: The batch, or why there is none.
    /// - Throws: The inventory's failure; ``Refusal``.
    private func acquired(
        _ request: BatchRequest,
        _ source: any MetaSourceDescription,
        _ body: AcquireBody,
        _ call: Call,
        _ mayBeAnother: Bool
    ) async throws -> Acquired {
        do {
            return try await state.inventory.acquire(request, from: source)
        } catch let error as TrancheError where error.code == .invalidArgument {
            throw Self.refusal(error, of: request, body, call) ?? error
        } catch let error as TrancheError where error.code == .redefined && mayBeAnother {
            return .noBatch(.superseded(by: 0))
        }
    }

    /// The refusal that names what a caller sent; `nil` where that is not to blame.
    private static func refusal(
        _ error: TrancheError,
        of request: BatchRequest,
        _ body: AcquireBody,
        _ call: Call
    ) -> (any Error)? {
        if body.weight != nil, error.field == ["weight_column"] {
            return Refusal(
                400,
                "invalid_field",
                "the source of this job has no weights; leave 'weight' out, or give 'count'",
                field: "/weight"
            )
        }
        // The caller never saw the token that the key was made.
        guard let token = request.token, error.message.contains("'\(token)'"),
            let key = call.request.headers[Self.idempotencyKey]
        else { return nil }
        let words = error.message.replacing(
            "the request token '\(token)'",
            with: "the \(Self.idempotencyKey) '\(HumanText.excerpt(key))'"
        )
        return Refusal(400, "\(error.code)", words, field: Self.idempotencyKey)
    }

    /// The job, begun where it is not.
    private func begun(_ place: Place) async throws -> Begun {
        if let known = begun.withLock({ $0[place] }) { return known }
        let workflow = try await workflow(place)
        let workflows = state.jobs.all(in: state.inventory)
        let handle = try await workflows.start(workflow)
        let (request, source) = try workflows.request(for: handle)
        let made = Begun(
            request: request,
            source: source,
            generation: handle.record.generation
        )
        begun.withLock { $0[place] = made }
        return made
    }

    /// The job as the file declares it, for a run that it names, or that was begun over REST.
    private func workflow(_ place: Place) async throws -> Workflow {
        if let declared = state.jobs.workflow(job: place.job, run: place.run) { return declared }
        guard let base = state.jobs.workflow(job: place.job) else {
            throw Refusal(
                404,
                "unknown_job",
                "the pipeline declares no such job; GET v1/graph tells which it does"
            )
        }
        if let ids = try await bounds(of: place, as: base) {
            return try base.with(run: place.run, ids: ids)
        }
        let runs = state.jobs.workflows.filter { $0.job == place.job }.map(\.run)
        throw Self.noSuchRun(place, among: runs)
    }

    /// The ids of a run that was begun of a job's source, for the same handler; `nil` where there
    /// is none.
    private func bounds(of place: Place, as base: Workflow) async throws -> IDBounds? {
        guard !place.run.isEmpty, case .handler = base.work else { return nil }
        let workflows = state.jobs.all(in: state.inventory)
        let asked = RunSelection(job: place.job, run: place.run)
        let known = try await workflows.list(asked)
        guard !known.isEmpty else { return nil }
        // As it is kept: with absolute paths.
        let source = try await workflows.check(base).source
        let names = try state.jobs.connectors.recordedNames(of: source)
        guard let handle = known.first(where: { names.contains($0.key.metaTable) }) else {
            return nil
        }
        let begun = try handle.description
        return begun.work == base.work ? begun.ids : nil
    }

    /// That the pipeline declares a job, and none of its runs is the one that is asked for.
    private static func noSuchRun(_ place: Place, among runs: [String]) -> Refusal {
        func words(_ run: String) -> String { run.isEmpty ? "the incremental run" : "'\(run)'" }
        let asked = place.run.isEmpty ? "no incremental run" : "no run '\(place.run)'"
        let known = runs.map(words).joined(separator: ", ")
        return Refusal(
            404,
            "unknown_run",
            "the pipeline declares \(asked) of job '\(place.job)', and none was begun; it declares "
                + "\(known), and POST v1/jobs/{job}/backfill begins others",
            field: "/run"
        )
    }

    private func request(
        _ base: BatchRequest,
        _ body: AcquireBody,
        _ call: Call
    ) throws -> BatchRequest {
        var request = base
        let worker = body.worker ?? call.caller.principal
        guard !worker.isEmpty, worker.utf8.count <= 128 else {
            throw Refusal(400, "invalid_field", "worker has 1 to 128 bytes", field: "/worker")
        }
        // What it is worked on by is told as of any worker of the workflow.
        let digest = base.worker?.split(separator: "@").last.map { "@\($0)" } ?? ""
        request.worker = worker + digest
        try Self.requireLimits(body)
        if body.weight != nil || body.count != nil {
            request.limit = base.limit.tightened(weight: body.weight, count: body.count)
            if body.weight != nil { request.targetTime = nil }
        }
        request.jobIdentifier = body.jobIdentifier
        if let key = call.request.headers[Self.idempotencyKey] {
            guard !key.isEmpty, key.utf8.count <= 255 else {
                throw Refusal(
                    400,
                    "invalid_parameter",
                    "\(Self.idempotencyKey) has 1 to 255 bytes",
                    field: Self.idempotencyKey
                )
            }
            // Two callers who say the same do not mean the same.
            let digest = try sha256(Array("\(call.caller.principal)\u{0}\(key)".utf8))
            request.token = "rest-" + digest.hexadecimal
        }
        try request.validate()
        return request
    }

    /// Refuses limits that no batch keeps.
    private static func requireLimits(_ body: AcquireBody) throws {
        if let weight = body.weight, !(weight > 0) || weight.isInfinite {
            throw Refusal(
                400,
                "invalid_field",
                "weight is \(weight.plain); give a number above 0, or leave it out",
                field: "/weight"
            )
        }
        if let count = body.count, count <= 0 {
            throw Refusal(
                400,
                "invalid_field",
                "count is \(count); give a whole number above 0, or leave it out",
                field: "/count"
            )
        }
    }

    // MARK: - Answers

    private func answer(
        _ batch: Batch,
        _ body: AcquireBody,
        isRepeatable: Bool
    ) async throws -> HTTPServerResponse {
        do {
            let isWhole = body.items != false && batch.count <= WorkRoutes.mostItems
            // Before work begins: nobody works on what could not be read.
            let items = isWhole ? try await batch.items : nil
            if batch.execution == .atMostOnce, batch.record.status == .running {
                try await batch.begin()
            }
            let answer: HTTPServerResponse = try .document(
                AcquiredDocument(
                    batch: BatchDocument(batch.record),
                    token: HoldingToken.text(batch),
                    leaseSeconds: batch.lease.seconds,
                    heartbeatEvery: batch.lease.seconds / 3,
                    exact: batch.isExact,
                    items: items,
                    moreItems: !isWhole
                )
            )
            state.held.add(batch)
            return answer
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch {
            // Whoever asked does not know of the batch. One who can ask for it again finds it held,
            // as long as its lease lasts.
            if !isRepeatable { try await batch.release() }
            throw error
        }
    }

    private func answer(_ reason: NoBatchReason, in words: String) throws -> HTTPServerResponse {
        let words = RouteWords.naming(HumanText.oneLine(redacted(words)))
        let whole = words.unicodeScalars.map { $0.isASCII ? Character($0) : "?" }
        // Proxies and servers have room for a few KiB of headers.
        let ascii = whole.count > 500 ? String(whole.prefix(497)) + "..." : String(whole)
        var headers: HTTPFields = ["Tranche-Reason": ascii, "Cache-Control": "no-store"]
        if let until = reason.until {
            let seconds = max(1, until.timeIntervalSince(state.now).rounded(.up))
            headers["Retry-After"] = String(Int(min(seconds, 3600)))
        }
        switch reason {
        case .limited:
            if headers["Retry-After"] == nil { headers["Retry-After"] = "1" }
            throw Refusal(429, "limited", words, headers: headers)
        case .cancelled: throw Refusal(409, "cancelled", words, headers: headers)
        case .superseded: throw Refusal(409, "superseded", words, headers: headers)
        default: return HTTPServerResponse(204, headers: headers)
        }
    }
}

extension BatchLimit {
    /// The limit with what a caller gives beside it: of each the smaller one holds.
    fileprivate func tightened(weight: Double?, count: Int?) -> BatchLimit {
        BatchLimit(
            weight: [self.weight, weight].compactMap { $0 }.min(),
            count: [self.count, count].compactMap { $0 }.min()
        )
    }
}

extension NoBatchReason {
    /// The reason, for who asks a server.
    fileprivate var wordsOfServer: String {
        guard case .superseded(let generation) = self, generation > 0 else { return description }
        return "superseded: generation \(generation) of the workflow has begun, and this server's "
            + "pipeline file describes another; restart the server with the newer file"
    }

    /// Whether there may be a batch soon, for who waits.
    fileprivate var mayPass: Bool {
        switch self {
        case .cancelled, .superseded: false
        default: true
        }
    }

    /// When it may be over.
    fileprivate var until: Date? {
        switch self {
        case .waiting(let until), .stuck(let until): until
        case .unsettled(let until), .held(_, let until), .heldBack(_, _, let until),
            .limited(_, let until):
            until
        case .complete, .paused, .cancelled, .superseded: nil
        }
    }
}
