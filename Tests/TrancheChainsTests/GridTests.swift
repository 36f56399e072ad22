import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Records sorted into a grid", .timeLimit(.minutes(10)))
struct GridTests {
    @Test(
        "No two buckets of a wave touch a node in common, and every element comes once",
        arguments: [true, false]
    )
    func waves(isOneKind: Bool) {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let size = Int.random(in: 1...12, using: &random)
            let most = Int.random(in: 1...20, using: &random)
            var splitter = GridSplitter<(id: Int, row: Int, column: Int)>(
                size: size,
                isOneKind: isOneKind,
                most: most,
                nearlyFull: 0.85
            )
            let count = Int.random(in: 0...600, using: &random)
            var seen: [Int] = []
            func check(_ wave: GridSplitter<(id: Int, row: Int, column: Int)>.Wave) {
                var owners: [String: Int] = [:]
                for (number, bucket) in wave.buckets.enumerated() {
                    #expect((1...most).contains(bucket.elements.count), "seed \(seed)")
                    for element in bucket.elements {
                        let nodes =
                            isOneKind
                            ? ["n\(element.row)", "n\(element.column)"]
                            : ["r\(element.row)", "c\(element.column)"]
                        for node in nodes {
                            #expect((owners[node] ?? number) == number, "seed \(seed)")
                            owners[node] = number
                        }
                        seen.append(element.id)
                    }
                }
            }
            for id in 0..<count {
                let row = Int.random(in: 0..<size, using: &random)
                let column = Int.random(in: 0..<size, using: &random)
                splitter.add((id, row, column), row: row, column: column)
                if id % 50 == 0 { while let wave = splitter.nextWave() { check(wave) } }
            }
            while let wave = splitter.lastWave() { check(wave) }
            #expect(seen.sorted() == Array(0..<count), "seed \(seed)")
        }
    }

    @Test("A wave begins with a full bucket, and takes nearly full ones along")
    func nearlyFull() {
        var splitter = GridSplitter<Int>(size: 4, isOneKind: false, most: 10, nearlyFull: 0.8)
        for _ in 0..<9 { splitter.add(0, row: 0, column: 0) }
        #expect(splitter.nextWave() == nil)
        for _ in 0..<8 { splitter.add(1, row: 1, column: 1) }
        for _ in 0..<7 { splitter.add(2, row: 2, column: 2) }
        for _ in 0..<3 { splitter.add(0, row: 0, column: 0) }
        let wave = splitter.nextWave()
        #expect(wave?.buckets.map(\.elements.count) == [10, 8])
        #expect(splitter.nextWave() == nil)
        #expect(splitter.lastWave()?.buckets.map(\.elements.count) == [7, 2])
        #expect(splitter.lastWave() == nil)
    }

    @Test("Equal names have equal places, and many names spread over all of them")
    func places() {
        #expect(gridPlace(of: "17".utf8, size: 8) == gridPlace(of: "17".utf8, size: 8))
        var counts = [Int](repeating: 0, count: 16)
        for number in 0..<16_000 { counts[gridPlace(of: "\(number)".utf8, size: 16)] += 1 }
        #expect(counts.allSatisfy { (700...1300).contains($0) })
    }

    /// Takes records, and knows which nodes are being written to.
    private final class NodeSink: RecordSink {
        struct State {
            var busy: [String: Int] = [:]
            var writers = 0
            var mostWriters = 0
            var conflicts = 0
            var written: [Int64] = []
            /// How the bodies of writers ended.
            var returned = 0
            var thrown = 0
        }

        let state = Mutex(State())
        let refused: Set<Int64>
        var lendsSeveralWriters: Bool { true }
        var name: String { "nodes" }

        init(refused: Set<Int64> = []) {
            self.refused = refused
        }

        func promise(beside store: any InventoryStore) async throws -> SinkPromise {
            SinkPromise(.transactional)
        }

        func prepare(for fields: RecordFields?, beside store: any InventoryStore) async throws {}

        func withWriter<Result: Sendable>(
            for batch: BatchRecord,
            _ body: @Sendable (any RecordWriter) async throws -> Result
        ) async throws -> Result {
            do {
                let result = try await body(Writer(self))
                state.withLock { $0.returned += 1 }
                return result
            } catch {
                state.withLock { $0.thrown += 1 }
                throw error
            }
        }

        final class Writer: RecordWriter {
            let sink: NodeSink

            init(_ sink: NodeSink) { self.sink = sink }

            func write(_ records: [Record]) async throws {
                let nodes = Set(records.flatMap { [$0.text("a") ?? "", $0.text("b") ?? ""] })
                sink.state.withLock { state in
                    state.writers += 1
                    state.mostWriters = max(state.mostWriters, state.writers)
                    for node in nodes { state.busy[node, default: 0] += 1 }
                    state.conflicts += nodes.count { state.busy[$0] != 1 }
                }
                for _ in 0..<20 { await Task.yield() }
                let bad = records.first { sink.refused.contains($0.id) }
                sink.state.withLock { state in
                    state.writers -= 1
                    for node in nodes { state.busy[node, default: 0] -= 1 }
                    // As one transaction does, none is written for the sake of one.
                    if bad == nil { state.written += records.map(\.id) }
                }
                if let bad { throw RecordsRefused([(bad.id, "not this one")]) }
            }

            func finish() async throws -> Counters { Counters(["cells_written": 1]) }
            func abandon() async {}
        }
    }

    private func edges(_ count: Int) -> String {
        "a,b\n" + (0..<count).map { "n\($0 * 7 % 50),n\($0 * 13 % 47)\n" }.joined()
    }

    private func configuration() -> GridSink.Configuration {
        var configuration = GridSink.Configuration(from: "a", to: "b")
        configuration.isOneKind = true
        configuration.size = 16
        configuration.records = 20
        return configuration
    }

    @Test("Writers at once never touch the same node")
    func writesAtOnce() async throws {
        try await withChainWorld(.sqlite, edges(2000)) { world in
            let sink = NodeSink()
            let report = try await Chain(reading: CSVSource(world.path))
                .write(to: GridSink(sink, configuration()))
                .run(through: world.inventory, world.options(weight: 8000))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let state = sink.state.withLock { $0 }
            #expect(state.conflicts == 0)
            #expect(state.mostWriters > 1)
            #expect(state.written.count == 2000)
            #expect(Set(state.written).count == 2000)
            #expect(report.counters["grid_cells"] == report.counters["cells_written"])
            #expect(report.counters["grid_waves"] < report.counters["grid_cells"])
        }
    }

    @Test("Records that the sink refuses are quarantined, and those that name no node, too")
    func refuses() async throws {
        let text = edges(100) + "n1,\n"
        try await withChainWorld(.sqlite, text) { world in
            let sink = NodeSink(refused: [4])
            let report = try await Chain(reading: CSVSource(world.path))
                .write(to: GridSink(sink, configuration()))
                .run(through: world.inventory, world.options(weight: 8000))
            #expect(report.run?.totals[.quarantined]?.items == 2)
            #expect(Set(sink.state.withLock { $0.written }).count == 99)
        }
    }

    @Test(
        "The records beside one that is refused are written, where those refused have a file",
        arguments: [1, 2]
    )
    func rejects(recordsOfItem: Int) async throws {
        let text = edges(400)
        // The id of a record is the offset of its line.
        let lines = text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: "\n") }
            .map { Int64(text.utf8.distance(from: text.utf8.startIndex, to: $0)) + 1 }
        try await withChainWorld(.sqlite, text) { world in
            let refused = Set(stride(from: 2, to: 400, by: 16).map { lines[$0] })
            let sink = NodeSink(refused: refused)
            let rejects = world.folder.path("rejects.jsonl")
            let report = try await Chain<Record>(reading: CSVSource(world.path))
                .flatMap { [Record](repeating: $0, count: recordsOfItem) }
                .rejecting(to: .jsonLines(rejects))
                .write(to: GridSink(sink, configuration()))
                .run(through: world.inventory, world.options(weight: 1_000_000))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let written = sink.state.withLock { $0.written }
            #expect(written.count == 375 * recordsOfItem)
            #expect(Set(written) == Set(lines.dropLast()).subtracting(refused))
            let text = try world.read("rejects.jsonl")
            #expect(text.split(separator: "\n").count == 25 * recordsOfItem)
            #expect(report.counters[CounterName.written] == 375 * recordsOfItem)
            // The sink learns of each cell that is given up, and may take back what is left of it.
            let state = sink.state.withLock { $0 }
            #expect(state.thrown == 25)
            #expect(state.returned <= report.counters["grid_cells"])
        }
    }

    @Test("What cannot be written by a grid is refused at the start")
    func badConfiguration() async throws {
        try await withChainWorld(.sqlite, edges(10)) { world in
            func message(_ sink: GridSink) async throws -> String {
                try await #require(throws: TrancheError.self) {
                    try await Chain(reading: CSVSource(world.path)).write(to: sink)
                        .run(through: world.inventory, world.options())
                }.message
            }
            let single = GridSink(FileSink.csv(world.folder.path("out.csv")), configuration())
            #expect(try await message(single).contains("from one writer"))
            let other = GridSink(NodeSink(), from: "a", to: "c")
            #expect(try await message(other).contains("no field 'c'"))
            var empty = configuration()
            empty.size = 0
            #expect(try await message(GridSink(NodeSink(), empty)).contains("1 to 1000 rows"))
            let promise = try await GridSink(NodeSink(), configuration())
                .promise(beside: world.inventory.store)
            // A transaction alone says nothing of what is written once more.
            #expect(promise.delivery == .atLeastOnce)
        }
    }
}
