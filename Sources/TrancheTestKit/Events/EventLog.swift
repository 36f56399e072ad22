import Synchronization
public import Tranche

/// Keeps the events of an inventory, in the order in which they come.
public final class EventLog: InventoryObserver {
    /// The events that it wants.
    public let wanted: Set<InventoryEvent.Name>
    private let kept = Mutex<[InventoryEvent]>([])

    /// Makes an empty log.
    ///
    /// - Parameter wanted: The events that it wants; all by default.
    public init(wanted: Set<InventoryEvent.Name> = Set(InventoryEvent.Name.all)) {
        self.wanted = wanted
    }

    /// The events so far; all of them, once the inventory was closed.
    public var events: [InventoryEvent] { kept.withLock { $0 } }

    /// The names of ``events``.
    public var names: [InventoryEvent.Name] { events.map(\.name) }

    /// Keeps an event.
    public func observe(_ event: InventoryEvent) {
        kept.withLock { $0.append(event) }
    }
}
