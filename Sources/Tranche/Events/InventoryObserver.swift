/// Is told what happens to an inventory: progress, logs, metrics, lineage.
///
/// Give observers to ``Inventory/Configuration-swift.struct/observers``. Each has a queue and a
/// thread of its own, so that it may block and take its time: the work never waits for it.
public protocol InventoryObserver: Sendable {
    /// The events that it receives: all, unless it says which; asked once.
    var wanted: Set<InventoryEvent.Name> { get }

    /// How long events may wait for others, so that the observer's thread is woken once for many of
    /// them; asked once.
    ///
    /// Zero, unless it says more: each event is given at once. Where half of
    /// ``Inventory/Configuration-swift.struct/eventLimit`` waits, or the inventory is closed, none
    /// waits any longer.
    var delay: Duration { get }

    /// Takes note of events that wait, in their order: one call after the other.
    ///
    /// An observer that has a cost per call, such as a write to a file, takes them together; unless
    /// it does, the method that takes one is called for each.
    ///
    /// - Parameter events: What happened; at least one event.
    func observe(_ events: [InventoryEvent])

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

    /// None: each event is given at once.
    public var delay: Duration { .zero }

    /// Takes note of one event after the other.
    public func observe(_ events: [InventoryEvent]) {
        for event in events {
            do {
                try observe(event)
            } catch {
                // The observer's own: neither the work nor the next event is to suffer from it.
            }
        }
    }
}
