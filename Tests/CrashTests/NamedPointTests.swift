import Foundation
import Testing
import Tranche

extension Crashes {
    @Suite("A worker killed at a named point", .timeLimit(.minutes(10)))
    struct NamedPointTests {
        /// Where workers are killed.
        enum Point: String, CaseIterable, Sendable {
            /// AttemptKey a batch, before anything was done.
            case acquired
            case working
            /// In the success's transaction, or before the success: nothing is written yet.
            case writing
            /// The work is written, the success is not committed.
            case committing
            /// After the success's commit.
            case ended
        }

        @Test(
            "Leaves a batch that is whole and recovered with its lease's end",
            arguments: SceneKind.all,
            Point.allCases
        )
        func kill(_ kind: SceneKind, at point: Point) async throws {
            try await withScene(kind) { scene in
                try await scene.addItems(3)
                let place = try await withWorker(scene.options(["stop": point.rawValue])) {
                    worker in
                    let place = try await worker.reach(point.rawValue)
                    #expect(await worker.kill())
                    return place
                }
                #expect(place.attempt == 1)
                try await checkTraces(scene, at: point)
                if point != .ended { try await checkLease(scene, place) }
                let said = try await drainLater(scene)
                // The second attempt was given back by the look at the lease's end.
                #expect(said.contains("acquired \(place.batch) 3") == (point != .ended))
                let aftermath = try await Aftermath(of: scene)
                #expect(aftermath.faults == [])
                #expect(aftermath.count == 1)
                #expect(aftermath.expired == (point == .ended ? 0 : 1))
            }
        }

        private func checkTraces(_ scene: CrashScene, at point: Point) async throws {
            let isWritten =
                switch scene.sink {
                case .transactional: point == .ended
                case .plain: point == .committing || point == .ended
                }
            #expect(try await scene.traces().count == (isWritten ? 3 : 0))
        }

        /// The batch is the dead worker's until its lease ends, to the millisecond.
        private func checkLease(_ scene: CrashScene, _ place: WorkerProcess.Place) async throws {
            let held = try await scene.withInventory { try await $0.batch(place.batch) }
            #expect(held.status == .running)
            let end = try #require(held.leaseExpiresAt)
            try await scene.withInventory(now: end.addingTimeInterval(-0.001)) { inventory in
                guard case .noBatch(.waiting(let until)) = try await scene.acquire(from: inventory)
                else {
                    Issue.record("batch \(place.batch) was handed out before its lease had ended")
                    return
                }
                #expect(until == end)
            }
            try await scene.withInventory(now: end) { inventory in
                guard case .batch(let batch) = try await scene.acquire(from: inventory) else {
                    Issue.record("batch \(place.batch) was not handed out when its lease had ended")
                    return
                }
                #expect(batch.id == place.batch)
                #expect(batch.attempt == 2)
                try await batch.release()
            }
        }

        /// Finishes the run as a worker does to whom it is two minutes later.
        private func drainLater(_ scene: CrashScene) async throws -> [String] {
            try await withWorker(scene.options(["ahead": "120"])) { worker in
                #expect(await worker.exit() == .code(0))
                return worker.said
            }
        }
    }
}
