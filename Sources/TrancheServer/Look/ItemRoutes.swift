package import Tranche

/// What is read of items, which are named by their ids, or by their uids where these are no
/// integers.
struct ItemRoutes: Sendable {
    let state: ServerState

    /// Sources that an item is looked for in.
    private static let mostSources = 50
    /// How long a source whose uids are numbered is waited for.
    private static let patience = Duration.seconds(5)

    var routes: [Route] {
        [
            .get(
                "/v1/items/{item}",
                "Tell every job, batch and attempt that had an item.",
                query: [.init("meta", .text, "The item's source; all by default.")],
                ItemHistoryDocument.self
            ) { try await item($0) }
        ]
    }

    private func item(_ call: Call) async throws -> HTTPServerResponse {
        let name = call.path["item"] ?? ""
        let asked = call.words("meta")
        let runs = try await state.inventory.runs(
            RunSelection(metaTable: asked),
            after: nil,
            limit: OverviewReading.mostRuns
        ).filter { call.caller.has(job: $0.key.job) }
        let sources = Set(runs.map(\.key.metaTable)).sorted()
        if let asked, sources.isEmpty {
            throw Refusal(
                404,
                "unknown_source",
                "no run has the source '\(HumanText.excerpt(asked))'; GET v1/runs tells what each "
                    + "run has, as 'meta'",
                field: "meta"
            )
        }
        let id = Self.id(name)
        guard id != nil || runs.contains(where: { $0.source?.numbering != nil }) else {
            throw Refusal(
                400,
                "invalid_parameter",
                "'\(HumanText.excerpt(name))' is not a whole number of 64 bits, and no job here "
                    + "goes by other uids; give the item's id",
                field: "item"
            )
        }
        let find = state.sources()
        var found: [LineageDocument] = []
        var unseen: [ItemHistoryDocument.Unseen] = []
        for source in sources.prefix(Self.mostSources) {
            do {
                found += try await histories(of: name, in: source, for: call.caller, find)
            } catch let error where asked == nil && error.isOfSource {
                let words = Refusal(error).document.error
                unseen.append(ItemHistoryDocument.Unseen(meta: source, error: words))
            }
        }
        return try .document(
            ItemHistoryDocument(
                item: name,
                id: id,
                sources: found,
                unseen: unseen,
                isCut: sources.count > Self.mostSources
            )
        )
    }

    /// What happened to an item of a source: by the integer, for jobs that go by integers, and by
    /// the number of the uid, for each way in which others number uids.
    private func histories(
        of name: String,
        in source: String,
        for caller: Caller,
        _ find: @escaping SourceLooks.SourceFinder
    ) async throws -> [LineageDocument] {
        let inventory = state.inventory
        let meant = try await inPatience { () async throws -> [(space: ItemSpace, id: Int64)] in
            let table = RunSelection(metaTable: source)
            var meant: [(space: ItemSpace, id: Int64)] = []
            for space in try await inventory.itemSpaces(of: table, source: find) {
                let isNumbered = space.source != nil
                let id = isNumbered ? try await space.id(named: name) : Self.id(name)
                if let id { meant.append((space, id)) }
            }
            return meant
        }
        var found: [LineageDocument] = []
        for (space, id) in meant {
            var lineage = try await inventory.lineage(of: id, in: source, by: space)
            lineage.entries.removeAll { !caller.has(job: $0.batch.key.job) }
            if lineage.entries.isEmpty { continue }
            let uid = space.source == nil ? nil : name
            found.append(LineageDocument(of: id, uid, in: source, lineage))
        }
        return found
    }

    /// A text as an id: there is one way to write it, neither '+1' nor '01'.
    private static func id(_ text: String) -> Int64? {
        Int64(text).flatMap { String($0) == text ? $0 : nil }
    }

    /// Waits for a source, for some time at most.
    private func inPatience<Found: Sendable>(
        _ body: @escaping @Sendable () async throws -> Found
    ) async throws -> Found {
        let clock = state.configuration.clock
        return try await withThrowingTaskGroup(of: Found.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: Self.patience)
                throw TrancheError(
                    .sourceUnavailable,
                    "no answer within \(Self.patience.words); ask again later"
                )
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

extension Error {
    /// Whether it may be that of a source alone, and says nothing of the inventory.
    fileprivate var isOfSource: Bool {
        if self is CancellationError || self is Refusal { return false }
        guard let error = self as? TrancheError else { return true }
        return ![.storeBusy, .storeUnavailable].contains(error.code)
    }
}

/// What happened to an item, in each source that has it.
package struct ItemHistoryDocument: Codable, Sendable, Hashable {
    /// The item, as it was asked for.
    package let item: String
    /// The same as an id; `null` where it is no integer.
    package let id: Int64?
    /// A source that knows the item by its id and by a uid has two histories.
    package let sources: [LineageDocument]
    /// Sources that could not be asked for the number of a uid.
    package let unseen: [Unseen]
    /// Whether there are sources that were not looked at.
    package let isCut: Bool

    /// A source that could not be asked.
    package struct Unseen: Codable, Sendable, Hashable {
        package let meta: String
        package let error: String
    }

    enum CodingKeys: String, CodingKey {
        case item, id, sources, unseen
        case isCut = "cut"
    }
}
