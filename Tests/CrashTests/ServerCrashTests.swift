import TestSupport
import Testing
import TrancheTestKit

extension Crashes {
    @Suite(
        "Workers whose server crashes",
        .timeLimit(.minutes(Rounds.limit(usually: 10))),
        .enabled(if: SceneKind.soaked.contains { $0.backend == .postgreSQL })
    )
    struct ServerCrashTests {
        /// Batches that each worker may finish before the next crash; then it waits with one in
        /// hand.
        static let batches = 16
        /// Lines of each worker that a crash waits for: it comes while they work.
        static let lines = 40

        @Test("Live through it, and keep the batch that they hold")
        func crash() async throws {
            try await withOwnPostgreSQL { server in
                try await Rounds("server crashed", share: SceneKind.shares).run { seed in
                    // Items read under the run's lock, and items read as from another database.
                    try await withScene(on: server.server, .transactional) { near in
                        try await withScene(on: server.server, .plain, isSourceApart: true) {
                            apart in
                            var generator = SplitMix64(seed: seed)
                            let crashes = ServerCrash.allCases.shuffled(using: &generator)
                            try await work(on: [near, apart], through: crashes, of: server)
                            for scene in [near, apart] { try await check(scene, server) }
                            return crashes.map(\.rawValue).joined(separator: ", ")
                        }
                    }
                }
            }
        }

        private func work(
            on scenes: [CrashScene],
            through crashes: [ServerCrash],
            of server: OwnPostgreSQL
        ) async throws {
            var workers: [WorkerProcess] = []
            do {
                for scene in scenes {
                    try await scene.addItems(900)
                    for number in 1...2 {
                        let options = ["lease": "30", "worker": "\(number)", "stop": "working"]
                        workers.append(try WorkerProcess(scene.options(options)))
                    }
                }
                for crash in crashes {
                    let lines = workers.map { $0.lineCount + Self.lines }
                    for worker in workers { worker.goOn(times: Self.batches) }
                    for (worker, line) in zip(workers, lines) {
                        try await worker.work(upToLine: line)
                    }
                    try await crash.happen(to: server)
                }
                for worker in workers { worker.goOn(times: 300) }
                for worker in workers {
                    try await worker.reach("done")
                    #expect(await worker.exit() == .code(0))
                }
            } catch {
                for worker in workers { await worker.kill() }
                throw error
            }
        }

        private func check(_ scene: CrashScene, _ server: OwnPostgreSQL) async throws {
            let aftermath = try await scene.withNewConnections(to: server.server) {
                try await Aftermath(of: $0)
            }
            #expect(aftermath.faults == [])
            // Nobody was killed: each batch was done by the attempt that first had it.
            #expect(aftermath.attempts == aftermath.count)
        }
    }
}
