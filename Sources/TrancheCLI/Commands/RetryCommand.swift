import Tranche

/// Offers finally failed batches again, and others at once.
struct RetryCommand: Command {
    static let description = CommandDescription(
        name: "retry",
        summary: "Offer failed batches again, or others at once",
        isUsual: true,
        examples: ["tranche retry --job thumbs", "tranche retry --batch 12"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Selection",
                options: which + [BatchFilter.itemsOption] + BatchFilter.options
            ),
            .init(title: "Confirmation", options: Consent.options + [Consent.reason]),
        ],
        notes: """
            The batches get all their attempts again. --cancelled takes cancelled batches, and
            only these; they keep their count of failures, as waiting batches do. --may-repeat
            also takes batches that began under --execution at-most-once. A batch that succeeded
            stays as it is: a new batch of its items is offered, and its result reaches the jobs
            downstream.

            With --status, --error, --since, --until, --of-worker or --ids, for more than ten
            batches, and for succeeded ones, retry counts the matches, shows the first ten and
            asks; without a terminal it needs --yes. It then offers exactly these, whatever
            arrives meanwhile.

            """,
        brief: """
            The batches get all their attempts again. With a filter, and for more than ten, retry
            counts and shows the matches and asks; without a terminal it needs --yes.

            """
    )

    private static let which: [CommandDescription.Option] = [
        .init(
            "batch",
            "N",
            "this batch (default: all of the run)",
            isRepeatable: true,
            isUsual: true
        ),
        .init("cancelled", nil, "only batches that were cancelled", isUsual: true),
        .init(
            "may-repeat",
            nil,
            "also batches that may have been executed (--execution at-most-once)"
        ),
        .init(
            "now",
            nil,
            "with --batch: also a batch that waits for its next attempt, or one that "
                + "succeeded, which is then processed again",
            isUsual: true,
            brief: "with --batch: also one that waits or succeeded"
        ),
        .init(
            "status",
            "STATUS",
            "only batches in this state: \(states.joined(separator: ", ")) (default: failed)",
            choices: states
        ),
    ]

    private static let states = RetryAim.allCases.map(\.rawValue)

    private let selection: RunOptions
    private let batches: [Int64]
    private let cause: BatchCause?
    private let mayRepeat: Bool
    private let isNow: Bool
    private let state: RetryAim?
    private let filter: BatchFilter
    private let consent: Consent
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        cause = arguments.has("cancelled") ? .cancelled : nil
        mayRepeat = arguments.has("may-repeat")
        isNow = arguments.has("now")
        state = try arguments.value("status") { text in
            guard let state = RetryAim(rawValue: text) else {
                throw ValueError("this is none of \(Self.states.joined(separator: ", "))")
            }
            return state
        }
        filter = try BatchFilter(arguments)
        consent = try Consent(arguments)
        reason = arguments.text("reason")
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
        if try await areMany(context) { return try await retryFound(context) }
        let (retried, leavesBegun) = try await context.withInventory(worker: context.person) {
            inventory in
            let runs = try await runs(in: inventory)
            for id in batches { try check(try await inventory.batch(id), in: runs) }
            let retried = try await inventory.retry(
                BatchSelection(runs: runs, status: .failed, cause: cause, ids: batches),
                mayRepeat: mayRepeat,
                reason: reason
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

    /// Whether so many batches are meant that it is asked first.
    private func areMany(_ context: Context) async throws -> Bool {
        guard batches.isEmpty, !consent.isSure else { return false }
        return try await context.withInventory(worker: context.person) { inventory in
            try await find(in: inventory, context).count > Consent.shown
        }
    }

    private func runs(in inventory: Inventory) async throws -> RunSelection {
        let asked = try await selection.known(in: inventory)
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
        try await context.withInventory(worker: context.person) { inventory in
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
                try context.note("no batch is as asked for; 'tranche batches' lists what there is")
                return .nothingNow
            }
            let isAsked = !isNow || meant.contains { $0.status == .succeeded }
            if isAsked,
                try await !consent.isGiven(for: meant, "would be offered again", context)
            {
                return .failed
            }
            let offered = try await inventory.retry(
                found: meant,
                mayRepeat: mayRepeat,
                reason: reason
            )
            try show(offered, context)
            if offered.count < meant.count {
                let left = HumanText.count(meant.count - offered.count, "batch", "batches")
                try context.note("\(left) changed meanwhile: left alone")
            }
            return offered.isEmpty ? .nothingNow : .done
        }
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
            found += try await filter.find(selection, in: inventory, context)
        }
        return found.filter(asked.means).sorted { $0.id < $1.id }
    }

    /// Refuses a batch that is in work, or that others stand for.
    private func requireAtRest(_ batch: BatchRecord) throws {
        let remedy: String
        switch batch.status {
        case .running: remedy = "'tranche release' or 'tranche cancel' takes it from its worker"
        case .split:
            remedy =
                "its parts stand for it; 'tranche batches \(batch.key.commandOptions)' lists them, "
                + "and 'tranche retry --batch N' offers one again that has failed"
        case .quarantined: remedy = "'tranche redrive' makes it a batch again"
        case .failed, .succeeded: return
        case .released where batch.retryAt != nil: return
        case .released: remedy = "the next worker that asks gets it"
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
            // What --now cannot offer either has another way.
            try requireAtRest(batch)
            let state = batch.status == .failed ? "due for its next attempt" : batch.status.rawValue
            throw TrancheError(
                .unknownBatch,
                "batch \(batch.id) of \(batch.key) is \(state), not failed for good; --now "
                    + "offers it at once. Nothing was changed"
            )
        }
    }
}
