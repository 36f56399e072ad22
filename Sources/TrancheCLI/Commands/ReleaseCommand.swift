import Tranche

/// Gives batches back.
struct ReleaseCommand: Command {
    static let description = CommandDescription(
        name: "release",
        summary: "Give batches back unharmed",
        examples: ["tranche release 12 --attempt 1 --for 5m"],
        operands: [
            .init(
                name: "BATCH",
                help: "number of the batch; or --job, for all of its running batches",
                isOptional: true
            )
        ],
        groups: [
            .init(
                title: "The batch",
                options: [
                    .init("attempt", "N", "with BATCH: attempt that holds it", isUsual: true),
                    .init(
                        "for",
                        "TIME",
                        "offer it later, after 1s to 15m (default: at once)",
                        isUsual: true
                    ),
                    .init(
                        "park",
                        "BUDGET",
                        "with --for: park this budget of the run for the same time"
                    ),
                    .init(
                        "reason",
                        "TEXT",
                        "with --for: reason, stored with the attempt; with --job: reason, shown "
                            + "by 'tranche changes'"
                    ),
                ]
            ),
            .init(
                title: "Without BATCH: selection of running batches",
                options: RunOptions.group(jobIsRequired: false).options
                    + BatchFilter.optionsOfRunning + [BatchFilter.itemsOption]
            ),
            .init(title: "Confirmation", options: Consent.options),
        ],
        notes: """
            Without BATCH, release counts the selected running batches of the job, shows the
            first ten and asks; without a terminal it needs --yes. It gives back exactly these,
            if the same attempt still holds them. A worker on one of them learns of it at its
            next heartbeat, or when it ends.

            """,
        brief: """
            Without BATCH, release counts and shows the running batches of the job before it
            gives them back; without a terminal it needs --yes.

            """
    )

    private enum Aim: Sendable {
        case one(AttemptKey)
        case found(RunOptions)
    }

    private let aim: Aim
    private let deferral: BatchDeferral?
    private let filter: BatchFilter
    private let consent: Consent
    private let reason: String?

    init(_ arguments: Arguments) throws {
        filter = try BatchFilter(arguments)
        consent = try Consent(arguments)
        let budget = arguments.text("park")
        let reason = arguments.text("reason")
        self.reason = reason
        deferral = try arguments.value("for") { text in
            let wait = try parseDuration(text)
            guard wait >= BatchDeferral.shortest, wait <= BatchDeferral.longest else {
                throw ValueError("a batch comes back in 1 s to 15 min")
            }
            return BatchDeferral(for: wait, parking: budget, reason: reason ?? "")
        }
        guard deferral != nil || budget == nil && (reason == nil || arguments.operands.isEmpty)
        else { throw UsageError("--park and --reason need --for") }
        guard arguments.operands.isEmpty else {
            guard arguments.has("attempt") else {
                throw UsageError("--attempt N is missing; see 'tranche release --help'")
            }
            guard !arguments.has("job"), filter.isEmpty, !consent.isDryRun else {
                throw UsageError("BATCH names one batch: give no --job, no filter and no --dry-run")
            }
            aim = .one(try HoldingOptions(arguments, of: Self.description).holding)
            return
        }
        guard arguments.has("job") else {
            throw UsageError("BATCH is missing; or give --job, for all of its running batches")
        }
        guard !arguments.has("attempt"), deferral == nil else {
            throw UsageError("--attempt and --for go with BATCH")
        }
        aim = .found(try RunOptions(arguments))
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        switch aim {
        case .found(let runs): return try await releaseFound(runs, context)
        case .one(let holding):
            if let deferral { return try await release(holding, deferral, context) }
            let batch = try await context.withInventory(waiting: true) { inventory in
                try await inventory.retrying { _ in try await inventory.store.release(holding) }
            }
            try HoldingOptions.show(batch, context)
            return .done
        }
    }

    private func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        _ context: Context
    ) async throws -> ProgramStatus {
        let deferred = try await context.withInventory(waiting: true) { inventory in
            let wait = deferral.wait * inventory.configuration.randomness() / 5
            let note = ChangeNote(by: inventory.configuration.worker, reason: deferral.reason)
            return try await inventory.retrying { _ in
                try await inventory.store.release(holding, deferral, jitter: wait, note)
            }
        }
        try HoldingOptions.show(deferred.record, context)
        guard let complaint = deferred.complaint else { return .done }
        throw TrancheError(.unknownBudget, complaint)
    }

    /// Looks for what is held, shows it, and gives just that back.
    private func releaseFound(
        _ runs: RunOptions,
        _ context: Context
    ) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(runs.known(in: inventory)).key
            let found = try await filter.find(
                BatchSelection(runs: RunSelection(key), status: .running),
                in: inventory,
                context
            )
            if consent.isDryRun {
                try show(found, context)
                return found.isEmpty ? .nothingNow : .done
            }
            if found.isEmpty {
                if context.isJSON { try show(found, context) }
                try context.note("no such batch of \(key) is held")
                return .nothingNow
            }
            guard try await consent.isGiven(for: found, "would be given back", context) else {
                return .failed
            }
            let released = try await inventory.release(found: found, reason: reason)
            try show(released, context)
            if released.count < found.count {
                let ended = HumanText.count(found.count - released.count, "batch", "batches")
                try context.note("\(ended) ended meanwhile: left alone")
            }
            return released.isEmpty ? .nothingNow : .done
        }
    }

    private func show(_ batches: [BatchRecord], _ context: Context) throws {
        let document = RetryDocument(batches.map(\.id).sorted(), isDryRun: consent.isDryRun)
        try context.write(document) {
            if consent.isDryRun {
                return Consent.preview(batches, "would be given back", context)
                    .joined(separator: "\n")
            }
            return batches.map { batch in
                batch.status == .released
                    ? "batch \(batch.id) is offered again\n"
                    : "batch \(batch.id) is \(batch.status.rawValue)\n"
            }.joined()
        }
    }
}
