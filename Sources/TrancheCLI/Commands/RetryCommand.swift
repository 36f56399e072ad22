import Tranche

/// Offers finally failed batches again, and others at once.
struct RetryCommand: Command {
    /// The batches that a word of `--status` means.
    enum State: String, CaseIterable {
        case failed, stuck, cancelled, waiting, succeeded
    }

    static let description = CommandDescription(
        name: "retry",
        summary: "Offer failed batches again, or others at once",
        isUsual: true,
        examples: ["tranche retry --job thumbs", "tranche retry --batch 12"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(title: "Which", options: which + [BatchFilter.itemsOption] + BatchFilter.options),
            .init(title: "Sure", options: Consent.options),
        ],
        notes: """
            Their failures are forgotten: they get all their attempts anew. Batches that were
            cancelled are taken with --cancelled alone, and keep the failures that they had, as
            those that wait do. Those that work has begun on under --execution at-most-once are
            worked on once more with --may-repeat alone. A batch that succeeded stays as it is;
            another one of its items is offered, and what is made of it is told downstream.

            With --status, --error, --since, --until, --of-worker or --ids, and for what is done,
            the batches that are found are counted, the first ten shown, and it is asked whether to
            go on; without a terminal it needs --yes. Just these are offered then, whatever
            comes meanwhile.

            """,
        brief: """
            The batches get all their attempts anew. What is found by a filter is counted and
            shown before it is offered; without a terminal that needs --yes.

            """
    )

    private static let which: [CommandDescription.Option] = [
        .init(
            "batch",
            "N",
            "this batch; all of the run by default",
            isRepeatable: true,
            isUsual: true
        ),
        .init("cancelled", nil, "those that were cancelled, and no others", isUsual: true),
        .init(
            "may-repeat",
            nil,
            "those, too, that may have been executed (--execution at-most-once)"
        ),
        .init(
            "now",
            nil,
            "with --batch: also one that waits for its next try, or that is done, "
                + "which is done again",
            isUsual: true,
            brief: "with --batch: also one that waits, or is done"
        ),
        .init(
            "status",
            "STATUS",
            "those that are \(states.joined(separator: ", ")); failed by default",
            choices: states
        ),
    ]

    private static let states = State.allCases.map(\.rawValue)

    private let selection: RunOptions
    private let batches: [Int64]
    private let cause: BatchCause?
    private let mayRepeat: Bool
    private let isNow: Bool
    private let state: State?
    private let filter: BatchFilter
    private let consent: Consent

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        cause = arguments.has("cancelled") ? .cancelled : nil
        mayRepeat = arguments.has("may-repeat")
        isNow = arguments.has("now")
        state = try arguments.value("status") { text in
            guard let state = State(rawValue: text) else {
                throw ValueError("this is none of \(Self.states.joined(separator: ", "))")
            }
            return state
        }
        filter = try BatchFilter(arguments)
        consent = try Consent(arguments)
        batches = try arguments.texts("batch").map { text in
            do {
                return try parseID(text)
            } catch let error as ValueError {
                throw UsageError("--batch '\(text)': \(error.message)")
            }
        }
        guard selection.selection.job != nil || !batches.isEmpty else {
            throw UsageError("name the job with --job, or batches with --batch")
        }
        if isNow, batches.isEmpty { throw UsageError("--now goes with --batch") }
        if cause != nil, state != nil || isNow {
            throw UsageError("--cancelled goes with neither --status nor --now")
        }
        if isNow, state != nil || !filter.isEmpty {
            throw UsageError("--now takes the batches that --batch names, and no filter")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        if isNow || state != nil || !filter.isEmpty || consent.isDryRun {
            return try await retryFound(context)
        }
        let (retried, leavesBegun) = try await context.withInventory { inventory in
            let runs = try await runs(in: inventory)
            for id in batches { try check(try await inventory.batch(id), in: runs) }
            let retried = try await inventory.retry(
                BatchSelection(runs: runs, status: .failed, cause: cause, ids: batches),
                mayRepeat: mayRepeat
            )
            let begun = BatchSelection(runs: runs, cause: .begun, limit: 1)
            return (retried, try await !inventory.batches(begun).isEmpty)
        }
        try show(retried, context)
        if retried.isEmpty {
            let what = cause == nil ? "has failed for good" : "is cancelled"
            try context.note("no batch \(what)")
        }
        if leavesBegun, cause == nil, batches.isEmpty { try noteBegun(context) }
        return retried.isEmpty ? .nothingNow : .done
    }

    private func runs(in inventory: Inventory) async throws -> RunSelection {
        let asked = try await selection.find(in: inventory)
        if asked.job == nil { return asked }
        return RunSelection(try await inventory.run(asked).key)
    }

    private func show(_ retried: [Int64], _ context: Context) throws {
        let sorted = retried.sorted()
        try context.write(RetryDocument(sorted, isDryRun: false)) {
            sorted.map { "batch \($0) is offered again\n" }.joined()
        }
    }

    private func noteBegun(_ context: Context) throws {
        try context.note(
            "those that may have been executed are left as they are; --may-repeat offers them again"
        )
    }

    // MARK: - What was found

