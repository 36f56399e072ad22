import Tranche

extension ConformanceCase {
    /// Descriptions of runs, and who works by which.
    static let workflows: [ConformanceCase] = [
        ConformanceCase("A workflow's run begins without a batch, and only once") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let first = try await bench.begin("a")
            try requireEqual(first.generation, 1, "the generation")
            try requireEqual(try await bench.run().cursor, nil, "the cursor")
            let batches = try await bench.inventory.batches(BatchSelection())
            try requireEqual(batches.count, 0, "what was handed out")
            let again = try await bench.begin("a")
            try requireEqual(again, first, "the same description, said again")
            let other = try await bench.begin("b", policy: RunPolicy(maxAttempts: 7))
            try requireEqual(other.generation, 2, "the generation of another description")
            try requireEqual(try await bench.run().policy.maxAttempts, 7, "its policy")
            let known = try await bench.inventory.workflowRecords()
            try requireEqual(known, [other], "what is known of the run")
        },
        ConformanceCase("Who works by an earlier workflow gets nothing more") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.begin("a")
            let first = try await bench.take(bench.work("a"))
            _ = try await bench.begin("b")
            let reason = try await bench.takeNone(bench.work("a"))
            try requireEqual(reason, .superseded(by: 2), "the reason")
            try requireEqual(try bench.ids(try await bench.take(bench.work("b"))), [2], "the next")
            // Who carries none is not asked for one.
            try requireEqual(try bench.ids(try await bench.take(1)), [3], "the one after that")
            try await first.succeed()
        },
        ConformanceCase("What an earlier workflow has in hand ends with the acquire that gets none")
        {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.begin("a")
            let first = try await bench.take(bench.work("a"))
            _ = try await bench.begin("b")
            let answer = try await first.succeed(
                thenAcquire: bench.work("a"),
                from: bench.description
            )
            guard case .noBatch(.superseded(by: 2)) = answer else {
                throw ConformanceFailure("it is given \(answer)")
            }
            try requireEqual(try await bench.record(first).status, .succeeded, "the first batch")
        },
        ConformanceCase("A run without a workflow gives nothing to one") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            try requireEqual(
                try await bench.takeNone(bench.work("a")),
                .superseded(by: 0),
                "the reason before there is a run"
            )
            try requireEqual(try await bench.inventory.runs().count, 0, "how many runs there are")
            _ = try await bench.take(1)
            try requireEqual(
                try await bench.takeNone(bench.work("a")),
                .superseded(by: 0),
                "the reason behind a batch"
            )
        },
        ConformanceCase("A workflow is refused where the run has another source") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            _ = try await bench.begin("a", ids: IDBounds(lower: 1, upper: 2))
            try await requireRefused(.redefined, "other bounds") {
                _ = try await bench.begin("b", ids: IDBounds(lower: 1, upper: 3))
            }
            let known = try await bench.inventory.workflowRecords()
            try requireEqual(known.map(\.digest), ["a"], "what is known")
        },
        ConformanceCase("A workflow's run has its limits from the beginning") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.inventory.setBudget("few", BudgetLimits(batches: 3))
            let rank = BudgetRank(share: 2, priority: 7)
            let limits = RunLimits(parallelism: 1, budgets: ["few"], rank: rank)
            _ = try await bench.begin("a", limits: limits)
            let key = try await bench.key()
            try requireEqual(try await bench.run().rank, rank, "its rank")
            let owners = try await bench.inventory.budgets(of: key).map(\.owner)
            try requireEqual(Set(owners), [.name("few"), .run(key)], "its budgets")
            _ = try await bench.take(bench.work("a"))
            guard case .limited = try await bench.takeNone(bench.work("a")) else {
                throw ConformanceFailure("a second batch is handed out beside the first")
            }
            let changes = try await bench.inventory.changes(.of(.run(key)))
            let kinds = Set(changes.map(\.what))
            try requireEqual(
                kinds,
                ["budgets", "parallelism", "share", "priority"],
                "the changes"
            )
            try requireEqual(Set(changes.map(\.note.reason)), ["why not"], "their reasons")
            // What was set by hand stays, unless the descriptions differ in it.
            try await bench.inventory.setParallelism(5, of: key)
            var more = limits
            more.rank.share = 3
            _ = try await bench.begin("b", limits: more, after: limits)
            try requireEqual(try await bench.run().rank.share, 3, "the share")
            let own = try await bench.inventory.budgets(of: key).first { $0.owner == .run(key) }
            try requireEqual(own?.limits.batches, 5, "the parallelism")
        },
        ConformanceCase("A workflow whose budget is missing leaves no run behind") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            try await requireRefused(.unknownBudget, "a budget that is not there") {
                _ = try await bench.begin("a", limits: RunLimits(budgets: ["none"]))
            }
            try requireEqual(try await bench.inventory.runs().count, 0, "how many runs there are")
            _ = try await bench.begin("a", policy: RunPolicy(maxAttempts: 3))
            try await requireRefused(.unknownBudget, "a budget that is not there") {
                _ = try await bench.begin(
                    "b",
                    policy: RunPolicy(maxAttempts: 9),
                    limits: RunLimits(budgets: ["none"])
                )
            }
            try requireEqual(try await bench.run().policy.maxAttempts, 3, "the policy")
            let known = try await bench.inventory.workflowRecords()
            try requireEqual(known.map(\.digest), ["a"], "what is known")
        },
        ConformanceCase("A workflow begins behind the one that it was compared with") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            let first = try await bench.begin("a")
            let request = try AcquireRequest(
                key: try await bench.key(),
                definition: try await bench.inventory.source(bench.description).definition,
                slots: [AcquireRequest.Slot(token: "t")]
            )
            let late = WorkflowBeginning(digest: "c", text: "{}")
            try requireEqual(try await bench.store.begin(request, late), nil, "what is kept")
            try requireEqual(
                try await bench.inventory.workflowRecords(),
                [first],
                "what is known"
            )
            // Said again after a lost answer, it is what was kept.
            var again = late
            again.digest = "a"
            try requireEqual(try await bench.store.begin(request, again), first, "the same")
        },
        ConformanceCase("Workflows are read in pages, one of each run") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            for run in ["x", "y", "z"] {
                _ = try await bench.begin("a", run: run)
                _ = try await bench.begin("b", run: run)
            }
            let all = RunSelection()
            let first = try await bench.store.workflows(all, after: nil, limit: 2)
            try requireEqual(first.map(\.key.run), ["x", "y"], "the first page")
            let rest = try await bench.store.workflows(all, after: first[1].key, limit: 2)
            try requireEqual(rest.map(\.key.run), ["z"], "the second page")
            try requireEqual(rest.map(\.digest), ["b"], "its description")
            let one = try await bench.store.workflows(RunSelection(run: "y"), after: nil, limit: 2)
            try requireEqual(one.map(\.key.run), ["y"], "the one that is meant")
        },
        ConformanceCase("A run that begins anew keeps its workflow") { subject in
            let bench = try await Bench(subject, ids: 1...3)
            _ = try await bench.begin("a")
            _ = try await bench.take(bench.work("a"))
            let key = try await bench.key()
            _ = try await bench.store.restart(key, standing: SourceStanding())
            try requireEqual(try bench.ids(try await bench.take(bench.work("a"))), [1], "the first")
        },
    ]
}

extension Bench {
    /// What a worker asks for by a workflow.
    fileprivate func work(_ digest: String) -> BatchRequest {
        var request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
        request.workflow = digest
        return request
    }

    /// Begins a workflow over the source.
    fileprivate func begin(
        _ digest: String,
        run: String? = nil,
        ids: IDBounds? = nil,
        policy: RunPolicy = RunPolicy(),
        limits: RunLimits = RunLimits(),
        after formerLimits: RunLimits = RunLimits()
    ) async throws -> WorkflowRecord {
        let name = run ?? (ids == nil ? "" : "part")
        let request = BatchRequest(job: "job", run: name, ids: ids ?? IDBounds(), policy: policy)
        return try await inventory.begin(request, from: description) { known in
            WorkflowBeginning(
                digest: digest,
                text: "{}",
                after: known?.digest,
                formerLimits: formerLimits,
                limits: limits,
                note: ChangeNote(by: inventory.configuration.worker, reason: "why not")
            )
        }
    }
}
