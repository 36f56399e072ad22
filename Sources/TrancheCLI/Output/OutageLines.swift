import Synchronization
import Tranche

/// Says on standard error when the inventory, a source or a sink cannot be used, and when it can be
/// again.
///
/// A source in the inventory's own place is away with it, and is not told apart: each outage is one
/// line, and its end another one.
struct OutageLines: InventoryObserver {
    let context: Context
    /// The inventory's name, as messages have it.
    let place: String
    let wanted: Set<InventoryEvent.Name> = [.storeLost, .storeFound]
    private let outages = Outages()

    func observe(_ event: InventoryEvent) throws {
        guard let code = event.code, let duration = event.duration else { return }
        if event.name == .storeLost {
            var message = event.message ?? ""
            var isShared = code == .storeUnavailable
            if code == .sourceUnavailable, let part = message.firstRange(of: " in \(place): ") {
                message = "inventory \(place): \(message[part.upperBound...])"
                isShared = true
            }
            guard outages.begin(code, isShared: isShared) else { return }
            try context.note("\(message); trying again for up to \(duration.words)", .warning)
        } else if let (code, length) = outages.end(code, after: duration) {
            try context.note(Self.line(code, length), .warning)
        }
    }

    private static func line(_ code: TrancheError.Code, _ length: Duration) -> String {
        switch code {
        case .storeBusy: "the inventory is no longer locked, after \(length.words)"
        case .sourceUnavailable: "the source can be used again, after \(length.words)"
        case .sinkUnavailable: "the sink can be used again, after \(length.words)"
        default: "the inventory can be reached again, after \(length.words)"
        }
    }
}

/// Which outages were told and are not over.
private final class Outages: Sendable {
    private struct State {
        /// Those of the inventory's place, which are told together.
        var shared: Set<TrancheError.Code> = []
        /// Those that were told to be over with the inventory's own, before their own end.
        var isOver: Set<TrancheError.Code> = []
        var longest: Duration = .zero
    }

    private let state = Mutex(State())

    /// Notes an outage, and returns whether it is to be told.
    func begin(_ code: TrancheError.Code, isShared: Bool) -> Bool {
        guard isShared else { return true }
        return state.withLock { state in
            state.isOver.remove(code)
            // One that is there already was given up, and nobody has told its end.
            let isNew = state.shared.insert(code).inserted
            return !isNew || state.shared.count == 1
        }
    }

    /// Notes an end, and returns what is to be told of it.
    func end(
        _ code: TrancheError.Code,
        after length: Duration
    ) -> (TrancheError.Code, Duration)? {
        state.withLock { state in
            guard state.isOver.remove(code) == nil else { return nil }
            guard state.shared.remove(code) != nil else { return (code, length) }
            state.longest = max(state.longest, length)
            guard code == .storeUnavailable || state.shared.isEmpty else { return nil }
            defer { state.longest = .zero }
            state.isOver = state.shared
            state.shared = []
            return (.storeUnavailable, state.longest)
        }
    }
}
