/// Is told what happens to an inventory: progress, logs, metrics, lineage.
///
/// Give observers to ``Inventory/Configuration-swift.struct/observers``. Each has a queue and a
/// thread of its own, so that it may block and take its time: the work never waits for it.
public protocol InventoryObserver: Sendable {
    /// The events that it receives: all, unless it says which; asked once.
    var wanted: Set<InventoryEvent.Name> { get }

    /// Takes note of an event.
    ///
    /// Events of one batch come in order, one call after the other. When more than
    /// ``Inventory/Configuration-swift.struct/eventLimit`` wait, further ones are dropped, and the
    /// next one that is not says how many were.
    ///
    /// - Parameter event: What happened.
    /// - Throws: Whatever it likes: the error ends this call, and the next event comes all the
    ///   same.
    func observe(_ event: InventoryEvent) throws
}

extension InventoryObserver {
    /// All events.
    public var wanted: Set<InventoryEvent.Name> { Set(InventoryEvent.Name.all) }
}
