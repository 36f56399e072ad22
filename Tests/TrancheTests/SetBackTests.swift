import Foundation
import Testing
import TrancheTestKit

@testable import Tranche

/// What a clock wrote that was ahead, and was put right: each wait is bounded by its longest.
@Suite("What a clock wrote before it was set back")
struct SetBackTests {
    private let now = Date(timeIntervalSince1970: 1_767_225_600)
    private var tomorrow: Date { now.addingTimeInterval(86_400) }

    @Test("A hold of an outage is followed by a probe")
    func hold() {
        var outage = OutageGuard()
        for root in Int64(1)...5 {
            _ = outage.noteFailure(root: root, batch: root, message: "no route", now: tomorrow)
        }
        #expect(outage.permission(now: tomorrow) != .probe)
        #expect(outage.permission(now: now) == .probe)
    }

    @Test("A probe that began then is not waited for")
    func probe() async throws {
        let bench = Workbench(ids: 1...5)
        let batch = try await bench.take(1)
        var outage = OutageGuard()
        for root in Int64(1)...5 {
            _ = outage.noteFailure(root: root, batch: root, message: "no", now: bench.clock.date)
        }
        outage.startProbe(
            batch.id,
            attempt: 1,
            leaseEnd: bench.clock.date.addingTimeInterval(60)
        )
        let record = try await bench.record(batch)
        let end = outage.endProbe(as: record, attempt: 1, now: bench.clock.date)
        #expect(end == record.leaseExpiresAt)
        let before = bench.clock.date.addingTimeInterval(-86_400)
        #expect(outage.endProbe(as: record, attempt: 1, now: before) == nil)
        #expect(outage.permission(now: before) == .probe)
    }

    @Test("A probe that failed unnoted is followed by another after a hold at most")
    func failedProbe() {
        var outage = OutageGuard()
        for root in Int64(1)...5 {
            _ = outage.noteFailure(root: root, batch: root, message: "no route", now: now)
        }
        outage.startProbe(3, attempt: 2, leaseEnd: now.addingTimeInterval(3600))
        outage.endProbe(succeeded: false, now: now)
        #expect(outage.permission(now: now) != .probe)
        #expect(outage.permission(now: now.addingTimeInterval(30)) == .probe)
    }

    @Test("A probe of a budget is asked, whoever had claimed it")
    func budgetProbe() {
        var probe = Probe("up", of: .name("api"), .http("http://h/up"))
        let open = ProbeAnswer(isOpen: true, reason: "told so")
        probe.state = probe.answered(open, to: "a", at: tomorrow)
        #expect(!probe.isDue(for: "a", at: tomorrow))
        #expect(probe.isDue(for: "a", at: now))
        probe.state = probe.claimed(at: tomorrow)
        #expect(probe.isDue(for: "a", at: now))
        probe.state = probe.claimed(at: now)
        #expect(!probe.isDue(for: "a", at: now))
    }

    @Test("A run that waited for room then is not waited for")
    func budgetWait() {
        var claim = BudgetClaim(run: RunKey(metaTable: "t", job: "j", run: ""))
        claim.wait = BudgetWait(for: 1, after: nil, by: "a", now: tomorrow)
        #expect(claim.wait(at: tomorrow) != nil)
        #expect(claim.wait(at: now) == nil)
    }

    @Test("A rate begins anew with its burst, but not for a minute or less")
    func rate() {
        let rate = BudgetRate(10, per: .seconds(10))
        let left = BudgetTokens(count: -5, at: tomorrow)
        #expect(left.grown(until: tomorrow, at: rate) == left)
        #expect(left.grown(until: tomorrow.addingTimeInterval(-60), at: rate) == left)
        #expect(left.grown(until: now, at: rate) == BudgetTokens(count: 10, at: now))
    }
}
