import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

/// The central statements as they are sent, for reviewers: see `Snapshots`.
@Suite("Central statements", .timeLimit(.minutes(5)))
struct StatementTests {
    @Test(
        "Each central request sends the statements that were recorded for it",
        arguments: TestDatabase.Backend.available
    )
    func central(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems(1...100)
            try await database.run(
                """
                CREATE TABLE \(database.prefix)document (key varchar(40) NOT NULL PRIMARY KEY);
                INSERT INTO \(database.prefix)document VALUES ('a'), ('b');
                """
            )
            for (name, text) in try await CentralRequests(database).record() {
                try expectRecorded(text, in: "\(name).\(backend.rawValue.lowercased()).sql")
            }
        }
    }

    /// Compares text with a recorded file; `TRANCHE_RECORD_SNAPSHOTS=1` records it instead.
    private func expectRecorded(_ text: String, in name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Snapshots/\(name)")
        if ProcessInfo.processInfo.environment["TRANCHE_RECORD_SNAPSHOTS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
            return
        }
        let recorded = try? String(contentsOf: file, encoding: .utf8)
        #expect(text == recorded, "differs from Snapshots/\(name); look at it, then record it anew")
    }
}

/// Plays the central requests of an inventory, and records what each sends.
private struct CentralRequests: Sendable {
    private let test: TestDatabase
    private let log = StatementLog()

    init(_ test: TestDatabase) {
        self.test = test
    }

    private var source: SQLSource { SQLSource(test.prefix + "item") }

    private func request(_ job: String) -> BatchRequest {
        BatchRequest(job: job, limit: .count(10))
    }

    /// Records all requests.
    ///
    /// - Returns: The name of each, and what it sent as text.
    /// - Throws: What the inventory throws.
    func record() async throws -> [(name: String, text: String)] {
        try await record(on: test.database)
    }

    private func record(
        on base: some SQLDatabase
    ) async throws -> [(name: String, text: String)] {
        try await base.writers.withConnection { writer in
            try await record(on: base, through: writer)
        }
    }

    private func record<Base: SQLDatabase>(
        on base: Base,
        through writer: Base.Connection
    ) async throws -> [(name: String, text: String)] {
        try await base.readers.withConnection { reader in
            let database = RecordedDatabase(base, writer, reader, log)
            var recorded = try await attempts(on: database)
            recorded += try await limited(on: database)
            recorded += try await numbered(on: database)
            if database.dialect.changesWithinQueries {
                recorded += try await single(on: database)
            }
            return recorded
        }
    }

    /// Opens the inventory through the recorded connections.
    private func open(
        _ database: some SQLDatabase,
        decidesItself: Bool = false
    ) async throws -> Inventory {
        let store = test.configuration(decidesItself: decidesItself)
        var configuration = Inventory.Configuration(store: store, worker: "worker")
        configuration.auditsWhileWorking = false
        let location = InventoryLocation(name: "recorded") {
            SQLInventoryStore(database, configuration: $0)
        }
        return try await Inventory.open(location, configuration: configuration)
    }

    // MARK: The requests

    /// What happens to batches in their order.
    private func attempts(
        on database: some SQLDatabase
    ) async throws -> [(name: String, text: String)] {
        let inventory = try await open(database)
        var recorded: [(String, String)] = []
        func note(_ name: String) { recorded.append((name, text(of: log.take()))) }
        _ = log.take()

        let first = try await acquired(inventory.acquire(request("load"), from: source))
        note("acquire-first")
        _ = try await first.heartbeat()
        note("heartbeat")
        try await first.succeed(result: ["rows": 10])
        note("succeed")
        let second = try await acquired(inventory.acquire(request("load"), from: source))
        note("acquire-next")
        try await second.release()
        note("release")
        let third = try await acquired(inventory.acquire(request("load"), from: source))
        note("acquire-due")
        let fourth = try await acquired(
            third.succeed(thenAcquire: request("load"), from: source)
        )
        note("succeed-and-acquire")
        try await fourth.fail("the table is full")
        note("fail")
        _ = try await inventory.store.numberCompletions(
            of: JobKey(metaTable: test.prefix + "item", job: "load")
        )
        note("number-completions")
        await inventory.close()
        return recorded
    }

