/// One audit of a run, made in steps.
struct Audit {
    /// Tiles of a step.
    static let stepSize = 256
    /// One tile of this many is compared id by id in a pass, another one in the next.
    static let rotation = 16
    /// Ids of a step that are counted at most, but for the first tile.
    private static let mostCounted = 500_000
    /// Ids of a step that are read one by one at most, but for the first tile.
    private static let mostRead = 100_000
    /// Ids that one counts that writes nothing down, before it ends with a step.
    private static let mostOfPart = 1_000_000
    /// Ids that such a one finds to differ.
    private static let mostFound = 10_000

    /// Where one begins, and whether it is kept where it ended.
    enum Start: Sendable {
        /// At the first id.
        case beginning
        /// Where the last one of the same ids ended.
        case lastEnd
        /// Behind an id; nothing is written down.
        case behind(Int64?)
    }

    private let inventory: Inventory
    private let run: RunRecord
    private let source: any MetaSource
    private let options: AuditOptions
    private let start: Start
    private var position: AuditPosition
    /// Where an audit of the whole run goes on, while this one is of some ids.
    private let whole: AuditPosition
    private var report = AuditReport()

    /// Prepares an audit.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - run: The run.
    ///   - source: Its source.
    ///   - options: What to look at, and what to do about it.
    ///   - start: Where it begins.
    init(
        inventory: Inventory,
        run: RunRecord,
        source: any MetaSource,
        options: AuditOptions,
        from start: Start
    ) {
        self.inventory = inventory
        self.run = run
        self.source = source
        self.options = options
        self.start = start
        whole = run.auditPosition ?? AuditPosition()
        if options.ids.isOpen {
            position = whole
        } else {
            // Some ids are looked at without disturbing the rotation.
            let part = whole.part.flatMap { $0.ids == options.ids ? $0 : nil }
            position = AuditPosition(id: part?.id)
        }
        switch start {
        case .beginning: position.id = nil
        case .lastEnd: break
        case .behind(let id): position = AuditPosition(pass: whole.pass, id: id)
        }
    }

    /// Goes on until the end, the budget's end or a number of steps.
    mutating func run(
        clock: any Clock<Duration>,
        steps: Int,
        progress: (AuditReport) async throws -> Void
    ) async throws -> AuditReport {
        try await measured(by: clock, steps: steps, progress: progress)
        report.position = position
        return report
    }

    private mutating func measured<C: Clock<Duration>>(
        by clock: C,
        steps: Int,
        progress: (AuditReport) async throws -> Void
    ) async throws {
        let begin = clock.now
        var left = steps
        while left > 0 {
            try Task.checkCancellation()
            left -= 1
            let isFinished = try await step()
            try await note(isFinished: isFinished)
            report.position = position
            try await progress(report)
            if isFinished {
                report.isFinished = true
                return
            }
            if isEnough { return }
            if let budget = options.budget, begin.duration(to: clock.now) >= budget { return }
        }
    }

    /// Whether one that writes nothing down has looked at as much, or found as much, as it may.
    private var isEnough: Bool {
        guard case .behind = start else { return false }
        let found = [report.appeared, report.vanished, report.doubled].reduce(0) { sum, ids in
            sum.addingClamped(ids.count)
        }
        return report.ids >= Self.mostOfPart || found >= Self.mostFound
    }

    /// Keeps where the next audit goes on.
    private func note(isFinished: Bool) async throws {
        if case .behind = start { return }
        var noted = position
        if options.ids.isOpen {
            noted.part = whole.part
        } else {
            // One without a budget comes to its end, and has nothing to go on with.
            guard options.budget != nil else { return }
            noted = whole
            noted.part = isFinished ? nil : position.id.map { .init(ids: options.ids, id: $0) }
        }
        try await inventory.store.noteAudit(noted, of: run.key)
    }

    /// Looks at some tiles.
    ///
    /// - Returns: Whether these were the last.
    private mutating func step() async throws -> Bool {
        var tiles = try await inventory.store.tiles(
            of: run.key,
            endingAfter: position.id,
            meeting: range,
            limit: Self.stepSize
        )
        let isLast = tiles.count < Self.stepSize
        let read = tiles.count
        tiles = Self.cut(tiles)
        let last = tiles.last?.range.upperBound
        let isFinished = isLast && tiles.count == read
        if isFinished, let rest { tiles.append(rest) }
        tiles = tiles.compactMap(clamped)
        try await look(at: tiles)
        if isFinished {
            position = AuditPosition(pass: position.pass.addingClamped(1))
        } else {
            position.id = last
        }
        return isFinished
    }

    /// As many tiles as a step counts; one, however large it is.
    private static func cut(_ tiles: [Tile]) -> [Tile] {
        var sum = 0
        let count = tiles.prefix { tile in
            sum = sum.addingClamped(tile.count)
            return sum <= mostCounted
        }.count
        return Array(tiles.prefix(max(1, count)))
    }

    private var range: ClosedRange<Int64>? {
        if options.ids.isOpen { return nil }
        return (options.ids.lower ?? .min)...(options.ids.upper ?? .max)
    }

    /// What the cursor passed over behind the last tile.
    private var rest: Tile? {
        guard let cursor = run.cursor else { return nil }
        if let end = run.tileEnd, end >= cursor { return nil }
        let lower = run.tileEnd.map { $0.addingClamped(1) } ?? run.bounds.lower ?? .min
        guard lower <= cursor else { return nil }
        return Tile(batch: 0, range: lower...cursor, ids: IDRuns(), count: 0)
    }

