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
        let opening = Opening(
            configuration: configuration,
            outages: OutageTeller(configuration, of: location.name)
        )
        do {
            let store = try await opening.retrying(within: limit) { _ in
                try await location.open(configuration.store)
            }
            return Inventory(store: store, configuration: configuration, opening.outages)
        } catch {
            await opening.outages.events?.drain(configuration.clock)
            throw error
        }
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

    /// What repeats requests before there is an inventory.
    private struct Opening: RequestRepeater {
        let configuration: Configuration
        let outages: OutageTeller
    }
}