    /// An acquire under a budget.
    private func limited(
        on database: some SQLDatabase
    ) async throws -> [(name: String, text: String)] {
        let inventory = try await open(database)
        let key = RunKey(metaTable: test.prefix + "item", job: "limited")
        _ = try await acquired(inventory.acquire(request("limited"), from: source))
        try await inventory.setBudget("warehouse", BudgetLimits(batches: 3))
        try await inventory.setBudgets(["warehouse"], of: key)
        _ = try await acquired(inventory.acquire(request("limited"), from: source))
        _ = log.take()
        _ = try await acquired(inventory.acquire(request("limited"), from: source))
        let recorded = text(of: log.take())
        await inventory.close()
        return [("acquire-under-budget", recorded)]
    }

    /// An acquire of uids that are not integers, which numbers them.
    private func numbered(
        on database: some SQLDatabase
    ) async throws -> [(name: String, text: String)] {
        let inventory = try await open(database)
        let source = SQLSource(test.prefix + "document", uid: "key")
        _ = try await inventory.source(source)
        _ = log.take()
        _ = try await acquired(inventory.acquire(request("numbered"), from: source))
        let recorded = text(of: log.take())
        await inventory.close()
        return [("acquire-numbered", recorded)]
    }

    /// An acquire that the server decides.
    private func single(
        on database: some SQLDatabase
    ) async throws -> [(name: String, text: String)] {
        let inventory = try await open(database, decidesItself: true)
        var batch = try await acquired(inventory.acquire(request("far"), from: source))
        for _ in 0..<2 {
            _ = log.take()
            batch = try await acquired(batch.succeed(thenAcquire: request("far"), from: source))
        }
        let recorded = text(of: log.take())
        let key = batch.record.key
        try await inventory.setBudget("shared", BudgetLimits(batches: 8, weight: 800))
        try await inventory.setBudgets(["shared"], of: key)
        for _ in 0..<2 {
            batch = try await acquired(batch.succeed(thenAcquire: request("far"), from: source))
            _ = log.take()
        }
        _ = try await acquired(batch.succeed(thenAcquire: request("far"), from: source))
        let limited = text(of: log.take())
        await inventory.close()
        return [
            ("acquire-in-one-statement", recorded),
            ("acquire-in-one-statement-under-budget", limited),
        ]
    }

    private func acquired(_ answer: Acquired) throws -> Batch {
        guard case .batch(let batch) = answer else { throw NoBatch(answer: "\(answer)") }
        return batch
    }

    private struct NoBatch: Error {
        let answer: String
    }

    // MARK: Their text

    /// Trips as SQL that can be read: the schema of the test left out, values as their kinds.
    private func text(of trips: [StatementLog.Trip]) -> String {
        var lines: [String] = []
        for (number, trip) in trips.enumerated() {
            lines.append("-- Trip \(number + 1), \(trip.what).")
            for statement in trip.statements {
                lines += ["", sql(statement) + ";"]
                if !statement.binds.isEmpty { lines.append("-- " + kinds(of: statement.binds)) }
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    private func sql(_ statement: SQLStatement) -> String {
        var text = statement.text
        if let schema = test.schema { text = text.replacing("\"\(schema)\".", with: "") }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.replacing(#/\s+$/#, with: "") }
            .joined(separator: "\n")
    }

    private func kinds(of values: [Value]) -> String {
        values.enumerated().map { place, value in "$\(place + 1) \(kind(of: value))" }
            .joined(separator: ", ")
    }

    private func kind(of value: Value) -> String {
        switch value {
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .real: "real"
        case .text: "text"
        case .blob: "blob"
        }
    }
}
