import FoundationEssentials
import Synchronization
public import Tranche

extension Batch {
    /// Writes to the inventory's own database and records success, together or not at all.
    ///
    /// ```swift
    /// try await batch.succeed { transaction in
    ///     try await transaction.run("INSERT INTO total (day, items) VALUES ($1, $2)", [day, items])
    /// }
    /// ```
    ///
    /// The last statement is the fence: when the batch was handed out again meanwhile, nothing is
    /// written. The lease is kept while `body` runs. On SQLite, where the transaction holds the
    /// file's write lock, `body` has a third of the lease.
    ///
    /// - Parameters:
    ///   - result: What came out of it; kept as JSON.
    ///   - logging: Free text, kept with the batch.
    ///   - body: Writes through the transaction. When it throws, nothing is written, and the batch
    ///     is still held.
    /// - Returns: The batch as recorded.
    /// - Throws: What `body` throws; `TrancheError` `.batchLost` (conflict); `.promiseNotKept`
    ///   (permanent) when the inventory is in no SQL database; `.storeBusy` (transient) after too
    ///   long on SQLite; `.storeUnavailable` (transient) when the connection was lost: nothing was
    ///   written, or what came of the commit could not be learned. The same call again is safe:
    ///   where the success is recorded already, it writes nothing more.
    @discardableResult
    public func succeed(
        result: (any Encodable)? = nil,
        logging: String? = nil,
        _ body: @escaping @Sendable (SQLTransaction) async throws -> Void
    ) async throws -> BatchRecord {
        let text = try jsonText(of: result)
        return try await succeed(logging: logging, resultText: { _ in text }, body)
    }

    /// Writes to the inventory's own database and records success with what comes of the writing,
    /// together or not at all.
    ///
    /// See ``succeed(result:logging:_:)``.
    ///
    /// - Parameters:
    ///   - logging: Free text, kept with the batch.
    ///   - body: Writes through the transaction, and gives the batch's result, kept as JSON.
    /// - Returns: The batch as recorded.
    /// - Throws: As ``succeed(result:logging:_:)``.
    @discardableResult
    public func succeed(
        logging: String? = nil,
        returning body:
            @escaping @Sendable (SQLTransaction) async throws -> some Encodable & Sendable
    ) async throws -> BatchRecord {
        try await succeed(logging: logging, resultText: { try jsonText(of: $0) }, body)
    }

    private func succeed<Result: Sendable>(
        logging: String?,
        resultText: @escaping @Sendable (Result) throws -> String?,
        _ body: @escaping @Sendable (SQLTransaction) async throws -> Result
    ) async throws -> BatchRecord {
        guard let store = inventory.store as? any TransactionalStore else {
            throw TrancheError(
                .promiseNotKept,
                "\(inventory.store.name) has no transactions to write in; write elsewhere, and succeed "
                    + "after that"
            )
        }
        let limit = store.isTransactionExclusive ? lease / 3 : nil
        let clock = inventory.configuration.clock
        return try await reporting(.succeeded) {
            try await store.succeed(holding, logging: logging) { transaction in
                // Who has the lock alone is over before the first heartbeat, which waits for it.
                let result =
                    if let limit {
                        try await bounded(by: limit, clock) { try await body(transaction) }
                    } else {
                        try await whileHeld { try await body(transaction) }
                    }
                return try resultText(result)
            }
        }
    }

    private func bounded<Result: Sendable>(
        by limit: Duration,
        _ clock: any Clock<Duration>,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            if let ended = try await group.next(), let result = ended { return result }
            throw TrancheError(
                .storeBusy,
                "batch \(id) of \(record.key) wrote for longer than a third of its lease while it held "
                    + "the file's write lock; nothing was written: write less, or take a longer lease"
            )
        }
    }
}

/// A store whose database takes others' writes into the transaction of a success.
protocol TransactionalStore: InventoryStore {
    /// Whether nobody else can write while a transaction is open.
    var isTransactionExclusive: Bool { get }

    /// Calls `body` in a transaction and ends an attempt well in it, with the result that `body`
    /// gives.
    func succeed(
        _ holding: AttemptKey,
        logging: String?,
        writing body: @escaping @Sendable (SQLTransaction) async throws -> String?
    ) async throws -> BatchRecord
}

extension SQLInventoryStore: TransactionalStore {
    var isTransactionExclusive: Bool { dialect.hasOneWriter }

    func succeed(
        _ holding: AttemptKey,
        logging: String?,
        writing body: @escaping @Sendable (SQLTransaction) async throws -> String?
    ) async throws -> BatchRecord {
        let isCommitting = Mutex(false)
        do {
            return try await orArchived(holding, endingAs: .succeeded) {
                try await database.withLongTransaction { connection, _ in
                    let transaction = SQLTransaction(connection)
                    defer { transaction.end() }
                    let result = try await body(transaction)
                    try requireJSON(result)
                    transaction.end()
                    guard connection.isInTransaction else {
                        throw TrancheError(
                            .invalidArgument,
                            "a statement ended the transaction of batch \(holding.batch); what was "
                                + "written before it may stand: leave it out"
                        )
                    }
                    // The fence is the last statement: after it, nothing is written any more.
                    let ends = try succeeding(
                        [AttemptSuccess(holding, result: result, logging: logging)],
                        returning: batchColumns
                    )
                    let rows = try await connection.run(ends.statements)
                    guard var row = ends.rows(in: rows[...]).first else {
                        // Lost, or a repeated success, which writes nothing again.
                        try await connection.rollback()
                        let found = try await connection.run([selectBatch(holding.batch)])[0]
                        return try heldBatch(found, by: holding, endingAs: .succeeded)
                    }
                    let batch = try batch(&row)
                    isCommitting.withLock { $0 = true }
                    _ = try await connection.commit([])
                    return batch
                }
            }
        } catch let error as TrancheError
            where error.code == .storeUnavailable && isCommitting.withLock({ $0 })
        {
            return try await outcomeOfCommit(holding, error)
        }
    }

    /// Finds out whether a commit whose answer was lost has come through.
    ///
    /// The batch's row is locked by the transaction until that is decided.
    private func outcomeOfCommit(_ holding: AttemptKey, _ error: TrancheError) async throws
        -> BatchRecord
    {
        try await orArchived(holding, endingAs: .succeeded) {
            let found = try await database.write([selectBatch(holding.batch)])[0]
            let batch = try heldBatch(found, by: holding, endingAs: .succeeded)
            guard batch.status == .succeeded else { throw error }
            return batch
        }
    }
}
