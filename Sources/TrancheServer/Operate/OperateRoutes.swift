import FoundationEssentials
import Tranche
import TrancheWorkflows

/// What operators change of runs and batches.
struct OperateRoutes: Sendable {
    let state: ServerState

    var routes: [Route] { runRoutes + batchRoutes }

    private static func done(_ type: any (Decodable & Sendable).Type) -> [Route.Answer] {
        [.init(200, "What was changed.", type)]
    }

    // MARK: - Runs

    private var runRoutes: [Route] {
        [
            run("pause", "Hand out no more batches of a run.", ReasonBody.self, PauseDocument.self)
            {
                try await pause($0)
            },
            run(
                "resume",
                "Let a run go on that was paused or cancelled.",
                ResumeBody.self,
                PauseDocument.self
            ) { try await resume($0) },
            run(
                "cancel",
                "Cancel a run with all its open batches.",
                ReasonBody.self,
                CancelDocument.self
            ) { try await cancel($0) },
            run(
                "set",
                "Change how much of a run is held at once, and how it ranks among others.",
                SetBody.self,
                RunLimitsDocument.self
            ) { try await set($0) },
            .post(
                "/v1/jobs/{job}/backfill",
                "Begin a bounded run of a job that the pipeline's file declares.",
                role: .operate,
                body: BackfillBody.self,
                Self.done(WorkflowDocument.self)
            ) { try await backfill($0) },
        ]
    }

    /// A route that changes a run.
    private func run(
        _ verb: String,
        _ summary: String,
        _ body: any (Decodable & Sendable).Type,
        _ answer: any (Decodable & Sendable).Type,
        _ handler: @escaping Route.Handler
    ) -> Route {
        .post(
            "/v1/runs/{job}/{run}/\(verb)",
            summary,
            role: .operate,
            query: [.meta],
            body: body,
            Self.done(answer),
            handler
        )
    }

    private func pause(_ call: Call) async throws -> HTTPServerResponse {
        let given = try call.body(ReasonBody.self).reason ?? ""
        let run = try await state.run(of: call)
        // Without a reason, that of a pause which is in force stays.
        let reason = given.isEmpty ? run.pauseReason ?? "" : given
        try await state.operating(call.caller).pause(run.key, reason: reason)
        return try .document(PauseDocument(reason, of: run.key))
    }

    private func cancel(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(ReasonBody.self)
        let key = try await state.run(of: call).key
        let batches = try await state.operating(call.caller).cancel(key, reason: body.reason)
        return try .document(CancelDocument(batches, of: key))
    }

    private func resume(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(ResumeBody.self)
        let run = try await state.run(of: call)
        let inventory = state.operating(call.caller)
        guard let batches = body.batches else {
            try await inventory.resume(run.key, reason: body.reason)
            return try .document(PauseDocument(nil, of: run.key))
        }
        try await inventory.resume(run.key, lettingThrough: batches, reason: body.reason)
        return try .document(
            PauseDocument(run.pauseReason ?? "", of: run.key, lettingThrough: batches)
        )
    }

    private func set(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(SetBody.self)
        try Refusal.refuseContradictions([
            ("parallelism", body.parallelism != nil, "no_parallelism", body.noParallelism),
            ("per_key", body.perKey != nil, "no_per_key", body.noPerKey),
        ])
        let run = try await state.run(of: call)
        // All is looked at before the first is changed; unknown budgets change nothing.
        try body.validate(for: run)
        let (key, inventory) = (run.key, state.operating(call.caller))
        let reason = body.reason
        if let budgets = body.budgets {
            try await inventory.setBudgets(budgets, of: key, reason: reason)
        }
        if body.parallelism != nil || body.noParallelism == true {
            try await inventory.setParallelism(body.parallelism, of: key, reason: reason)
        }
        if body.perKey != nil || body.noPerKey == true {
            try await inventory.setPerKey(body.perKey, of: key, reason: reason)
        }
        if body.share != nil || body.priority != nil {
            try await inventory.setRank(
                share: body.share,
                priority: body.priority,
                of: key,
                reason: reason
            )
        }
        let changed = try await inventory.run(RunSelection(key))
        return try .document(RunLimitsDocument(changed, try await inventory.budgets(of: key)))
    }

