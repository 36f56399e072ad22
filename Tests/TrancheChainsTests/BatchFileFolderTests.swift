import Foundation
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Folders with a file for each batch")
struct BatchFileFolderTests {
    /// A store that knows one source's runs alone, and in which another process begins a run of
    /// the same job as soon as it was asked.
    private struct MeanwhileStore: ForwardingStore {
        let base: any InventoryStore
        let source: String
        let begin: @Sendable () async throws -> Void

        func summaries(
            _ selection: RunSelection,
            after mark: RunKey?,
            limit: Int
        ) async throws -> [RunSummary] {
            let all = try await base.summaries(selection, after: mark, limit: limit)
            try await begin()
            return all.filter { $0.run.key.metaTable == source }
        }
    }

    /// Loads a small file beside, so that the inventory has its run.
    private func begin(_ name: String, job: String, _ world: ChainWorld) async throws -> RunRecord {
        let path = try world.write("{\"id\":1}\n", to: name)
        let report = try await Chain(reading: JSONLinesSource(path))
            .write(to: MemorySink())
            .run(through: world.inventory, world.options(job))
        #expect(report.isSuccess, "\(report.lastError ?? "")")
        let runs = try await world.inventory.runs(RunSelection(job: job))
        return try #require(runs.first { $0.key.metaTable.contains(name) })
    }

    @Test("A run of the same job that another process begins meanwhile is let through")
    func begunMeanwhile() async throws {
        try await withChainWorld { world in
            let path = world.folder.path("out")
            let first = try await begin("p1.jsonl", job: "load", world)
            let second = try await begin("p2.jsonl", job: "load", world)
            let foreign = try await begin("p3.jsonl", job: "other", world)
            let store = MeanwhileStore(
                base: world.inventory.store,
                source: first.key.metaTable
            ) {
                _ = try await PartOwner(second).makeFolder(in: path + ".parts", mark: "1")
                try PartFolder.makeFolder(path)
                try Data("{}\n".utf8).write(
                    to: URL(fileURLWithPath: path + "/p00000000000000000001-2.jsonl")
                )
            }
            func claim(_ run: SinkRun) async throws -> [String] {
                try await BatchFileFolder(path, overwrites: false, suffix: "jsonl").claim(run)
            }
            #expect(try await claim(SinkRun(first.key, in: store, spansJob: true)) == [])
            // Once the inventory tells of it, it is one of the job's as before.
            let own = SinkRun(first.key, in: world.inventory.store, spansJob: true)
            #expect(try await claim(own) == [])
            for other in [
                SinkRun(first.key, in: world.inventory.store),
                SinkRun(foreign.key, in: world.inventory.store, spansJob: true),
            ] {
                await #expect(throws: TrancheError.self) { try await claim(other) }
            }
        }
    }
}
