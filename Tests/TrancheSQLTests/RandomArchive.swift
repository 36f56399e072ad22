import Foundation
import TestSupport
import Tranche
import TrancheSQL
import TrancheTestKit

/// Fills an inventory with batches of all kinds, and asks for them.
struct RandomArchive {
    private var random: SplitMix64
    private let world: CompactionWorld
    private let runs = ["", "again", "bounded"]
    private var highest: Int64 = 0
    /// Tiles that were split, which parts lie in.
    private var parents: [String: [(number: Int64, ids: ClosedRange<Int64>)]] = [:]

    init(seed: UInt64, world: CompactionWorld) {
        random = SplitMix64(seed: seed)
        self.world = world
    }

    /// Makes runs with batches.
    ///
    /// - Returns: Times at which to compact, ascending; after the last, all can be.
    mutating func fill(batches: Int) async throws -> [Date] {
        let dialect = world.database.database.dialect
        let start = CompactionWorld.start.milliseconds
        var statements: [SQLStatement] = []
        var ends: [String: Int64] = [:]
        var number: Int64 = 0
        for _ in 0..<batches {
            let run = runs[Int.random(in: 0..<runs.count, using: &random)]
            number += 1
            let isSplit = Int.random(in: 0...15, using: &random) == 0
            let parent = parents[run]?.randomElement(using: &random)
            let batch = makeBatch(in: run, parent: isSplit ? nil : parent?.ids, &ends)
            let isPart = batch.kind == .split || batch.kind == .redrive
            if isSplit, batch.isTile {
                parents[run, default: []].append((number, batch.idStart...batch.idEnd))
            }
            let isNumbered = Int.random(in: 0...9, using: &random) > 0
            let span = Int64(batches) * 1000
            let ended = start + Int64.random(in: 0...span, using: &random)
            let key = world.key(run: run)
            statements.append(
                """
                INSERT INTO \(world.name()) (
                    meta_table, job, run, kind, status, attempt, batch_id_start, batch_id_end,
                    cover_start, item_ids, batch_count, batch_weight, processing_start, processing_end,
                    request, config, parent_id, completion
                )
                VALUES (
                    \(key.metaTable), \(key.job), \(key.run), \(batch.kind.rawValue),
                    \(isSplit && batch.isTile ? "split" : "succeeded"),
                    \(Int.random(in: 1...3, using: &random)), \(batch.idStart), \(batch.idEnd),
                    \(batch.coverStart), \(batch.itemIDs?.packed), \(batch.count), \(batch.weight),
                    \(dialect.processingTime(dialect.instant("\(start)"))),
                    \(dialect.processingTime(dialect.instant("\(ended)"))),
                    \(batch.isAdopted ? nil : "~\(number)"), \(dialect.json("{}")),
                    \(isPart ? parent?.number : nil), \(isNumbered ? number : nil)
                )
                """
            )
        }
        for run in runs {
            let key = world.key(run: run)
            statements.append(
                """
                INSERT INTO \(world.name("_run")) (
                    meta_table, job, run, id_from, passed_id, tile_end, lease_ms, max_attempts,
                    backoff_ms, backoff_limit_ms, is_upstream, created_at
                )
                VALUES (
                    \(key.metaTable), \(key.job), \(key.run), \(run == "bounded" ? Int64(-5) : nil),
                    \(ends[run]), \(ends[run]), 60000, 3, 5000, 300000, 1,
                    \(dialect.instant("\(start)"))
                )
                """
            )
        }
        // All have numbers, so that compaction has none to give.
        statements.append(
            """
            UPDATE \(world.name()) SET completion = \(number) + id
            WHERE completion IS NULL AND status = 'succeeded'
            """
        )
        statements.append(
            "UPDATE \(world.name()) SET completion = NULL WHERE status <> 'succeeded'"
        )
        highest = ends.values.max() ?? 0
        _ = try await world.database.database.write(statements)
        let span = Double(batches)
        return [0.3, 0.5, 0.9, 1.1].map { CompactionWorld.start.addingTimeInterval(span * $0) }
    }

    private mutating func makeBatch(
        in run: String,
        parent: ClosedRange<Int64>?,
        _ ends: inout [String: Int64]
    ) -> ArchivedBatch {
        let kinds: [BatchKind] = [
            .incremental, .incremental, .incremental, .late, .split, .redrive,
        ]
        var kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
        if parent == nil, kind == .split || kind == .redrive { kind = .incremental }
        if kind == .incremental, !run.isEmpty { kind = .backfill }
        let isTile = kind == .incremental || kind == .backfill
        let end = ends[run] ?? 0
        let gap = Bool.random(using: &random) ? 0 : Int64.random(in: 0...30, using: &random)
        var start = isTile ? end + 1 + gap : Int64.random(in: 1...(end + 1), using: &random)
        var last = start + Int64.random(in: 0...40, using: &random)
        if let parent, kind == .split || kind == .redrive {
            start = Int64.random(in: parent, using: &random)
            last = Int64.random(in: start...parent.upperBound, using: &random)
        }
        let isAdopted = isTile && Int.random(in: 0...9, using: &random) == 0
        var count = Int(last - start) + 1
        var ids: IDRuns?
        if isAdopted {
            count = Int.random(in: 1...count, using: &random)
        } else if Bool.random(using: &random), last > start + 1 {
            var sparse = IDRuns(start...start)
            for id in start + 1..<last where Bool.random(using: &random) { sparse.append(id) }
            sparse.append(last)
            count = sparse.count
            ids = sparse.isDense ? nil : sparse
        }
        if isTile { ends[run] = last }
        return ArchivedBatch(
            id: 0,
            kind: kind,
            idStart: start,
            idEnd: last,
            coverStart: isTile && end != 0 ? end : nil,
            itemIDs: ids,
            count: count,
            weight: Double(count),
            endedMilliseconds: 0,
            isAdopted: isAdopted
        )
    }

