import Tranche
import TrancheSQL

/// Loads records so that those which the server does not take are found, and all others are loaded.
///
/// Each chunk is copied aside in pieces; where a value is none of its column's type, the server
/// names the record. What was copied is taken over within a savepoint, and in halves where that
/// fails: as many statements as there are bad records, times the logarithm of the chunk.
extension PostgreSQLConnection {
    typealias Outcome = WaitingRecords<PostgreSQLError>.Outcome

    /// How many records were refused, and whether that may be the statement's fault.
    struct Refusals {
        /// After so many, and not one that was taken, it is.
        private static let most = 64

        private var sure = 0
        private var doubtful = 0
        private var last: PostgreSQLError?

        /// Notes a record that was refused by itself.
        ///
        /// - Parameters:
        ///   - error: What the server said.
        ///   - rows: How many were taken so far.
        /// - Throws: The error, where it is time to take it for the statement's.
        mutating func add(_ error: PostgreSQLError, rows: Int) throws {
            guard error.mayBlameStatement else { return sure += 1 }
            doubtful += 1
            last = error
            if doubtful >= Self.most { try finish(rows: rows) }
        }

        /// Judges by all that came of the records.
        ///
        /// - Parameter rows: How many were taken.
        /// - Throws: The last error, when none was and there is no other reason.
        func finish(rows: Int) throws {
            if rows == 0, sure == 0, let last { throw last }
        }
    }

    /// Loads a chunk.
    ///
    /// - Returns: The records that the server does not take.
    func loadCarefully(_ records: [Record]) async throws -> [RefusedRecord] {
        let (outcomes, refused) = try await attempt(records)
        for (record, outcome) in zip(records, outcomes) { loading?.waiting.note(record, outcome) }
        return refused
    }

    /// Ends the loading: what refers to records that came later is tried again, as long as that
    /// helps.
    func endCarefully() async throws -> SQLLoad.End {
        var refused: [RefusedRecord] = []
        var rank = 0
        while let tried = loading?.waiting.candidates(behind: rank), !tried.isEmpty {
            let again = try await attempt(tried.map(\.record))
            refused += again.refused
            var hasHelped = false
            for (one, outcome) in zip(tried, again.outcomes) {
                if loading?.waiting.note(one, outcome) == true { hasHelped = true }
            }
            rank = hasHelped ? 0 : rank + 1
        }
        for one in loading?.waiting.all ?? [] {
            refused.append(try refusal(of: one.record, one.error))
        }
        let rows = loading?.rows ?? 0
        try loading?.refusals.finish(rows: rows)
        if let staging = loading?.staging { try await runScript("DROP TABLE \(staging);") }
        return SQLLoad.End(rows: loading?.written ?? 0, refused: refused)
    }

    /// Copies records aside and takes them over.
    ///
    /// - Returns: What came of each, and those that the server does not take.
    private func attempt(
        _ records: [Record]
    ) async throws -> (outcomes: [Outcome], refused: [RefusedRecord]) {
        var outcomes = [Outcome](repeating: .leftOut, count: records.count)
        guard let load = loading else { return (outcomes, []) }
        try await runScript("TRUNCATE \(load.staging);")
        let staging = try await stage(records, load)
        let staged = staging.staged
        var refused = staging.refused
        if staged.isEmpty { return (outcomes, refused) }
        var keys = load.waiting.keysTogether(of: staged.map { records[$0] })
        var ranges = [1...staged.count]
        while let range = ranges.popLast() {
            let (low, high) = (range.lowerBound, range.upperBound)
            let places = staged[low - 1..<high]
            do {
                let rows = keys.rows(at: range)
                if let written = try await takeOver(range, load, covering: rows) {
                    count(places.map { records[$0] }, written: written)
                    for place in places { outcomes[place] = written == 0 ? .leftOut : .written }
                    continue
                }
            } catch let error as PostgreSQLError where error.mayBlameRow {
                try await runScript(Self.undoing("tranche_part"))
                if low == high {
                    if error.sqlState == "23503" {
                        outcomes[staged[low - 1]] = .waits(error)
                        keys.noteWaiting(at: low)
                    } else {
                        refused.append(try refusal(of: records[staged[low - 1]], error))
                    }
                    continue
                }
            }
            if range == 1...staged.count { try await runScript(load.indexing) }
            let middle = low + (high - low) / 2
            ranges += [middle + 1...high, low...middle]
        }
        return (outcomes, refused)
    }

