import Foundation
import Synchronization
import Testing
import Tranche

@testable import TrancheOrchestrator

@Suite(
    "The name of a container is the lock on its batch",
    .enabled(if: TestEngine.isThere),
    .timeLimit(.minutes(5))
)
struct ContainerClaimTests {
    @Test("The attempt's own container is adopted, with all that it wrote")
    func adopted() async throws {
        try await withEngine { engine in
            let work = engine.work()
            let id = try await engine.leave(work, "echo before; sleep 1; echo after; exit 3")
            let end = try await engine.shell("exit 9").run(work)
            #expect(end.isAdopted)
            #expect(end.exitCode == 3)
            #expect(end.output.standardOutput == "before\nafter\n")
            #expect(try await engine.container()?.id == id)
        }
    }

    @Test("One that has ended meanwhile is adopted as well, and removed when it succeeded")
    func adoptedEnded() async throws {
        try await withEngine { engine in
            let work = engine.work()
            let id = try await engine.leave(work, #"seq 1 30000; echo '{"n":2}'"#)
            _ = try await engine.engine.end(of: id)
            let end = try await engine.shell("exit 9").run(work)
            #expect(end.isAdopted && end.exitCode == 0)
            #expect(end.program.result?.json == #"{"n":2}"#)
            #expect(end.output.standardOutput.hasSuffix("\n30000\n{\"n\":2}\n"))
            #expect(try await engine.container() == nil)
        }
    }

    @Test("An adopted container is stopped when its run is cancelled")
    func adoptedCancelled() async throws {
        try await withEngine { engine in
            let asked = Sighting("asked")
            let work = engine.work {
                asked.add(Array("asked".utf8))
                return true
            }
            try await engine.leave(work, "sleep 600")
            let program = try engine.shell("exit 9") { $0.stopTimeout = .seconds(1) }
            let run = Task { try await program.run(work) }
            await asked.wait()
            run.cancel()
            let end = try await run.value
            #expect(end.isAdopted && end.isCutShort)
            #expect(try await engine.container() == nil)
        }
    }

    @Test("One that was never started is made anew")
    func neverStarted() async throws {
        try await withEngine { engine in
            let id = try await engine.leave(engine.work(), "exit 3", isStarted: false)
            let end = try await engine.shell("exit 4").run(engine.work())
            #expect(!end.isAdopted)
            #expect(end.exitCode == 4)
            #expect(try await engine.container()?.id != id)
        }
    }

    @Test("One that was handed its input by a worker that is gone is made anew")
    func fedByAnother() async throws {
        try await withEngine { engine in
            let input = ContainerInput.lines { write in _ = try await write(Array("a\nb\n".utf8)) }
            let id = try await engine.leave(engine.work(input), "sleep 600")
            let end = try await engine.shell("wc -l") { $0.stopTimeout = .seconds(1) }
                .run(engine.work(input))
            #expect(!end.isAdopted)
            #expect(end.output.standardOutput == "2\n")
            #expect(try await engine.engine.inspect(id) == nil)
        }
    }

    @Test("A container of an attempt before is stopped and gone before the next one begins")
    func earlierAttempt() async throws {
        try await withEngine { engine in
            let id = try await engine.leave(engine.work(attempt: 1), "sleep 600")
            let heartbeats = Mutex(0)
            let work = engine.work(attempt: 2) {
                heartbeats.withLock { $0 += 1 }
                return true
            }
            let end = try await engine.shell("exit 4") { $0.stopTimeout = .seconds(1) }.run(work)
            #expect(!end.isAdopted)
            #expect(end.exitCode == 4)
            #expect(heartbeats.withLock { $0 } == 1)
            #expect(try await engine.engine.inspect(id) == nil)
        }
    }

    @Test("Who has lost the batch touches nothing", arguments: [true, false])
    func lost(isNewer: Bool) async throws {
        try await withEngine { engine in
            let id = try await engine.leave(engine.work(attempt: isNewer ? 3 : 1), "sleep 600")
            let work = engine.work(attempt: 2) { isNewer }
            await #expect {
                try await engine.shell("exit 4").run(work)
            } throws: {
                ($0 as? ContainerError)?.code == .lost
            }
            #expect(try await engine.engine.inspect(id)?.phase == .running)
        }
    }

    @Test("A worker whose container was removed for another attempt is told so")
    func removed() async throws {
        try await withEngine { engine in
            let begun = Sighting("begun")
            let first = try engine.shell("echo begun; exec sleep 600", copy: Copy { begun.add($0) })
            let run = Task { try await first.run(engine.work(attempt: 1)) }
            await begun.wait()
            let second = try engine.shell("exit 0") { $0.stopTimeout = .seconds(1) }
            let end = try await second.run(engine.work(attempt: 2))
            #expect(end.exitCode == 0)
            switch await run.result {
            case .success(let end): #expect(end.exitCode == 137 || end.exitCode == 143)
            case .failure(let error): #expect((error as? ContainerError)?.code == .lost)
            }
        }
    }

    @Test("A container that is nobody's is left alone, and named")
    func foreign() async throws {
        try await withEngine { engine in
            var document = try engine.shell("sleep 600").document(for: engine.work())
            document.labels[ContainerLabel.inventory] = "another"
            let name = engine.work().name
            guard case .created(let id) = try await engine.engine.create(name, document) else {
                Issue.record("the name is taken")
                return
            }
            await #expect {
                try await engine.shell("exit 4").run(engine.work())
            } throws: { error in
                let error = error as? ContainerError
                return error?.code == .nameTaken && error?.message.contains(name) ?? false
            }
            #expect(try await engine.engine.inspect(id) != nil)
            try await engine.engine.remove(id)
        }
    }

    /// Beside all other tests the process that is to be killed never ends (Swift Testing of 6.3.1).
    static let isAlone = ProcessInfo.processInfo.environment["TRANCHE_TEST_KILLS_ALONE"] != nil

    @Test(
        "A worker that is killed leaves its container to the next run of the attempt",
        .enabled(if: isAlone)
    )
    func killedWorker() async throws {
        let inventory = "killed-\(UUID().uuidString.lowercased())"
        await #expect(processExitsWith: .signal(SIGKILL)) { [inventory = inventory as String] in
            let engine = try TestEngine(inventory: inventory)
            let script = "echo begun; sleep 2; echo done"
            let program = try engine.shell(script, copy: Copy { _ in kill(getpid(), SIGKILL) })
            _ = try await program.run(engine.work())
        }
        try await withEngine(inventory: inventory) { engine in
            #expect(try await engine.container()?.phase == .running)
            let end = try await engine.shell("exit 9").run(engine.work())
            #expect(end.isAdopted && end.exitCode == 0)
            #expect(end.output.standardOutput == "begun\ndone\n")
            #expect(try await engine.container() == nil)
        }
    }

    @Test("A name is that of the inventory where it can be, and else has a hash")
    func names() {
        func name(_ inventory: String) -> String {
            ContainerWork(
                inventory: inventory,
                batch: 12,
                attempt: 1,
                worker: "",
                fence: "",
                input: .nothing
            ) { true }.name
        }
        #expect(name("main.inventory") == "tranche-main.inventory-12")
        #expect(name("a b").hasPrefix("tranche-a-b-"))
        #expect(name("a b") != name("a/b"))
        #expect(name(String(repeating: "x", count: 300)).count < 128)
    }
}
