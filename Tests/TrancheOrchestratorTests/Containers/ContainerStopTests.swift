import Foundation
import Testing
import Tranche

@testable import TrancheOrchestrator

@Suite("Containers that are stopped", .enabled(if: TestEngine.isThere), .timeLimit(.minutes(5)))
struct ContainerStopTests {
    @Test("Cancelled, a program is asked to end, and its container is gone")
    func cancelled() async throws {
        try await withEngine { engine in
            let begun = Sighting("begun")
            let script = "trap 'echo bye; exit 5' TERM; echo begun; while :; do sleep 0.1; done"
            let program = try engine.shell(script, copy: Copy { begun.add($0) })
            let run = Task { try await program.run(engine.work()) }
            await begun.wait()
            run.cancel()
            let end = try await run.value
            #expect(end.isCutShort)
            #expect(end.exitCode == 5)
            #expect(end.output.standardOutput == "begun\nbye\n")
            #expect(try await engine.container() == nil)
        }
    }

    @Test(
        "A program that does not end when asked is killed after its time",
        arguments: [true, false]
    )
    func stubborn(isFed: Bool) async throws {
        try await withEngine { engine in
            let begun = Sighting("begun")
            let script = "trap '' TERM; echo begun; while :; do sleep 0.1; done"
            let program = try engine.shell(script, copy: Copy { begun.add($0) }) {
                $0.stopTimeout = .seconds(1)
                $0.memory = 1 << 29
            }
            let input = ContainerInput.lines { write in
                while try await write([UInt8](repeating: 0x0A, count: 1 << 16)) {}
            }
            let run = Task { try await program.run(engine.work(isFed ? input : .nothing)) }
            await begun.wait()
            let time = ContinuousClock.now
            run.cancel()
            let end = try await run.value
            #expect(end.isCutShort)
            #expect(end.exitCode == 137)
            #expect(!end.isOutOfMemory)
            #expect(.now - time >= .milliseconds(900))
            #expect(try await engine.container() == nil)
        }
    }

    @Test("Cancelled before it began, nothing is made")
    func cancelledBefore() async throws {
        try await withEngine { engine in
            let program = try engine.shell("sleep 600")
            let run = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await program.run(engine.work())
            }
            await #expect(throws: CancellationError.self) { try await run.value }
            #expect(try await engine.container() == nil)
        }
    }

    // program                             caller
    // finds the earlier attempt's container
    // asks whether it holds the batch
    //                                     cancels it, then says yes
    // removes that, makes its own
    // sees that it is to end, and removes its own
    @Test("Cancelled while it is made, nothing is left")
    func cancelledWhileMade() async throws {
        try await withEngine { engine in
            let (asked, asking) = AsyncStream.makeStream(of: Void.self)
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            let work = engine.work(attempt: 2) {
                asking.yield()
                for await _ in gate {}
                return true
            }
            try await engine.leave(engine.work(attempt: 1), "sleep 600")
            let program = try engine.shell("sleep 600") { $0.stopTimeout = .seconds(1) }
            let run = Task { try await program.run(work) }
            for await _ in asked { break }
            run.cancel()
            opening.finish()
            await #expect(throws: CancellationError.self) { try await run.value }
            #expect(try await engine.container() == nil)
        }
    }

    @Test("What nobody holds is stopped and removed; what is held stays, and young failures")
    func reaping() async throws {
        try await withEngine { engine in
            try await engine.leave(engine.work(batch: 1), "sleep 600")
            try await engine.leave(engine.work(batch: 2, attempt: 3), "sleep 600")
            try await engine.leave(engine.work(batch: 3), "", isStarted: false)
            let failed = try await engine.leave(engine.work(batch: 4), "exit 1")
            let done = try await engine.leave(engine.work(batch: 5), "exit 0")
            for id in [failed, done] { _ = try await engine.engine.end(of: id) }
            let now = Date()
            let reaped = try await engine.engine.reap(
                inventory: engine.inventory,
                older: .seconds(3600),
                now: now,
                stopTimeout: .seconds(1)
            ) { batch, attempt in batch == 2 && attempt == 3 }
            #expect(Set(reaped.map(\.batch)) == [1, 3, 5])
            #expect(reaped.first { $0.batch == 1 }?.wasRunning == true)
            #expect(try await engine.container(2)?.phase == .running)
            #expect(try await engine.container(4)?.phase == .ended)
            let later = try await engine.engine.reap(
                inventory: engine.inventory,
                older: .seconds(3600),
                now: now.addingTimeInterval(3700),
                stopTimeout: .seconds(1)
            ) { batch, attempt in batch == 2 && attempt == 3 }
            #expect(later.map(\.batch) == [4])
            #expect(later.map(\.name) == [engine.work(batch: 4).name])
        }
    }
}
