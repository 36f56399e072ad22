import Foundation
import Glibc
import Testing

@testable import TrancheCLI

@Suite("Many programs at once", .timeLimit(.minutes(5)))
struct ManyProgramsTests {
    @Test("Ninety programs that run at once all get their input, and end well")
    func threads() async throws {
        let bench = try await CommandLineBench()
        let ids = (11...90).map { "(\($0), 'x')" }.joined(separator: ", ")
        try bench.execute("INSERT INTO files (uid, item) VALUES \(ids);")
        // Dispatch has 255 threads, and each program is waited for in three ways.
        let (read, gate) = (bench.path("read"), bench.path("gate"))
        try #require(mkfifo(gate, 0o600) == 0)
        // Open at both ends: whoever opens it to read need not wait for that, nor finds it ended.
        let descriptor = open(gate, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let script = "cat > /dev/null; echo x >> '\(read)'; read line < '\(gate)'"
        let words = ["work", "--job", "j", "--meta", "files", "--count", "1", "--workers", "90"]
        let running = try Executable.tranche.start(
            words + ["--", "sh", "-c", script],
            environment: bench.environment
        )
        #expect(
            await eventually {
                let lines = try? String(contentsOfFile: read, encoding: .utf8)
                return lines?.utf8.count == 180
            }
        )
        // A line for each.
        let lines = [UInt8](repeating: 0x0A, count: 90)
        let written = write(descriptor, lines, lines.count)
        #expect(written == lines.count)
        #expect(await running.outcome().code == 0)
        let done = try bench.rows("SELECT count(*) FROM inventory WHERE status = 'succeeded'")
        #expect(done == ["90"])
    }
}
