package import Tranche

extension InventoryStore {
    /// The files of the inventory; none where it is on a server.
    package var ownFiles: [OwnFiles] {
        guard let store = self as? any SQLDatabaseStore, let file = store.sinkDatabase.file else {
            return []
        }
        return [OwnFiles(of: file, with: "the inventory")]
    }
}