    /// Looks for batches, shows them, and offers just these.
    private func retryFound(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let found = try await find(in: inventory, context)
            let meant = mayRepeat ? found : found.filter { $0.begunAt == nil }
            if meant.count < found.count { try noteBegun(context) }
            if consent.isDryRun {
                let ids = meant.map(\.id).sorted()
                try context.write(RetryDocument(ids, isDryRun: true)) {
                    Consent.preview(meant, "would be offered again", context)
                        .joined(separator: "\n")
                }
                return meant.isEmpty ? .nothingNow : .done
            }
            if meant.isEmpty {
                try context.note("there is no such batch")
                return .nothingNow
            }
            let isAsked = !isNow || meant.contains { $0.status == .succeeded }
            if isAsked,
                try await !consent.isGiven(for: meant, "would be offered again", context)
            {
                return .failed
            }
            let offered = try await offer(meant, inventory)
            try show(offered, context)
            if offered.count < meant.count {
                let left = HumanText.count(meant.count - offered.count, "batch", "batches")
                try context.note("\(left) changed meanwhile: left alone")
            }
            return offered.isEmpty ? .nothingNow : .done
        }
    }

    /// Offers batches as they were found.
    private func offer(_ found: [BatchRecord], _ inventory: Inventory) async throws -> [Int64] {
        let final = found.filter { $0.status == .failed && ($0.isFinal || $0.cause == .stuck) }
        let ids = Set(final.map(\.id))
        var offered = try await inventory.offer(found.filter { !ids.contains($0.id) }).map(\.id)
        for cause in [nil, BatchCause.cancelled] {
            let own = final.filter { ($0.cause == .cancelled) == (cause == .cancelled) }
            if own.isEmpty { continue }
            offered += try await inventory.retry(
                BatchSelection(status: .failed, cause: cause, ids: own.map(\.id)),
                mayRepeat: mayRepeat
            )
        }
        return offered
    }

    private func find(in inventory: Inventory, _ context: Context) async throws -> [BatchRecord] {
        let runs = try await runs(in: inventory)
        if isNow {
            var found: [BatchRecord] = []
            for id in batches {
                let batch = try await inventory.batch(id)
                try requireMeant(batch, in: runs)
                try requireAtRest(batch)
                found.append(batch)
            }
            return found
        }
        if state == nil { for id in batches { try check(try await inventory.batch(id), in: runs) } }
        let asked = state ?? (cause == .cancelled ? .cancelled : .failed)
        var found: [BatchRecord] = []
        for status in asked.statuses {
            let selection = BatchSelection(runs: runs, status: status, ids: batches)
            found += try await filter.find(selection, in: inventory, now: context.now())
        }
        return found.filter(asked.means).sorted { $0.id < $1.id }
    }

    /// Refuses a batch that is in work, or that others stand for.
    private func requireAtRest(_ batch: BatchRecord) throws {
        let remedy: String
        switch batch.status {
        case .running: remedy = "'tranche release' or 'tranche cancel' takes it from its worker"
        case .split: remedy = "others stand for it: 'tranche batches' has them"
        case .quarantined: remedy = "'tranche redrive' makes it a batch again"
        case .failed, .succeeded: return
        case .released where batch.retryAt != nil: return
        case .released: remedy = "it is offered to whoever comes next"
        }
        throw TrancheError(
            .unknownBatch,
            "batch \(batch.id) of \(batch.key) is \(batch.status.rawValue): \(remedy). Nothing "
                + "was changed"
        )
    }

    private func requireMeant(_ batch: BatchRecord, in runs: RunSelection) throws {
        let isMeant =
            [
                runs.job ?? batch.key.job, runs.metaTable ?? batch.key.metaTable,
                runs.run ?? batch.key.run,
            ]
            == [batch.key.job, batch.key.metaTable, batch.key.run]
        guard isMeant else {
            throw UsageError("batch \(batch.id) belongs to \(batch.key); nothing was changed")
        }
    }

    /// Refuses a named batch that cannot be offered again, before any is.
    private func check(_ batch: BatchRecord, in runs: RunSelection) throws {
        try requireMeant(batch, in: runs)
        if batch.cause == .cancelled, cause == nil {
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is cancelled; --cancelled offers it again. "
                    + "Nothing was changed"
            )
        }
        if let cause, batch.cause != cause {
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is not cancelled; nothing was changed"
            )
        }
        try batch.requireRepeatable(mayRepeat)
        guard batch.status == .failed, batch.isFinal || batch.cause == .stuck else {
            let state = batch.status == .failed ? "due for its next attempt" : batch.status.rawValue
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is \(state), not failed for good; --now "
                    + "offers it at once. Nothing was changed"
            )
        }
    }
}

extension RetryCommand.State {
    /// What batches may be that it means.
    fileprivate var statuses: [BatchStatus] {
        switch self {
        case .failed, .stuck, .cancelled: [.failed]
        case .waiting: [.failed, .released]
        case .succeeded: [.succeeded]
        }
    }

    /// Whether it means a batch of these.
    fileprivate func means(_ batch: BatchRecord) -> Bool {
        switch self {
        case .failed: batch.cause == .stuck || batch.isFinal && batch.cause != .cancelled
        case .stuck: batch.cause == .stuck
        case .cancelled: batch.cause == .cancelled
        case .waiting: batch.cause != .stuck && batch.retryAt != nil
        case .succeeded: true
        }
    }
}
