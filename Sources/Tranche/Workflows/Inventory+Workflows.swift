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

    /// Checks that a run would begin as ``begin(_:from:_:)`` has it begin, and writes nothing.
    ///
    /// - Parameters:
    ///   - request: Whose batches the workflow works on.
    ///   - source: Where the items are listed.
    ///   - made: The budgets that are made before it begins; none by default.
    ///   - describe: Says what would be kept behind the run's last description.
    /// - Throws: As ``begin(_:from:_:)`` as things are now.
    package func checkBeginning(
        _ request: BatchRequest,
        from source: any MetaSourceDescription,
        making made: [String] = [],
        _ describe: (WorkflowRecord?) throws -> WorkflowBeginning
    ) async throws {
        let (request, source) = try await prepare(request, from: source)
        let asked = try storeRequest(request, from: source, batches: 1)
        let key = asked.key
        let last = try await workflowRecords(RunSelection(key)).first
        let workflow = try describe(last)
        try workflow.limits.validate()
        let known = try await runs(RunSelection(metaTable: key.metaTable, job: key.job))
        let run = known.first { $0.key == key }
        try (run ?? known.first { $0.definition != nil })?.requireFit(asked)
        if last?.digest == workflow.digest { return }
        try await requireBudgets(of: workflow, besides: made)
        guard let run else {
            guard workflow.limits.perKey != nil, asked.definition.key == nil else { return }
            throw TrancheError(
                .invalidArgument,
                "the source of \(key) has no key column, by which its batches could be limited"
            )
        }
        if workflow.limits.perKey != workflow.formerLimits.perKey {
            try run.requireKeyColumn(for: workflow.limits.perKey)
        }
        guard run.needsNoOpenBatch(for: asked.policy) else { return }
        let open = try await retrying { _ in
            try await store.openBatches(of: key, heldAt: nil, limit: 1)
        }
        let stuck = try await batches(
            BatchSelection(runs: RunSelection(key), cause: .stuck, limit: 1)
        )
        try run.require(noOpenBatchFor: asked.policy, isOpen: !open.isEmpty || !stuck.isEmpty)
    }

    /// Checks that the budgets are there that a description adds.
    private func requireBudgets(
        of workflow: WorkflowBeginning,
        besides made: [String]
    ) async throws {
        let wanted = Set(workflow.limits.budgets)
        if wanted == Set(workflow.formerLimits.budgets) { return }
        let there = try await budgets().compactMap(\.owner.name)
        guard let missing = wanted.subtracting(there).subtracting(made).min() else { return }
        throw TrancheError(
            .unknownBudget,
            "there is no budget '\(missing)' in \(name); 'tranche budget list' lists what there is"
        )
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

extension RunRecord {
    /// Checks that the run, or one of the same job and source, agrees with what a request asks for.
    ///
    /// - Throws: ``TrancheError`` `.redefined`, saying what differs.
    fileprivate func requireFit(_ request: AcquireRequest) throws {
        if key == request.key {
            return try requireSame(
                definition: request.definition,
                text: request.definitionText,
                bounds: request.bounds,
                rootIDs: request.rootIDs
            )
        }
        // Bounds, where records go, and by what time, are each run's own.
        var sibling = self
        sibling.bounds = request.bounds
        sibling.rootIDs = request.rootIDs
        var asked = request.definition.shared
        asked.time = source?.time
        try sibling.requireSame(
            definition: asked,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
    }
}
