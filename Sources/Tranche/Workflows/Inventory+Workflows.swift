extension Inventory {
    /// Keeps the description of a workflow, and begins its run without handing anything out.
    ///
    /// - Parameters:
    ///   - request: Whose batches the workflow works on.
    ///   - source: Where the items are listed.
    ///   - digest: What tells the description from others.
    ///   - text: The description, as JSON; without credentials.
    ///   - setUp: What else is to be set of the run before anybody works by the description.
    /// - Returns: The description as it is kept.
    /// - Throws: ``TrancheError`` as ``acquire(_:from:)``; what `setUp` throws: nothing is
    ///   described then.
    package func begin(
        _ request: BatchRequest,
        from source: any MetaSourceDescription,
        digest: String,
        text: String,
        setUp: (RunKey) async throws -> Void
    ) async throws -> WorkflowRecord {
        let source = try await prepare(request, from: source)
        let asked = try storeRequest(request, from: source, batches: 1)
        try await retrying { _ in try await store.begin(asked) }
        try await setUp(asked.key)
        let (policy, worker) = (request.policy, configuration.worker)
        return try await retrying { _ in
            try await store.describe(
                asked.key,
                digest: digest,
                text: text,
                policy: policy,
                by: worker
            )
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
