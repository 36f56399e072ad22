import Foundation

/// Inventories that pybatchintory 0.0.8 wrote.
package enum Pybatchintory {
    private static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/pybatchintory")
    }

    /// The Python in whose environment pybatchintory is, where one was named.
    package static var python: String? {
        ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"]
    }

    /// Puts the stored rows into a database, as the table `inventory` with its sources.
    package static func load(into database: TestDatabase) async throws {
        switch database.backend {
        case .sqlite:
            try await database.run(text("sqlite.sql"))
        case .postgreSQL:
            try await database.run(text("postgresql.sql").replacing("old.", with: database.prefix))
        }
    }

    /// Lets the program itself write the rows.
    ///
    /// - Returns: The program's exit status.
    package static func write(
        into database: TestDatabase,
        with python: String
    ) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: python)
        var arguments = [folder.appending(path: "write_inventory.py").path]
        switch database.backend {
        case .sqlite: arguments.append("sqlite:///" + database.address)
        case .postgreSQL: arguments += [database.address, "--schema", database.schema ?? ""]
        }
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
}
