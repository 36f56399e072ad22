import CPosix
import Foundation

/// What a load of a compressed file costs, beside one of the same file uncompressed and one
/// decompression.
struct GzipLoads {
    let options: Benchmark.Options

    init(_ options: Benchmark.Options) {
        self.options = options
    }

    func run() throws {
        for rows in [1_000_000, 2_000_000, 4_000_000] {
            let file = try CSVFile(rows: rows)
            let packed = file.path + ".gz"
            if !FileManager.default.fileExists(atPath: packed) {
                _ = try Tool.run("gzip", ["-k", file.path])
            }
            for workers in [1, 4] { try measure(file, packed, workers: workers) }
        }
    }

    private func measure(_ file: CSVFile, _ packed: String, workers: Int) throws {
        var plain: [Double] = []
        var gunzip: [Double] = []
        var load: [Double] = []
        var memory: [Double] = []
        for _ in 0..<options.repeats {
            plain.append(try processorTime { _ = try parse(file.path, workers) })
            gunzip.append(
                try processorTime {
                    _ = try Tool.run("sh", ["-c", "gzip -dc \"$0\" >/dev/null", packed])
                }
            )
            load.append(
                try processorTime {
                    let numbers = try parse(packed, workers)
                    guard Int(numbers[0]) == file.rows else {
                        throw BenchError("\(numbers[0]) rows were read instead of \(file.rows)")
                    }
                    memory.append(numbers[2] / 1024)
                }
            )
        }
        var line = Line("gzip", "\(file.rows / 1_000_000)M-\(workers)-workers", on: "none")
        line.add("load_seconds", load.median)
        line.add("plain_seconds", plain.median)
        line.add("gunzip_seconds", gunzip.median)
        line.add("ratio", load.median / (1.25 * plain.median + gunzip.median))
        line.add("peak_rss_mb", memory.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// Parses into nothing; the rows, seconds, the most memory in kilobytes, and processor seconds.
    private func parse(_ path: String, _ workers: Int) throws -> [Double] {
        let output = try Tool.finish(
            Tool.startChild(["chain", ChainCase.parse.rawValue, path, "\(workers)"])
        )
        let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard numbers.count == 4 else { throw BenchError("the child said: \(output)") }
        return numbers
    }

    /// The processor time of the children that are waited for meanwhile, in seconds.
    private func processorTime(_ body: () throws -> Void) rethrows -> Double {
        func used() -> Double {
            var usage = rusage()
            getrusage(RUSAGE_CHILDREN.rawValue, &usage)
            return [usage.ru_utime, usage.ru_stime].reduce(0) { sum, time in
                sum + Double(time.tv_sec) + Double(time.tv_usec) / 1e6
            }
        }
        let before = used()
        try body()
        return used() - before
    }
}
