import Tranche

extension MemoryTables {
    /// The weight that the batches of a run have by their target time, and how long the latest
    /// took.
    func sizing(of key: RunKey) -> (known: BatchSizing?, ends: [BatchTime]) {
        let tiles = batches(of: key).filter { [.incremental, .backfill].contains($0.kind) }
            .sorted { $0.idEnd > $1.idEnd }
        return (sizings[key], tiles.prefix(BatchTime.mostLooked).compactMap { BatchTime($0) })
    }

    /// Keeps a weight, unless somebody else has kept another meanwhile.
    mutating func note(
        _ sizing: BatchSizing,
        insteadOf known: BatchSizing?,
        of key: RunKey
    ) {
        guard run(key) != nil, sizings[key]?.measuredTo == known?.measuredTo else { return }
        sizings[key] = sizing
    }
}
