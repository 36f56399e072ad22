import Synchronization
import Tranche

/// Something that is said of the first batch of which there is something to say, and then no more.
final class OneRemark: Sendable {
    private let find: @Sendable (BatchRecord) -> String?
    private let isSaid = Mutex(false)

    /// Makes a remark.
    ///
    /// - Parameter find: What is to be said of a batch; `nil` for nothing.
    init(_ find: @escaping @Sendable (BatchRecord) -> String?) {
        self.find = find
    }

    /// What is to be said of a batch now.
    func words(on batch: BatchRecord) -> String? {
        guard let words = find(batch) else { return nil }
        let isNew = isSaid.withLock { said in
            defer { said = true }
            return !said
        }
        return isNew ? words : nil
    }
}