    /// Distributes the batches of each row of the archive over some rows, so that these overlap as
    /// those of a long history do.
    mutating func scatter() async throws {
        let archive = world.name("_archive")
        let rows = try await world.database.database.read(
            "SELECT id, run_id, body FROM \(archive) ORDER BY id"
        )[0].map { row in (try row.integer(), try row.integer(), row.value()) }
        var statements: [SQLStatement] = []
        for (id, run, body) in rows {
            guard case .blob(let bytes) = body else { continue }
            var parts: [Int: [ArchivedBatch]] = [:]
            for batch in try ArchiveCodec.unpack(bytes, row: id) {
                parts[Int.random(in: 0..<4, using: &random), default: []].append(batch)
            }
            statements += parts.values.map { insert($0, of: run, into: archive) }
            statements.append("DELETE FROM \(archive) WHERE id = \(id)")
        }
        _ = try await world.database.database.write(statements)
    }

    private func insert(
        _ batches: [ArchivedBatch],
        of run: Int64,
        into archive: SQLTableName
    ) -> SQLStatement {
        let dialect = world.database.database.dialect
        let numbers = batches.compactMap(\.completion)
        let items = batches.reduce(0) { $0 + $1.count }
        let weight = batches.reduce(0) { $0 + ($1.weight ?? 0) }
        let ended = batches.map(\.endedMilliseconds).max() ?? 0
        return """
            INSERT INTO \(archive) (
                run_id, first_batch, last_batch, id_start, id_end, completion_from, completion_to,
                has_late, batches, items, weight, ended_until, body
            )
            VALUES (
                \(run), \(batches.first?.id), \(batches.last?.id),
                \(batches.map { $0.lowestID() }.min()), \(batches.map(\.idEnd).max()),
                \(numbers.min()), \(numbers.max()), \(batches.contains { $0.kind == .late } ? 1 : 0),
                \(batches.count), \(items), \(weight), \(dialect.instant("\(ended)")),
                \(Value.blob(ArchiveCodec.pack(batches)))
            )
            """
    }

    /// An id, perhaps one behind all.
    mutating func id() -> Int64 {
        Int64.random(in: -3...(highest + 3), using: &random)
    }

    /// A question for a part of a run.
    mutating func question() -> Question {
        let key = world.key(run: runs[Int.random(in: 0..<runs.count, using: &random)])
        let (first, second) = (id(), id())
        let range = min(first, second)...max(first, second)
        let limit = Int.random(in: 1...60, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0:
            return .tiles(
                key,
                endingAfter: Bool.random(using: &random) ? nil : id(),
                meeting: Bool.random(using: &random) ? nil : range,
                limit: limit
            )
        case 1:
            return .handedOut(key, range, onlyLate: Bool.random(using: &random))
        default:
            let lower = Int64.random(in: 1...900, using: &random)
            return .completions(
                JobKey(metaTable: key.metaTable, job: key.job),
                lower...(lower + Int64.random(in: 0...900, using: &random)),
                limit: limit
            )
        }
    }

    /// Something to ask of a store.
    enum Question: Sendable {
        case tiles(RunKey, endingAfter: Int64?, meeting: ClosedRange<Int64>?, limit: Int)
        case handedOut(RunKey, ClosedRange<Int64>, onlyLate: Bool)
        case completions(JobKey, ClosedRange<Int64>, limit: Int)

        func ask(_ store: any InventoryStore) async throws -> String {
            switch self {
            case .tiles(let key, let end, let range, let limit):
                let tiles = try await store.tiles(
                    of: key,
                    endingAfter: end,
                    meeting: range,
                    limit: range == nil ? limit : .max
                )
                // A store may tell of tiles that only come near the range.
                return "\(tiles.filter { $0.range.overlaps(range ?? $0.range) })"
            case .handedOut(let key, let range, let onlyLate):
                return try await store.handedOut(of: key, in: range, onlyLate: onlyLate).packed
            case .completions(let job, let range, let limit):
                let batches = try await store.completions(of: job, in: range, limit: limit)
                return "\(batches.map { [$0.completion ?? 0, $0.id, $0.idStart, $0.idEnd] })"
            }
        }
    }
}
