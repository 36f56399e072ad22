import Foundation
import TestSupport
import Testing
import TrancheTestKit

extension Crashes {
    @Suite("A process killed while it writes to a SQLite file", .timeLimit(.minutes(10)))
    struct FileKillTests {
        @Test("Leaves a sound file, and a transaction whole or not at all")
        func largeTransactions() async throws {
            try await withScene(SceneKind(backend: .sqlite, sink: .transactional)) { scene in
                var scene = scene
                // More than the connection's memory: pages that are not committed are in the file's
                // log.
                (scene.copies, scene.payload) = (500, 20_000)
                // In the work on one item or the other, at the end of it, and in the commit.
                let places = [
                    ("writing", 1), ("wrote", 1), ("wrote", 2), ("wrote", 3), ("committing", 1),
                ]
                try await scene.addItems(3 * places.count)
                for (word, count) in places {
                    try await killWriter(scene, after: count, word)
                    #expect(try await scene.fileFaults() == [], "killed after '\(word)' \(count)")
                    let rows = try await scene.traces().count
                    #expect(rows % (3 * scene.copies) == 0, "killed after '\(word)' \(count)")
                }
                try await drainLater(scene)
                #expect(try await Aftermath(of: scene).faults == [])
            }
        }

        @Test("Leaves a sound file, however often it happens")
        func manyTimes() async throws {
            try await Rounds("processes killed that write to a SQLite file", share: .max).run {
                seed in
                try await withScene(SceneKind(backend: .sqlite, sink: .transactional)) { scene in
                    var scene = scene
                    // Some pages each, so that checkpoints come often.
                    (scene.copies, scene.payload) = (20, 2000)
                    var generator = SplitMix64(seed: seed)
                    var kills = 0
                    for _ in 0..<20 {
                        try await scene.addItems(6)
                        if try await killWriter(scene, &generator) { kills += 1 }
                        #expect(try await scene.fileFaults() == [], "seed \(seed)")
                    }
                    try await drainLater(scene)
                    #expect(try await Aftermath(of: scene).faults == [], "seed \(seed)")
                    return "\(kills) kills"
                }
            }
        }

        /// Kills a worker that writes, at random.
        private func killWriter(
            _ scene: CrashScene,
            _ generator: inout SplitMix64
        ) async throws -> Bool {
            try await withWorker(scene.options(["lease": "1"])) { worker in
                while let line = try await worker.nextLine() {
                    let isWriting = line.hasPrefix("wrote") || line.hasPrefix("committing")
                    if isWriting, Int.random(in: 0..<8, using: &generator) == 0 { break }
                }
                for _ in 0..<Int.random(in: 0..<2000, using: &generator) { sched_yield() }
                return await worker.kill()
            }
        }

        /// Kills a worker that has said a word so often, and writes on.
        private func killWriter(_ scene: CrashScene, after count: Int, _ word: String) async throws
        {
            let options = scene.options(["lease": "600", "limit": "1"])
            try await withWorker(options) { worker in
                for _ in 0..<count { try await worker.reach(word) }
                #expect(await worker.kill())
            }
        }

        /// Finishes the run as a worker does to whom it is twenty minutes later.
        private func drainLater(_ scene: CrashScene) async throws {
            try await withWorker(scene.options(["ahead": "1200", "lease": "600"])) { worker in
                #expect(await worker.exit() == .code(0), "\(worker.said.suffix(9))")
            }
        }
    }
}