    private func clamped(_ tile: Tile) -> Tile? {
        guard let range else { return tile }
        guard tile.range.overlaps(range) else { return nil }
        // An adopted batch does not know its ids: it is looked at as a whole.
        guard let ids = tile.ids else { return tile }
        var part = tile
        part.range = tile.range.clamped(to: range)
        part.ids = ids.intersection(part.range)
        return part
    }

    private mutating func look(at tiles: [Tile]) async throws {
        guard let first = tiles.map(\.range.lowerBound).min(),
            let last = tiles.map(\.range.upperBound).max()
        else { return }
        let late = try await inventory.store.handedOut(
            of: run.key,
            in: first...last,
            onlyLate: true
        )
        // Adopted batches of failed runs may overlap others; a source is asked in order.
        let tiles = tiles.sorted { $0.range.lowerBound < $1.range.lowerBound }
        let tallies = try await source.tallies(of: tiles.map(\.range))
        let turns = turns(of: tiles, tallies)
        for (tile, tally) in zip(tiles, tallies) {
            report.tiles += 1
            report.ids = report.ids.addingClamped(tally.count)
            guard let ids = tile.ids else {
                try await lookAtAdopted(tile, tally)
                continue
            }
            let expected =
                late.runs.isEmpty ? ids : ids.union(late.intersection(tile.range))
            if tally != IDChecksum(expected) || turns.contains(tile.batch) {
                try await compare(tile, expected)
            } else if redoes {
                let present = try await presentIDs(in: tile.range)
                // One that came since the count belongs to a gap.
                try await queue(
                    present.subtracting(present.subtracting(expected)),
                    isRedo: true
                )
            }
        }
    }

    /// The batches whose ids are compared although they count the same: some in each pass,
    /// beginning with others each time, so that each has its turn however large they are.
    private func turns(of tiles: [Tile], _ tallies: [IDChecksum]) -> Set<Int64> {
        if options.isThorough { return Set(tiles.map(\.batch)) }
        let pass = Int64(position.pass)
        let rotation = Int64(Self.rotation)
        let candidates = zip(tiles, tallies).filter { $0.0.batch % rotation == pass % rotation }
        if candidates.isEmpty { return [] }
        var turns: Set<Int64> = []
        var read = 0
        let first = Int(pass / rotation) % candidates.count
        for (tile, tally) in candidates[first...] + candidates[..<first] where read < Self.mostRead
        {
            turns.insert(tile.batch)
            read = read.addingClamped(tally.count)
        }
        return turns
    }

    private mutating func compare(_ tile: Tile, _ expected: IDRuns) async throws {
        report.compared += 1
        let present = try await presentIDs(in: tile.range)
        let appeared = present.subtracting(expected)
        let vanished = try await withoutCleaned(expected.subtracting(present))
        if appeared.count > 0 {
            report.appeared = Self.kept(report.appeared, appeared)
            if options.isRepairing { try await queue(appeared, isRedo: false) }
        }
        if vanished.count > 0 { report.vanished = Self.kept(report.vanished, vanished) }
        if redoes { try await queue(present.subtracting(appeared), isRedo: true) }
    }

    /// Leaves out ids that the source removed since nobody needed them; asked after they were
    /// missed, so that a source that is cleaned meanwhile misses none.
    private func withoutCleaned(_ ids: IDRuns) async throws -> IDRuns {
        guard ids.count > 0, let floor = try await source.floor(), floor < .max else { return ids }
        return ids.intersection((floor + 1)...Int64.max)
    }

    /// What a report keeps of ids: the first of them, up to a bound.
    private static func kept(_ known: IDRuns, _ new: IDRuns) -> IDRuns {
        var sum = known
        for run in new.runs where sum.count < AuditReport.mostIDs {
            let room = Int64(AuditReport.mostIDs - sum.count)
            let end = min(run.upperBound, run.lowerBound.addingClamped(room - 1))
            sum = sum.union(IDRuns(run.lowerBound...end))
        }
        return sum
    }

    private mutating func lookAtAdopted(_ tile: Tile, _ tally: IDChecksum) async throws {
        // Without knowing its ids it can be told that one stands twice.
        if tally.count > tile.count { _ = try await presentIDs(in: tile.range) }
        if tally.count != tile.count {
            report.uncertain.append(
                AuditReport.UncertainBatch(
                    batch: tile.batch,
                    range: tile.range,
                    count: tile.count,
                    present: tally.count
                )
            )
        }
        if options.redoesRange, tally.count != tile.count || redoes { try await redo(tile.range) }
    }

    /// Whether everything in the range is handed out again.
    private var redoes: Bool {
        options.redoesRange && options.ids.lower != nil && options.ids.upper != nil
    }

    private mutating func redo(_ range: ClosedRange<Int64>) async throws {
        try await queue(try await presentIDs(in: range), isRedo: true)
    }

    private mutating func queue(_ ids: IDRuns, isRedo: Bool) async throws {
        guard options.isRepairing, ids.count > 0 else { return }
        report.queued += try await inventory.store.queueLate(ids, of: run.key, isRedo: isRedo)
    }

    /// The ids of a range that the source has; those that stand more than once are reported.
    private mutating func presentIDs(in range: ClosedRange<Int64>) async throws -> IDRuns {
        var present = IDRuns()
        var doubled = IDRuns()
        var reading = RangeReading(range, size: BatchItems.pageSize)
        while let items = try await reading.next(
            { try await source.matchingItems(in: [$0], limit: $1) },
            id: { $0.id }
        ) {
            try Task.checkCancellation()
            for item in items {
                if present.last == item.id { doubled.append(item.id) }
                present.append(item.id)
            }
        }
        if doubled.count > 0 { report.doubled = Self.kept(report.doubled, doubled) }
        return present
    }
}
