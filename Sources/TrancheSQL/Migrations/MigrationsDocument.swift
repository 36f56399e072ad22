package import Foundation

/// Migrations, and when they were applied.
package struct MigrationsDocument: Codable, Sendable, Hashable {
    package let migrations: [Migration]

    /// Makes the document of migrations.
    package init(_ migrations: [MigrationStatus]) {
        self.migrations = migrations.map {
            Migration(version: $0.version, name: $0.name, appliedAt: $0.appliedAt)
        }
    }

    /// A migration.
    package struct Migration: Codable, Sendable, Hashable {
        package let version: Int
        package let name: String
        package let appliedAt: Date?

        enum CodingKeys: String, CodingKey {
            case version, name
            case appliedAt = "applied_at"
        }
    }
}
