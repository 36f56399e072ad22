import CSQLite
import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors

@testable import TrancheCLI

/// A folder with an inventory and a table of items, and command lines run over it in this process.
final class CommandLineBench: Sendable {
    let folder: URL

    struct Outcome: Sendable {
        var status: ProgramStatus
        var output: String
        var errors: String
    }

    /// Makes the folder, the inventory, and a table `files` of ten items that weigh 10, 20, …, 100.
    init(isMigrated: Bool = true) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tranche-cli-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if isMigrated { try await MigratedFile.write(to: path("tranche.db")) }
        try execute(
            """
            CREATE TABLE files (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, weight REAL);
            INSERT INTO files (uid, item, weight)
            SELECT value, '/data/' || value, value * 10
            FROM json_each('[1,2,3,4,5,6,7,8,9,10]');
            """
        )
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String {
        folder.appending(path: name).path
    }

    /// Writes a file, its folder made where it is not there.
    func write(_ text: String, to name: String) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: url)
    }

    /// The settings of most tests: everything in one file.
    var environment: [String: String] {
        [
            "TRANCHE_INVENTORY": "sqlite:\(path("tranche.db"))",
            "TRANCHE_WORKER": "worker-1",
            "PATH": "/usr/bin:/bin",
        ]
    }

    /// Where the inventory is.
    var inventoryLocation: InventoryLocation {
        get throws {
            let spec = try DatabaseSpec("sqlite:\(path("tranche.db"))")
            return try Connectors.ofProgram.inventory(spec, ConnectorContext())
        }
    }

    /// Runs SQL on the file of the items.
    func execute(_ sql: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        try #require(sqlite3_open(path("tranche.db"), &database) == SQLITE_OK)
        sqlite3_busy_timeout(database, 10_000)
        let code = sqlite3_exec(database, sql, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    }

    /// Reads rows of the file; columns are parted by a bar.
    func rows(_ sql: String) throws -> [String] {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        try #require(sqlite3_open(path("tranche.db"), &database) == SQLITE_OK)
        sqlite3_busy_timeout(database, 10_000)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        try #require(sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK)
        var rows: [String] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            let columns = (0..<sqlite3_column_count(statement)).map { column in
                sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL"
            }
            rows.append(columns.joined(separator: "|"))
        }
        return rows
    }

    func run(_ arguments: String...) async -> Outcome {
        await run(arguments)
    }

    func run(
        _ arguments: [String],
        environment more: [String: String] = [:],
        output: any Writer & CustomStringConvertible = TextWriter(),
        errors: TextWriter = TextWriter(),
        signals: AsyncStream<Int32> = AsyncStream { _ in },
        ask: @escaping @Sendable (String) async -> String? = { _ in nil }
    ) async -> Outcome {
        var environment = environment
        for (key, value) in more { environment[key] = value }
        let program = Program(
            environment: environment,
            output: output,
            errors: errors,
            // However busy the machine is, sources are there.
            sourcePatience: .seconds(600),
            signals: { signals },
            ask: ask
        )
        let status = await program.run(arguments)
        return Outcome(status: status, output: output.description, errors: errors.text)
    }

    /// The columns of a row as the command `batches --json` gives it.
    func batches(_ arguments: String...) async throws -> [[String: any Sendable]] {
        let outcome = await run(["batches", "--json"] + arguments)
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let batches = (document as? [String: Any])?["batches"] as? [[String: Any]] ?? []
        return batches.map { batch in
            batch.mapValues { value -> any Sendable in
                switch value {
                case let text as String: text
                case let number as NSNumber: number.doubleValue
                default: String(describing: value)
                }
            }
        }
    }

    /// The end of each lease, in UTC.
    func leaseEnds() async throws -> [String] {
        try await batches().reversed().map { $0["lease_expires_at"] as? String ?? "" }
    }

    /// A shell command that waits until ``letPrograms()`` is called.
    var waiting: String { "while ! [ -e '\(path("go"))' ]; do sleep 0.05; done" }

    /// Lets programs go on that run ``waiting``.
    func letPrograms() throws {
        try Data().write(to: URL(filePath: path("go")))
    }

    func states() async throws -> [String] {
        try await batches().reversed().map { $0["status"] as? String ?? "" }
    }
}

extension TextWriter: CustomStringConvertible {
    package var description: String { text }
}
