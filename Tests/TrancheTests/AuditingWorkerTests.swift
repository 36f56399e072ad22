import Testing
import TrancheTestKit

@testable import Tranche

@Suite("Audits by those who work")
struct AuditingWorkerTests {
    /// A run whose id 2 came when nobody looked for it any more.
    private func bench(auditsWhileWorking: Bool = true) async throws -> Workbench {
        let bench = Workbench(ids: [1, 3], auditsWhileWorking: auditsWhileWorking)
        try await #require(try await bench.next()).succeed()
        bench.clock.advance(by: .seconds(5))
        #expect(try await bench.next() == nil)
        bench.source.insert([Item(id: 2)])
        #expect(try await bench.next() == nil)
        return bench
    }

    @Test("An id that came past the watch is found once the process has worked for a while")
    func finds() async throws {
        let bench = try await bench()
        bench.clock.advance(by: .seconds(4))
        #expect(try await bench.next() == nil)
        bench.clock.advance(by: .seconds(1))
        #expect(try await bench.next()?.ids == 2...2)
    }

    @Test("Where audits are off, none is made")
    func off() async throws {
        let bench = try await bench(auditsWhileWorking: false)
        bench.clock.advance(by: .seconds(1000))
        #expect(try await bench.next() == nil)
    }

    @Test("An audit that fails keeps nobody from working")
    func failure() async throws {
        let bench = try await bench()
        bench.clock.advance(by: .seconds(5))
        let error = TrancheError(.storeFailed, "no")
        let call = bench.store.calls(of: .read) + 1
        bench.store.inject(.before, call: call, of: .read, throwing: error)
        #expect(try await bench.next() == nil)
        #expect(bench.store.calls(of: .read) == call)
        #expect(try await bench.next()?.ids == 2...2)
    }

    @Test("Audits get no more than a hundredth of the time")
    func share() throws {
        var share = AuditShare(start: .zero)
        #expect(!share.isDue(at: .seconds(9)))
        // One at a time.
        let begins = [10, 11].map { share.begin(at: .seconds($0)) }
        #expect(begins == [true, false])
        share.end(.seconds(1))
        #expect(!share.isDue(at: .seconds(99)))
        #expect(share.isDue(at: .seconds(100)))
    }

    @Test("Workers of a host that have more in hand than it has processors share its time")
    func crowd() throws {
        var shares = [0, 0.5].map { AuditShare(start: .zero, place: $0) }
        for index in shares.indices { shares[index].share(held: 20, processors: 2) }
        // They begin one after the other.
        let due = [10, 54, 55].map { time in shares.map { $0.isDue(at: .seconds(time)) } }
        #expect(due == [[true, false], [true, false], [true, true]])
        let hasBegun = shares[0].begin(at: .seconds(10))
        #expect(hasBegun)
        shares[0].end(.milliseconds(100))
        #expect(!shares[0].isDue(at: .seconds(99)))
        #expect(shares[0].isDue(at: .seconds(100)))
        // The others have gone.
        shares[0].share(held: 1, processors: 2)
        #expect(shares[0].isDue(at: .seconds(10)))
    }
}

extension Workbench {
    fileprivate func next() async throws -> Batch? {
        let request = BatchRequest(job: "job", policy: RunPolicy(watch: .zero))
        let answer = try await inventory.nextBatch(
            request,
            from: source,
            end: .whenNothingIsReady
        )
        guard case .batch(let batch) = answer else { return nil }
        return batch
    }
}
