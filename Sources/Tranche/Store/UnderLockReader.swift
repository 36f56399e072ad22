/// A store that can read sources in its own database while it holds a run.
public protocol UnderLockReader {
    /// Whether the source is in the store's own database.
    func readsUnderLock(_ source: any MetaSource) -> Bool
}

extension InventoryStore {
    /// Whether the store may read a source while it holds a run.
    func readsUnderLock(_ source: any MetaSource) -> Bool {
        (self as? any UnderLockReader)?.readsUnderLock(source) ?? false
    }
}
