import Foundation
import Testing
import Tranche

@testable import TrancheOrchestrator

@Suite("Images of containers", .enabled(if: TestEngine.isThere), .timeLimit(.minutes(5)))
struct ContainerImageTests {
    @Test("An image that is not there is named, with what to do")
    func missing() async throws {
        try await withEngine { engine in
            let program = try engine.shell("") { $0.image = "localhost/nothere:9" }
            await #expect {
                try await program.run(engine.work())
            } throws: { error in
                let error = error as? ContainerError
                return error?.code == .imageUnknown
                    && error?.message.contains("localhost/nothere:9") ?? false
                    && error?.message.contains("set pull to missing") ?? false
            }
        }
    }

    @Test(
        "A pull that the registry refuses is an error, though the answer begins well",
        arguments: [ContainerPull.missing, .always]
    )
    func refused(pull: ContainerPull) async throws {
        try await withEngine { engine in
            let program = try engine.shell("") {
                $0.image = "localhost:1/nothing:9"
                $0.pull = pull
            }
            await #expect {
                try await program.run(engine.work())
            } throws: { error in
                let error = error as? ContainerError
                return error?.code == .pullFailed
                    && error?.message.contains("connection refused") ?? false
            }
            #expect(try await engine.container() == nil)
        }
    }

    @Test("An image that is there is not pulled where pulling is for missing ones")
    func present() async throws {
        try await withEngine { engine in
            let program = try engine.shell("exit 0") { $0.pull = .missing }
            #expect(try await program.run(engine.work()).exitCode == 0)
        }
    }

    @Test("An engine that is not there is named")
    func noEngine() async throws {
        let engine = ContainerEngine(try ContainerAddress("/nowhere/api.sock"), patience: .zero)
        await #expect {
            try await engine.inspect("x")
        } throws: { error in
            let error = error as? ContainerError
            return error?.code == .unreachable && error?.category == .transient
                && error?.message.contains("unix:///nowhere/api.sock") ?? false
        }
    }

    @Test("The tag of an image is told from a registry's port and a digest")
    func tags() {
        #expect(ContainerEngine.tag("a:1") == "1")
        #expect(ContainerEngine.tag("h:5000/a") == nil)
        #expect(ContainerEngine.tag("h:5000/a:2") == "2")
        #expect(ContainerEngine.tag("a@sha256:00") == nil)
    }

    @Test("An error in the midst of what a pull tells is found, however it is cut")
    func pullTold() {
        let text = #"{"status":"x"}"# + "\r\n" + #"{"error":"denied"}"# + "\n" + #"{"status":"y"}"#
        for size in [1, 7, 1000] {
            var told = PullTold()
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                told.add(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(told.end() == "denied")
        }
    }

    @Test("The version of the API is one that both know")
    func versions() throws {
        #expect(try ContainerEngine.version(offered: "1.41") == "v1.41")
        #expect(try ContainerEngine.version(offered: "1.51") == "v1.44")
        #expect(try ContainerEngine.version(offered: nil) == "v1.41")
        #expect(throws: ContainerError.self) { try ContainerEngine.version(offered: "1.24") }
    }

    @Test("Frames are taken apart, however they come")
    func frames() throws {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 2, 0, 0, 0, 0, 0, 0, 0]
            + [2, 0, 0, 0, 0, 0, 1, 4] + [UInt8](repeating: 7, count: 260)
        for size in 1...bytes.count {
            var frames = ContainerFrames()
            var (output, errors): ([UInt8], [UInt8]) = ([], [])
            for start in stride(from: 0, to: bytes.count, by: size) {
                try frames.add(Array(bytes[start..<min(start + size, bytes.count)])) {
                    kind,
                    piece in
                    if kind == .standardError { errors += piece } else { output += piece }
                }
            }
            #expect(output == [1, 2, 3])
            #expect(errors == [UInt8](repeating: 7, count: 260))
            #expect(frames.isWhole)
        }
        var frames = ContainerFrames()
        #expect(throws: ContainerFrames.Fault.self) {
            try frames.add(Array("HTTP/1.1 500".utf8)) { _, _ in }
        }
    }
}
