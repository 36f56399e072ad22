import FoundationEssentials
import Synchronization
package import Tranche

/// An inventory in a SQL database.
///
/// The statements are the same in every dialect but for the parts that ``SQLDialect`` names. What
/// acquires is in the folder Acquire, what ends batches in Ending, what packs them in Archive.
package final class SQLInventoryStore<Database: SQLDatabase>: InventoryStore, SQLSourceProvider {
    package let database: Database
    let tables: TableNames
    private let decidesItself: Bool?
    let fixedNow: (@Sendable () -> Date)?
    /// The last migration that this program knows; `nil` where workers are not recorded.
    let knownMigration: Int?
    let dialect: any SQLDialect
    /// The columns of a batch and of a run, in the order in which they are read.
    let batchColumns: SQLStatement
    let runColumns: SQLStatement
    /// The columns of a run's row without its last tile, which is read behind a lock or not needed.
    let lockedRunColumns: SQLStatement
    let gapColumns: SQLStatement
    /// What the last acquire of a run tells of the next.
    private let hints = Mutex<[RunKey: AcquireHint<Database>]>([:])
    /// The timelines on which numbers of batches are known to be new.
    private let numbered = Mutex<Set<Int64>>([])
    let outages = OutageMemory()

    package init(
        _ database: Database,
        configuration: StoreConfiguration,
        knowing knownMigration: Int? = nil
    ) {
        self.database = database
        self.knownMigration = knownMigration
        tables = TableNames(configuration)
        decidesItself = configuration.decidesItself
        fixedNow = configuration.now
        dialect = database.dialect
        batchColumns = Self.batchColumns(database.dialect)
        runColumns = Self.runColumns(
            database.dialect,
            lastTile: Self.lastTile(of: tables.batch)
        )
        lockedRunColumns = Self.runColumns(database.dialect, lastTile: "NULL")
        gapColumns = Self.gapColumns(database.dialect)
    }

    package var name: String { database.name }

    package func close() async {
        await database.close()
    }

    package func openSource(_ source: SQLSource) async throws -> any MetaSource {
        let place = UIDRegistry.Place(tables: tables) { [dialect, fixedNow] in
            dialect.now(fixedNow?())
        }
        return try await SQLMetaSource(source, in: database, numberingIn: place)
    }

    // MARK: Parts of statements

    /// The present as an instant: the database's clock, unless the store was given another.
    var now: SQLStatement { dialect.now(fixedNow?()) }

    func instant(_ date: Date) -> SQLStatement {
        dialect.instant("\(date.milliseconds)")
    }

    func isRun(_ key: RunKey) -> SQLStatement {
        "meta_table = \(key.metaTable) AND job = \(key.job) AND run = \(key.run)"
    }

    func isSelected(_ selection: RunSelection) -> SQLStatement {
        var parts: SQLStatement = "1 = 1"
        if let metaTable = selection.metaTable { parts.append(" AND meta_table = \(metaTable)") }
        if let job = selection.job { parts.append(" AND job = \(job)") }
        if let run = selection.run { parts.append(" AND run = \(run)") }
        return parts
    }

    func isHeld(_ holding: AttemptKey) -> SQLStatement {
        "id = \(holding.batch) AND attempt = \(holding.attempt) AND status = 'running'"
    }

    /// Whether the database may decide on an acquire in one statement: where a round trip costs
    /// more.
    var decidesInOneStatement: Bool {
        dialect.changesWithinQueries && (decidesItself ?? database.isFar)
    }

    // MARK: How much to read

    func stepSize(for request: AcquireRequest, after hint: AcquireHint<Database>) -> Int {
        let last = hint.count
        let wanted = min(request.limit.count ?? last + last / 8 + 1, 4096) * request.slots.count + 1
        // Powers of two: few statements to prepare.
        var size = 16
        while size < wanted, size < 8192 { size *= 2 }
        return size
    }

    func hint(for key: RunKey) -> AcquireHint<Database> {
        hints.withLock { $0[key] } ?? AcquireHint()
    }

    func note(_ change: (inout AcquireHint<Database>) -> Void, for key: RunKey) {
        hints.withLock { change(&$0[key, default: AcquireHint()]) }
    }

    /// Whether numbers of batches are known to be new on a server's timeline, as they are where it
    /// has none.
    func hasNewNumbers(on timeline: Int64?) -> Bool {
        guard let timeline else { return true }
        return numbered.withLock { $0.contains(timeline) }
    }

    /// Notes that numbers of batches are new on a timeline.
    func noteNewNumbers(on timeline: Int64) {
        numbered.withLock { _ = $0.insert(timeline) }
    }

    /// The statements that are the same at each acquire of a run.
    func statements(
        of request: AcquireRequest,
        from source: SQLMetaSource<Database>?,
        after hint: AcquireHint<Database>
    ) -> RunStatements<Database> {
        let size = stepSize(for: request, after: hint)
        let budgets = hint.budgets
        if let known = hint.statements,
            known.fit(request, from: source, size: size, budgets: budgets)
        {
            return known
        }
        let made = RunStatements(
            request,
            from: source,
            size: size,
            budgets: budgets,
            after: hint.statements,
            in: self
        )
        if fixedNow == nil { note({ $0.statements = made }, for: request.key) }
        return made
    }

    // MARK: Errors

    /// Turns a database's error into the inventory's.
    ///
    /// Give `body` no capture list; see `Inventory.retrying`.
    func wrapping<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as any SQLDatabaseError {
            throw TrancheError(error, inventory: name)
        }
    }
}

extension TrancheError {
    /// Wraps an error of an inventory's database.
    package init(_ error: any SQLDatabaseError, inventory name: String) {
        let code =
            error.isBusy
            ? .storeBusy : error.code(passing: .storeUnavailable, lasting: .storeFailed)
        self.init(code, "inventory \(name): \(error.message)", underlying: error)
    }
}
