import Tranche

/// How much memory a batch of a million items needs when it is streamed.
struct ItemsMemory {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        try await database.makeItems("items_1000000", rows: 1_000_000)
        var peaks: [Double] = []
        var count = 0
        for _ in 0..<options.repeats {
            try await database.dropInventory("items_inventory")
            let output = try Tool.finish(
                Tool.startChild(["items", database.kind, database.place, "items_1000000"])
            )
            let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard numbers.count == 3 else { throw BenchError("the child said: \(output)") }
            count = Int(numbers[0])
            peaks.append(numbers[1] / 1024)
        }
        var line = Line("items", "stream", on: database.kind)
        line.add("items", count)
        line.add("peak_rss_mb", peaks.median)
        line.print()
    }
}
