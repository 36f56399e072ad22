import Tranche

/// Says on standard error when the inventory or a source cannot be used, and when it can be again.
struct OutageLines: InventoryObserver {
    let context: Context
    let wanted: Set<InventoryEvent.Name> = [.storeLost, .storeFound]

    func observe(_ event: InventoryEvent) throws {
        if let line = Self.line(event) { try context.note(line, .warning) }
    }

    private static func line(_ event: InventoryEvent) -> String? {
        guard let code = event.code, let duration = event.duration else { return nil }
        guard event.name == .storeFound else {
            return "\(event.message ?? ""); trying again for up to \(duration.words)"
        }
        return switch code {
        case .storeBusy: "the inventory is no longer locked, after \(duration.words)"
        case .sourceUnavailable: "the source can be used again, after \(duration.words)"
        default: "the inventory can be reached again, after \(duration.words)"
        }
    }
}
