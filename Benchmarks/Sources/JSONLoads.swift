import Foundation

/// What chains over a file of a million JSON Lines take of one processor, by turns with DuckDB.
struct JSONLoads {
    let options: Benchmark.Options

    init(_ options: Benchmark.Options) {
        self.options = options
    }

    func read() throws {
        let file = try JSONLinesFile(rows: 1_000_000)
        let python = ProcessInfo.processInfo.environment["TRANCHE_BENCH_DUCKDB_PYTHON"]
        if python == nil {
            FileHandle.standardError.write(
                Data("jsonl: DuckDB is not there; measured without it\n".utf8)
            )
        }
        let chains = [ChainCase.plan, .parse, .schema]
        var seconds: [String: [Double]] = [:]
        for _ in 0..<options.repeats {
            for chain in chains {
                let output = try Tool.finish(
                    Tool.startChild(["chain", chain.rawValue, file.path, "1"])
                )
                seconds[chain.rawValue, default: []].append(try last(of: output, count: 4))
            }
            guard let python else { continue }
            let output = try Tool.run(python, [Tool.yardstick("jsonl.py"), file.path])
            seconds["duckdb", default: []].append(try last(of: output, count: 2))
        }
        for name in chains.map(\.rawValue) + ["duckdb"] {
            guard let measured = seconds[name] else { continue }
            var line = Line("jsonl", name, on: name == "duckdb" ? "duckdb" : "none")
            line.add("processor_seconds", measured.median)
            if let other = seconds["duckdb"], name != "duckdb" {
                line.add("ratio", measured.median / other.median)
            }
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    private func last(of output: String, count: Int) throws -> Double {
        let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard numbers.count == count, let last = numbers.last else {
            throw BenchError("a program said: \(output)")
        }
        return last
    }
}
