import Foundation
import Synchronization
import Testing
import Tranche

@testable import TrancheOrchestrator

@Suite("Containers at work", .enabled(if: TestEngine.isThere), .timeLimit(.minutes(5)))
struct ContainerRunTests {
    @Test("An exit code is told as it is, and who failed is kept", arguments: [0, 1, 3, 75, 255])
    func exitCodes(code: Int32) async throws {
        try await withEngine { engine in
            let program = try engine.shell("echo out; echo oh dear >&2; exit \(code)")
            let end = try await program.run(engine.work())
            #expect(end.exitCode == code)
            #expect(!end.isCutShort && !end.isAdopted && !end.isOutOfMemory)
            #expect(end.output.standardOutput == "out\n")
            #expect(end.lines == ["oh dear"])
            #expect(end.imageID != nil)
            #expect(end.failure == (code == 0 ? nil : "process exited with code \(code): oh dear"))
            #expect((try await engine.container() != nil) == (code != 0))
        }
    }

    @Test("A program that a signal ends has 128 and its number as exit code", arguments: [9, 15])
    func signals(number: Int32) async throws {
        try await withEngine { engine in
            // The first process of a container is not ended by its own signals.
            let end = try await engine.shell("sh -c 'kill -\(number) $$'; exit $?")
                .run(engine.work())
            #expect(end.exitCode == 128 + number)
            #expect(!end.isOutOfMemory)
        }
    }

    @Test("An exit with 75 and a last line asks for another try later")
    func deferral() async throws {
        try await withEngine { engine in
            let line = #"{"retry_after": 30, "budget": "api"}"#
            let end = try await engine.shell("echo '\(line)'; exit 75").run(engine.work())
            let deferral = try #require(end.program.deferral)
            #expect(deferral.wait == .seconds(30))
            #expect(deferral.budget == "api")
        }
    }

    @Test("The last line of the output is the result, also without a line break")
    func result() async throws {
        try await withEngine { engine in
            let end = try await engine.shell(#"echo first; printf '{"n": 1}'"#).run(engine.work())
            #expect(end.program.result?.json == #"{"n": 1}"#)
            #expect(end.output.standardOutput == "first\n{\"n\": 1}")
        }
    }

    @Test("An event is a variable, and so are fence, batch and what is passed on")
    func variables() async throws {
        try await withEngine { engine in
            let script =
                "echo $PIPELINE_EVENT | base64 -d; echo; env | grep -E '^(TRANCHE|KEPT|WITH)' | sort"
            let program = try engine.shell(script, environment: ["KEPT": "a=b,c"]) {
                $0.env = ["KEPT": .passed(), "WITH_TEXT": .literal("")]
            }
            let event = #"{"location":"t","operation":"create","id":"1","trigger":"in"}"#
            let end = try await program.run(engine.work(batch: 7, attempt: 2, .event(event)))
            #expect(
                end.output.standardOutput == """
                    \(event)
                    KEPT=a=b,c
                    TRANCHE_BATCH=7
                    TRANCHE_FENCE=e.7.2
                    WITH_TEXT=

                    """
            )
        }
    }

