import Foundation
import Testing
import Tranche

@Suite("Telling an outage from bad items")
struct OutageGuardTests {
    private let start = Date(timeIntervalSince1970: 1_767_225_600)

    @Test("Unrelated batches that fail alike hold the run")
    func threshold() {
        var outage = OutageGuard()
        for root in Int64(1)...4 { #expect(!fail(&outage, root)) }
        #expect(outage.permission(now: start) == .allowed)
        #expect(fail(&outage, 5))
        let until = start.addingTimeInterval(30)
        guard case .held(let reason, until) = outage.permission(now: start) else {
            Issue.record("\(outage.permission(now: start))")
            return
        }
        #expect(reason.contains("no route to host #"))
        // What fails alike meanwhile is the outage's; what fails otherwise is not.
        #expect(fail(&outage, 6))
        #expect(!fail(&outage, 7, "a comma too many"))
    }

    @Test("Parts of one batch are related, old failures are forgotten, and errors differ")
    func related() {
        var outage = OutageGuard()
        for _ in 0..<20 { #expect(!fail(&outage, 1)) }
        for root in Int64(2)...4 { #expect(!fail(&outage, root)) }
        #expect(!fail(&outage, 5, at: 60))
        for root in Int64(6)...8 { #expect(!fail(&outage, root, at: 60)) }
        for root in Int64(11)...14 { #expect(!fail(&outage, root, "another", at: 60)) }
        #expect(fail(&outage, 9, at: 60))
    }

    @Test("Numbers in errors make no difference")
    func numbers() {
        var outage = OutageGuard()
        let errors = ["row 1: x2", "row 22: x3", "row 345: x0", "row 0: x99", "row 7: x7"]
        let answers = zip(Int64(1)..., errors).map { fail(&outage, $0, $1) }
        #expect(answers == [false, false, false, false, true])
    }

    @Test("A probe that succeeds ends the hold")
    func success() {
        var outage = held()
        #expect(outage.permission(now: start.addingTimeInterval(30)) == .probe)
        outage.startProbe(3, attempt: 2, leaseEnd: start.addingTimeInterval(90))
        let asked = OutageGuard.Permission.ask(batch: 3, attempt: 2)
        #expect(outage.permission(now: start.addingTimeInterval(40)) == asked)
        outage.endProbe(succeeded: true, now: start.addingTimeInterval(50))
        #expect(outage.permission(now: start.addingTimeInterval(50)) == .allowed)
    }

    @Test("A probe that is given back is followed by another at once")
    func givenBack() {
        var outage = held()
        outage.startProbe(3, attempt: 2, leaseEnd: start.addingTimeInterval(90))
        outage.endProbe(succeeded: nil, now: start.addingTimeInterval(40))
        #expect(outage.permission(now: start.addingTimeInterval(40)) == .probe)
    }

    @Test("Each probe that fails doubles the hold; at its longest, the probes count")
    func failures() {
        var outage = held()
        var now = start.addingTimeInterval(30)
        for length in [60.0, 120, 240, 480, 600, 600, 600] {
            outage.startProbe(3, attempt: 2, leaseEnd: now.addingTimeInterval(60))
            let wasLongest = outage.hold?.length == 600_000
            let isOutage = outage.noteFailure(
                root: 3,
                batch: 3,
                message: "no route to host 7",
                now: now
            )
            #expect(isOutage == !wasLongest)
            #expect(outage.permission(now: now.addingTimeInterval(length)) == .probe)
            let before = now.addingTimeInterval(length - 0.001)
            #expect(outage.permission(now: before) != .probe)
            now += length
        }
    }

    @Test("It is kept as JSON")
    func coding() throws {
        let outage = held()
        let data = try JSONEncoder().encode(outage)
        #expect(try JSONDecoder().decode(OutageGuard.self, from: data) == outage)
    }

    private func held() -> OutageGuard {
        var outage = OutageGuard()
        for root in Int64(1)...5 { _ = fail(&outage, root) }
        return outage
    }

    private func fail(
        _ outage: inout OutageGuard,
        _ root: Int64,
        _ message: String = "no route to host 10",
        at seconds: Double = 0
    ) -> Bool {
        let now = start.addingTimeInterval(seconds)
        return outage.noteFailure(root: root, batch: root + 100, message: message, now: now)
    }
}
