import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

/// What the worker was told: `--name value` for each.
struct WorkerOptions: Sendable {
    private let values: [String: String]

    init(_ arguments: [String]) throws {
        var values: [String: String] = [:]
        for index in stride(from: 0, to: arguments.count, by: 2) {
            guard arguments[index].hasPrefix("--"), index + 1 < arguments.count else {
                throw WorkerError("'\(arguments[index])' is not an option with a value")
            }
            values[String(arguments[index].dropFirst(2))] = arguments[index + 1]
        }
        self.values = values
    }

    // MARK: Inventory

    func openInventory() async throws -> Inventory {
        var store = StoreConfiguration(schema: values["schema"])
        store.decidesItself = values["decides"] == "server"
        if let ahead = try number("ahead") {
            // What this process would see so many seconds later.
            store.now = { Date().addingTimeInterval(ahead) }
        }
        let url = try text("inventory")
        var configuration = Inventory.Configuration(
            store: store,
            worker: values["worker"] ?? "worker"
        )
        configuration.sharesTransactions = values["sharing"] != "no"
        return try await Inventory.open(
            url.hasPrefix("sqlite:") ? .sqlite(String(url.dropFirst(7))) : .postgres(url),
            configuration: configuration
        )
    }

    var source: SQLSource {
        get throws {
            guard let url = values["source-database"] else { return SQLSource(try text("source")) }
            let database: SourceDatabase =
                url.hasPrefix("sqlite:") ? .sqlite(String(url.dropFirst(7))) : .postgres(url)
            return SQLSource(try text("source"), in: database)
        }
    }

    // MARK: Batches

    var request: BatchRequest {
        get throws {
            BatchRequest(
                job: try text("job"),
                limit: BatchLimit(count: try count("count")),
                policy: RunPolicy(
                    lease: .seconds(try number("lease") ?? 60),
                    // Each kill may cost an attempt, and is no fault of the batch.
                    maxAttempts: 10_000,
                    backoff: .zero,
                    backoffLimit: .zero
                )
            )
        }
    }

    /// Most batches.
    var limit: Int {
        get throws { try count("limit") ?? .max }
    }

    /// How many work at once, on one inventory.
    var tasks: Int {
        get throws { try count("tasks") ?? 1 }
    }

    /// Whether a success is recorded with the acquire that follows.
    var isPassing: Bool { values["passing"] == "yes" }

    /// The points at which to wait.
    var stops: Set<String> {
        Set((values["stop"] ?? "").split(separator: ",").map(String.init))
    }

    // MARK: Work

    func sink() throws -> any CrashSink {
        let job = try text("job")
        if let table = values["table"] {
            return TableSink(
                job: job,
                table: table,
                copies: try count("copies") ?? 1,
                payload: try count("payload") ?? 0
            )
        }
        return FileSink(job: job, path: try text("file"))
    }

    /// How a batch is ended.
    enum Ending: String {
        case succeed, fail, blame, release, heartbeat
    }

    var ending: Ending {
        get throws {
            guard let name = values["ending"] else { return .succeed }
            guard let ending = Ending(rawValue: name) else {
                throw WorkerError("--ending \(name) is not known")
            }
            return ending
        }
    }

    // MARK: Values

    private func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw WorkerError("--\(name) is missing") }
        return value
    }

    private func count(_ name: String) throws -> Int? {
        try number(name).map { Int($0) }
    }

    private func number(_ name: String) throws -> Double? {
        guard let value = values[name] else { return nil }
        guard let number = Double(value) else {
            throw WorkerError("--\(name) \(value) is not a number")
        }
        return number
    }
}

/// A call that makes no sense.
struct WorkerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
