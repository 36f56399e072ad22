package import FoundationEssentials
package import Tranche

/// What has become of the ids of a run, in pieces from the first to the last.
package struct Coverage: Sendable {
    /// What has become of some ids; those that stand later cover earlier ones.
    package enum State: String, CaseIterable, Codable, Sendable {
        case done, waiting, released, running, retrying, gap, failed, quarantined
    }

    /// Ids that share a state.
    package struct Piece: Sendable, Hashable {
        package var ids: ClosedRange<Int64>
        package var state: State
    }

    /// All ids: from the first that was given to the last of the source, or of the run.
    package let ids: ClosedRange<Int64>
    /// The pieces, ascending and without holes.
    package let pieces: [Piece]

    /// The most pieces.
    package static let most = 200

    /// Puts the pieces of a run together; `nil` where nothing is known of its ids.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - lowest: The lowest id that it was given.
    ///   - batches: Those of its batches that have not succeeded, as far as they are looked at.
    ///   - now: The present: whose lease is over holds nothing any more.
    package init?(_ run: RunStatus, lowest: Int64?, batches: [BatchRecord], now: Date) {
        let record = run.run
        guard let end = run.lastID else { return nil }
        let cursor = record.cursor.map { min($0, end) }
        let first = min(lowest ?? record.bounds.lower ?? cursor ?? end, end)
        let ids = first...end
        var parts = [Piece(ids: ids, state: .waiting)]
        if let cursor, cursor >= first { parts.append(Piece(ids: first...cursor, state: .done)) }
        parts += run.gaps.filter(\.isOpen).map { Piece(ids: $0.range, state: .gap) }
        parts += batches.compactMap { batch in
            Self.state(of: batch, at: now).map { Piece(ids: batch.range, state: $0) }
        }
        self.ids = ids
        pieces = Self.pieces(of: parts, over: ids)
    }

    private static func state(of batch: BatchRecord, at now: Date) -> State? {
        switch batch.status {
        case .running where batch.hasLapsed(at: now): .retrying
        case .running: .running
        case .released: .released
        case .failed where batch.retryAt != nil: .retrying
        case .failed: .failed
        case .quarantined: .quarantined
        case .succeeded, .split: nil
        }
    }

    /// Lays parts over one another, the worst on top; as many as there may be at most.
    private static func pieces(of parts: [Piece], over ids: ClosedRange<Int64>) -> [Piece] {
        var starts: Set<Int64> = [ids.lowerBound]
        for part in parts where part.ids.overlaps(ids) {
            starts.insert(max(part.ids.lowerBound, ids.lowerBound))
            if part.ids.upperBound < ids.upperBound { starts.insert(part.ids.upperBound + 1) }
        }
        var sorted = starts.sorted()
        if sorted.count > most { sorted = grid(over: ids) }
        var pieces: [Piece] = []
        for (place, start) in sorted.enumerated() {
            let end = place + 1 < sorted.count ? sorted[place + 1] - 1 : ids.upperBound
            let worst = worst(of: parts, in: start...end)
            if pieces.last?.state == worst {
                let first = pieces.removeLast().ids.lowerBound
                pieces.append(Piece(ids: first...end, state: worst))
            } else {
                pieces.append(Piece(ids: start...end, state: worst))
            }
        }
        return pieces
    }

    /// The beginnings of pieces of one width.
    private static func grid(over ids: ClosedRange<Int64>) -> [Int64] {
        let span = Double(ids.upperBound) - Double(ids.lowerBound) + 1
        let starts = (0..<most).map { place -> Int64 in
            let offset = span * Double(place) / Double(most)
            return ids.lowerBound.addingReportingOverflow(Int64(min(offset, 9e18))).partialValue
        }
        return Array(Set(starts.filter { ids.contains($0) })).sorted()
    }

    private static func worst(of parts: [Piece], in ids: ClosedRange<Int64>) -> State {
        var worst = State.waiting
        var isDone = true
        for part in parts where part.ids.overlaps(ids) {
            switch part.state {
            case .waiting: continue
            case .done: isDone = isDone && part.ids.upperBound >= ids.upperBound
            default: worst = [worst, part.state].max { $0.rank < $1.rank } ?? part.state
            }
        }
        guard worst == .waiting else { return worst }
        let hasDone = parts.contains { $0.state == .done && $0.ids.overlaps(ids) }
        return hasDone && isDone ? .done : .waiting
    }
}

extension Coverage.State {
    /// Where it stands among others; higher is worse.
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
