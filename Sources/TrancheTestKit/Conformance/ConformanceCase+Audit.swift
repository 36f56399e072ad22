import Tranche

extension ConformanceCase {
    /// Audits and compaction.
    static let audits: [ConformanceCase] = [
        ConformanceCase("An audit of what is as it was finds nothing") { subject in
            let bench = try await Bench(subject, [1, 2, 5, 9, 10].map { SourceRow($0) })
            _ = try await bench.drain(BatchRequest(job: "job", limit: BatchLimit(count: 2)))
            let report = try await bench.audit()
            try requireEqual(report.tiles, 3, "the tiles")
            try requireEqual(report.ids, 5, "the ids")
            try require(report.isFinished, "the audit did not come to its end")
            try requireEqual(report.appeared.count + report.vanished.count, 0, "the differences")
        },
        ConformanceCase("One id that came and one that went do not cancel out") { subject in
            let bench = try await Bench(subject, [1, 2, 4, 5].map { SourceRow($0) })
            try await bench.take().succeed()
            try await bench.source.delete([2])
            try await bench.source.insert([SourceRow(3)])
            let report = try await bench.audit()
            try requireEqual(report.appeared.packed, "3", "what appeared")
            try requireEqual(report.vanished.packed, "2", "what vanished")
            try requireEqual(report.queued, 0, "what was queued")
        },
        ConformanceCase("What appeared is queued once, and handed out once") { subject in
            let bench = try await Bench(subject, [1, 2, 6].map { SourceRow($0) })
            let request = BatchRequest(job: "job", policy: RunPolicy(watch: .zero))
            try await bench.take(request).succeed()
            bench.clock.advance(by: .seconds(10))
            _ = try await bench.takeNone(request)
            try await bench.source.insert([SourceRow(4), SourceRow(5)])
            let options = AuditOptions(isRepairing: true)
            try requireEqual(try await bench.audit(options).queued, 2, "what was queued")
            _ = try await bench.audit(options)
            try requireEqual(try await bench.take(request).items.map(\.id), [4, 5], "the items")
            try requireEqual(try await bench.audit(options).queued, 0, "what was queued then")
            try requireEqual(
                try await bench.takeNone(request),
                .waiting(until: subject.time(in: 60)),
                "the reason"
            )
        },
        ConformanceCase("An audit goes on where its budget ended") { subject in
            let bench = try await Bench(subject, ids: 1...300)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            _ = try await bench.drain(request)
            let first = try await bench.audit(AuditOptions(budget: .zero))
            try require(!first.isFinished, "the audit came to its end at once")
            let second = try await bench.audit(AuditOptions(budget: .zero))
            try require(second.isFinished, "the audit did not go on")
            try requireEqual(first.tiles + second.tiles, 300, "the tiles")
        },
        ConformanceCase("An audit of some ids goes on where its budget ended") { subject in
            let bench = try await Bench(subject, ids: 1...700)
            _ = try await bench.drain(BatchRequest(job: "job", limit: BatchLimit(count: 1)))
            let some = AuditOptions(ids: IDBounds(101...400), budget: .zero)
            let first = try await bench.audit(some)
            try require(!first.isFinished, "the audit came to its end at once")
            let whole = try await bench.audit(AuditOptions(budget: .zero))
            try requireEqual(whole.position?.id, 256, "where the audit of all ids was")
            let second = try await bench.audit(some)
            try require(second.isFinished, "the audit did not go on")
            try requireEqual(first.tiles + second.tiles, 300, "the tiles")
            try requireEqual(try await bench.audit(some).tiles, first.tiles, "the next one's tiles")
            let rest = try await bench.audit(AuditOptions(budget: .zero))
            try requireEqual(rest.position?.id, 512, "where the audit of all ids is then")
        },
        ConformanceCase("An audit of some ids looks at these only") { subject in
            let bench = try await Bench(subject, ids: 1...40)
            _ = try await bench.drain(BatchRequest(job: "job", limit: BatchLimit(count: 10)))
            try await bench.source.delete([5, 15, 25])
            let report = try await bench.audit(AuditOptions(ids: IDBounds(11...22)))
            try requireEqual(report.tiles, 2, "the tiles")
            try requireEqual(report.vanished.packed, "15", "what vanished")
        },
        ConformanceCase("Ids that were handed out are handed out again only on demand") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            try await bench.take().succeed()
            let redo = AuditOptions(ids: IDBounds(2...3), isRepairing: true, redoesRange: true)
            try requireEqual(try await bench.audit(redo).queued, 2, "what was queued")
            let late = try await bench.take()
            try requireEqual(try await late.items.map(\.id), [2, 3], "the items")
            try await late.succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("Compaction changes nothing that is asked afterwards") { subject in
            let bench = try await Bench(subject, (1...40).map { SourceRow($0 * 3, weight: 2.5) })
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 4))
            _ = try await bench.drain(request)
            try await bench.source.insert([SourceRow(4)])
            bench.clock.advance(by: .seconds(20))
            try await bench.take().succeed()
            let key = try await bench.key()
            let before = try await Ledger(bench, key)
            bench.clock.advance(by: .seconds(10 * 86_400))
            let dry = try await bench.inventory.compact(keep: .seconds(86_400), isDryRun: true)
            try requireEqual(dry.batches, 11, "what would be packed")
            try requireEqual(try await Ledger(bench, key), before, "after a dry run")
            let report = try await bench.inventory.compact(keep: .seconds(86_400))
            try requireEqual(report.batches, 11, "what was packed")
            try requireEqual(try await Ledger(bench, key), before, "after the compaction")
            let again = try await bench.inventory.compact(keep: .seconds(86_400))
            try requireEqual(again.batches, 0, "what was packed then")
            try await bench.source.insert([SourceRow(200)])
            try requireEqual(try await bench.take().items.map(\.id), [200], "the next batch")
        },
        ConformanceCase("Compaction leaves what is younger than asked") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            try await bench.take(2).succeed()
            bench.clock.advance(by: .seconds(100))
            try await bench.take(2).succeed()
            let report = try await bench.inventory.compact(keep: .seconds(50))
            try requireEqual(report.batches, 1, "what was packed")
            let left = try await bench.store.batches(BatchSelection())
            try requireEqual(left.map(\.idStart), [3], "what is left")
        },
    ]
}

/// What is asked of an inventory, for comparison.
private struct Ledger: Equatable {
    let tiles: [[Int64]]
    let handedOut: String
    let succeeded: RunSummary.Totals?
    let holding: [[Int64]]
    let appeared: String

    init(_ bench: Bench, _ key: RunKey) async throws {
        tiles = try await bench.store.tiles(
            of: key,
            endingAfter: nil,
            meeting: nil,
            limit: 1000
        ).map { [$0.batch, $0.range.lowerBound, $0.range.upperBound, Int64($0.count)] }
        handedOut = try await bench.store.handedOut(of: key, in: 1...1000, onlyLate: false).packed
        succeeded = try await bench.store.summaries(RunSelection(key)).first?.totals[.succeeded]
        var holding: [[Int64]] = []
        for id in [4, 6, 30, 119] as [Int64] {
            holding.append(
                try await bench.store.batches(holding: id, of: key.metaTable).map(\.id)
            )
        }
        self.holding = holding
        appeared = try await bench.audit(AuditOptions(isThorough: true)).appeared.packed
    }
}

extension Bench {
    /// Audits the incremental run of the job `job`.
    func audit(_ options: AuditOptions = AuditOptions()) async throws -> AuditReport {
        try await inventory.audit(try await key(), from: description, options: options)
    }
}
