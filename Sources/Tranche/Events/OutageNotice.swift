/// A notice that the store or the source cannot be reached, or can be again.
@available(*, deprecated, message: "observe InventoryEvent .storeLost and .storeFound")
public struct OutageNotice: Sendable {
    /// The kind of notice.
    public enum Kind: Sendable, Hashable {
        /// It cannot be reached for more than a second; each request is repeated for up to `limit`.
        case began(limit: Duration)
        /// It can be reached again.
        case ended(after: Duration)
    }

    /// The kind of notice.
    public let kind: Kind
    /// The code of the outage: `.storeUnavailable`, `.storeBusy` or `.sourceUnavailable`.
    public let code: TrancheError.Code
    /// The error's message; empty at the end.
    public let message: String
}

extension Inventory.Configuration {
    /// Is called when the store or the source cannot be reached for more than a second, and when it
    /// can be again; `nil` (the default) where nobody asks.
    @available(*, deprecated, message: "give an InventoryObserver to observers")
    public var onOutage: (@Sendable (OutageNotice) -> Void)? {
        get { observers.lazy.compactMap { ($0 as? OutageObserver)?.tell }.first }
        set {
            observers.removeAll { $0 is OutageObserver }
            if let newValue { observers.append(OutageObserver(tell: newValue)) }
        }
    }
}

/// Calls a closure about outages.
@available(*, deprecated)
private struct OutageObserver: InventoryObserver {
    let tell: @Sendable (OutageNotice) -> Void
    let wanted: Set<InventoryEvent.Name> = [.storeLost, .storeFound]

    func observe(_ event: InventoryEvent) {
        guard let code = event.code, let duration = event.duration else { return }
        let isFound = event.name == .storeFound
        tell(
            OutageNotice(
                kind: isFound ? .ended(after: duration) : .began(limit: duration),
                code: code,
                message: event.message ?? ""
            )
        )
    }
}
