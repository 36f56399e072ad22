import Foundation
import Tranche
import TrancheChains
import TrancheMongo
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

/// What a child process measures of chains.
enum ChainCase: String, CaseIterable {
    /// Finding where batches end.
    case plan
    /// Reading the fields of all records.
    case parse
    /// The same, validated against a schema.
    case schema
    /// The same, as values of a type.
    case decodable
    /// Validated and written to a table beside the inventory, which is in the database that
    /// TRANCHE_BENCH_DATABASE names: rows added, or replaced by their key.
    case append, upsert
    /// Validated and written to the MongoDB collection that TRANCHE_BENCH_MONGO names, by key.
    case mongo
}

/// A row as a type.
private struct Row: Decodable, Sendable {
    enum Category: String, Decodable { case alpha, beta, gamma, delta }

    enum CodingKeys: String, CodingKey {
        case id, name, category, amount, active
        case createdAt = "created_at"
    }

    let id: Int
    let name: String
    let category: Category
    let amount: Double
    let createdAt: Date
    let active: Bool
}

extension ChainCase {
    /// Measures; prints rows, seconds, the most memory in kilobytes, and seconds of processor time.
    func measure(path: String, workers: Int) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tranche-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = ProcessInfo.processInfo.environment["TRANCHE_BENCH_DATABASE"]
        let inventory = try await Inventory.open(
            database.map { $0.contains("://") ? .postgres($0) : .sqlite($0) }
                ?? .sqlite(folder.appending(path: "inventory.db").path)
        )
        let rejects = RejectFile.jsonLines(folder.appending(path: "rejects.jsonl").path)
        let isJSON = path.hasSuffix(".jsonl")
        let schema = isJSON ? JSONLinesFile.schema : CSVFile.schema
        let source: any MetaSourceDescription =
            isJSON ? JSONLinesSource(path) : CSVSource(path)
        let records = Chain(reading: source)
        let clock = ContinuousClock()
        let start = clock.now
        let rows: Int
        switch self {
        case .plan: rows = try await plan(source, inventory)
        case .parse: rows = try await run(records.write(to: NoOpSink()), inventory, workers)
        case .schema:
            let valid = records.validate(try RecordSchema(json: schema), rejectsTo: rejects)
            rows = try await run(valid.write(to: NoOpSink()), inventory, workers)
        case .decodable:
            let values = records.validate(as: Row.self, rejectsTo: rejects)
            let nothing: Chain<Record> = values.batchMap { _ in [] }
            rows = try await run(nothing.write(to: NoOpSink()), inventory, workers)
        case .append, .upsert:
            let valid = records.validate(try RecordSchema(json: CSVFile.schema), rejectsTo: rejects)
            let sink = SQLTableSink("target", key: self == .upsert ? ["id"] : [])
            rows = try await run(valid.write(to: sink), inventory, workers)
        case .mongo:
            let valid = records.validate(try RecordSchema(json: CSVFile.schema), rejectsTo: rejects)
            let url = (ProcessInfo.processInfo.environment["TRANCHE_BENCH_MONGO"] ?? "")
                // Each run begins with a collection that does not exist.
                .replacing("target", with: "target\(UInt32.random(in: 0 ... .max))")
            let location = try MongoLocation(url)
            var configuration = MongoSink.Configuration()
            configuration.createsIndex = true
            let sink = MongoSink(location, key: ["id"], configuration: configuration)
            rows = try await run(valid.write(to: sink), inventory, workers)
        }
        let seconds = (clock.now - start) / .seconds(1)
        await inventory.close()
        print("\(rows) \(seconds) \(try Memory.peak()) \(Processor.seconds)")
    }

    private func plan(_ source: any MetaSourceDescription, _ inventory: Inventory) async throws
        -> Int
    {
        let plan = try await inventory.source(source).nextRange(
            after: nil,
            within: IDBounds(),
            limit: BatchLimit(weight: 8 * 1024 * 1024),
            batches: .max
        )
        return plan.ranges.reduce(0) { $0 + $1.count }
    }

    private func run(
        _ chain: SinkChain,
        _ inventory: Inventory,
        _ workers: Int
    ) async throws -> Int {
        let report = try await chain.run(
            through: inventory,
            job: "bench-\(UInt32.random(in: 0 ... .max))",
            weight: 8 << 20,
            workers: workers
        )
        guard report.isSuccess else { throw BenchError("\(report.lastError ?? "it failed")") }
        return report.counters[CounterName.read]
    }
}

/// What this process needs of processors.
enum Processor {
    /// User and system time so far; POSIX counts a million in a second.
    static var seconds: Double { Double(clock()) / 1e6 }
}

/// What this process needs of memory.
enum Memory {
    /// The most it had, in kilobytes.
    static func peak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return peak.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0
    }
}
