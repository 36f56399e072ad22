/// The inventory of one job as the source of another.
///
/// ```swift
/// let clean = InventorySource(job: "clean")
/// let batch = try await inventory.acquireBatch(from: clean, job: "load", limit: .weight(1 << 30))
/// ```
///
/// Its items are the job's batches that succeeded, of all its runs: the id is the completion, the
/// weight the batch's weight, the payload the batch as JSON. What an upstream backfill does again
/// comes downstream by itself.
public struct InventorySource: MetaSourceDescription {
    /// The upstream job's name.
    public var job: String
    /// The upstream run whose batches count; `nil` (the default) for all.
    public var run: String?
    /// The upstream job's own source; needed only where several jobs have the name.
    public var metaTable: String?
    /// The ids at the root, of which an item's batch must hold one.
    public var rootIDs: IDBounds

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - job: The upstream job's name.
    ///   - run: The upstream run whose batches count; all by default.
    ///   - metaTable: The upstream job's own source, where several jobs have the name.
    ///   - rootIDs: Ids at the root; any by default. Give the request the same.
    public init(
        job: String,
        run: String? = nil,
        metaTable: String? = nil,
        rootIDs: IDBounds = IDBounds()
    ) {
        self.job = job
        self.run = run
        self.metaTable = metaTable
        self.rootIDs = rootIDs
    }

    /// The prefix of the source's name, before the job's.
    public static let prefix = "inventory:"

    /// Opens the source.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try rootIDs.validate()
        let runs = try await store.runs(RunSelection(metaTable: metaTable, job: job))
        let tables = Set(runs.map(\.key.metaTable)).sorted()
        guard let table = tables.first else {
            throw TrancheError(
                .unknownRun,
                "there is no job '\(job)' in \(store.name) to take batches from; "
                    + "'tranche status' lists what there is"
            )
        }
        guard tables.count == 1 else {
            throw TrancheError(
                .ambiguousJob,
                "job '\(job)' has several sources (\(tables.joined(separator: ", "))); name one"
            )
        }
        return CompletionSource(
            upstream: JobKey(metaTable: table, job: job),
            run: run,
            rootIDs: rootIDs,
            store: store,
            identity: try await store.identity()
        )
    }
}

extension InventorySource {
    /// Describes the source that a recorded definition means; `nil` when that is none of a job's.
    package init?(_ definition: SourceDefinition, rootIDs: IDBounds = IDBounds()) {
        guard let upstream = Self.upstream(in: definition) else { return nil }
        self.init(
            job: upstream.job,
            run: definition.filter.map { String($0.dropFirst(Self.runMark.count)) },
            metaTable: upstream.metaTable,
            rootIDs: rootIDs
        )
    }

    /// The job whose batches a recorded definition means; `nil` when it means none of a job's.
    static func upstream(in definition: SourceDefinition) -> JobKey? {
        guard definition.table.hasPrefix(prefix) else { return nil }
        let job = String(definition.table.dropFirst(prefix.count))
        guard let mark = definition.database.firstRange(of: tableMark(of: job)) else { return nil }
        return JobKey(
            metaTable: String(definition.database[mark.upperBound...].dropLast()),
            job: job
        )
    }

    /// The upstream job, of a source made from a definition.
    package var upstream: JobKey { JobKey(metaTable: metaTable ?? "", job: job) }

    /// What stands before the name of the upstream job's own source in a definition's database.
    static func tableMark(of job: String) -> String { ", job '\(job)' of '" }

    /// What stands before the name of the upstream run in a definition's filter.
    static let runMark = "run = "
}

extension MetaSourceDescription where Self == InventorySource {
    /// The inventory of a job; see ``InventorySource``.
    public static func inventory(
        job: String,
        run: String? = nil,
        rootIDs: IDBounds = IDBounds()
    ) -> InventorySource {
        InventorySource(job: job, run: run, rootIDs: rootIDs)
    }
}

extension Inventory {
    /// Refuses a source that leads back to the job that asks.
    func requireNoLoop(from source: any MetaSource, to job: String) async throws {
        guard let source = source as? CompletionSource else { return }
        var path = [job]
        var upstream: JobKey? = source.upstream
        while let next = upstream {
            path.append(next.job)
            guard next.job != job, path.count < 100 else {
                throw TrancheError(
                    .invalidSource,
                    "the source leads back to its own job: \(path.joined(separator: " from ")); "
                        + "give the job another name or another source"
                )
            }
            upstream = try await retrying { _ in try await store.upstream(of: next) }
        }
    }
}

extension InventoryStore {
    /// The job that another takes its batches from, by its recorded definition; `nil` when its
    /// source is none.
    func upstream(of key: JobKey) async throws -> JobKey? {
        guard key.metaTable.hasPrefix(InventorySource.prefix) else { return nil }
        let runs = try await runs(RunSelection(metaTable: key.metaTable, job: key.job))
        guard let text = runs.lazy.compactMap(\.definition).first else { return nil }
        return InventorySource.upstream(
            in: try JSONText.decode(SourceDefinition.self, from: text)
        )
    }
}
