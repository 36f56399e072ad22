import Synchronization
package import Tranche

/// The keys of the rows that a loading has written, so that several records of one row count as
/// one, in every database.
///
/// A key is known by a hash of 64 bits: where two are taken for one, a count is short by one, and
/// no row is. Of very many records in a batch the first keys are known, so that it takes little
/// memory.
package final class WrittenKeys: Sendable {
    private let parts: [(place: Int, isNumeric: Bool)]
    private let seen = Mutex<Set<Int>>([])

    /// Most keys that are known.
    private static let most = 1 << 20

    /// Makes it for a loading.
    package init(_ load: SQLLoad) {
        parts = load.keyPlaces.map { place in
            let type = load.columns[place].baseType.lowercased()
            return (place, ["int", "num", "dec", "real", "double"].contains { type.contains($0) })
        }
    }

    /// Notes that a record was written.
    ///
    /// - Parameter record: The record, with the fields of the loading.
    /// - Returns: Whether it is the first of its key, as far as keys are known; so is each record
    ///   where there is no key.
    package func insert(_ record: Record) -> Bool {
        if parts.isEmpty { return true }
        var hasher = Hasher()
        for (place, isNumeric) in parts {
            let cell = record.cell(place)
            let text = record.text(of: cell)
            guard isNumeric else {
                hasher.combine(text)
                continue
            }
            // `1`, `01` and `1.0` are one number.
            if let whole = Int64(text) {
                hasher.combine(whole)
            } else if let number = Double(text) {
                if let whole = Int64(exactly: number) {
                    hasher.combine(whole)
                } else {
                    hasher.combine(number)
                }
            } else {
                hasher.combine(text)
            }
        }
        let hash = hasher.finalize()
        return seen.withLock { seen in
            if seen.contains(hash) { return false }
            if seen.count < Self.most { seen.insert(hash) }
            return true
        }
    }
}
