import Foundation
import Testing
import Tranche
import TranchePostgreSQL

@testable import TranchePostgreSQL

@Suite("Odd packed bytes and ids", .timeLimit(.minutes(600)))
struct PackedFuzzTests {
    @Test("Packed batches are read as they were, or refused with words")
    func archive() async throws {
        try await FuzzRun(kind: "archive", percent: 10).run { random in
            let batches = Self.batches(&random)
            let packed = ArchiveCodec.pack(batches)
            if packed.count < 1 << 16 {
                let again = try? ArchiveCodec.unpack(packed, row: 1)
                #expect(again?.count == batches.count)
            }
            var spoilt = random.mutated(packed)
            if random.hits(oneIn: 2), spoilt.count > 4 {
                // With a sum that fits, what stands before it is read.
                let payload = spoilt.dropLast(4)
                let sum = ArchiveCodec.checksum(of: payload)
                spoilt =
                    payload + (0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * $0)) }
            }
            do {
                let read = try ArchiveCodec.unpack(spoilt, row: 1)
                for batch in read {
                    _ = batch.record(of: RunKey(metaTable: "t", job: "j")).ids?.count
                }
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    @Test("Sets of any ids can be put together, taken apart and packed")
    func sets() async throws {
        try await FuzzRun(kind: "ids", percent: 5).run { random in
            let (first, second) = (Self.runs(&random), Self.runs(&random))
            let range = Self.range(&random)
            let both = first.union(second)
            #expect(first.subtracting(second).union(second) == both)
            #expect(both.subtracting(first).intersection(range).subtracting(second).count == 0)
            _ = both.complement(in: range)
            _ = IDChecksum(both)
            let isReadable = both.count > 0 && both.count < .max
            if isReadable { #expect(IDRuns(packed: both.packed) == both) }
            _ = IDRuns(packed: random.mutated(both.packed))
            _ = Array(both.pages(of: random.count(-1...5000)).prefix(3))
            var rule = PostgreSQLRuleCalls()
            rule.add(
                rule: random.mutated(
                    "({QUERY :quals {FUNCEXPR :funcid 1299 :args ({CONST :x \\{ })}})"
                )
            )
            _ = PostgreSQLViewColumn(
                1,
                ofRule: random.mutated("({QUERY {TARGETENTRY :resno 1 :resorigtbl 7}})")
            )
        }
    }

    private static func range(_ random: inout FuzzRandom) -> ClosedRange<Int64> {
        let (first, second) = (random.integer(), random.integer())
        return min(first, second)...max(first, second)
    }

    private static func runs(_ random: inout FuzzRandom) -> IDRuns {
        var ids = IDRuns()
        for _ in 0..<random.count(0...5) {
            if random.hits(oneIn: 2) {
                ids.append(random.integer())
            } else {
                ids.append(run: range(&random))
            }
        }
        return ids
    }

    private static func batches(_ random: inout FuzzRandom) -> [ArchivedBatch] {
        var number: Int64 = 0
        return (0..<random.count(0...4)).compactMap { _ in
            number += Int64(random.count(1...5))
            let (first, second) = (random.integer(), random.integer())
            let record = BatchRecord(
                id: number,
                key: RunKey(metaTable: "t", job: "j"),
                kind: random.pick(BatchKind.allCases),
                status: .succeeded,
                attempt: Int(random.integer()),
                failures: 0,
                idStart: first,
                idEnd: second,
                coverStart: random.hits(oneIn: 2) ? random.integer() : nil,
                itemIDs: random.hits(oneIn: 2) ? runs(&random) : nil,
                count: Int(random.integer()),
                weight: random.double(),
                startedAt: Date(timeIntervalSince1970: random.double()),
                endedAt: Date(timeIntervalSince1970: random.double())
            )
            _ = record.ids?.count
            return ArchivedBatch(record)
        }
    }
}
