import Foundation
import Tranche
import TrancheSQLite

/// A SQLite file with an inventory as all migrations leave it, made once in a process.
package enum MigratedFile {
    private static let contents = Task { try await make() }

    /// Writes it where no file is.
    ///
    /// - Parameter path: Where.
    /// - Throws: The database's error, or the file system's.
    package static func write(to path: String) async throws {
        try await contents.value.write(to: URL(filePath: path), options: .withoutOverwriting)
    }

    private static func make() async throws -> Data {
        try await withTemporaryFolder { folder in
            let path = folder.path("migrated.db")
            let store = try await InventoryLocation.sqlite(path).open(StoreConfiguration())
            // Which leaves everything in the file alone.
            await store.close()
            return try Data(contentsOf: URL(filePath: path))
        }
    }
}
