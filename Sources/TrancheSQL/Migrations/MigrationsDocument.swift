package import FoundationEssentials
package import Tranche

/// Migrations, when they were applied, and who is at work.
package struct MigrationsDocument: Codable, Sendable, Hashable {
    package let migrations: [Migration]
    package let workers: [Worker]

    /// Makes the document of migrations and of processes at work.
    package init(_ migrations: [MigrationStatus], _ workers: [WorkerStatus]) {
        self.migrations = migrations.map {
            Migration(
                version: $0.version,
                name: $0.name,
                appliedAt: $0.appliedAt,
                program: $0.program,
                worksWith: $0.worksWith
            )
        }
        self.workers = workers.map {
            Worker(name: $0.name, program: $0.program, knows: $0.knows, seenAt: $0.seenAt)
        }
    }

    /// A migration.
    package struct Migration: Codable, Sendable, Hashable {
        package let version: Int
        package let name: String
        package let appliedAt: Date?
        package let program: String?
        package let worksWith: Int

        enum CodingKeys: String, CodingKey {
            case version, name
            case appliedAt = "applied_at"
            case program
            case worksWith = "works_with"
        }
    }

    /// A process at work.
    package struct Worker: Codable, Sendable, Hashable {
        package let name: String
        package let program: String?
        package let knows: Int?
        package let seenAt: Date?

        enum CodingKeys: String, CodingKey {
            case name, program, knows
            case seenAt = "seen_at"
        }
    }
}
