/// Runs of a table that know its items by the same ids: by integers, or by the numbers that the
/// uids of one column have.
///
/// A table may have runs of both kinds, whose ids have nothing to do with each other.
package struct ItemSpace: Sendable {
    /// The source that numbers the uids; `nil` where ids are integers.
    package let source: (any NumberedSource)?
    /// The runs that it has; of integers, those that it has not: whatever else there is.
    private let runs: Set<RunKey>

    /// Makes the space of numbered uids.
    ///
    /// - Parameters:
    ///   - source: What numbers them.
    ///   - runs: The runs that go by the numbers.
    init(_ source: any NumberedSource, of runs: Set<RunKey>) {
        self.source = source
        self.runs = runs
    }

    /// Makes the space of integers.
    ///
    /// - Parameter others: The runs that go by something else.
    init(besides others: Set<RunKey>) {
        source = nil
        runs = others
    }

    /// Whether a run knows items by the space's ids.
    package func contains(_ run: RunKey) -> Bool { runs.contains(run) == (source != nil) }

    /// The id of the item that a text names.
    ///
    /// - Parameter text: An integer, or a uid.
    /// - Returns: The id; `nil` where the text names nothing here.
    /// - Throws: The source's failure.
    package func id(named text: String) async throws -> Int64? {
        guard let source else { return Int64(text) }
        return try await source.ids(ofUIDs: [text]).first ?? nil
    }
}

extension Inventory {
    /// The ids by which runs know the items of their tables.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - find: Finds the source of a run.
    /// - Returns: The spaces; integers first, unless all runs are known to have others.
    /// - Throws: ``TrancheError`` of the store; the source's failure.
    package func itemSpaces(
        of selection: RunSelection,
        source find: SourceLooks.SourceFinder
    ) async throws -> [ItemSpace] {
        let known = try await runs(selection)
        let numbered = Dictionary(
            grouping: known.filter { $0.source?.numbering != nil },
            by: { [$0.key.metaTable, $0.source?.uid ?? ""] }
        )
        var spaces: [ItemSpace] = []
        var others: Set<RunKey> = []
        for (_, runs) in numbered.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let keys = Set(runs.map(\.key))
            let description = try await find(runs[0], self)
            guard let source = try await source(description).numbered else { continue }
            spaces.append(ItemSpace(source, of: keys))
            others.formUnion(keys)
        }
        if known.isEmpty || known.contains(where: { !others.contains($0.key) }) {
            spaces.insert(ItemSpace(besides: others), at: 0)
        }
        return spaces
    }
}
