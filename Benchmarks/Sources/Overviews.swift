import Foundation
import Tranche

/// How long `tranche status` and `tranche metrics` take, from start to end of the process, however
/// much there is.
struct Overviews {
    let database: BenchDatabase
    let options: Benchmark.Options

    private static let runs = 1000

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        // A name of its own is no help to the program, which takes the usual one.
        for batches in [10_000, options.rows] {
            try await StoredRuns(database: database, runs: Self.runs).fill(batches)
            // The first look adds up what nobody has added up.
            let first = try time(["status"])
            for words in [["status"], ["status", "--json"], ["metrics"]] {
                let times = try (0..<max(9, options.repeats)).map { _ in try time(words) }
                var line = Line("status", words.joined(separator: " "), on: database.kind)
                line.add("batches", batches)
                line.add("runs", Self.runs)
                line.add("first_ms", first * 1000)
                line.add("median_ms", times.median * 1000)
                line.add("highest_ms", (times.max() ?? 0) * 1000)
                line.print()
            }
        }
        try await database.dropInventory("inventory")
    }

    /// How long the program takes, in seconds.
    private func time(_ words: [String]) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appending(path: "tranche")
        process.arguments = words
        let place = database.isSQLite ? "sqlite:\(database.place)" : database.place
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TRANCHE_INVENTORY": place]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        let elapsed = ContinuousClock.now - start
        guard process.terminationStatus == 0 else {
            throw BenchError("tranche \(words[0]) ended with \(process.terminationStatus)")
        }
        return Double(elapsed.components.attoseconds) / 1e18 + Double(elapsed.components.seconds)
    }
}
