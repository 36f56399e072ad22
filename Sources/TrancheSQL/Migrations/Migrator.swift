public import FoundationEssentials
public import Tranche

/// Makes, changes and removes the tables of an inventory.
public protocol InventoryMigrator: Sendable {
    /// The name of the migrated database, for messages; without credentials.
    var name: String { get }

    /// Which migrations there are, and which were applied; newer ones that work with this program
    /// among them.
    ///
    /// - Throws: `TrancheError` `.schemaUnknown`.
    func status() async throws -> [MigrationStatus]

    /// Which processes work on the inventory just now: those that were seen within three minutes,
    /// and those that hold batches.
    ///
    /// - Returns: The processes, by name; empty where there is no inventory yet.
    /// - Throws: `TrancheError` of the store.
    func workers() async throws -> [WorkerStatus]

    /// Applies migrations, each with its record in a transaction; one migrator works at a time.
    ///
    /// A table that pybatchintory 0.0.8 wrote is taken over, all in one transaction.
    ///
    /// - Parameters:
    ///   - version: The last to apply; all when `nil`.
    ///   - adoption: How to take over a table of pybatchintory's.
    ///   - isDryRun: Whether only to say what would be done.
    /// - Returns: What was done, or would be.
    /// - Throws: `TrancheError` `.migrationRefused`, `.schemaUnknown`; nothing was changed then.
    func up(to version: Int?, adoption: AdoptionOptions, isDryRun: Bool) async throws
        -> MigrationReport

    /// Reverts migrations, the last first. Reverting the first drops the inventory with its rows.
    ///
    /// - Parameters:
    ///   - version: The version to come to; the one before the last applied when `nil`.
    ///   - isDryRun: Whether only to say what would be done.
    ///   - removesRows: Whether rows, and columns of rows, may be removed with what is reverted;
    ///     the report of a dry run tells which.
    /// - Returns: What was done, or would be.
    /// - Throws: `TrancheError` `.invalidArgument`, `.schemaUnknown`, or `.migrationRefused`
    ///   (permanent), with the counts, where rows would be removed that may not be; nothing was
    ///   changed then.
    func down(to version: Int?, isDryRun: Bool, removesRows: Bool) async throws -> MigrationReport

    /// Closes the connections.
    func close() async
}

extension InventoryMigrator {
    /// Reverts migrations as ``down(to:isDryRun:removesRows:)``, and removes no row.
    public func down(to version: Int?, isDryRun: Bool) async throws -> MigrationReport {
        try await down(to: version, isDryRun: isDryRun, removesRows: false)
    }
}

/// A migration and whether it was applied.
public struct MigrationStatus: Sendable, Hashable {
    /// The migration's number.
    public var version: Int
    /// Its name.
    public var name: String
    /// When it was applied; `nil` when it was not.
    public var appliedAt: Date?
    /// The version of the program that applied it; `nil` where that was not recorded.
    public var program: String?
    /// The lowest migration that a program must know to work on once it is applied.
    public var worksWith: Int
}

extension [WorkerStatus] {
    /// The processes that migrations leave behind: those that do not know what these require.
    ///
    /// - Parameter migrations: The migrations that are to be applied.
    /// - Returns: The processes, in the same order; one of an unknown version is among them.
    package func leftBehind(by migrations: [MigrationStatus]) -> [WorkerStatus] {
        guard let required = migrations.map(\.worksWith).max() else { return [] }
        return filter { ($0.knows ?? 0) < required }
    }

    /// The processes that may use what migrations made.
    ///
    /// - Parameter migrations: The migrations that are to be reverted.
    /// - Returns: The processes, in the same order; one of an unknown version is among them.
    package func using(_ migrations: [MigrationStatus]) -> [WorkerStatus] {
        guard let lowest = migrations.map(\.version).min() else { return [] }
        return filter { ($0.knows ?? .max) >= lowest }
    }
}

/// How a table of pybatchintory's is taken over.
public struct AdoptionOptions: Sendable, Hashable {
    /// The time zone of its zoneless timestamps, such as `Europe/Berlin`; the server's when `nil`.
    public var zone: String?
    /// Jobs that become a named, bounded run, named after the job.
    public var bounded: [String: IDBounds]
    /// How long rows left running are left alone before they are offered again; 60 s by default.
    public var lease: Duration

    /// Makes options.
    public init(
        zone: String? = nil,
        bounded: [String: IDBounds] = [:],
        lease: Duration = .seconds(60)
    ) {
        self.zone = zone
        self.bounded = bounded
        self.lease = lease
    }
}

/// The result of a migration, or of a dry run.
public struct MigrationReport: Sendable, Hashable {
    /// The migrations applied or reverted, in order, such as `0001_create_inventory`.
    public var steps: [String] = []
    /// The SQL, in order.
    public var sql: [String] = []
    /// Rows that were taken over from pybatchintory; `nil` when none were looked for.
    public var adopted: Adoption?
    /// The records that a reversal removes, by job.
    public var losses: [Loss] = []

    /// Rows that are removed, or lose columns.
    public struct Loss: Sendable, Hashable {
        /// The job; empty where none can be told.
        public var job: String
        /// The kind of records: `batches`, `packed batches`, `attempts`, `gaps`, `runs` or
        /// `runs' columns`.
        public var what: String
        /// How many there are; above 0.
        public var count: Int
    }

    /// The result of adopting jobs.
    public struct Adoption: Sendable, Hashable {
        /// Rows kept.
        public var rows = 0
        /// Runs made of them, with the id after which each goes on.
        public var runs: [Run] = []
        /// Pairs of batches of one job whose ranges overlap.
        public var overlaps: [Overlap] = []
    }

    /// An adopted run.
    public struct Run: Sendable, Hashable {
        /// The key of the run.
        public var key: RunKey
        /// Its bounds.
        public var bounds: IDBounds
        /// The id after which it goes on.
        public var cursor: Int64
        /// Rows that were left running.
        public var running: Int
        /// Rows that had failed, and stay so.
        public var failed: Int
    }

    /// Two batches that share ids.
    public struct Overlap: Sendable, Hashable {
        /// The key of their run.
        public var key: RunKey
        /// The batches' numbers.
        public var batches: [Int64]
        /// The ids they share.
        public var ids: ClosedRange<Int64>
    }
}
