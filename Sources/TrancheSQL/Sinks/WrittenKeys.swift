import Synchronization
package import Tranche

/// The keys of the rows that a loading has written, so that several records of one row count as
/// one, in every database.
///
/// A key is known by a hash of 64 bits: where two are taken for one, a count is short by one, and
/// no row is. Of very many records in a batch the first keys are known, so that it takes little
/// memory.
package final class WrittenKeys: Sendable {
    private let keys: RecordKeys
    private let seen = Mutex<Set<Int>>([])

    /// Most keys that are known.
    private static let most = 1 << 20

    /// Makes it for a loading.
    package init(_ load: SQLLoad) {
        keys = RecordKeys(load)
    }

    /// Notes that a record was written.
    ///
    /// - Parameter record: The record, with the fields of the loading.
    /// - Returns: Whether it is the first of its key, as far as keys are known; so is each record
    ///   where there is no key.
    package func insert(_ record: Record) -> Bool {
        if keys.isEmpty { return true }
        var hasher = Hasher()
        keys.hash(record, into: &hasher)
        let hash = hasher.finalize()
        return seen.withLock { seen in
            if seen.contains(hash) { return false }
            if seen.count < Self.most { seen.insert(hash) }
            return true
        }
    }
}
