extension Inventory {
    /// Keeps the description of a workflow, and begins its run without handing anything out.
    ///
    /// - Parameters:
    ///   - request: Whose batches the workflow works on.
    ///   - source: Where the items are listed.
    ///   - describe: Says what is to be kept behind the run's last description, which is `nil` for
    ///     a run without one. It is asked again where another one has begun meanwhile.
    /// - Returns: The description as it is kept.
    /// - Throws: ``TrancheError`` as ``acquire(_:from:)``, and `.unknownBudget`; what `describe`
    ///   throws. Nothing has begun then.
    package func begin(
        _ request: BatchRequest,
        from source: any MetaSourceDescription,
        _ describe: (WorkflowRecord?) throws -> WorkflowBeginning
    ) async throws -> WorkflowRecord {
        let (request, source) = try await prepare(request, from: source)
        let asked = try storeRequest(request, from: source, batches: 1)
        while true {
            try Task.checkCancellation()
            let workflow = try describe(try await workflowRecords(RunSelection(asked.key)).first)
            try workflow.limits.validate()
            let kept = try await retrying { _ in try await store.begin(asked, workflow) }
            if let kept { return kept }
        }
    }

    /// Reads the last description of each run that has one, in order of source, job and name.
    ///
    /// - Parameter selection: Which runs.
    /// - Returns: The descriptions.
    /// - Throws: ``TrancheError`` of the store.
    package func workflowRecords(
        _ selection: RunSelection = RunSelection()
    ) async throws -> [WorkflowRecord] {
        var (all, mark): ([WorkflowRecord], RunKey?) = ([], nil)
        while true {
            let after = mark
            let page = try await retrying { _ in
                try await store.workflows(selection, after: after, limit: Self.workflowsAtOnce)
            }
            all += page
            guard page.count == Self.workflowsAtOnce else { return all }
            mark = page.last?.key
        }
    }

    private static var workflowsAtOnce: Int { 500 }
}
