import Foundation
import Tranche
import TrancheChains

/// Stages beside one after the other, and a workflow beside `tranche load`, by turns.
struct WorkflowLoads {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let rows = 1_000_000
    private let batches = 100
    private let pause = Duration.milliseconds(20)

    func run() async throws {
        try await stages()
        if !database.isSQLite { try await loads() }
    }

    // MARK: - Stages

    private func stages() async throws {
        var seconds: (apart: [Double], together: [Double]) = ([], [])
        for _ in 0..<options.repeats {
            seconds.apart.append(try await load(ChainStages()))
            seconds.together.append(try await load(nil))
        }
        var line = Line("workflows", "stages-of-20-ms", on: database.kind)
        line.add("batches_per_second", Double(batches) / seconds.apart.median)
        line.add(
            "batches_per_second_one_after_the_other",
            Double(batches) / seconds.together.median
        )
        line.add("ratio", seconds.together.median / seconds.apart.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// Loads batches whose reading and writing take 20 ms each.
    private func load(_ stages: ChainStages?) async throws -> Double {
        let table = "workflows_inventory"
        try await database.dropInventory(table)
        let inventory = try await database.inventory(table: table)
        var chainOptions = ChainOptions(
            request: BatchRequest(job: "stages", limit: BatchLimit(count: 10))
        )
        chainOptions.stages = stages
        let source = SlowNumbers(count: Int64(batches) * 10, pause: pause)
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await Chain(reading: source).write(to: SlowSink(pause: pause))
            .run(through: inventory, chainOptions)
        let elapsed = clock.now - start
        await inventory.close()
        guard report.isSuccess, report.succeeded == batches else {
            throw BenchError("\(report.succeeded) of \(batches) batches were loaded")
        }
        return elapsed / .seconds(1)
    }

    /// Takes a time for each batch, and keeps nothing.
    private struct SlowSink: RecordSink {
        let base = NoOpSink()
        let name = "a slow sink"
        let pause: Duration

        func promise(beside store: any InventoryStore) async throws -> SinkPromise {
            try await base.promise(beside: store)
        }

        func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws {}

        func withWriter<Result: Sendable>(
            for batch: BatchRecord,
            _ body: @Sendable (any RecordWriter) async throws -> Result
        ) async throws -> Result {
            try await ContinuousClock().sleep(for: pause)
            return try await base.withWriter(for: batch, body)
        }
    }

    // MARK: - Loads

    /// A file of CSV into a table, by the program beside this one.
    private func loads() async throws {
        let file = try CSVFile(rows: rows, isValid: true)
        let description = FileManager.default.temporaryDirectory
            .appending(path: "tranche-bench/workflow.json").path
        for workers in [1, 2] {
            var seconds: (workflow: [Double], load: [Double]) = ([], [])
            for turn in 0..<options.repeats {
                let json = """
                    {"job": "workflow-\(workers)-\(turn)", "source": "csv:\(file.path)",
                     "weight": "8MiB", "sink": "table:target", "workers": \(workers)}
                    """
                try Data(json.utf8).write(to: URL(fileURLWithPath: description))
                seconds.workflow.append(
                    try await measure(["workflow", "start", description, "--work"])
                )
                let job = "load-\(workers)-\(turn)"
                let words = ["--to", "table:target", "--job", job, "--workers", "\(workers)"]
                seconds.load.append(
                    try await measure(["load", file.path, "--promise", "atLeastOnce"] + words)
                )
            }
            var line = Line("workflows", "load-\(workers)-workers", on: database.kind)
            line.add("rows_per_second", Double(rows) / seconds.workflow.median)
            line.add("rows_per_second_of_load", Double(rows) / seconds.load.median)
            line.add("ratio", seconds.load.median / seconds.workflow.median)
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    private func measure(_ words: [String]) async throws -> Double {
        try await database.dropInventory("inventory")
        try await database.run(
            """
            DROP TABLE IF EXISTS target;
            CREATE TABLE target (
                id bigint PRIMARY KEY, name text, category text, amount double precision,
                created_at timestamptz, active boolean
            );
            """
        )
        try tranche(["migrate", "up"])
        let clock = ContinuousClock()
        let start = clock.now
        try tranche(words)
        return (clock.now - start) / .seconds(1)
    }

    private func tranche(_ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appending(path: "tranche")
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TRANCHE_INVENTORY": database.place]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError("tranche \(words[0]) ended with \(process.terminationStatus)")
        }
    }
}
