import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

extension Crashes {
    @Suite("A worker that was stopped and wakes", .timeLimit(.minutes(10)))
    struct ZombieTests {
        /// What a worker does as soon as it wakes.
        enum Ending: String, CaseIterable, Sendable {
            case succeed, fail, blame, release, heartbeat
        }

        /// What has become of its batch.
        enum Successor: String, CaseIterable, Sendable {
            case holds, succeeds, fails, releases

            func end(_ batch: Batch) async throws {
                switch self {
                case .holds: break
                case .succeeds: try await batch.succeed()
                case .fails: try await batch.fail("not today")
                case .releases: try await batch.release()
                }
            }
        }

        /// Each end against each successor, on each kind of scene that makes a difference to it.
        struct Case: Sendable, CustomStringConvertible {
            var kind: SceneKind
            var ending: Ending
            var successor: Successor

            var description: String {
                "\(kind): \(ending.rawValue), while another \(successor.rawValue)"
            }

            static var all: [Case] {
                SceneKind.all.flatMap { kind in
                    // The sink has to do with success alone.
                    let endings = kind.sink == .plain ? Ending.allCases : [.succeed]
                    return endings.flatMap { ending in
                        Successor.allCases.map { Case(kind: kind, ending: ending, successor: $0) }
                    }
                }
            }
        }

        @Test("Changes nothing once its batch was handed out again", arguments: Case.all)
        func replaced(_ test: Case) async throws {
            try await withScene(test.kind) { scene in
                try await scene.addItems(3)
                try await withStoppedWorker(scene, test.ending) { worker, place in
                    let held = try await scene.withInventory { try await $0.batch(place.batch) }
                    try await scene.withInventory(now: held.leaseExpiresAt) { inventory in
                        guard case .batch(let batch) = try await scene.acquire(from: inventory)
                        else {
                            throw WorkerFailure("the batch is not handed out again")
                        }
                        #expect(batch.attempt == 2)
                        try await test.successor.end(batch)
                    }
                    let before = try await scene.dump()
                    worker.send(SIGCONT)
                    #expect(try await worker.reach("lost") == place)
                    #expect(await worker.exit() == .code(0))
                    #expect(try await scene.dump() == before)
                }
            }
        }

        @Test(
            "Ends its batch, however late, when nobody else was given it",
            arguments: SceneKind.all,
            Ending.allCases
        )
        func unreplaced(_ kind: SceneKind, _ ending: Ending) async throws {
            try await withScene(kind) { scene in
                try await scene.addItems(3)
                try await withStoppedWorker(scene, ending) { worker, place in
                    try await scene.endLease(of: place.batch)
                    worker.send(SIGCONT)
                    #expect(try await worker.reach("ended") == place)
                    #expect(await worker.exit() == .code(0))
                    let batch = try await scene.withInventory { try await $0.batch(place.batch) }
                    #expect(batch.attempt == 1)
                    #expect(batch.status == status(after: ending))
                    if ending == .succeed {
                        #expect(try await Aftermath(of: scene).faults == [])
                    }
                }
            }
        }

        private func status(after ending: Ending) -> BatchStatus {
            switch ending {
            case .succeed: .succeeded
            case .fail: .failed
            case .blame: .split
            case .release: .released
            case .heartbeat: .running
            }
        }

        @Test(
            "Notices by its heartbeat, while another already works on its batch",
            arguments: SceneKind.all
        )
        func heartbeat(_ kind: SceneKind) async throws {
            try await withScene(kind) { scene in
                try await scene.addItems(3)
                // Waiting where no line will come: only a heartbeat tells it.
                let options = scene.options(["lease": "1", "limit": "1", "stop": "working"])
                try await withWorker(options) { zombie in
                    let place = try await zombie.reach("working")
                    try await zombie.stop()
                    // It waits for the lease's end as any worker does.
                    try await withWorker(scene.options(["lease": "1"])) { successor in
                        let second = try await successor.reach("ended")
                        #expect(second == .init(batch: place.batch, attempt: 2))
                        #expect(await successor.exit() == .code(0))
                    }
                    zombie.send(SIGCONT)
                    zombie.goOn()
                    #expect(try await zombie.reach("lost") == place)
                    #expect(await zombie.exit() == .code(0))
                }
                #expect(try await Aftermath(of: scene).faults == [])
            }
        }

        /// Runs `body` with a worker that was stopped in its work, and goes on to `ending` when
        /// woken.
        private func withStoppedWorker(
            _ scene: CrashScene,
            _ ending: Ending,
            _ body: (WorkerProcess, WorkerProcess.Place) async throws -> Void
        ) async throws {
            let options = scene.options(
                ["limit": "1", "stop": "working", "ending": ending.rawValue]
            )
            try await withWorker(options) { worker in
                let place = try await worker.reach("working")
                try await worker.stop()
                // It finds this when it wakes.
                worker.goOn()
                try await body(worker, place)
            }
        }
    }
}

extension CrashScene {
    /// Makes the lease of a batch one that has just ended, as if so much time had passed.
    fileprivate func endLease(of batch: Int64) async throws {
        let past = database.dialect.instant("\(Int64(Date().timeIntervalSince1970 * 1000) - 1)")
        _ = try await database.write([
            "UPDATE \(name("inventory")) SET lease_expires_at = \(past) WHERE id = \(batch)"
        ])
    }
}
