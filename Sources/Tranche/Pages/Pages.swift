/// The pages of a ``PagedSource``, each read once it is held, and its successor named before it is
/// worked on.
///
/// Made by ``Inventory/pages(from:job:run:read:)``.
public struct Pages<Content: Sendable>: Sendable {
    let inventory: Inventory
    let source: PagedSource
    let request: BatchRequest
    let read: @Sendable (String) async throws -> PageContent<Content>

    /// Works on each page, until the run is complete, paused or held.
    ///
    /// A page is read, its successor or the end is named, and then it is worked on, so that others
    /// work on the pages behind it meanwhile. When reading or work throws, the page's batch fails,
    /// and the run's policy says what follows. Where a page has failed for good before its
    /// successor was named, reading is tried again for that alone, as often as the policy says.
    ///
    /// - Parameters:
    ///   - workers: How many pages are worked on at once; 1 to 1000.
    ///   - work: Given a page. What it returns, if it is `Encodable`, is the batch's result.
    /// - Returns: What became of the pages. Where it ends as ``NoBatchReason/held(reason:until:)``
    ///   since no successor is found, the reason holds the last error.
    /// - Throws: As ``Batches/process(workers:_:)``.
    @discardableResult
    public func process<Result: Sendable>(
        workers: Int = 1,
        _ work: @escaping @Sendable (Page<Content>) async throws -> Result
    ) async throws -> ProcessReport {
        var total = ProcessReport()
        while true {
            let batches = inventory.batches(request, from: source, end: .whenComplete)
            let report = try await batches.process(workers: workers) { batch in
                // A run that was worked on by others, too, may have batches of several pages.
                let items = try await batch.items
                for item in items.dropLast() {
                    _ = try await work(try await page(of: item, in: batch))
                }
                guard let last = items.last else {
                    throw TrancheError(.invalidItem, "the page of batch \(batch.id) has vanished")
                }
                return try await work(try await page(of: last, in: batch))
            }
            total.add(report)
            guard let stop = try await stop(report.reason) else { return total }
            if let error = try await nameSuccessor(of: stop) {
                total.reason = .held(
                    reason: "discovery stopped at page \(stop.number): \(error)",
                    until: nil
                )
                return total
            }
        }
    }

    /// Reads a page of a batch, and names what follows it.
    private func page(of item: Item, in batch: Batch) async throws -> Page<Content> {
        let page = try await read(item.text)
        try await batch.register(page.successor, after: item.id)
        return Page(number: item.id, cursor: item.text, content: page.content, batch: batch)
    }

    /// The page at which discovery stopped; `nil` where there is another reason to end.
    private func stop(_ reason: NoBatchReason?) async throws -> PageRecord? {
        guard case .held(let words, nil) = reason,
            let last = try await inventory.retrying({ _ in
                try await inventory.store.lastPage(of: source.name)
            })
        else { return nil }
        return PageMetaSource.openEnd(at: last, of: source.name)?.reason == words ? last : nil
    }

    /// Reads a page for its successor alone.
    ///
    /// - Returns: Why it could not be named; `nil` where it was.
    private func nameSuccessor(of page: PageRecord) async throws -> (any Error)? {
        var failures = 0
        while true {
            do {
                let found = try await read(page.cursor)
                try await inventory.register(found.successor, after: page.number, of: source.name)
                return nil
            } catch let error as CancellationError {
                throw error
            } catch {
                try Task.checkCancellation()
                failures += 1
                guard let wait = request.policy.wait(afterFailures: failures) else { return error }
                try await inventory.configuration.clock.sleep(for: wait)
            }
        }
    }
}

extension Inventory {
    /// The pages of a source that are found one from another, with what reads them.
    ///
    /// ```swift
    /// let report = try await inventory.pages(from: orders, job: "import") { url in
    ///     let answer = try await get(url)
    ///     return PageContent(try rows(answer), next: nextLink(answer))
    /// }.process(workers: 5) { page in
    ///     try await store(page.content)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - source: The pages.
    ///   - job: Name of the job.
    ///   - run: The run; the incremental one by default.
    ///   - read: Reads the page of a cursor; it may be called again for the same one.
    /// - Returns: The pages; nothing is read before they are worked on.
    public func pages<Content: Sendable>(
        from source: PagedSource,
        job: String,
        run: Run = .incremental,
        read: @escaping @Sendable (String) async throws -> PageContent<Content>
    ) -> Pages<Content> {
        pages(BatchRequest(job: job, run: run), from: source, read: read)
    }

    /// The pages that a request gives, one in each new batch whatever it asks for.
    ///
    /// See ``pages(from:job:run:read:)``.
    public func pages<Content: Sendable>(
        _ request: BatchRequest,
        from source: PagedSource,
        read: @escaping @Sendable (String) async throws -> PageContent<Content>
    ) -> Pages<Content> {
        var request = request
        request.limit = BatchLimit(count: 1)
        return Pages(inventory: self, source: source, request: request, read: read)
    }
}

extension ProcessReport {
    /// Adds what became of more batches; the reason is theirs.
    fileprivate mutating func add(_ other: ProcessReport) {
        succeeded += other.succeeded
        failed += other.failed
        lost += other.lost
        deferred += other.deferred
        cancelled += other.cancelled
        items += other.items
        reason = other.reason
    }
}