    @Test("An event of 64 KiB arrives, and a longer one is refused before there is a container")
    func longEvent() async throws {
        try await withEngine { engine in
            let most = String(repeating: "x", count: ContainerInput.longestEvent)
            let program = try engine.shell("printf %s $PIPELINE_EVENT | base64 -d | wc -c")
            let end = try await program.run(engine.work(.event(most)))
            #expect(end.output.standardOutput == "65536\n")
            await #expect {
                try await program.run(engine.work(.event(most + "x")))
            } throws: {
                ($0 as? ContainerError)?.code == .invalidEvent
            }
            #expect(try await engine.container() == nil)
        }
    }

    @Test("Ten megabytes arrive on standard input, and it ends")
    func longInput() async throws {
        try await withEngine { engine in
            let line = [UInt8](repeating: 0x61, count: 99) + [0x0A]
            let block = Array(repeatElement(line, count: 1000).joined())
            let input = ContainerInput.lines { write in
                for _ in 0..<100 {
                    guard try await write(block) else { return }
                }
            }
            // It reads slowly at first, so that what is written has to wait.
            let end = try await engine.shell("sleep 0.3; wc -lc; cat; echo end").run(
                engine.work(input)
            )
            #expect(end.exitCode == 0)
            let text = end.output.standardOutput
            #expect(text.split(whereSeparator: \.isWhitespace) == ["100000", "10000000", "end"])
        }
    }

    @Test("A program may leave its input unread")
    func unreadInput() async throws {
        try await withEngine { engine in
            let block = [UInt8](repeating: 0x0A, count: 1 << 16)
            let input = ContainerInput.lines { write in
                while try await write(block) {}
            }
            let end = try await engine.shell("head -n 1; exit 4").run(engine.work(input))
            #expect(end.exitCode == 4)
            #expect(end.output.standardOutput == "\n")
        }
    }

    @Test("Input that cannot be read ends the container, and nothing is left")
    func brokenInput() async throws {
        struct Broken: Error {}
        try await withEngine { engine in
            let input = ContainerInput.lines { write in
                _ = try await write([0x61])
                throw Broken()
            }
            await #expect(throws: Broken.self) {
                try await engine.shell("cat; sleep 600").run(engine.work(input))
            }
            let left = try await engine.container()
            #expect(left == nil)
        }
    }

    @Test("Of a long output the end is kept, of each stream, and every byte was seen")
    func longOutput() async throws {
        try await withEngine { engine in
            let count = Mutex(0)
            let script = "seq 1 200000; seq 1 100000 >&2; echo last; exit 2"
            let program = try engine.shell(
                script,
                copy: Copy { bytes in count.withLock { $0 += bytes.count } }
            )
            let end = try await program.run(engine.work())
            #expect(count.withLock { $0 } == 1_288_895 + 588_895 + 5)
            let output = end.output
            #expect(output.standardOutput.hasSuffix("\n199999\n200000\nlast\n"))
            #expect(output.standardError.hasSuffix("\n99999\n100000\n"))
            #expect(output.standardOutput.utf8.count <= AttemptOutput.mostBytes)
            #expect(output.standardOutput.hasPrefix("["))
            #expect(end.failure == "process exited with code 2: 100000")
        }
    }

    @Test("Who has no memory left is told so")
    func outOfMemory() async throws {
        try await withEngine { engine in
            let script = "exec dd if=/dev/zero of=/dev/null bs=60M count=1"
            let end = try await engine.shell(script) { $0.memory = 20_000_000 }.run(engine.work())
            #expect(end.exitCode == 137)
            #expect(end.isOutOfMemory)
            let words = "process exited with code 137, killed for want of memory of 20000000 bytes"
            #expect(end.failure?.hasPrefix(words) ?? false)
        }
    }

    @Test("User, mounts, labels, network and processors are as told")
    func settings() async throws {
        try await withEngine { engine in
            let folder = FileManager.default.temporaryDirectory.appending(
                path: UUID().uuidString
            )
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("of the host".utf8).write(to: folder.appending(path: "file"))
            let script = """
                id -u; cat /in/file; echo; echo x 2>&1 >/in/file; cat /sys/class/net/*/ifindex | wc -l; exit 9
                """
            let program = try engine.shell(script) {
                $0.user = "12:34"
                $0.mounts = [ContainerMount(folder.path, at: "/in")]
                $0.labels = ["mine": "yes"]
                $0.network = "none"
                $0.cpus = 0.5
            }
            let end = try await program.run(engine.work())
            let lines = end.output.standardOutput.split(separator: "\n")
            #expect(lines.first == "12")
            #expect(lines.dropFirst().first == "of the host")
            #expect(lines.last == "1")
            #expect(
                try String(contentsOf: folder.appending(path: "file"), encoding: .utf8)
                    == "of the host"
            )
            let state = try #require(try await engine.container())
            #expect(state.label("mine") == "yes")
            #expect(state.label(ContainerLabel.worker) == "tester")
            #expect(state.label(ContainerLabel.lease) == "1970-01-01T00:00:00.000Z")
            try FileManager.default.removeItem(at: folder)
        }
    }

    @Test("A program that cannot be run is an error that names it, and leaves nothing")
    func cannotStart() async throws {
        try await withEngine { engine in
            let program = try engine.shell("") { $0.arguments = ["/nowhere"] }
            await #expect {
                try await program.run(engine.work())
            } throws: { error in
                let error = error as? ContainerError
                return error?.code == .cannotStart && error?.message.contains("/nowhere") ?? false
            }
            #expect(try await engine.container() == nil)
        }
    }

    @Test("A hundred short containers tell all that they wrote")
    func manyShort() async throws {
        try await withEngine { engine in
            let program = try engine.shell("echo out $TRANCHE_BATCH; echo err >&2; exit 0")
            try await withThrowingTaskGroup(of: ContainerEnd.self) { group in
                for batch in 1...100 {
                    if batch > 8, let end = try await group.next() { check(end) }
                    group.addTask { try await program.run(engine.work(batch: Int64(batch))) }
                }
                for try await end in group { check(end) }
            }
            #expect(try await engine.engine.list(inventory: engine.inventory).isEmpty)
        }
    }

    private func check(_ end: ContainerEnd) {
        let batch = end.name.split(separator: "-").last ?? ""
        #expect(end.output.standardOutput == "out \(batch)\n")
        #expect(end.output.standardError == "err\n")
        #expect(end.exitCode == 0)
    }
}
