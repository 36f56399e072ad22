import Foundation
import Testing
import Tranche

@testable import TrancheWorkflows

@Suite("Progress of workflows") struct ProgressTests {
    /// A batch that was begun and ended at these seconds.
    private func batch(_ id: Int64, from start: Double, to end: Double) -> BatchRecord {
        var batch = BatchRecord(
            id: id,
            key: RunKey(metaTable: "rows", job: "load"),
            kind: .incremental,
            status: .succeeded,
            attempt: 1,
            failures: 0,
            idStart: id,
            idEnd: id,
            coverStart: nil,
            itemIDs: nil,
            count: 1,
            weight: 1,
            worker: "a",
            startedAt: Date(timeIntervalSince1970: start),
            leaseExpiresAt: nil
        )
        batch.endedAt = Date(timeIntervalSince1970: end)
        return batch
    }

    @Test("A batch that ended in the moment in which it began ran all the same")
    func brief() {
        func most(_ batches: BatchRecord...) -> Int {
            WorkflowProgress.mostAtOnce(of: batches, now: Date(timeIntervalSince1970: 9))
        }
        #expect(most() == 0)
        #expect(most(batch(1, from: 1, to: 1)) == 1)
        #expect(most(batch(1, from: 1, to: 1), batch(2, from: 1, to: 1)) == 1)
        #expect(most(batch(1, from: 1, to: 2), batch(2, from: 2, to: 3)) == 1)
        #expect(most(batch(1, from: 1, to: 3), batch(2, from: 2, to: 3)) == 2)
    }
}
