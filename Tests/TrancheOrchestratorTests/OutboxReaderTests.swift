import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite(
    "The reader of an outbox",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct OutboxReaderTests {
    @Test("The one that is elected looks often while there is news, and ever less often without")
    func pace() {
        var pace = OutboxPace()
        #expect(pace.isElectionDue)
        pace.elected(true)
        #expect(pace.next(isNews: true) == .milliseconds(50))
        let waits = (0..<6).map { _ in pace.next(isNews: false) }
        #expect(
            waits == [
                .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800),
                .seconds(1), .seconds(1),
            ]
        )
        #expect(pace.isElectionDue)
        pace.elected(true)
        #expect(!pace.isElectionDue)
        #expect(pace.next(isNews: true) == .milliseconds(50))
        pace.elected(false)
        #expect(pace.next(isNews: true) == .seconds(1))
        #expect(pace.isElectionDue)
    }

    @Test("Of two readers one is elected, both learn of news, and the other takes its place")
    func election() async throws {
        try await withOutboxDatabase { own in
            try await own.run("CREATE TABLE t (id int PRIMARY KEY); ")
            let outbox = try own.outbox("orders", OutboxTable("t"))
            try await outbox.install()
            let (first, second) = (ManualClock(), ManualClock())
            let readers = (
                OutboxReader(outbox, clock: first), OutboxReader(outbox, clock: second)
            )
            let (news, continuation) = AsyncStream.makeStream(of: String.self)
            var heard = news.makeAsyncIterator()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await readers.0.run { continuation.yield("first \($0)") }
                }
                try await first.waitForSleepers(1)
                group.addTask {
                    try await readers.1.run { continuation.yield("second \($0)") }
                }
                try await second.waitForSleepers(1)
                #expect(try await own.read("SELECT reader FROM tranche.log") == [readers.0.id])
                try await own.run("INSERT INTO t VALUES (1), (2);")
                // The elected one has waited once without news.
                first.advance(by: .milliseconds(100))
                #expect(await heard.next() == "first 2")
                second.advance(by: .milliseconds(999))
                #expect(second.sleepers == 1)
                second.advance(by: .milliseconds(1))
                #expect(await heard.next() == "second 2")
                try await second.waitForSleepers(1)
                // As after 5 s without a renewal.
                try await own.run("UPDATE tranche.log SET reader_until = clock_timestamp();")
                second.advance(by: .seconds(1))
                try await second.waitForSleepers(1)
                #expect(try await own.read("SELECT reader FROM tranche.log") == [readers.1.id])
                group.cancelAll()
                do { try await group.waitForAll() } catch is CancellationError {}
            }
        }
    }
}
