/// Which pass of a job over its source is meant.
///
/// ```swift
/// let fix = inventory.batches(
///     from: files, job: "checksum", run: .backfill("2024-fix", ids: 20...80), limit: .count(100)
/// )
/// ```
public struct Run: Sendable, Hashable {
    /// The run's name; empty for the incremental run.
    public let name: String
    /// The ids that it may use.
    public let ids: IDBounds
    /// The ids of the first source that count, for a run over the inventory of another job.
    public let rootIDs: IDBounds

    package init(name: String, ids: IDBounds = IDBounds(), rootIDs: IDBounds = IDBounds()) {
        self.name = name
        self.ids = ids
        self.rootIDs = rootIDs
    }

    /// The open-ended run, which goes on behind its cursor.
    public static let incremental = Run(name: "")

    /// A run of its own over all ids; found again by its name.
    ///
    /// - Parameter name: Its name; 1 to 128 UTF-8 bytes.
    /// - Returns: The run.
    public static func backfill(_ name: String) -> Run {
        Run(name: name)
    }

    /// A run of its own over bounded ids; found again by its name, with the same ids at each call.
    ///
    /// - Parameters:
    ///   - name: Its name; 1 to 128 UTF-8 bytes.
    ///   - ids: The ids, both ends inclusive, such as `20...80` or `20...`.
    /// - Returns: The run.
    public static func backfill(_ name: String, ids: some RangeExpression<Int64>) -> Run {
        Run(name: name, ids: IDBounds(ids))
    }

    /// A run of its own over the batches of another job that hold ids of the first source.
    ///
    /// - Parameters:
    ///   - name: Its name; 1 to 128 UTF-8 bytes.
    ///   - rootIDs: The ids at the root, both ends inclusive.
    /// - Returns: The run.
    public static func backfill(_ name: String, rootIDs: some RangeExpression<Int64>) -> Run {
        Run(name: name, rootIDs: IDBounds(rootIDs))
    }
}

extension Run: CustomStringConvertible {
    /// The run in words, such as `run 'fix' of 20...80`.
    public var description: String {
        if name.isEmpty { return "incremental run" }
        if !rootIDs.isOpen { return "run '\(name)' of the root ids \(rootIDs)" }
        return ids.isOpen ? "run '\(name)'" : "run '\(name)' of \(ids)"
    }
}
