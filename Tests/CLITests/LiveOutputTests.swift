import Foundation
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TrancheCLI

@Suite("What a running program writes is kept", .timeLimit(.minutes(10))) struct LiveOutputTests {
    /// What is kept of an attempt.
    private func kept(_ bench: CommandLineBench) throws -> [String] {
        try bench.rows("SELECT standard_output FROM inventory_output")
    }

    @Test("After 2 s for the first time, then every 5 s where there is news")
    func pauses() async throws {
        let bench = try await CommandLineBench()
        let inventory = try await Inventory.open(try bench.inventoryLocation)
        let batch = try #require(
            try await inventory.acquireBatch(from: SQLSource("files"), job: "j", limit: .count(1))
        )
        let clock = ManualClock()
        let live = LiveOutput()
        let keeping = Task { await live.keep(with: batch, clock: clock) }
        /// Lets time pass, until what is kept at its end has been.
        func pass(_ time: Duration) async throws {
            try await clock.waitForSleepers(1)
            clock.advance(by: time)
            try await clock.waitForSleepers(1)
        }
        live.add(output: Array("one\n".utf8))
        try await pass(.milliseconds(1999))
        #expect(try kept(bench).isEmpty)
        try await pass(.milliseconds(1))
        #expect(try kept(bench) == ["one\n"])
        live.add(output: Array("two\n".utf8))
        try await pass(.milliseconds(4999))
        #expect(try kept(bench) == ["one\n"])
        try await pass(.milliseconds(1))
        #expect(try kept(bench) == ["one\ntwo\n"])
        // Without news nothing is written.
        try bench.execute("DELETE FROM inventory_output")
        try await pass(.seconds(5))
        #expect(try kept(bench).isEmpty)
        keeping.cancel()
        await keeping.value
        try await batch.release()
        await inventory.close()
    }
}