    /// Counts records that were taken over.
    private func count(_ records: [Record], written: Int) {
        loading?.rows += records.count
        guard let load = loading, written > 0 else { return }
        // Records of one row that were taken over apart from each other are one row, too.
        let fresh = records.count { load.writtenKeys.insert($0) }
        loading?.written += load.load.key.isEmpty ? written : min(written, fresh)
    }

    /// Takes over what stands aside.
    ///
    /// - Parameters:
    ///   - range: Which of it, by place from 1.
    ///   - load: The loading.
    ///   - rows: How many rows it is, where one that is written takes the place of another record;
    ///     `nil` where none does.
    /// - Returns: How many rows that wrote; `nil` where the table's triggers leave out some of
    ///   them, and which is to be found out: nothing was changed then.
    /// - Throws: The database's error; the savepoint is still open then.
    private func takeOver(
        _ range: ClosedRange<Int>,
        _ load: Load,
        covering rows: Int?
    ) async throws -> Int? {
        let merging = """
            SAVEPOINT tranche_part;
            \(load.merging(range))
            \(Self.checkConstraints)

            """
        let release = "RELEASE SAVEPOINT tranche_part;"
        guard let rows else { return try await runCounting(merging + release) }
        let written = try await runCounting(merging)
        if written < rows, range.count > 1 {
            try await runScript(Self.undoing("tranche_part"))
            return nil
        }
        try await runScript(release)
        return written
    }

    /// Copies records aside, in pieces that are small where there was a fault.
    ///
    /// - Returns: The places of those that stand there now, in order, and those whose values no
    ///   column can hold.
    private func stage(
        _ records: [Record],
        _ load: Load
    ) async throws -> (staged: [Int], refused: [RefusedRecord]) {
        var staged: [Int] = []
        var refused: [RefusedRecord] = []
        var rest = records[...]
        var size = records.count
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            do {
                try await copyPiece(piece, behind: staged.count, load)
                staged += rest.indices.prefix(piece.count)
                rest = rest.dropFirst(piece.count)
                size = min(records.count, size * 4)
            } catch let error as PostgreSQLError where error.mayBlameRow {
                try await runScript(Self.undoing("tranche_piece"))
                guard let line = error.place.line, piece.indices.contains(line - 1) else {
                    if piece.count > 1 {
                        size = (piece.count + 1) / 2
                        continue
                    }
                    refused.append(try refusal(of: piece[0], error))
                    rest = rest.dropFirst()
                    continue
                }
                let sound = Array(piece.prefix(line - 1))
                if !sound.isEmpty { try await copyPiece(sound, behind: staged.count, load) }
                staged += rest.indices.prefix(sound.count)
                refused.append(try refusal(of: piece[line - 1], error))
                rest = rest.dropFirst(line)
                size = max(16, line)
            }
        }
        return (staged, refused)
    }

    /// A record that is refused by itself; throws where that may be the statement's fault.
    private func refusal(
        of record: Record,
        _ error: PostgreSQLError
    ) throws -> RefusedRecord {
        let rows = loading?.rows ?? 0
        try loading?.refusals.add(error, rows: rows)
        return RefusedRecord(record, error)
    }

    /// A savepoint that is rolled back to stays, and is given up.
    private static func undoing(_ savepoint: String) -> String {
        "ROLLBACK TO SAVEPOINT \(savepoint); RELEASE SAVEPOINT \(savepoint);"
    }

    private func copyPiece(_ records: [Record], behind count: Int, _ load: Load) async throws {
        let bytes = try load.encoder.encode(records, behind: count) ?? []
        try await interruptibly {
            try copyIn(after: "SAVEPOINT tranche_piece;", load.copy)
            try putCopy(load.encoder.head)
            try putCopy(bytes)
            try putCopy(load.encoder.tail)
            _ = try endCopy(nil)
        }
        try await runScript("RELEASE SAVEPOINT tranche_piece;")
    }
}
