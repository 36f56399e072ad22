extension Batch {
    /// Names the page that follows, before the work on the batch's own is done.
    ///
    /// What was named first stays: another attempt may have named another, and is still right.
    /// A worker that holds a page of a ``PagedSource`` calls this once, as early as the next cursor
    /// is known, so that others can work on it meanwhile.
    ///
    /// - Parameters:
    ///   - cursor: The cursor of the page that follows.
    ///   - weight: What it weighs; 1 by default.
    ///   - page: The page that it follows; the batch's last by default.
    /// - Returns: What follows the page now, and whether that is new. A repeated cursor may be the
    ///   end for now.
    /// - Throws: ``TrancheError`` `.batchLost` (conflict) where the batch was handed out again;
    ///   `.invalidSource` for a repeated cursor that is an error; `.invalidArgument` for a batch of
    ///   another kind of source, and a cursor that cannot be. Nothing was named then.
    @discardableResult
    public func registerNext(
        _ cursor: String,
        weight: Double = 1,
        after page: Int64? = nil
    ) async throws -> NamedSuccessor {
        try await register(.page(cursor, weight: weight), after: page)
    }

    /// Names the end of the pages: none follows.
    ///
    /// - Parameters:
    ///   - end: Whether one may follow later; never by default.
    ///   - page: The last page; the batch's last by default.
    /// - Returns: What follows the page now: the end, or what was named before.
    /// - Throws: As ``registerNext(_:weight:after:)``.
    @discardableResult
    public func registerEnd(
        _ end: PageEnd = .final,
        of page: Int64? = nil
    ) async throws -> NamedSuccessor {
        try await register(.end(end), after: page)
    }

    /// Names what follows a page; see ``registerNext(_:weight:after:)``.
    @discardableResult
    public func register(
        _ successor: PageSuccessor,
        after page: Int64? = nil
    ) async throws -> NamedSuccessor {
        guard let source = source as? PageMetaSource else {
            throw TrancheError(
                .invalidArgument,
                "batch \(id) of \(record.key) is none of pages: nothing follows them by name"
            )
        }
        let naming = try PageNaming(
            list: source.list,
            page: page ?? ids.upperBound,
            successor: successor,
            holding: holding
        )
        return try await inventory.retrying(within: lease) { _ in
            try await inventory.store.name(naming)
        }
    }

    /// Whether the items are pages that are found one from another.
    package var isOfPages: Bool { source is PageMetaSource }
}

extension Inventory {
    /// Names the page that follows a page by hand, if no worker holds the page.
    ///
    /// - Parameters:
    ///   - successor: What follows it.
    ///   - page: The page's number.
    ///   - list: The source's name.
    /// - Returns: What follows it now; what was named before stays.
    /// - Throws: As ``Batch/registerNext(_:weight:after:)``.
    @discardableResult
    public func register(
        _ successor: PageSuccessor,
        after page: Int64,
        of list: String
    ) async throws -> NamedSuccessor {
        let naming = try PageNaming(list: list, page: page, successor: successor)
        return try await retrying { _ in try await store.name(naming) }
    }

    /// Names what follows a page of a batch that another process holds.
    ///
    /// - Parameters:
    ///   - successor: What follows it.
    ///   - holding: The attempt that holds the page.
    ///   - page: The page's number; the batch's last by default.
    /// - Returns: What follows it now; what was named before stays.
    /// - Throws: As ``Batch/registerNext(_:weight:after:)``; ``TrancheError`` `.unknownBatch`.
    package func register(
        _ successor: PageSuccessor,
        by holding: AttemptKey,
        after page: Int64?
    ) async throws -> NamedSuccessor {
        let batch = try await batch(holding.batch)
        guard batch.key.metaTable.hasPrefix(PagedSource.prefix) else {
            throw TrancheError(
                .invalidArgument,
                "batch \(batch.id) of \(batch.key) is none of pages: nothing follows them by name"
            )
        }
        let naming = try PageNaming(
            list: String(batch.key.metaTable.dropFirst(PagedSource.prefix.count)),
            page: page ?? batch.idEnd,
            successor: successor,
            holding: holding
        )
        return try await retrying { _ in try await store.name(naming) }
    }

    /// Reads the pages that are known of a source, ascending by number.
    ///
    /// - Parameters:
    ///   - list: The source's name.
    ///   - range: Their numbers; all by default.
    ///   - limit: Most pages.
    /// - Returns: The pages.
    /// - Throws: ``TrancheError`` of the store.
    public func pages(
        of list: String,
        in range: ClosedRange<Int64> = 1 ... .max,
        limit: Int = 1000
    ) async throws -> [PageRecord] {
        try await retrying { _ in try await store.pages(of: list, in: range, limit: limit) }
    }
}
