import Foundation
import Tranche

/// Workers far from their server: batches per second where it decides on plain acquires, beside
/// those where the program does.
struct Far {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        // A file is never far.
        guard !database.isSQLite else { return }
        for microseconds in [0, 500, 2000] { try await run(roundTrip: .microseconds(microseconds)) }
    }

    private func run(roundTrip: Duration) async throws {
        guard var url = URLComponents(string: database.place), let port = url.port else {
            throw BenchError("the server's URL names no port")
        }
        if roundTrip > .zero {
            url.host = "127.0.0.1"
            url.port = try DelayingRelay(to: port, delay: roundTrip / 2).port
        }
        guard let place = url.string else { throw BenchError("the relay has no URL") }
        try await database.makeItems(Company.table, rows: 1_000_000)
        var line = Line("far", "round-trip-\(roundTrip / .microseconds(1))-us", on: database.kind)
        for processes in [1, 16] {
            var deciding: [Double] = []
            var asking: [Double] = []
            for _ in 0..<options.repeats {
                for decides in [false, true] {
                    var far = BenchDatabase(kind: database.kind, place: place)
                    far.decidesItself = decides
                    let company = Company(far, options)
                    let speed = try await company.measure(processes: processes, workers: 1)
                        .batchesPerSecond
                    if decides { deciding.append(speed) } else { asking.append(speed) }
                }
            }
            line.add("batches_per_second_\(processes)", deciding.median)
            line.add("program_decides_\(processes)", asking.median)
            line.add("ratio_\(processes)", zip(deciding, asking).map { $0 / $1 }.median)
        }
        line.add("repeats", options.repeats)
        line.print()
    }
}
