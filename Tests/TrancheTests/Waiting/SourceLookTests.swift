import Testing
import Tranche
import TrancheTestKit

/// How long a look at all runs waits for their sources.
@Suite("Looks at sources")
struct SourceLookTests {
    @Test("A source that does not answer is waited for by the inventory's clock, and told")
    func patience() async throws {
        let bench = Workbench(ids: 1...3)
        try await bench.take(1).succeed()
        let clock = bench.clock
        let reading = try await bench.withMovingClock(by: .milliseconds(500)) {
            try await StatusReading(RunSelection(), in: bench.inventory) { _, _ in
                // It never answers by itself.
                try await clock.sleep(for: .seconds(86_400))
                return bench.source
            }
        }
        let run = try #require(reading.overview.runs.first)
        #expect(run.backlog == nil)
        #expect(
            reading.faults[run.run.key] == "cannot look at 'items': no answer within 5 s"
        )
    }
}
