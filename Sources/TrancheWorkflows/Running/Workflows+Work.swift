import Tranche
import TrancheChains
import TrancheConnectors

extension Workflows {
    /// Begins a workflow, and works on it in this process until it ends.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - options: How this process works.
    /// - Returns: What came of it.
    /// - Throws: As ``start(_:reason:)`` and ``work(on:_:)``.
    public func run(
        _ workflow: Workflow,
        _ options: WorkflowOptions = WorkflowOptions()
    ) async throws -> WorkflowResult {
        try await work(on: try await start(workflow), options)
    }

    /// Works on a workflow in this process, beside others, until it ends.
    ///
    /// - Parameters:
    ///   - handle: The workflow; it is worked on as the handle's generation describes it.
    ///   - options: How this process works.
    /// - Returns: What came of it.
    /// - Throws: `SpecError` for a handler or program that this process does not have;
    ///   `TrancheError` of source, sink or store; `CancellationError`, after batches in hand were
    ///   given back.
    public func work(
        on handle: WorkflowHandle,
        _ options: WorkflowOptions = WorkflowOptions()
    ) async throws -> WorkflowResult {
        let workflow = try handle.description
        let plan = try plan(workflow, digest: handle.record.digest)
        var options = options
        if let snapshots = workflow.snapshots {
            options.trackers.append(SnapshotTracker(of: handle, snapshots))
        }
        let asked = options
        let reason = try await FieldWords.inErrors {
            try await withTracking(of: handle, asked) { trackers -> NoBatchReason? in
                if let reason = try await hindrance(of: handle, asked) { return reason }
                await tell(of: plan.source, asked)
                if plan.chain == nil {
                    return try await handOver(plan, asked, trackers)
                }
                return try await load(plan, asked, trackers)
            }
        }
        let progress = try await handle.progress()
        return WorkflowResult(ending: ending(reason, options, progress), progress: progress)
    }

    /// Lends the open source to whoever asked for it.
    private func tell(
        of source: any MetaSourceDescription,
        _ options: WorkflowOptions
    ) async {
        // What keeps it from being opened is told by the work that begins.
        guard let onSource = options.onSource, let opened = try? await inventory.source(source)
        else { return }
        onSource(opened)
    }

    /// Why nothing would be handed out, so that no output is begun for it.
    private func hindrance(
        of handle: WorkflowHandle,
        _ options: WorkflowOptions
    ) async throws -> NoBatchReason? {
        let selection = RunSelection(handle.key)
        let last = try await inventory.workflowRecords(selection).first
        guard last?.digest == handle.record.digest else {
            return .superseded(by: last?.generation ?? 0)
        }
        let run = try await inventory.run(selection)
        if let cancellation = run.cancellation { return .cancelled(cancellation) }
        guard let reason = run.pauseInForce, options.end == .whenComplete else { return nil }
        return .paused(reason: reason)
    }

    private func ending(
        _ reason: NoBatchReason?,
        _ options: WorkflowOptions,
        _ progress: WorkflowProgress
    ) -> WorkflowEnding {
        switch reason {
        case .superseded(let generation): .superseded(by: generation)
        case .cancelled: .cancelled
        case .stuck: .completeWithFailures
        case .complete where progress.hasFailures: .completeWithFailures
        case .complete: .complete
        case nil: .stopped
        case let reason?: options.stop.stage >= .stopping ? .stopped : .unfinished(reason)
        }
    }

    /// Works on the records of batches.
    private func load(
        _ plan: WorkflowPlan,
        _ options: WorkflowOptions,
        _ trackers: TrackerGroup
    ) async throws -> NoBatchReason? {
        let workflow = plan.workflow
        var chainOptions = ChainOptions(
            request: plan.request,
            workers: workflow.workers,
            end: options.end,
            promise: workflow.promise
        )
        chainOptions.isOfFile = true
        chainOptions.prefetch = workflow.prefetch
        chainOptions.stages = workflow.stages
        chainOptions.timeout = workflow.timeout.map { .fixed($0) }
        chainOptions.idle = workflow.idle
        chainOptions.parameters = workflow.parameters
        chainOptions.stop = options.stop
        chainOptions.grace = options.grace
        chainOptions.onNotice = options.onNotice
        chainOptions.onGivenBack = options.onGivenBack
        chainOptions.watcher = options.watcher
        chainOptions.onBatch = { report in
            trackers.note(report)
            try options.onBatch?(report)
        }
        let report = try await plan.chain?.run(through: inventory, chainOptions)
        return options.stop.stage >= .stopping ? nil : report?.reason
    }

    /// Has a program or a handler work on batches.
    private func handOver(
        _ plan: WorkflowPlan,
        _ options: WorkflowOptions,
        _ trackers: TrackerGroup
    ) async throws -> NoBatchReason? {
        let workflow = plan.workflow
        let group = WorkerGroup(
            inventory,
            plan.request,
            from: plan.source,
            configuration: .init(
                slots: workflow.workers,
                prefetch: workflow.prefetch,
                end: options.end,
                grace: options.grace,
                timeout: workflow.timeout.map { .fixed($0) },
                idle: workflow.idle
            ),
            stop: options.stop,
            handler: WatchedHandler(
                handler: try handler(of: workflow, options),
                trackers: trackers,
                onBatch: options.onBatch
            ),
            watcher: options.watcher
        )
        let report = try await group.run()
        return options.stop.stage >= .stopping ? nil : report.reason
    }

    private func handler(
        of workflow: Workflow,
        _ options: WorkflowOptions
    ) throws -> any BatchHandler {
        switch workflow.work {
        case .program(let words):
            guard let make = options.program else {
                throw SpecError(
                    .unusable,
                    field: ["program"],
                    value: words.first,
                    "this process runs no programs; 'tranche workflow work' does"
                )
            }
            return try make(words, workflow)
        case .handler(let name):
            guard let make = options.handlers[name] else {
                let known = options.handlers.keys.sorted().joined(separator: ", ")
                let words = known.isEmpty ? "it has none" : "it has \(known)"
                throw SpecError(
                    .unusable,
                    field: ["handler"],
                    value: name,
                    "this process has no handler of that name; \(words)"
                )
            }
            return try make(workflow)
        case .records:
            throw SpecError(.unusable, field: ["sink"], "records are worked on by a chain")
        }
    }
}

/// A handler whose ends are reported to the caller that runs the workflow.
private struct WatchedHandler: BatchHandler {
    let handler: any BatchHandler
    let trackers: TrackerGroup
    let onBatch: (@Sendable (BatchReport) throws -> Void)?

    func handle(_ batch: Batch, _ progress: BatchProgress) async throws -> BatchVerdict {
        try await handler.handle(batch, progress)
    }

    func ended(_ report: BatchReport) throws {
        trackers.note(report)
        try handler.ended(report)
        try onBatch?(report)
    }

    func gaveBack(_ batches: [Batch], failure: (any Error)?) {
        handler.gaveBack(batches, failure: failure)
    }

    func couldNotRecord(_ batch: Batch, _ error: any Error) {
        handler.couldNotRecord(batch, error)
    }

    func waits(for reason: NoBatchReason) {
        handler.waits(for: reason)
    }
}
