extension Inventory {
    /// Opens the inventory at a location.
    ///
    /// - Parameters:
    ///   - location: Where it is; its tables are made when there are none.
    ///   - configuration: How it behaves.
    ///   - limit: How long a server that cannot be reached is asked again, of which observers are
    ///     told as of any outage; asked once by default.
    /// - Returns: What was opened.
    /// - Throws: ``TrancheError`` `.storeUnavailable` or `.storeBusy` (transient),
    ///   `.schemaNotMigrated` or `.schemaUnknown` (permanent); `CancellationError`.
    public static func open(
        _ location: InventoryLocation,
        configuration: Configuration = Configuration(),
        waiting limit: Duration = .zero
    ) async throws -> Inventory {
        Inventory(
            store: try await store(at: location, configuration, waiting: limit),
            configuration: configuration
        )
    }

    /// Opens the inventory at a location, lends it, and closes it whatever happens.
    ///
    /// ```swift
    /// try await Inventory.with(.sqlite("inventory.db")) { inventory in
    ///     try await work(inventory)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - location: Where it is; its tables are made when there are none.
    ///   - configuration: How it behaves.
    ///   - limit: As for ``open(_:configuration:waiting:)``.
    ///   - body: What uses it; it must not be used afterwards.
    /// - Returns: What `body` returns.
    /// - Throws: As ``open(_:configuration:waiting:)``, or what `body` throws.
    public static func with<Result>(
        _ location: InventoryLocation,
        configuration: Configuration = Configuration(),
        waiting limit: Duration = .zero,
        _ body: (Inventory) async throws -> Result
    ) async throws -> Result {
        let inventory = try await open(location, configuration: configuration, waiting: limit)
        do {
            let result = try await body(inventory)
            await inventory.close()
            return result
        } catch {
            await inventory.close()
            throw error
        }
    }

    private static func store(
        at location: InventoryLocation,
        _ configuration: Configuration,
        waiting limit: Duration
    ) async throws -> any InventoryStore {
        let stopwatch = Stopwatch(configuration.clock)
        let events = EventReporter(configuration, of: location.name, stopwatch)
        var backoff = Backoff(limit: limit, longest: .seconds(1))
        var outages = OutageLog()
        var failed: Set<TrancheError.Code> = []
        while true {
            let began = stopwatch.elapsed
            do {
                let store = try await location.open(configuration.store)
                for outage in outages.end(failed, now: stopwatch.elapsed) {
                    events?.reportEnd(of: outage.code, after: outage.length)
                }
                await events?.drain(configuration.clock)
                return store
            } catch let error as TrancheError where error.code.isPassing {
                let isFirst = failed.insert(error.code).inserted
                let now = stopwatch.elapsed
                // What is asked once is not told to be asked again.
                if limit > .zero,
                    outages.note(error.code, isFirst: isFirst, since: began, now: now)
                {
                    events?.report(error, repeatedFor: limit)
                }
                backoff.spend(now - began)
                guard let wait = backoff.next(configuration.randomness()) else {
                    await events?.drain(configuration.clock)
                    throw error
                }
                try await configuration.clock.sleep(for: wait)
            }
        }
    }
}
