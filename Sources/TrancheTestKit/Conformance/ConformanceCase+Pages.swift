import Tranche

extension ConformanceCase {
    /// Reading listings page by page.
    static let pages: [ConformanceCase] = [
        ConformanceCase("Runs and their totals come in pages, each run once") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            for run in ["", "b", "a", "d", "c"] { _ = try await bench.take(2, run: run) }
            for run in ["a", "b"] {
                let batch = try await bench.take(BatchRequest(job: "other", run: run))
                try await batch.succeed()
            }
            let key = try await bench.key()
            let selections = [
                RunSelection(), RunSelection(metaTable: key.metaTable), RunSelection(job: key.job),
                RunSelection(metaTable: key.metaTable, job: key.job), RunSelection(run: "a"),
            ]
            for selection in selections {
                let runs = try await bench.store.runs(selection)
                try requireEqual(Set(runs.map(\.key)).count, runs.count, "the runs, each once")
                try requireEqual(
                    try await pages { mark in
                        try await bench.store.runs(selection, after: mark?.key, limit: 2)
                    },
                    runs,
                    "the pages of runs"
                )
                try requireEqual(
                    try await pages { mark in
                        try await bench.store.summaries(selection, after: mark?.run.key, limit: 2)
                    },
                    try await bench.store.summaries(selection),
                    "the pages of summaries"
                )
            }
        },
        ConformanceCase("Batches come in pages, whatever is handed out meanwhile") { subject in
            let bench = try await Bench(subject, ids: 1...20)
            for _ in 0..<5 { _ = try await bench.take(2) }
            let batches = try await bench.store.batches(BatchSelection())
            try requireEqual(
                try await pages { mark in
                    _ = try await bench.take(1)
                    return try await bench.store.batches(
                        BatchSelection(before: mark?.id ?? batches[0].id + 1, limit: 2)
                    )
                },
                batches,
                "the pages of batches"
            )
        },
        ConformanceCase("Attempts come in pages, the one that runs at last") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            var batch = try await bench.take()
            for _ in 0..<4 {
                try await batch.release()
                batch = try await bench.take()
            }
            let id = batch.id
            for limit in [1, 2, 4, 5] {
                let attempts = try await pages { mark in
                    try await bench.store.attempts(of: id, after: mark?.attempt, limit: limit)
                }
                try requireEqual(attempts.map(\.attempt), [1, 2, 3, 4, 5], "pages of \(limit)")
                try requireEqual(attempts.last?.outcome, .running, "the last attempt")
                try requireEqual(attempts, try await bench.store.attempts(of: id), "the attempts")
            }
        },
        ConformanceCase("Gaps come in pages, ascending") { subject in
            let bench = try await Bench(subject, ids: [1, 3, 6, 10, 15, 21])
            _ = try await bench.take()
            let key = try await bench.key()
            let gaps = try await bench.store.gaps(of: key)
            try require(gaps.count > 3, "there are \(gaps.count) gaps")
            try requireEqual(
                try await pages { mark in
                    try await bench.store.gaps(of: key, after: mark, limit: 2)
                },
                gaps,
                "the pages of gaps"
            )
        },
    ]

    /// All entries of a listing, page by page.
    private static func pages<Entry>(
        _ read: (Entry?) async throws -> [Entry]
    ) async throws -> [Entry] {
        var entries: [Entry] = []
        while true {
            let page = try await read(entries.last)
            if page.isEmpty { return entries }
            entries += page
            try require(entries.count <= 100, "the pages do not end")
        }
    }
}
