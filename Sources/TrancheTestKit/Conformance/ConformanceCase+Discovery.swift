import Tranche

extension ConformanceCase {
    private static let source = PagedSource("orders", first: "a")
    private static let one = BatchRequest(
        job: "job",
        limit: BatchLimit(count: 1),
        policy: RunPolicy(maxAttempts: 2)
    )

    /// Pages that are found one from another.
    static let discovery: [ConformanceCase] = [
        ConformanceCase("A page is handed out once it is named, with its cursor") { subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.take(one, from: source)
            try requireEqual(try await first.items, [item(1, "a")], "the first page")
            try requireWaiting(try await bench.takeNone(one, from: source), "nothing is named")
            let named = try await first.registerNext("b", weight: 3)
            let asked = NamedSuccessor(page: 1, successor: .page("b", weight: 3), isNew: true)
            try requireEqual(named, asked, "what is named")
            let second = try await bench.take(one, from: source)
            try requireEqual(try await second.items, [item(2, "b", weight: 3)], "the second page")
            let record = try await bench.store.lastPage(of: "orders")
            try requireEqual(record?.namedBy, first.holding, "who named it")
        },
        ConformanceCase("A run of pages is complete only when its end is named") { subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.take(one, from: source)
            try await first.succeed()
            try requireStopped(try await bench.takeNone(one, from: source), at: 1)
            try await bench.inventory.register(.page("b"), after: 1, of: "orders")
            let second = try await bench.take(one, from: source)
            try await second.registerEnd()
            try requireWaiting(try await bench.takeNone(one, from: source), "page 2 is held")
            try await second.succeed()
            try requireEqual(try await bench.takeNone(one, from: source), .complete, "the end")
        },
        ConformanceCase("What was named first stays, whoever names another") { subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.take(one, from: source)
            try await first.registerNext("b", weight: 2)
            try await first.release()
            let again = try await bench.take(one, from: source)
            let stands = NamedSuccessor(page: 1, successor: .page("b", weight: 2), isNew: false)
            try requireEqual(try await again.registerNext("c"), stands, "the other cursor")
            try requireEqual(try await again.registerNext("b"), stands, "the same")
            try requireEqual(try await again.registerEnd(), stands, "the end")
            let second = try await bench.take(one, from: source)
            try await second.registerEnd()
            let end = NamedSuccessor(page: 2, successor: .end(), isNew: false)
            try requireEqual(try await second.registerNext("c"), end, "a page behind the end")
            try requireEqual(try await second.registerEnd(.forNow), end, "a lesser end")
        },
        ConformanceCase("An attempt that lost its page names nothing") { subject in
            // worker 1                      worker 2
            // acquires page 1
            //                               acquires page 1, the lease having ended
            // names b: refused
            //                               names c
            // names b: refused
            let bench = try await Bench(subject, ids: [])
            let lost = try await bench.take(one, from: source)
            subject.clock.advance(by: .seconds(120))
            let held = try await bench.take(one, from: source)
            try requireEqual(held.id, lost.id, "the batch that is handed out again")
            try await requireRefused(.batchLost, "a lost attempt") {
                try await lost.registerNext("b")
            }
            try requireEqual(try await held.registerNext("c").isNew, true, "the holder's naming")
            try await requireRefused(.batchLost, "a lost attempt that comes late") {
                try await lost.registerEnd()
            }
            let pages = try await bench.inventory.pages(of: "orders")
            try requireEqual(pages.map(\.cursor), ["a", "c"], "the pages")
        },
        ConformanceCase("What an attempt named before it was lost stays") { subject in
            let bench = try await Bench(subject, ids: [])
            let lost = try await bench.take(one, from: source)
            try await lost.registerNext("b")
            let second = try await bench.take(one, from: source)
            subject.clock.advance(by: .seconds(120))
            let held = try await bench.take(one, from: source)
            try requireEqual(held.ids, 1...1, "the page that is handed out again")
            try requireEqual(try await held.registerNext("c").successor, .page("b"), "what stands")
            try requireEqual(second.ids, 2...2, "the page that was named")
        },
        ConformanceCase("Two runs that hold a page have one successor of it") { subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.take(one, from: source)
            var other = one
            other.job = "other"
            let beside = try await bench.take(other, from: source)
            let named = try await concurrently(
                { try await first.registerNext("b") },
                { try await beside.registerEnd() }
            )
            try requireEqual(named.filter(\.isNew).count, 1, "namings that are new")
            try requireEqual(Set(named.map(\.successor)).count, 1, "what stands for both")
        },
        ConformanceCase("A repeated cursor fails, or is the end for now, as the source says") {
            subject in
            let bench = try await Bench(subject, ids: [])
            let first = try await bench.take(one, from: source)
            try await first.registerNext("b")
            let second = try await bench.take(one, from: source)
            for cursor in ["a", "b"] {
                try await requireRefused(.invalidSource, "the cursor \(cursor) again") {
                    try await second.registerNext(cursor)
                }
            }
            _ = try await bench.inventory.source(
                PagedSource("orders", repeated: .ends)
            )
            let ends = NamedSuccessor(page: 2, successor: .end(.forNow), isNew: true)
            try requireEqual(try await second.registerNext("b"), ends, "the end for now")
            try await first.succeed()
            try await second.succeed()
            try requireEqual(try await bench.takeNone(one, from: source), .complete, "for now")
            try await bench.inventory.register(.page("c"), after: 2, of: "orders")
            try requireEqual(try await bench.take(one, from: source).ids, 3...3, "what followed")
        },
        ConformanceCase("Discovery that stopped goes on when the page is retried") { subject in
            let bench = try await Bench(subject, ids: [])
            for _ in 0..<2 {
                try await bench.take(one, from: source).fail("no answer")
                subject.clock.advance(by: .seconds(600))
            }
            try requireStopped(try await bench.takeNone(one, from: source), at: 1)
            _ = try await bench.store.retry(BatchSelection())
            let again = try await bench.take(one, from: source)
            try await again.registerEnd()
            try await again.succeed()
            try requireEqual(try await bench.takeNone(one, from: source), .complete, "the end")
        },
        ConformanceCase("A bounded run over known pages ends at its bound, whatever follows") {
            subject in
            let bench = try await Bench(subject, ids: [])
            var batch = try await bench.take(one, from: source)
            for cursor in ["b", "c", "d"] {
                try await batch.registerNext(cursor)
                try await batch.succeed()
                batch = try await bench.take(one, from: source)
            }
            let again = BatchRequest(
                job: "job",
                run: "again",
                ids: IDBounds(lower: 2, upper: 3),
                limit: BatchLimit(count: 1)
            )
            try requireEqual(try await bench.drain(again, from: source), [[2], [3]], "the pages")
            try requireEqual(try await bench.takeNone(again, from: source), .complete, "the bound")
        },
        ConformanceCase("Only the holder of a page names what follows it, and no nonsense") {
            subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take(one, from: source)
            try await requireRefused(.invalidArgument, "another page") {
                try await first.registerNext("b", after: 2)
            }
            try await requireRefused(.invalidArgument, "an empty cursor") {
                try await first.registerNext("")
            }
            try await requireRefused(.invalidArgument, "a weight below 0") {
                try await first.registerNext("b", weight: -1)
            }
            try await requireRefused(.invalidSource, "a page that there is not") {
                try await bench.inventory.register(.end(), after: 9, of: "orders")
            }
            let row = try await bench.take()
            try await requireRefused(.invalidArgument, "a row of a table") {
                try await row.registerNext("b")
            }
            try await requireRefused(.redefined, "another beginning") {
                try await bench.inventory.source(PagedSource("orders", first: "z"))
            }
            try await requireRefused(.invalidSource, "pages without a beginning") {
                try await bench.inventory.source(PagedSource("others"))
            }
            try requireEqual(
                try await bench.inventory.pages(of: "orders"),
                [PageRecord(number: 1, cursor: "a")],
                "the pages"
            )
        },
        ConformanceCase("Cursors are told apart by their bytes, however long they are") { subject in
            let bench = try await Bench(subject, ids: [])
            let long = String(repeating: "x", count: 60_000)
            let cursors = ["caf\u{E9}", "cafe\u{301}", long + "1", long + "2"]
            var batch = try await bench.take(one, from: source)
            for cursor in cursors {
                try requireEqual(try await batch.registerNext(cursor).isNew, true, "a new cursor")
                try await batch.succeed()
                batch = try await bench.take(one, from: source)
            }
            try await requireRefused(.invalidSource, "a long one again") {
                try await batch.registerNext(long + "1")
            }
            let pages = try await bench.store.pages(of: "orders", in: 2...5, limit: 9)
            let kept = pages.map { Array($0.cursor.utf8) }
            try requireEqual(kept, cursors.map { Array($0.utf8) }, "the cursors")
        },
        ConformanceCase("A batch of several pages names what follows its last") { subject in
            let bench = try await Bench(subject, ids: [])
            _ = try await bench.take(one, from: source).registerNext("b")
            try await bench.inventory.register(.page("c"), after: 2, of: "orders")
            let pair = BatchRequest(job: "job", limit: BatchLimit(count: 5))
            let batch = try await bench.take(pair, from: source)
            try requireEqual(batch.ids, 2...3, "the pages")
            try requireEqual(try await batch.registerNext("d").page, 3, "the page that it follows")
        },
    ]

    private static func item(_ id: Int64, _ cursor: String, weight: Double = 1) -> Item {
        Item(id: id, item: .text(cursor), weight: weight)
    }

    private static func concurrently<R: Sendable>(
        _ first: @escaping @Sendable () async throws -> R,
        _ second: @escaping @Sendable () async throws -> R
    ) async throws -> [R] {
        async let one = first()
        async let two = second()
        return try await [one, two]
    }

    private static func requireWaiting(_ reason: NoBatchReason, _ what: String) throws {
        guard case .waiting = reason else {
            throw ConformanceFailure("\(what): \(reason), instead of waiting")
        }
    }

    private static func requireStopped(_ reason: NoBatchReason, at page: Int64) throws {
        guard case .held(let words, nil) = reason,
            words.hasPrefix("discovery stopped at page \(page):")
        else { throw ConformanceFailure("discovery did not stop at page \(page): \(reason)") }
    }
}
