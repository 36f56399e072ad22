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

    @Test("Single items of a batch that fail, and nothing of it that succeeds, hold the run")
    func singles() {
        var outage = OutageGuard()
        // Whatever stands behind the first colon.
        for item in Int64(1)...4 { #expect(!fail(&outage, item: item, at: Double(item) * 100)) }
        #expect(!fail(&outage, item: 4, at: 410))
        #expect(fail(&outage, item: 5, at: 500))
        let now = start.addingTimeInterval(500)
        guard case .held(let reason, _) = outage.permission(now: now) else {
            Issue.record("\(outage.permission(now: now))")
            return
        }
        #expect(reason.contains("all items of a batch that were tried fail with 'exit code #"))
        let isOther = outage.noteFailure(root: 3, batch: 3, message: "exit code 2: x", now: start)
        #expect(isOther)
    }

    @Test("A success of any part of the batch speaks against an outage")
    func hasWorked() {
        var outage = OutageGuard()
        for item in Int64(1)...4 { #expect(!fail(&outage, item: item)) }
        #expect(!fail(&outage, item: 5, hasWorked: true))
        for item in Int64(6)...9 { #expect(!fail(&outage, item: item)) }
        #expect(fail(&outage, item: 10))
    }

    @Test("A batch is doubtful whose first batch failed thrice without a success")
    func doubtful() {
        var outage = OutageGuard()
        for batch in Int64(1)...3 {
            #expect(!outage.isDoubtful(1))
            _ = outage.noteFailure(root: 1, batch: batch, count: 9, message: "no", now: start)
        }
        #expect(outage.isDoubtful(1) && outage.isDoubtful(3) && !outage.isDoubtful(4))
        _ = outage.noteFailure(
            root: 1,
            batch: 4,
            count: 9,
            hasWorked: true,
            message: "no",
            now: start
        )
        #expect(!outage.isDoubtful(1))
    }

    @Test("Two batches of which every item is blamed for the same hold the run")
    func blame() {
        let reasons = ["no answer for 1", "no answer for 2", "no answer for 3", "another"]
        for success in [nil, start.addingTimeInterval(-1), start.addingTimeInterval(1)] {
            var outage = OutageGuard()
            for root in Int64(1)...2 {
                let isOutage = outage.noteBlame(
                    root: root,
                    batch: root,
                    reasons: reasons,
                    lastSuccess: root == 1 ? nil : success,
                    now: start
                )
                let isNewer = success.map { $0 > start } ?? false
                #expect(isOutage == (root == 2 && !isNewer))
            }
        }
        var few = OutageGuard()
        for root in Int64(1)...4 {
            let isOutage = few.noteBlame(
                root: root,
                batch: root,
                reasons: ["no"],
                lastSuccess: nil,
                now: start
            )
            #expect(!isOutage)
        }
    }

    @Test("What is left of a batch counts beside it, where both blame many items")
    func rest() {
        for count in [1, OutageGuard.threshold] {
            var outage = OutageGuard()
            let answers = (Int64(7)...9).map { batch in
                outage.noteBlame(
                    root: 7,
                    batch: batch,
                    reasons: Array(repeating: "no connection", count: count),
                    lastSuccess: nil,
                    now: start
                )
            }
            #expect(answers == (count == 1 ? [false, false, false] : [false, true, true]))
        }
    }

    @Test("A hold over single items of one batch names what most of them say")
    func said() {
        var outage = OutageGuard()
        for item in Int64(1)...5 {
            _ = outage.noteFailure(
                root: 1,
                batch: 10 + item,
                count: 1,
                message: "exit code 1: \(item == 2 ? "out of paper" : "warehouse \(item) says no")",
                now: start
            )
        }
        #expect(outage.hold?.error == "exit code #")
        #expect(outage.reason.contains("'exit code #: warehouse # says no'"), "\(outage.reason)")
    }

    @Test("Paths in errors make no difference, and an old guard is read")
    func paths() throws {
        var outage = OutageGuard()
        let errors = ["no '/a/b c'", "no '/d/e c'", "no '/x c'", "no './a c'", "no 'a/b/ä c'"]
        let answers = zip(Int64(1)..., errors).map { fail(&outage, $0, $1) }
        #expect(answers == [false, false, false, false, true])
        let old = #"{"failures":[{"root":1,"error":"no","at":5}]}"#
        let read = try JSONDecoder().decode(OutageGuard.self, from: Data(old.utf8))
        #expect(read.failures.count == 1 && read.hold == nil)
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

    /// Fails a single item that was split from batch 1.
    private func fail(
        _ outage: inout OutageGuard,
        item: Int64,
        hasWorked: Bool = false,
        at seconds: Double = 0
    ) -> Bool {
        outage.noteFailure(
            root: 1,
            batch: 100 + item,
            count: 1,
            hasWorked: hasWorked,
            message: "exit code 1: cannot read \(["this", "that", "these"][Int(item % 3)])",
            now: start.addingTimeInterval(seconds)
        )
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
