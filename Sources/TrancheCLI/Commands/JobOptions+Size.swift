import Tranche

/// How large batches are where the command line does not say it.
extension JobOptions {
    /// The size that the newest batch of a known run was asked for.
    struct KnownSize: Sendable {
        /// The run of that batch.
        let key: RunKey
        let size: AskedSize
        /// Whether its weights are bytes.
        let isBytes: Bool
    }

    /// Takes the size of batches from what is known of the job, where nothing was said about it.
    ///
    /// - Parameters:
    ///   - record: The run, or another one of the job.
    ///   - inventory: The inventory.
    /// - Throws: `TrancheError` of the store.
    mutating func takeSize(of record: RunRecord, in inventory: Inventory) async throws {
        guard hasUsualCount else { return }
        // The step that is given to a new run bounds its batches.
        if record.key.run != request.run, source.fields["by"] != nil { return }
        guard let size = try await inventory.askedSize(of: record) else { return }
        // A minimum weight does not go with a time that finds the weight.
        if size.targetTime != nil, request.minWeight != nil { return }
        // What the run has without a word about it, it has again: its step, or the usual count.
        let isStepped = record.source?.time?.step != nil
        let usual = BatchLimit(count: isStepped ? nil : Self.usualCount)
        if size.limit == usual, size.targetTime == nil { return }
        request.limit = size.limit
        request.targetTime = size.targetTime
        hasUsualCount = false
        knownSize = KnownSize(
            key: record.key,
            size: size,
            isBytes: record.source?.weighsBytes ?? false
        )
    }

    /// What is to be said of a batch that ends where it does because nothing was said about its
    /// size; `nil` for any other.
    func sizeNote(on batch: BatchRecord) -> String? {
        batch.isTile && batch.attempt == 1 ? sizeNote(onCount: batch.count) : nil
    }

    /// What is to be said of a new batch of so many items.
    func sizeNote(onCount count: Int) -> String? {
        if let knownSize { return knownSize.note(onCount: count) }
        guard hasUsualCount, count == Self.usualCount else { return nil }
        return "batches have at most \(HumanText.number(Self.usualCount)) items, as neither "
            + "--weight nor --count is given"
    }
}

extension JobOptions.KnownSize {
    /// What is to be said of a new batch of so many items; `nil` where it cannot have been cut.
    fileprivate func note(onCount count: Int) -> String? {
        guard let limit = words(onCount: count) else { return nil }
        return "\(limit), as in the newest batch of \(key): neither --weight nor --count is given"
    }

    private func words(onCount count: Int) -> String? {
        let most = size.limit.count.map { HumanText.count($0, "item") }
        if let target = size.targetTime?.time {
            let end = most.map { ", with at most \($0)" } ?? ""
            return "batches take about \(target.words) (--target-time)\(end)"
        }
        if let weight = size.limit.weight {
            let end = most.map { ", and have at most \($0)" } ?? ""
            return "batches weigh at most \(HumanText.weight(weight, isBytes: isBytes))\(end)"
        }
        if let most { return count == size.limit.count ? "batches have at most \(most)" : nil }
        return count > JobOptions.usualCount ? "batches have no limit" : nil
    }
}
