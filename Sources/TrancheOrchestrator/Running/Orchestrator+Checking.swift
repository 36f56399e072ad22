import Synchronization
import Tranche
import TrancheConnectors
import TrancheWorkflows

/// What is checked before anything runs.
extension Orchestrator {
    /// Checks the graph, and opens every source that there is to be before anything runs.
    ///
    /// - Throws: ``GraphError`` `.empty` without links; `TrancheError` of a source.
    public func check() async throws { try await check(needingSources: true) }

    /// Likewise; a source that is away just now may come back.
    func check(needingSources: Bool) async throws {
        let state = state.withLock { $0 }
        guard !state.graph.links.isEmpty || !state.ownJobs.isEmpty else { throw GraphError.empty }
        guard (1...1000).contains(configuration.processes) else {
            throw TrancheError(
                .invalidArgument,
                "\(configuration.processes) processes at once asked for; give 1 to 1000"
            )
        }
        for link in state.graph.links { try link.validate() }
        for job in state.graph.jobs where job.upstream == nil {
            guard let input = state.inputs[job.input] else { continue }
            let links = state.graph.links.filter { $0.source == input.name }
            if let fault = job.link.then?.fault(after: input, links) {
                throw TrancheError(.invalidArgument, "the link \(job.name): \(fault)")
            }
            let source = input.source(for: job.link)
            guard
                source is InputLogSource
                    || job.link.coalesce == nil && job.link.start == .floor
            else {
                throw TrancheError(
                    .invalidArgument,
                    "the link \(job.name) can neither coalesce nor start at the end: the events "
                        + "of '\(job.input)' are not kept in the inventory"
                )
            }
            do {
                let table = try await inventory.source(source).definition.table
                try await requireOneSource(of: job, table, in: state.graph)
            } catch let error as TrancheError where error.code == .unknownRun {
                // The job whose completions are meant may begin later.
            } catch let error as TrancheError where !needingSources && error.category == .transient
            {
                // The link is started again until it is there; the others go on.
            }
        }
        do {
            try await checkLogs(of: state)
        } catch let error as TrancheError where !needingSources && error.category == .transient {
            // The jobs meet it again as they begin.
        }
    }

    /// Refuses a link that others follow and that was begun over another source: they could not
    /// tell which of the two is meant.
    private func requireOneSource(
        of job: LinkJob,
        _ table: String,
        in graph: PipelineGraph
    ) async throws {
        guard graph.jobs.contains(where: { $0.upstream == job.name }) else { return }
        let runs = try await inventory.runs(RunSelection(job: job.name))
        guard let other = runs.map(\.key.metaTable).first(where: { $0 != table }) else { return }
        throw TrancheError(
            .invalidArgument,
            "the input '\(job.input)' reads '\(table)', and the link \(job.name) was begun when it "
                + "read '\(other)': those behind that link could not tell the two apart. Give the "
                + "input another name"
        )
    }

    /// Makes the logs of inputs, which a job may read before there is an event, and refuses jobs
    /// over logs that there are not: they would look for events that never come.
    private func checkLogs(of state: State) async throws {
        for input in state.inputsInOrder {
            guard let log = state.source(of: input) as? InputLogSource else { continue }
            _ = try await inventory.source(InputLogSource(log.name))
        }
        for job in state.ownJobs {
            guard let name = job.input else { continue }
            guard let input = state.inputs[name] else {
                try await InputLogSource.known(name, in: inventory.store)
                continue
            }
            let kept = state.source(of: input)
            if kept is InputLogSource { continue }
            let place =
                kept is OutboxSource
                ? ": it is \(PostgreSQLInput.source(ofInput: name)) in the database of its tables, "
                    + "with the ids in id; name that table as the source"
                : ", which keeps no events of it"
            throw TrancheError(
                .invalidSource,
                "the job \(job.name): there is no log of the input '\(name)' in the inventory"
                    + place
            )
        }
    }
}

extension Orchestrator.State {
    /// Where links read the events of an input.
    fileprivate func source(of input: any Input) -> any MetaSourceDescription {
        let link = graph.links.first { $0.source == input.name }
        return input.source(for: link ?? Link(from: input.name, to: input.name))
    }
}