    private func backfill(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(BackfillBody.self)
        let job = call.path["job"] ?? ""
        try call.require(job: job)
        guard !body.run.isEmpty, body.run != "-" else {
            throw Refusal(400, "invalid_field", "a backfill has a name", field: "/run")
        }
        guard body.from != nil || body.to != nil else {
            throw Refusal(400, "invalid_field", "a backfill has bounds", field: "/from")
        }
        guard let workflow = state.jobs.workflow(job: job) else {
            throw Refusal(
                404,
                "unknown_job",
                "the pipeline declares no such job; GET v1/graph tells which it does"
            )
        }
        let bounds = IDBounds(lower: body.from, upper: body.to)
        let workflows = state.jobs.all(in: state.operating(call.caller))
        let handle = try await workflows.start(
            try workflow.with(run: body.run, ids: bounds),
            reason: body.reason
        )
        return try .document(WorkflowDocument(handle))
    }

    // MARK: - Batches

    private var batchRoutes: [Route] {
        [
            .post(
                "/v1/batches/{id}/retry",
                "Offer a batch again that failed, waits, or is done.",
                role: .operate,
                body: AgainBody.self,
                Self.done(RetryDocument.self)
            ) { try await retry($0) },
            .post(
                "/v1/batches/{id}/cancel",
                "Cancel a batch that is held, would be offered again, or has failed.",
                role: .operate,
                body: ReasonBody.self,
                Self.done(BatchDocument.self)
            ) { call in
                let body = try call.body(ReasonBody.self)
                let batch = try await state.batch(of: call)
                let record = try await state.operating(call.caller)
                    .cancel(batch: batch.id, reason: body.reason)
                return try .document(BatchDocument(record))
            },
            .post(
                "/v1/batches/{id}/split",
                "Split a failed batch into two that are offered at once.",
                role: .operate,
                body: AgainBody.self,
                Self.done(SplitDocument.self)
            ) { try await split($0) },
            .post(
                "/v1/batches/{id}/redrive",
                "Make a quarantined batch a batch again.",
                role: .operate,
                body: ReasonBody.self,
                Self.done(RedriveDocument.self)
            ) { call in
                let reason = try call.body(ReasonBody.self).reason
                let batch = try await state.batch(of: call)
                let made = try await state.operating(call.caller)
                    .redrive(found: [batch], reason: reason)
                guard !made.isEmpty else {
                    throw Refusal(
                        409,
                        "not_offered",
                        "batch \(batch.id) is \(batch.status.rawValue), and is not offered again"
                    )
                }
                return try .document(RedriveDocument(made, isDryRun: false))
            },
        ]
    }

    private func retry(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(AgainBody.self)
        let batch = try await state.batch(of: call)
        let mayRepeat = body.mayRepeat ?? false
        try batch.requireRepeatable(mayRepeat)
        let offered = try await state.operating(call.caller)
            .retry(found: [batch], mayRepeat: mayRepeat, reason: body.reason)
        guard !offered.isEmpty else {
            throw Refusal(
                409,
                "not_offered",
                "batch \(batch.id) is \(batch.status.rawValue), and is not offered again"
            )
        }
        return try .document(RetryDocument(offered, isDryRun: false))
    }

    private func split(_ call: Call) async throws -> HTTPServerResponse {
        let body = try call.body(AgainBody.self)
        let batch = try await state.batch(of: call)
        let inventory = state.operating(call.caller)
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await state.source(run, inventory)
        let parts = try await inventory.split(
            batch,
            from: source,
            mayRepeat: body.mayRepeat ?? false,
            reason: body.reason
        )
        return try .document(
            SplitDocument(
                batch.id,
                into: parts.map { SplitDocument.Part($0) },
                isDryRun: false
            )
        )
    }
}

extension SetBody {
    /// Refuses limits that mean nothing.
    fileprivate func validate(for run: RunRecord) throws {
        try RunLimits(
            parallelism: parallelism,
            perKey: perKey,
            rank: BudgetRank(share: share ?? 1, priority: priority ?? 0)
        ).validate()
        try run.requireKeyColumn(for: perKey)
    }
}
