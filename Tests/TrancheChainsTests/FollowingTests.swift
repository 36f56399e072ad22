import Foundation
import Testing
import Tranche

@testable import TrancheChains

/// What tests of files that grow, and that others follow, do to them.
protocol FollowingTests {}

extension FollowingTests {
    func rows(_ ids: ClosedRange<Int>, head: String = "id,amount\n") -> String {
        head + ids.map { "\($0),\($0)00\n" }.joined()
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    func move(_ path: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: path, toPath: other)
    }

    /// Loads what there is, by a process that has the file open, or by one that opens it anew.
    func load(
        _ world: ChainWorld,
        in inventory: Inventory,
        _ location: ByteLocation? = nil
    ) async throws -> [Int] {
        let sink = MemorySink()
        let source = CSVSource(location ?? .file(world.path), grows: true)
        let report = try await Chain(reading: source).write(to: sink)
            .run(through: inventory, world.options(weight: 100))
        #expect(report.isSuccess, "\(report.lastError ?? "") \(report.reason)")
        return sink.records.compactMap { Int($0.text("id") ?? "") }
    }
}
