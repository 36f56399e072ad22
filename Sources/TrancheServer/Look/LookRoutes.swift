import FoundationEssentials
import Tranche

/// What is read of the whole inventory, and of runs.
struct LookRoutes: Sendable {
    let state: ServerState

    var routes: [Route] {
        [
            .get(
                "/v1/overview",
                "Tell whether all is well, how much there is to do, and which jobs need somebody.",
                OverviewDocument.self,
                sharing: .inventory
            ) { try await overview($0) },
            .get(
                "/v1/runs",
                "List runs, in order of source, job and name.",
                query: [
                    .job, .meta, .init("status", .words(RunStatus.State.names), "The runs' state."),
                    .limit,
                    .after,
                ],
                RunsPage.self,
                sharing: .inventory
            ) { try await runs($0) },
            .get(
                "/v1/runs/{job}/{run}",
                "Tell of one run; '-' is the incremental run.",
                query: [.meta],
                RunDetailDocument.self,
                sharing: .runs
            ) { try await run($0) },
            .get(
                "/v1/runs/{job}/{run}/gaps",
                "List ids that were passed over and may still be committed.",
                query: [
                    .meta, .limit,
                    .init("after", .id, "The id at which the last gap of the page before begins."),
                ],
                GapsPage.self
            ) { try await gaps($0) },
            .get(
                "/v1/budgets",
                "List budgets, with who holds and waits.",
                BudgetsDocument.self
            ) { try await budgets($0) },
            .get("/v1/budgets/{name}", "Tell of one budget.", BudgetDocument.self) {
                try await budget($0)
            },
            .get(
                "/v1/changes",
                "List who changed budgets and runs, when and why; the latest first.",
                query: [
                    .job, .meta, .init("run", .text, "The run's name; '-' is the incremental one."),
                    .init("budget", .text, "The budget's name."), .limit,
                    .init("after", .id, "The change before which the page begins."),
                ],
                ChangesPage.self
            ) { try await changes($0) },
        ]
    }

    private func overview(_ call: Call) async throws -> HTTPServerResponse {
        let reading = try await state.overview.value
        let overview = OverviewDocument(
            reading,
            of: await state.inventoryDocument(for: call.caller),
            for: call.caller,
            series: state.feed.minutes(before: reading.asOf)
        )
        return .json(200, try overview.text(), headers: ["Cache-Control": "no-store"])
    }

    // MARK: - Runs

    private func runs(_ call: Call) async throws -> HTTPServerResponse {
        let limit = try call.limit
        let selection = RunSelection(metaTable: call.words("meta"), job: call.words("job"))
        let mark = try call.text("after").map { try PageMark.run($0) }
        let summaries = try await state.inventory.summaries(selection, after: mark, limit: limit)
        let status = call.words("status")
        if let status, !RunStatus.State.names.contains(status) {
            let words = RunStatus.State.names.joined(separator: ", ")
            throw Refusal(
                400,
                "invalid_parameter",
                "'status' is none of the states of runs; give one of \(words)",
                field: "status"
            )
        }
        let theirs = summaries.filter { call.caller.has(job: $0.run.key.job) }
        let runs = try await statuses(of: theirs)
            .filter { status == nil || $0.state.name == status }
        let next = summaries.count == limit ? summaries.last.map { PageMark.text($0.run.key) } : nil
        return try .document(RunsPage(runs: runs.map(RunDocument.init), next: next))
    }

    /// Looks at runs and their sources: those that the overview has were looked at for it.
    private func statuses(of summaries: [RunSummary]) async throws -> [RunStatus] {
        let looked = try await state.overview.value.status.overview.runs
        var known = Dictionary(looked.map { ($0.run.key, $0) }, uniquingKeysWith: { $1 })
        let others = summaries.filter { known[$0.run.key] == nil }
        if !others.isEmpty {
            let reading = try await StatusReading(
                of: others,
                in: state.inventory,
                source: state.sources()
            )
            for run in reading.overview.runs { known[run.run.key] = run }
        }
        return summaries.compactMap { known[$0.run.key] }
    }

    private func run(_ call: Call) async throws -> HTTPServerResponse {
        let inventory = state.inventory
        let key = try await state.run(of: call).key
        let reading = try await StatusReading(
            RunSelection(key),
            in: inventory,
            source: state.sources()
        )
        guard let run = reading.overview.runs.first else {
            throw TrancheError(.unknownRun, "there is no \(key) any more")
        }
        var open: [BatchRecord] = []
        for status in [BatchStatus.running, .released, .failed, .quarantined] {
            open += try await inventory.batches(
                BatchSelection(runs: RunSelection(key), status: status, limit: 500)
            )
        }
        let budgets = try await inventory.budgets(of: key)
        let lowest = try await inventory.lowestID(of: run.run)
        let now = state.now
        return try .document(
            RunDetailDocument(
                run,
                budgets,
                fault: reading.faults[key],
                coverage: Coverage(run, lowest: lowest, batches: open, now: now),
                openTransaction: reading.openTransaction,
                writers: reading.writers[key] ?? [],
                now: now
            )
        )
    }

