import FoundationEssentials
import Tranche

/// Which attempts were told of as begun, and have not ended: makes events of what happens, for each
/// attempt one at its beginning and one at its end.
struct LineageBook: Sendable {
    /// The inventory, once somebody has asked it.
    var inventory: LineageInventory?
    /// How many events of the inventory this was not told of, or had no room for.
    private(set) var missed = 0
    private let names: LineageNames
    private var runs: [RunKey: LineageRun] = [:]
    private var open: [AttemptKey: LineageRun.Attempt] = [:]
    /// Those of the latest that were lost: one that let its lease end may succeed all the same.
    private var lost: [AttemptKey: LineageRun.Attempt] = [:]

    /// Most runs that are remembered: a load of many files has one for each.
    private static let mostRuns = 1000
    /// Most attempts that are in hand; more were given up without a word.
    private static let mostOpen = 100_000
    /// Most lost attempts that are remembered.
    private static let mostLost = 10_000

    init(_ names: LineageNames) {
        self.names = names
    }

    /// Takes note of an event of the inventory.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - hasRoom: Whether there is room for what is to be told of it.
    /// - Returns: What is to be told of it; `nil` where that is nothing: an end of which the
    ///   beginning was not told, or that was told already.
    mutating func note(_ event: InventoryEvent, hasRoom: Bool = true) -> LineageEvent? {
        missed += event.dropped
        guard let batch = event.batch else { return nil }
        let key = AttemptKey(batch: batch.id, attempt: batch.attempt)
        if event.name == .acquired { return begin(batch, key, event, hasRoom) }
        guard let attempt = ended(key, by: event.name) else { return nil }
        let type: LineageEventType =
            switch event.name {
            case .succeeded: .complete
            case .failed: .fail
            default: .abort
            }
        return LineageEvent(
            type: type,
            attempt: attempt,
            at: event.at,
            error: type == .complete ? nil : event.message ?? batch.logging,
            result: type == .complete ? batch.result : nil
        )
    }

    /// The attempt that an event ends; `nil` where none has begun, or its end was told already.
    private mutating func ended(
        _ key: AttemptKey,
        by name: InventoryEvent.Name
    ) -> LineageRun.Attempt? {
        guard let attempt = open.removeValue(forKey: key) else {
            return name == .succeeded ? lost.removeValue(forKey: key) : nil
        }
        if name == .lost {
            if lost.count >= Self.mostLost { lost = [:] }
            lost[key] = attempt
        }
        return attempt
    }

    private mutating func begin(
        _ batch: BatchRecord,
        _ key: AttemptKey,
        _ event: InventoryEvent,
        _ hasRoom: Bool
    ) -> LineageEvent? {
        // The same token was given the same batch again.
        guard open[key] == nil, open.count < Self.mostOpen, let source = event.source else {
            return nil
        }
        guard hasRoom else {
            // Its end will not be told either.
            missed += 2
            return nil
        }
        let inventory = inventory ?? LineageInventory(named: event.inventory)
        let attempt = run(batch.key, source, event.sourcePlace, inventory).attempt(batch)
        // Or one that let its lease end was given again: its end was told.
        if let lost = lost[key], lost.isSame(as: attempt) { return nil }
        open[key] = attempt
        return LineageEvent(type: .start, attempt: attempt, at: event.at)
    }

    private mutating func run(
        _ key: RunKey,
        _ source: SourceDefinition,
        _ place: String?,
        _ inventory: LineageInventory
    ) -> LineageRun {
        if let known = runs[key], known.source == source { return known }
        if runs.count >= Self.mostRuns { runs = [:] }
        let run = LineageRun(key, source, at: place, of: inventory, names)
        runs[key] = run
        return run
    }

    /// Forgets that an attempt has begun, since nobody was told; its end is told to nobody either.
    mutating func forget(_ event: LineageEvent, _ batch: BatchRecord) {
        let key = AttemptKey(batch: batch.id, attempt: batch.attempt)
        // The end may have been lost with it, and counted.
        if event.isStart, open.removeValue(forKey: key) != nil { missed += 1 }
    }

    /// Ends all attempts that have not ended by themselves: nobody will hear more of them here.
    mutating func end(at time: Date) -> [LineageEvent] {
        let words = "the process ended without saying how the attempt did"
        let left = open.sorted { ($0.key.batch, $0.key.attempt) < ($1.key.batch, $1.key.attempt) }
        open = [:]
        return left.map { _, attempt in
            LineageEvent(type: .abort, attempt: attempt, at: time, error: words)
        }
    }
}
