import Foundation
import Synchronization
import Tranche

/// The rows of a transaction, until it has ended.
private final class Written: Sendable {
    let rows = Mutex<[SourceRow]>([])
}

/// A writer of a simulation; each of its statements is a step.
struct SimulatedWriter: Sendable {
    /// How a writer works.
    enum Kind: String, Sendable, CaseIterable {
        /// It draws an id and puts in its row, a few times, and commits.
        case orderly
        /// It draws its ids first, and puts the rows in much later.
        case early
        /// It takes everything back.
        case rollsBack
        /// Its transaction stays open for longer than anybody waits.
        case stalled
        /// It draws its ids outside of its transaction.
        case outside
        /// It draws a block of ids outside, and uses them up bit by bit.
        case blocks
        /// It puts in every second id of a large block, and some of the others afterwards.
        case wide

        /// Whether the ceiling and open gaps alone find all that it writes.
        var isProven: Bool {
            switch self {
            case .orderly, .early, .rollsBack, .stalled: true
            case .outside, .blocks, .wide: false
            }
        }
    }

    let kind: Kind
    let table: any SimulatedTable
    let ledger: SimulationLedger
    let clock: ManualClock
    let policy: RunPolicy
    let turns: Turns
    let number: Int
    let log: StepLog
    var random: SplitMix64

    mutating func run() async throws {
        switch kind {
        case .orderly, .rollsBack, .stalled:
            try await write(reservesFirst: false)
        case .early:
            try await write(reservesFirst: true)
        case .outside:
            let ids = try await reserveOutside(Int.random(in: 1...2, using: &random))
            try await idle()
            try await insert(ids)
        case .blocks:
            var ids = try await reserveOutside(6)
            for _ in 0..<2 {
                ids.shuffle(using: &random)
                let part = Array(ids.prefix(Int.random(in: 1...2, using: &random)))
                ids.removeFirst(part.count)
                try await insert(part.sorted())
                try await idle()
            }
        case .wide:
            let ids = try await reserveOutside(44)
            try await insert(ids.filter { $0 % 2 == 0 })
            let others = ids.filter { $0 % 2 != 0 }
            try await insert([random.pick(others)])
        }
    }

    // MARK: Transactions

    /// Draws ids inside a transaction and puts in their rows.
    private mutating func write(reservesFirst: Bool) async throws {
        let count = Int.random(in: 1...(reservesFirst ? 3 : 2), using: &random)
        let weights = (0..<count).map { _ in makeWeight() }
        let idles = reservesFirst || kind == .stalled ? Int.random(in: 0...2, using: &random) : 0
        let commits = kind == .rollsBack ? false : kind == .stalled ? !random.hits(oneIn: 5) : true
        let stall = policy.settleWait + .seconds(random.pick([1, 5, 12]))
        let isStalled = kind == .stalled
        let stallsAfterInsert = Bool.random(using: &random)
        try await inTransaction(commits: commits) { writer, transaction in
            var ids: [Int64] = []
            if reservesFirst || isStalled {
                ids = try await writer.reserve(count, in: transaction)
            }
            if isStalled, !stallsAfterInsert { try await writer.stall(stall) }
            for _ in 0..<idles { try await writer.turn("waits") }
            var written: [SourceRow] = []
            for (place, weight) in weights.enumerated() {
                if ids.count == place { ids += try await writer.reserve(1, in: transaction) }
                let row = SourceRow(ids[place], weight: weight)
                try await writer.insert([row], in: transaction)
                written.append(row)
            }
            if isStalled, stallsAfterInsert { try await writer.stall(stall) }
            return written
        }
    }

    /// Puts in rows with ids that were drawn before.
    private mutating func insert(_ ids: [Int64]) async throws {
        let rows = ids.map { SourceRow($0, weight: makeWeight()) }
        try await inTransaction(commits: true) { writer, transaction in
            try await writer.insert(rows, in: transaction)
            return rows
        }
    }

    private func inTransaction(
        commits: Bool,
        _ body:
            @escaping @Sendable (SimulatedWriter, any SimulatedTransaction) async throws ->
            [SourceRow]
    ) async throws {
        try await turn("begins", when: table.allowsConcurrentWriters ? .always : .noWriter)
        ledger.beginTransaction()
        defer { ledger.endTransaction() }
        let written = Written()
        let writer = self
        try await table.withTransaction { transaction in
            let rows = try await body(writer, transaction)
            written.rows.withLock { $0 = rows }
            try await writer.turn(commits ? "commits" : "rolls back")
            return commits
        }
        if commits { ledger.commit(written.rows.withLock { $0 }) }
    }

    // MARK: Steps

    private func turn(_ step: String, when condition: Turns.Condition = .always) async throws {
        try await turns.take(number, step, when: condition)
        log.note(.writers, "w\(number) \(step)")
    }

    private mutating func idle() async throws {
        for _ in 0..<Int.random(in: 0...2, using: &random) { try await turn("waits") }
    }

    private func stall(_ time: Duration) async throws {
        log.note(.writers, "w\(number) stalls for \(time)")
        try await turn("goes on", when: .time(clock.date.advanced(by: time)))
    }

    private func reserveOutside(_ count: Int) async throws -> [Int64] {
        let condition = table.allowsConcurrentWriters ? Turns.Condition.always : .noWriter
        try await turns.take(number, "reserves", when: condition)
        let ids = try await table.reserve(count)
        log.note(.writers, "w\(number) reserves \(IDRuns(ids).packed) outside")
        return ids
    }

    private func reserve(_ count: Int, in transaction: any SimulatedTransaction) async throws
        -> [Int64]
    {
        try await turns.take(number, "reserves")
        let ids = try await transaction.reserve(count)
        log.note(.writers, "w\(number) reserves \(IDRuns(ids).packed)")
        return ids
    }

    private func insert(_ rows: [SourceRow], in transaction: any SimulatedTransaction)
        async throws
    {
        try await turn("inserts \(IDRuns(rows.map(\.id)).packed)")
        try await transaction.insert(rows)
    }

    /// Makes up a weight.
    private mutating func makeWeight() -> Double {
        random.pick([0, 0.5, 1, 1, 2, 3])
    }
}
