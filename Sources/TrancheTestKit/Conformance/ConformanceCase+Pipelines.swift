import Tranche

extension ConformanceCase {
    /// Descriptions of pipelines, and what their alerts have sent.
    static let pipelines: [ConformanceCase] = [
        ConformanceCase("A pipeline's first description is its generation 1, and is read again") {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            let first = try await bench.apply("p", "a", reason: "why not")
            try requireEqual(first?.generation, 1, "the generation")
            try requireEqual(first?.text, "{\"a\":1}", "the description")
            try requireEqual(first?.note.reason, "why not", "the reason")
            try requireEqual(first?.appliedAt, bench.clock.date, "when it was applied")
            try requireEqual(try await bench.inventory.pipelines(), [first], "what is known")
            try requireEqual(try await bench.inventory.pipeline(named: "q"), nil, "of another name")
        },
        ConformanceCase("A pipeline's description, applied again, changes nothing") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            let first = try await bench.apply("p", "a")
            bench.clock.advance(by: .seconds(60))
            try requireEqual(try await bench.apply("p", "a", after: 1), first, "said again")
            // The answer to the first was lost.
            try requireEqual(try await bench.apply("p", "a", after: 0), first, "repeated")
            try requireEqual(
                try await bench.inventory.history(ofPipeline: "p").count,
                1,
                "how many there are"
            )
        },
        ConformanceCase("A pipeline's description begins behind the one that it was compared with")
        {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            let first = try await bench.apply("p", "a")
            try requireEqual(try await bench.apply("p", "b", after: 0), nil, "what comes too late")
            try requireEqual(try await bench.apply("p", "b", after: 2), nil, "what comes too early")
            try requireEqual(try await bench.inventory.pipelines(), [first], "what is known")
            let second = try await bench.apply("p", "b", after: 1)
            try requireEqual(second?.generation, 2, "the next generation")
            // What was there before may come again, as a generation of its own.
            try requireEqual(try await bench.apply("p", "a", after: 2)?.generation, 3, "the third")
            let history = try await bench.inventory.history(ofPipeline: "p", limit: 2)
            try requireEqual(history.map(\.digest), ["a", "b"], "the last two, latest first")
        },
        ConformanceCase("Of many who apply a pipeline at once, each generation has one") {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            let kept = try await withThrowingTaskGroup(of: PipelineRecord?.self) { group in
                for number in 0..<8 {
                    group.addTask { try await bench.apply("p", "digest \(number)") }
                }
                return try await group.reduce(into: []) { $0 += [$1].compactMap { $0 } }
            }
            try requireEqual(kept.map(\.generation), [1], "what was applied")
            try requireEqual(try await bench.inventory.pipelines(), kept, "what is known")
        },
        ConformanceCase("Pipelines go by their names, in order") { subject in
            let bench = try await Bench(subject, ids: 1...1)
            for name in ["b", "a", "B"] { _ = try await bench.apply(name, "a") }
            _ = try await bench.apply("a", "b", after: 1)
            let known = try await bench.inventory.pipelines()
            try requireEqual(known.map(\.name), ["B", "a", "b"], "the names")
            try requireEqual(known.map(\.generation), [1, 2, 1], "the generations")
            for name in ["", "a b", "-a", "a/b", "ä"] {
                try await requireRefused(.invalidArgument, "the name '\(name)'") {
                    _ = try await bench.apply(name, "a")
                }
            }
        },
        ConformanceCase("A pipeline that was removed is known to have been, and counts on") {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            let first = try await bench.apply("p", "a")
            let removed = try await bench.inventory.removePipeline("p", reason: "no more")
            try requireEqual(removed, first, "what was removed")
            try requireEqual(try await bench.inventory.pipelines(), [], "what there is")
            let last = try await bench.inventory.pipeline(named: "p")
            try requireEqual(last?.isRemoved, true, "whether it is known to be removed")
            try requireEqual(last?.generation, 2, "the generation of the removal")
            try requireEqual(try await bench.inventory.removePipeline("p"), nil, "removed again")
            try requireEqual(try await bench.apply("p", "a", after: 2)?.generation, 3, "the next")
        },
        ConformanceCase("A budget's limits are replaced where they are those that were seen") {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            try requireEqual(try await bench.replace(nil, 4), 4, "a new one")
            try requireEqual(try await bench.replace(4, 5), 5, "what was seen")
            // Said again after a lost answer, it is done.
            try requireEqual(try await bench.replace(4, 5), 5, "what it is already")
            try await requireRefused(.redefined, "what somebody has set meanwhile") {
                _ = try await bench.replace(4, 6)
            }
            try await requireRefused(.redefined, "one that is there meanwhile") {
                _ = try await bench.replace(nil, 6)
            }
            let changes = try await bench.inventory.changes(.of(.name("b")))
            try requireEqual(changes.map(\.new), ["batches 5", "batches 4"], "the changes")
        },
        ConformanceCase("What an alert has sent is replaced by who knows the last of it") {
            subject in
            let bench = try await Bench(subject, ids: 1...1)
            let store = bench.store
            var alert = AlertRecord(
                pipeline: "p",
                alert: "a",
                subject: "s",
                condition: "failed",
                content: "{}"
            )
            try requireEqual(try await store.save(alert), true, "the first")
            try requireEqual(try await store.save(alert), false, "the first, by somebody else")
            alert.version = 1
            alert.content = "{\"n\":1}"
            try requireEqual(try await store.save(alert), true, "the second")
            try requireEqual(try await store.save(alert), false, "the second, by somebody else")
            var other = alert
            (other.condition, other.version) = ("held", 0)
            try requireEqual(try await store.save(other), true, "another condition's")
            (other.pipeline, other.version) = ("q", 7)
            try requireEqual(try await store.save(other), false, "what is not there")
            let known = try await store.alerts(ofPipeline: "p")
            try requireEqual(known.alerts.map(\.condition), ["failed", "held"], "what is known")
            try requireEqual(known.alerts.map(\.version), [2, 1], "the versions")
            try requireEqual(known.alerts.first?.content, "{\"n\":1}", "the content")
            try requireEqual(known.now, bench.clock.date, "the time")
        },
    ]
}

extension Bench {
    /// Replaces how many batches a budget allows.
    ///
    /// - Returns: How many it allows then.
    fileprivate func replace(_ former: Int?, _ batches: Int) async throws -> Int? {
        let seen = former.map { BudgetLimits(batches: $0) }
        let limits = BudgetLimits(batches: batches)
        let budget = try await inventory.change(budget: "b", .replace(seen, by: limits))
        return budget?.limits.batches
    }

    /// Applies a description of a pipeline.
    fileprivate func apply(
        _ name: String,
        _ digest: String,
        after former: Int = 0,
        reason: String? = nil
    ) async throws -> PipelineRecord? {
        try await inventory.apply(
            PipelineBeginning(
                name: name,
                digest: digest,
                text: "{\"\(digest)\":1}",
                after: former,
                note: ChangeNote(by: inventory.configuration.worker, reason: reason)
            )
        )
    }
}
