package import FoundationEssentials

/// What is done with batches that another program holds, named by batch and attempt.
extension Inventory {
    /// Ends an attempt well, in one transaction with others that end at the same time.
    ///
    /// - Parameters:
    ///   - ending: The attempt, and what came out of it.
    ///   - limit: For how long to try again while the store cannot be reached.
    /// - Returns: The batch as it is now.
    /// - Throws: ``TrancheError`` of the store.
    package func succeed(
        _ ending: AttemptSuccess,
        within limit: Duration
    ) async throws -> BatchRecord {
        try await retrying(within: limit) { _ in try await requests.succeed(ending) }
    }

    /// Extends the lease of an attempt, in one transaction with others.
    ///
    /// - Parameters:
    ///   - holding: The attempt.
    ///   - limit: For how long to try again while the store cannot be reached.
    /// - Returns: When the lease ends now.
    /// - Throws: ``TrancheError`` of the store.
    package func heartbeat(_ holding: AttemptKey, within limit: Duration) async throws -> Date {
        try await retrying(within: limit) { _ in try await requests.heartbeat(holding) }
    }

    /// Reads a page of a batch's items, ascending by id.
    ///
    /// - Parameters:
    ///   - record: The batch.
    ///   - source: Its source.
    ///   - mark: The id behind which the page begins; `nil` from the first.
    ///   - limit: Most items; above 0.
    /// - Returns: The items; those that have vanished from the source are left out.
    /// - Throws: ``TrancheError`` of the store; the source's failure.
    package func items(
        of record: BatchRecord,
        from source: any MetaSource,
        after mark: Int64?,
        limit: Int
    ) async throws -> [Item] {
        var record = record
        if let mark {
            guard mark < .max else { return [] }
            record.itemIDs = (record.ids ?? IDRuns(record.range)).intersection(mark + 1 ... .max)
            if record.itemIDs?.count == 0 { return [] }
        }
        var items: [Item] = []
        for try await item in BatchItems(record: record, source: source, inventory: self) {
            items.append(item)
            if items.count == limit { break }
        }
        return items
    }
}