    private func gaps(_ call: Call) async throws -> HTTPServerResponse {
        let run = try await state.run(of: call)
        let limit = try call.limit
        let mark = try call.id("after").map { id in
            Gap(id: .max, range: id...id, foundAt: .now, nextLook: .now, watchUntil: .now)
        }
        let gaps = try await state.inventory.gaps(of: run.key, after: mark, limit: limit)
        let writers = try await state.inventory.writers(awaitedBy: run) {
            try await state.source(run, state.inventory)
        }
        let document = GapsDocument([(run, gaps)], writers: writers.map { (run.key, $0) })
        let last = gaps.count == limit ? gaps.last : nil
        return try .document(GapsPage(document, next: last.map { String($0.range.lowerBound) }))
    }

    // MARK: - Budgets and changes

    private func budgets(_ call: Call) async throws -> HTTPServerResponse {
        let budgets = try await state.inventory.budgets().filter { call.caller.sees($0) }
        let excesses = try await state.inventory.excesses(of: budgets)
        return try .document(BudgetsDocument(budgets, excesses: excesses))
    }

    private func budget(_ call: Call) async throws -> HTTPServerResponse {
        let name = call.path["name"] ?? ""
        let found = try await state.inventory.budgets().first {
            $0.owner == .name(name) && call.caller.sees($0)
        }
        guard let found else {
            throw TrancheError(.unknownBudget, "there is no budget '\(name)'")
        }
        let excesses = try await state.inventory.excesses(of: [found])
        return try .document(BudgetDocument(found, excesses[found.owner]))
    }

    private func changes(_ call: Call) async throws -> HTTPServerResponse {
        let (limit, job, meta) = (try call.limit, call.words("job"), call.words("meta"))
        let which = try await selection(call)
        // The others are not asked of the inventory, but found among as many as a page looks at.
        let isAsked = call.caller.jobs == nil && (which != .all || job == nil)
        let step = isAsked ? limit : Self.changesAtOnce
        var mark = try call.id("after")
        var page: [ChangeDocument] = []
        var looked = 0
        var isAtEnd = false
        while !isAtEnd, page.count < limit, looked < Self.mostChanges {
            let read = try await state.inventory.changes(which, before: mark, limit: step)
            isAtEnd = read.count < step
            for change in read {
                guard page.count < limit else {
                    isAtEnd = false
                    break
                }
                (mark, looked) = (change.id, looked + 1)
                let key = change.owner.run
                if call.caller.sees(change), job == nil || key?.job == job,
                    meta == nil || key?.metaTable == meta
                {
                    page.append(ChangeDocument(change))
                }
            }
        }
        return try .document(
            ChangesPage(changes: page, next: isAtEnd ? nil : mark.map { String($0) })
        )
    }

    /// Changes that are read at once where not all are the page's, and looked at for one page.
    private static let (changesAtOnce, mostChanges) = (1000, 5000)

    /// Whose changes are meant, as far as the inventory can be asked for them.
    private func selection(_ call: Call) async throws -> ChangeSelection {
        let (job, run, budget) = (call.words("job"), call.text("run"), call.words("budget"))
        let meta = call.words("meta")
        guard job != nil || (run ?? "").isEmpty && meta == nil else {
            let name = run == nil ? "meta" : "run"
            throw Refusal(
                400,
                "invalid_parameter",
                "'\(name)' goes with 'job'; name that too",
                field: name
            )
        }
        if let budget {
            guard job == nil else {
                throw Refusal(
                    400,
                    "invalid_parameter",
                    "'budget' and 'job' name different things; give one of them",
                    field: "budget"
                )
            }
            return .of(.name(budget))
        }
        guard let job, let run else { return .all }
        try call.require(job: job)
        let asked = RunSelection(metaTable: meta, job: job, run: Call.run(run))
        return .of(.run(try await state.inventory.run(asked).key))
    }
}

extension Caller {
    /// Whether a budget is told to them: it is none of a job, or one of theirs is under it.
    func sees(_ budget: Budget) -> Bool {
        guard jobs != nil else { return true }
        if let run = budget.owner.run { return has(job: run.job) }
        return budget.claims.contains { has(job: $0.run.job) }
    }

    /// Whether a change is told to them.
    func sees(_ change: ChangeRecord) -> Bool {
        jobs == nil || change.owner.run.map { has(job: $0.job) } ?? false
    }
}

extension ServerState {
    /// The run that a call's path names.
    func run(of call: Call) async throws -> RunRecord {
        try call.require(job: call.path["job"] ?? "")
        return try await inventory.run(call.selection)
    }
}

/// Where a page of runs begins.
enum PageMark {
    /// The text of a mark.
    static func text(_ key: RunKey) -> String {
        let parts = [key.metaTable, key.job, key.run].map { Array($0.utf8) }
        return parts.map { $0.hexadecimal }.joined(separator: ".")
    }

    /// The run of a mark.
    static func run(_ text: String) throws -> RunKey {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            AccessTokens.bytes(ofHex: String(part)).flatMap {
                String(validating: $0, as: UTF8.self)
            }
        }
        guard parts.count == 3, let meta = parts[0], let job = parts[1], let run = parts[2] else {
            throw Refusal(
                400,
                "invalid_parameter",
                "'after' is not a mark of a page",
                field: "after"
            )
        }
        return RunKey(metaTable: meta, job: job, run: run)
    }
}
