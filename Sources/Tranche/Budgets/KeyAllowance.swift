/// How many batches of each key are held, and how many of one may be.
///
/// A batch counts from its hand-out until its attempt has ended: one whose lease has ended counts
/// until it is handed out again, or has failed for good. So nothing new takes the place of a
/// worker that comes back late. It is handed out again unless so many have leases that last, as
/// after the limit was lowered.
package struct KeyAllowance: Sendable {
    private let most: Int
    private var held: [ItemKey: KeyUse]

    /// Makes an allowance.
    ///
    /// - Parameters:
    ///   - most: Most batches of a key.
    ///   - held: What is held, of those keys that may become full.
    package init(most: Int, held: [ItemKey: KeyUse]) {
        self.most = most
        self.held = held
    }

    /// Whether no batch of a key may be handed out.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - isHeld: Whether one is meant that counts already, since only its lease has ended.
    /// - Returns: Whether none may.
    package func isFull(_ key: ItemKey, forHeld isHeld: Bool = false) -> Bool {
        let use = held[key] ?? KeyUse()
        return isHeld ? use.leased >= most : use.batches >= most
    }

    /// Counts a batch that was handed out.
    mutating func add(_ key: ItemKey, isHeld: Bool) {
        if !isHeld { held[key, default: KeyUse()].batches += 1 }
        held[key, default: KeyUse()].leased += 1
    }

    /// Counts a batch no more whose lease has ended, and with it its attempt.
    package mutating func remove(_ key: ItemKey) {
        guard let use = held[key] else { return }
        held[key]?.batches = max(use.batches - 1, 0)
    }
}

/// What is held of a key.
package struct KeyUse: Sendable, Hashable {
    /// Batches whose attempts have not ended.
    package var batches: Int
    /// Those of them whose leases last.
    package var leased: Int

    /// Makes a use; of nothing by default.
    package init(batches: Int = 0, leased: Int = 0) {
        self.batches = batches
        self.leased = leased
    }
}
