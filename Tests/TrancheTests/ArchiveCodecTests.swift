import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("The archive's bytes")
struct ArchiveCodecTests {
    // MARK: Round trips

    @Test("What was packed is unpacked", arguments: 0..<200)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let batches = randomBatches(&random)
        let again = try ArchiveCodec.unpack(ArchiveCodec.pack(batches), row: 1)
        #expect(again == batches, "seed \(seed)")
    }

    @Test("Nothing is packed and unpacked")
    func nothing() throws {
        #expect(try ArchiveCodec.unpack(ArchiveCodec.pack([]), row: 1) == [])
    }

    @Test("The ends of the number range are kept")
    func extremes() throws {
        let batches = [
            ArchivedBatch(
                id: .min,
                kind: .redrive,
                attempt: .max,
                idStart: .min,
                idEnd: -2,
                coverStart: .max,
                itemIDs: IDRuns(Int64.min...(-2)),
                count: 0,
                weight: -0.0,
                completion: .min,
                endedMilliseconds: .max
            ),
            ArchivedBatch(
                id: .max,
                kind: .late,
                idStart: .max,
                idEnd: .max,
                coverStart: .min,
                itemIDs: IDRuns(),
                count: .max,
                weight: .infinity,
                completion: .max,
                endedMilliseconds: .min
            ),
        ]
        let again = try ArchiveCodec.unpack(ArchiveCodec.pack(batches), row: 1)
        #expect(again == batches)
        #expect(again[0].weight?.sign == .minus)
    }

    @Test("A dense batch, one with ids and one that does not know them stay apart")
    func idsStayApart() throws {
        let ids: [(IDRuns?, Int)] = [(nil, 10), (nil, 7), (IDRuns([1, 4, 10]), 3)]
        let batches = ids.enumerated().map { index, ids in
            ArchivedBatch(
                id: Int64(index),
                kind: .incremental,
                idStart: 1,
                idEnd: 10,
                itemIDs: ids.0,
                count: ids.1,
                endedMilliseconds: 0
            )
        }
        let again = try ArchiveCodec.unpack(ArchiveCodec.pack(batches), row: 1)
        let records = again.map { $0.record(of: RunKey(metaTable: "files", job: "load")) }
        #expect(records.map(\.ids) == [IDRuns(1...10), nil, IDRuns([1, 4, 10])])
    }

    @Test("A record goes into the archive and comes back, but for what is given up")
    func records() throws {
        let key = RunKey(metaTable: "files", job: "load")
        let archived = ArchivedBatch(
            id: 5,
            kind: .split,
            attempt: 3,
            idStart: 1,
            idEnd: 9,
            itemIDs: IDRuns([1, 9]),
            count: 2,
            weight: 2.5,
            completion: 17,
            endedMilliseconds: 1_800_000_000_123
        )
        #expect(ArchivedBatch(archived.record(of: key)) == archived)
        var unfit = archived.record(of: key)
        unfit.endedAt = nil
        #expect(ArchivedBatch(unfit) == nil)
        unfit = archived.record(of: key)
        unfit.status = .failed
        #expect(ArchivedBatch(unfit) == nil)
        unfit = archived.record(of: key)
        unfit.idEnd = 0
        #expect(ArchivedBatch(unfit) == nil)
    }

    @Test("Batches of one day after another keep their intervals, a byte each")
    func intervals() throws {
        let day: Int64 = 86_400_000
        var batches = (0..<100).map { (number: Int64) -> ArchivedBatch in
            // Two batches a day; the first has none.
            let from = 1_700_000_000_000 + number / 2 * day
            return ArchivedBatch(
                id: number,
                kind: .backfill,
                idStart: number * 10,
                idEnd: number * 10 + 9,
                count: 10,
                endedMilliseconds: 0,
                interval: number == 0
                    ? nil
                    : BatchInterval(
                        from: Date(milliseconds: from),
                        to: Date(milliseconds: from + day)
                    )
            )
        }
        let bytes = ArchiveCodec.pack(batches)
        #expect(try ArchiveCodec.unpack(bytes, row: 1) == batches)
        let key = RunKey(metaTable: "files", job: "load")
        #expect(ArchivedBatch(batches[7].record(of: key)) == batches[7])
        for index in batches.indices { batches[index].interval = nil }
        let without = ArchiveCodec.pack(batches)
        #expect(bytes.count - without.count < 115)
        // A program that knows no intervals reads what has none.
        #expect(without.first == 1)
        #expect(bytes.first == 2)
    }

    // MARK: Sizes

    @Test("A contiguous batch with dense ids takes at most 16 bytes", arguments: [true, false])
    func sizeOfDense(isWhole: Bool) {
        var random = SplitMix64(seed: 1)
        var end: Int64 = 3_000_000_000
        var ended: Int64 = 1_800_000_000_000
        let batches = (0..<Int64(1000)).map { index in
            let count = Int.random(in: 900...1100, using: &random)
            ended += Int64.random(in: -2000...60_000, using: &random)
            let batch = ArchivedBatch(
                id: 7_000_000 + index,
                kind: .incremental,
                idStart: end + 1,
                idEnd: end + Int64(count),
                coverStart: end,
                count: count,
                weight: isWhole ? Double(count * 1000) : Double(count) * 1.1,
                completion: 9_000_000 + index,
                endedMilliseconds: ended
            )
            end += Int64(count)
            return batch
        }
        let bytes = Double(ArchiveCodec.pack(batches).count) / Double(batches.count)
        print("archive: \(bytes) bytes a dense batch, whole weights: \(isWhole)")
        #expect(bytes <= 16)
        if isWhole { #expect(bytes <= 12) }
    }

    @Test("Ids in steps take few bytes, however many there are")
    func sizeOfSteps() throws {
        let ids = IDRuns(stride(from: Int64(1), to: 1_000_000, by: 10))
        let batch = ArchivedBatch(
            id: 1,
            kind: .incremental,
            idStart: 1,
            idEnd: 999_991,
            itemIDs: ids,
            count: 100_000,
            endedMilliseconds: 0
        )
        let bytes = ArchiveCodec.pack([batch])
        #expect(bytes.count < 50)
        #expect(try ArchiveCodec.unpack(bytes, row: 1) == [batch])
    }

    // MARK: Corruption

    @Test("Bytes that were changed are refused, and the row is named", arguments: 0..<200)
    func changed(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = ArchiveCodec.pack(randomBatches(&random))
        corrupt(&bytes, &random)
        let error = #expect(throws: TrancheError.self, "seed \(seed)") {
            try ArchiveCodec.unpack(bytes, row: 4711)
        }
        #expect(error?.code == .storeFailed, "seed \(seed)")
        #expect(error?.message.contains("row 4711") == true, "seed \(seed)")
    }

    @Test("Bytes that were changed with their checksum never trap", arguments: 0..<20)
    func changedWithChecksum(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            var payload = Array(ArchiveCodec.pack(randomBatches(&random)).dropLast(4))
            corrupt(&payload, &random)
            // Refused or read as something else: it must not trap, and must come to an end.
            _ = try? ArchiveCodec.unpack(sealed(payload), row: 1)
        }
    }

    @Test("Random bytes never trap", arguments: 0..<20)
    func noise(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            // Long numbers, small ones and flags come seldom from even noise.
            let payload = (0..<Int.random(in: 0...80, using: &random)).map { place -> UInt8 in
                if place == 0 { return UInt8.random(in: 1...2, using: &random) }
                let noise = UInt8.random(in: 0...255, using: &random)
                return [0xff, 0, 1, 2, noise][Int.random(in: 0..<5, using: &random)]
            }
            _ = try? ArchiveCodec.unpack(sealed(payload), row: 1)
            _ = try? ArchiveCodec.unpack(payload, row: 1)
        }
    }

    @Test("Another format is refused by its number")
    func otherFormat() {
        var payload = Array(ArchiveCodec.pack([]).dropLast(4))
        payload[0] = 3
        let error = #expect(throws: TrancheError.self) {
            try ArchiveCodec.unpack(sealed(payload), row: 1)
        }
        #expect(error?.message.contains("format 3") == true)
    }

    // MARK: Material

    private func sealed(_ payload: [UInt8]) -> [UInt8] {
        let sum = ArchiveCodec.checksum(of: payload[...])
        return payload + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> UInt32($0)) }
    }

    private func corrupt(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let before = bytes
        while bytes == before {
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where !bytes.isEmpty:
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1 where !bytes.isEmpty:
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 2:
                let place = Int.random(in: 0...bytes.count, using: &random)
                bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 3 where !bytes.isEmpty:
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = [0xff, 0x7f, 0x80, 0][Int.random(in: 0..<4, using: &random)]
            default: break
            }
        }
    }

    private func randomBatches(_ random: inout SplitMix64) -> [ArchivedBatch] {
        var id = Int64.random(in: 0...1_000_000, using: &random)
        var end = Int64.random(in: -1000...Int64.max / 2, using: &random)
        var completion = Int64.random(in: 0...1000, using: &random)
        return (0..<Int.random(in: 0...40, using: &random)).map { _ in
            id += Bool.random(using: &random) ? 1 : Int64.random(in: 1...1000, using: &random)
            let gap = Bool.random(using: &random) ? 0 : Int64.random(in: -50...5000, using: &random)
            let start = end + 1 + gap
            let last = start + Int64.random(in: 0...200, using: &random)
            completion += Bool.random(using: &random) ? 1 : Int64.random(in: -5...5, using: &random)
            let ids = randomIDs(start...last, &random)
            let cover = Int.random(in: 0...4, using: &random)
            defer { end = last }
            return ArchivedBatch(
                id: id,
                kind: Bool.random(using: &random)
                    ? .incremental : BatchKind.allCases.randomElement(using: &random) ?? .late,
                attempt: Bool.random(using: &random) ? 1 : Int.random(in: 1...1000, using: &random),
                idStart: start,
                idEnd: last,
                coverStart: [nil, start - 1, end, end - 7, 0][cover],
                itemIDs: ids.itemIDs,
                count: ids.count,
                weight: randomWeight(&random),
                completion: Int.random(in: 0...3, using: &random) == 0 ? nil : completion,
                endedMilliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random),
                isAdopted: Int.random(in: 0...7, using: &random) == 0,
                interval: randomInterval(&random)
            )
        }
    }

    private func randomInterval(_ random: inout SplitMix64) -> BatchInterval? {
        let from = Int64.random(in: -3...3, using: &random) * 3_600_000
        let length = Int64.random(in: 0...2, using: &random) * 3_600_000
        guard length > 0 else { return nil }
        return BatchInterval(
            from: Date(milliseconds: from),
            to: Date(milliseconds: from + length)
        )
    }

    private func randomIDs(
        _ range: ClosedRange<Int64>,
        _ random: inout SplitMix64
    ) -> (count: Int, itemIDs: IDRuns?) {
        switch Int.random(in: 0...4, using: &random) {
        case 0: return (range.count, nil)
        case 1: return (Int.random(in: 0...5000, using: &random), nil)
        case 2:
            let step = Int64.random(in: 1...20, using: &random)
            let ids = IDRuns(
                stride(from: range.lowerBound, through: range.upperBound, by: Int(step))
            )
            return (ids.count, ids)
        default:
            var ids = IDRuns()
            for id in range where Int.random(in: 0...2, using: &random) > 0 { ids.append(id) }
            return (Bool.random(using: &random) ? ids.count : 7, ids)
        }
    }

    private func randomWeight(_ random: inout SplitMix64) -> Double? {
        switch Int.random(in: 0...4, using: &random) {
        case 0: nil
        case 1: Double.random(in: -1e9...1e9, using: &random)
        case 2: 0x1p60
        default: Double(Int64.random(in: 0...1 << 53, using: &random))
        }
    }
}
