import Tranche

/// What works on the batches of a link.
extension Orchestrator {
    func group(
        of job: LinkJob,
        of input: any Input,
        by process: any EventProcess,
        end: BatchesEnd
    ) async throws -> WorkerGroup {
        var request = BatchRequest(
            job: job.name,
            limit: job.link.limit,
            policy: job.link.runPolicy(waiting: job.upstream == nil ? input.settleWait : nil)
        )
        request.limits = job.link.runLimits
        request.target = process.target
        await follow(request, of: job.name)
        if job.link.isOrdered { try await keepOrder(of: job.name) }
        let source: any MetaSourceDescription
        let event: @Sendable (Item) throws -> Event
        if let upstream = job.upstream {
            source = InventorySource(job: upstream)
            event = { Event(completion: $0, of: job.link.source) }
        } else {
            source = try await self.source(of: job, in: input)
            event = { try input.event(of: $0) }
            // What keeps it from being opened is told by the work that begins.
            if let onSource = configuration.onSource,
                let opened = try? await inventory.source(source)
            {
                onSource(opened)
            }
        }
        return WorkerGroup(
            inventory,
            request,
            from: source,
            configuration: .init(
                slots: job.link.isOrdered
                    ? 1
                    : min(job.link.workers ?? configuration.processes, configuration.processes),
                end: end,
                grace: configuration.grace,
                timeout: job.link.timeout.map { .fixed($0) }
            ),
            stop: stop,
            handler: LinkHandler(
                job: job,
                process: GatedProcess(
                    process: process,
                    job: job.name,
                    gate: gate,
                    reports: reports
                ),
                operations: job.upstream == nil ? input.operations : [],
                event: event,
                drains: end == .whenComplete,
                reports: reports
            ),
            watcher: configuration.watcher
        )
    }

    /// The source of a link from an input, which begins where the link did when it was new.
    private func source(
        of job: LinkJob,
        in input: any Input
    ) async throws -> any MetaSourceDescription {
        let source = input.source(for: job.link)
        guard var log = source as? InputLogSource else { return source }
        let opened = try await inventory.source(log)
        let key = RunKey(metaTable: opened.definition.table, job: job.name)
        if let run = try await inventory.runs(RunSelection(key)).first {
            log.after = run.source.flatMap { InputLogSource($0) }?.after
        } else if job.link.start == .end {
            log.after = try await opened.highestID() ?? 0
        }
        return log
    }
}
