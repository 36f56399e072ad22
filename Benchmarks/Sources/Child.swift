import Foundation
import Tranche

/// What the program does as a child of itself.
enum Child {
    static func run(arguments: [String]) async throws {
        if arguments.first == "chain", arguments.count == 4,
            let chain = ChainCase(rawValue: arguments[1])
        {
            return try await chain.measure(path: arguments[2], workers: Int(arguments[3]) ?? 1)
        }
        if arguments == ["receive"] { return try await receive() }
        guard arguments.count >= 4 else {
            throw BenchError("child wants a task, a database, and more")
        }
        var database = BenchDatabase(kind: arguments[1], place: arguments[2])
        switch arguments[0] {
        case "serve": try await serve(database, items: arguments[3])
        case "items": try await streamItems(database, table: arguments[3])
        case "work":
            let words = ["server": true, "program": false]
            database.decidesItself = arguments.dropFirst(6).first.flatMap { words[$0] }
            try await work(
                database,
                table: arguments[3],
                workers: Int(arguments[4]) ?? 1,
                seconds: Int(arguments[5]) ?? 1
            )
        default: throw BenchError("unknown child task '\(arguments[0])'")
        }
    }

    /// Streams one batch of all items; prints how many, and the most memory this process had.
    private static func streamItems(_ database: BenchDatabase, table: String) async throws {
        let inventory = try await database.inventory(table: "items_inventory")
        let source = database.source(table)
        guard let batch = try await inventory.acquireBatch(from: source, job: "items") else {
            throw BenchError("there is no batch")
        }
        var count = 0
        var bytes = 0
        for try await item in batch.itemStream {
            count += 1
            bytes += item.text.utf8.count
        }
        try await batch.succeed()
        print("\(count) \(try Memory.peak()) \(bytes)")
    }

    /// Works with some workers for some time; prints a line for each: its batches, its longest
    /// round, and how long each acquire took.
    private static func work(
        _ database: BenchDatabase,
        table: String,
        workers: Int,
        seconds: Int
    ) async throws {
        let inventory = try await database.inventory(table: "company_inventory")
        let loops = try await withThrowingTaskGroup(of: WorkLoop.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    var loop = WorkLoop()
                    try await loop.runFused(
                        inventory,
                        database.source(table),
                        job: "company",
                        for: .seconds(seconds)
                    )
                    return loop
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for loop in loops {
            let acquires = loop.acquires.map { String($0) }.joined(separator: ",")
            print("\(loop.times.count) \(loop.times.max() ?? 0) \(acquires)")
        }
    }
}
