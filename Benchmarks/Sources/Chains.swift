import Foundation
import Tranche
import TrancheChains
import TrancheSQLite

/// What a child process measures of chains.
enum ChainCase: String, CaseIterable {
    case plan, parse
}

extension ChainCase {
    /// Measures; prints rows, seconds and the most memory in kilobytes.
    func measure(path: String, workers: Int) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tranche-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inventory = try await Inventory.open(
            .sqlite(folder.appending(path: "inventory.db").path)
        )
        let source = CSVSource(path)
        let clock = ContinuousClock()
        let start = clock.now
        let rows: Int
        switch self {
        case .plan: rows = try await plan(source, inventory)
        case .parse:
            rows = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<workers { group.addTask { try await parse(source, inventory) } }
                return try await group.reduce(0, +)
            }
        }
        let seconds = (clock.now - start) / .seconds(1)
        await inventory.close()
        print("\(rows) \(seconds) \(try Memory.peak())")
    }

    private func plan(_ source: CSVSource, _ inventory: Inventory) async throws -> Int {
        let plan = try await inventory.source(source).nextRange(
            after: nil,
            within: IDBounds(),
            limit: BatchLimit(weight: 8 * 1024 * 1024),
            batches: .max
        )
        return plan.ranges.reduce(0) { $0 + $1.count }
    }

    private func parse(_ source: CSVSource, _ inventory: Inventory) async throws -> Int {
        guard let records = try await inventory.source(source) as? any RecordMetaSource else {
            throw BenchError("the source has no records")
        }
        var rows = 0
        for try await batch in inventory.batches(from: source, job: "parse", weight: 8 << 20) {
            let reader = try await records.records(of: batch.record) { fault in
                throw BenchError("\(fault)")
            }
            while let chunk = try await reader.next() { rows += chunk.count }
            try await batch.succeed()
        }
        return rows
    }
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
