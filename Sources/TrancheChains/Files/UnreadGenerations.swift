import Tranche

/// Which of the files that stood under a name may still have records that nobody has loaded.
struct UnreadGenerations: Hashable, Sendable {
    /// How many batches are looked at at once.
    private static let page = 1000

    /// The number of the first file that may go on: all from it on are meant; `nil` for none.
    private(set) var start: Int64?
    /// The numbers of those before it of which batches are left that did not succeed.
    private(set) var earlier: Set<Int64> = []

    init(from start: Int64? = nil, earlier: Set<Int64> = []) {
        self.start = start
        self.earlier = earlier
    }

    /// Finds out what the runs of a source have left.
    ///
    /// - Parameters:
    ///   - table: The source's name.
    ///   - database: What its definition says where it grows: runs of the same name that read a
    ///     file which stays as it is have other ids.
    ///   - store: The inventory's store.
    /// - Throws: `TrancheError` of the store.
    init(
        of table: String,
        definedAs database: String,
        in store: any InventoryStore
    ) async throws {
        for run in try await store.runs(RunSelection(metaTable: table)) where !run.isFormer {
            guard run.source?.database == database else { continue }
            if let next = Self.next(of: run) { include(from: next) }
            for status in BatchStatus.allCases where Self.isLeft(status) {
                var page = BatchSelection(
                    runs: RunSelection(run.key),
                    status: status,
                    limit: Self.page
                )
                var batches: [BatchRecord]
                repeat {
                    batches = try await store.batches(page)
                    earlier.formUnion(batches.map { FileGeneration.number(of: $0.idStart) })
                    page.before = batches.last?.id
                } while batches.count == Self.page
            }
        }
    }

    /// The number of the file with which a run goes on, by what it has handed out or, before
    /// that, by the files that it knows; `nil` where it knows none.
    static func next(of run: RunRecord) -> Int64? {
        if let cursor = run.cursor { return FileGeneration.number(of: cursor) }
        return run.source?.identity.flatMap { FileGenerations($0) }?.first
    }

    /// Whether a file is one of them.
    func contains(_ number: Int64) -> Bool {
        start.map { number >= $0 } == true || earlier.contains(number)
    }

    /// Takes all files from one on for such.
    mutating func include(from number: Int64) {
        start = min(start ?? number, number)
    }

    /// Whether what a batch has may be asked for again.
    ///
    /// What fell into parts is left to these.
    private static func isLeft(_ status: BatchStatus) -> Bool {
        switch status {
        case .running, .failed, .released, .quarantined: true
        case .succeeded, .split: false
        }
    }
}
