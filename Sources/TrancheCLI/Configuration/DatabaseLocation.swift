import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

/// A database as a URL names it, and what can be opened in it.
package enum DatabaseLocation: Sendable, Hashable {
    /// A SQLite file.
    case sqlite(path: String)
    /// A PostgreSQL database; the URL may hold a password.
    case postgresql(url: String)

    /// Reads a URL.
    ///
    /// - Parameter url: The URL; where it stands is said by the caller.
    /// - Throws: ``ValueError``.
    package init(_ url: String) throws {
        if url.hasPrefix("sqlite:") {
            self = .sqlite(path: try Self.path(of: url))
            return
        }
        if url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") {
            self = .postgresql(url: url)
            return
        }
        throw ValueError(
            "'\(redacted(url))' names no database; give sqlite:PATH, sqlite:///abs/path or "
                + "postgresql://user@host/database"
        )
    }

    private static func path(of url: String) throws -> String {
        var path = url.dropFirst("sqlite:".count)
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw ValueError("'\(url)' has a host; give sqlite:PATH or sqlite:///abs/path")
            }
        }
        guard !path.isEmpty, path != ":memory:" else {
            throw ValueError("'\(url)' names no file; give sqlite:PATH")
        }
        return String(path)
    }

    /// What it is, without credentials.
    var name: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgresql(let url): redacted(url)
        }
    }

    var inventory: InventoryLocation {
        switch self {
        case .sqlite(let path): .sqlite(path)
        case .postgresql(let url): .postgres(url)
        }
    }

    var source: SourceDatabase {
        switch self {
        case .sqlite(let path): .sqlite(path)
        case .postgresql(let url): .postgres(url)
        }
    }

    /// Opens a migrator.
    ///
    /// - Parameters:
    ///   - configuration: How the inventory is configured.
    ///   - creates: Whether to make a file that does not exist.
    /// - Returns: The migrator.
    /// - Throws: `TrancheError` when the database cannot be opened.
    func migrator(
        _ configuration: StoreConfiguration,
        creates: Bool
    ) async throws -> any InventoryMigrator {
        switch self {
        case .sqlite(let path):
            try await SQLiteInventory.migrator(path, configuration, creates: creates)
        case .postgresql(let url):
            try PostgreSQLInventory.migrator(url, configuration)
        }
    }

    /// Whether there is nothing yet where a file would be.
    var isMissingFile: Bool {
        switch self {
        case .sqlite(let path): !FileManager.default.fileExists(atPath: path)
        case .postgresql: false
        }
    }
}
