import Foundation
import Tranche

/// A worker of a simulation; each of its requests is a step.
struct SimulatedAcquirer: Sendable {
    let inventory: Inventory
    let description: SteppedDescription
    let job: String
    let run: SimulationPlan.Run
    let plan: SimulationPlan
    let clock: ManualClock
    let ledger: SimulationLedger
    let gate: Gate
    /// From when on, and until when, everything fails with the same error.
    let outage: ClosedRange<Date>?
    var random: SplitMix64
    /// Batches that it never ended.
    private(set) var dead: [Batch] = []
    /// The attempts whose work it has begun, where that happens at most once.
    private var begun: Set<AttemptKey> = []
    /// A batch that it has worked on well, which is recorded with the next acquire.
    private var last: Batch.Done?
    /// Whether bad items are good by now.
    var isCured = false

    init(
        inventory: Inventory,
        description: SteppedDescription,
        job: String,
        run: SimulationPlan.Run,
        plan: SimulationPlan,
        clock: ManualClock,
        ledger: SimulationLedger,
        gate: Gate,
        outage: ClosedRange<Date>?,
        random: SplitMix64
    ) {
        self.inventory = inventory
        self.description = description
        self.job = job
        self.run = run
        self.plan = plan
        self.clock = clock
        self.ledger = ledger
        self.gate = gate
        self.outage = outage
        self.random = random
    }

    /// Acquires a few times, and treats what it is given as workers do: not always well.
    mutating func work() async throws {
        for _ in 0..<plan.rounds {
            if !dead.isEmpty, random.hits(oneIn: 3) { try await comeBack() }
            switch try await acquire(isDraining: false) {
            case .batch(let batch):
                if batch.record.status == .running { try await treat(batch) }
            case .noBatch:
                let pause = Int.random(in: 0...2500, using: &random)
                try await gate.wait("sleep", now.advanced(by: .milliseconds(pause)))
            }
        }
        try await recordLast()
        guard let first = dead.first else { return }
        // By then somebody else may have its batch, perhaps this worker itself.
        try await gate.wait("sleep", first.record.leaseExpiresAt)
        if case .batch(let batch) = try await acquire(isDraining: false),
            batch.record.status == .running
        {
            try await treat(batch)
        }
        try await recordLast()
        while !dead.isEmpty { try await comeBack() }
    }

    /// Works off everything, until nothing is left and nothing more appears.
    mutating func drain() async throws {
        var quiet = 0
        for _ in 0..<500 {
            switch try await acquire(isDraining: true) {
            case .batch(let batch):
                quiet = 0
                try await finish(batch)
            case .noBatch(.complete):
                quiet += 1
                if quiet == 1 { try await foundAll() }
                if quiet == 2 { return }
                // By then every gap is due again.
                clock.advance(by: .seconds(700))
            case .noBatch(.waiting(let until)), .noBatch(.unsettled(let until?)),
                .noBatch(.held(_, let until?)):
                clock.advance(by: max(.milliseconds(100), .seconds(until.timeIntervalSince(now))))
            case .noBatch(.unsettled(nil)):
                clock.advance(by: .milliseconds(100))
            case .noBatch(.limited):
                // It was checked that something is in the way, which ends with time.
                clock.advance(by: .milliseconds(500))
            case .noBatch(let reason):
                throw Violation("run '\(run.name)' does not go on: \(reason)")
            }
        }
        throw Violation("run '\(run.name)' does not come to its end")
    }

    /// Checks, with all writers gone, that a complete run has left nothing out that is cheap to
    /// see.
    private func foundAll() async throws {
        let gaps = try await inventory.gaps(of: try await key())
        for id in ledger.idsLeft(for: run)
        where !gaps.contains(where: { isDear($0) && $0.range.contains(id) }) {
            throw Violation("run '\(run.name)' lost the id \(id): it is said to be complete")
        }
    }

    /// Whether a gap is looked at only when it is due.
    private func isDear(_ gap: Gap) -> Bool {
        !gap.isExact || plan.filter != nil && !gap.isNarrow
    }

    private func key() async throws -> RunKey {
        let source = try await inventory.source(description)
        return RunKey(metaTable: source.definition.table, job: job, run: run.name)
    }

    private var now: Date { clock.date }

    // MARK: Acquiring

    private mutating func acquire(isDraining: Bool) async throws -> Acquired {
        var request = BatchRequest(job: job, run: run.name, ids: run.bounds, policy: plan.policy)
        request.limits = plan.limits?.ofNewRun
        request.limit.count = plan.count ?? random.pick([nil, 1, 2, 3, 5])
        request.limit.weight = random.pick([nil, nil, 2, 6])
        if let minWeight = plan.minWeight {
            request.minWeight = minWeight
            request.linger = .seconds(5)
        }
        let answer = try await acquire(request, isDraining: isDraining)
        guard case .batch(let batch) = answer else { return answer }
        guard try await batch.items.map(\.id) == batch.record.ids.map({ Array($0.ids) }) else {
            throw Violation("\(batch.record.words) has other items")
        }
        return answer
    }

    private mutating func acquire(
        _ request: BatchRequest,
        isDraining: Bool
    ) async throws -> Acquired {
        let done = last
        last = nil
        do {
            return try await inventory.acquire(
                request,
                from: description,
                isDraining: isDraining,
                after: done
            )
        } catch let error as TrancheError where error.isLoss && done != nil {
            return try await inventory.acquire(request, from: description, isDraining: isDraining)
        }
    }

    // MARK: Ending

    /// Ends a batch well: now, or with the next acquire.
    private mutating func succeed(_ batch: Batch) async throws {
        if random.hits(oneIn: 2) {
            try await unlessLost(batch) { try await $0.succeed(result: ["ids": $0.count]) }
            if random.hits(oneIn: 6) { try await unlessLost(batch) { try await $0.succeed() } }
        } else {
            last = Batch.Done(
                batch,
                AttemptSuccess(batch.holding, result: nil, logging: "in passing")
            )
        }
    }

    private mutating func recordLast() async throws {
        guard let done = last else { return }
        last = nil
        try await unlessLost(done.batch) { try await $0.succeed(done.ending) }
    }

    /// Begins a batch, where that happens at most once; some workers die before.
    ///
    /// - Returns: Whether to work on it.
    private mutating func mayWork(on batch: Batch) async throws -> Bool {
        guard plan.isAtMostOnce else { return true }
        if random.hits(oneIn: 8) {
            gate.note("dies before it begins with \(batch.record.words)")
            dead.append(batch)
            return false
        }
        return try await begin(batch)
    }

    /// Begins a batch.
    ///
    /// - Returns: Whether work may begin.
    private mutating func begin(_ batch: Batch) async throws -> Bool {
        do {
            try await batch.begin()
            begun.insert(AttemptKey(batch: batch.id, attempt: batch.attempt))
            return true
        } catch let error as TrancheError where error.isLoss || error.code == .storeUnavailable {
            return false
        }
    }

    /// Ends a batch in one way or another, or does not.
    private mutating func treat(_ batch: Batch) async throws {
        guard try await mayWork(on: batch) else { return }
        if isBad(batch) { return try await fail(batch) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50:
            try await succeed(batch)
        case 50..<62:
            try await fail(batch)
        case 62..<72:
            try await unlessLost(batch) { try await $0.release() }
        case 72..<82:
            try await keep(batch)
            try await unlessLost(batch) { try await $0.succeed() }
        default:
            gate.note("dies with \(batch.record.words)")
            dead.append(batch)
        }
    }

    /// Ends a batch well, unless it is bad.
    private mutating func finish(_ batch: Batch) async throws {
        if plan.isAtMostOnce {
            guard try await begin(batch) else { return }
        }
        if isBad(batch) {
            try await fail(batch)
        } else {
            try await succeed(batch)
        }
    }

    private mutating func fail(_ batch: Batch) async throws {
        let bad = badItems(of: batch)
        if let outage, outage.contains(now) {
            try await unlessLost(batch) { try await $0.fail("the sink does not answer") }
        } else if !bad.isEmpty, random.hits(oneIn: 3) {
            let reasons = Dictionary(bad.map { ($0, "rotten") }) { first, _ in first }
            if random.hits(oneIn: 2) {
                try await unlessLost(batch) { try await $0.succeed(blaming: reasons) }
            } else {
                try await unlessLost(batch) { try await $0.fail("bad items", badItems: bad) }
            }
        } else if bad.isEmpty, random.hits(oneIn: 3) {
            try await unlessLost(batch) {
                try await $0.fail(TrancheError(.sourceUnavailable, "not now"))
            }
        } else {
            let words =
                bad.sorted().map { "poison \($0)" } + [random.pick(["no", "luck", "today"])]
            let message = words.joined(separator: " ")
            try await unlessLost(batch) { try await $0.fail(message) }
        }
    }

    private func isBad(_ batch: Batch) -> Bool {
        outage?.contains(now) ?? false || !badItems(of: batch).isEmpty
    }

    private func badItems(of batch: Batch) -> Set<Int64> {
        isCured ? [] : plan.poison.filter { batch.record.ids?.contains($0) ?? false }
    }

    /// Ends a batch that it did not end when it was time.
    private mutating func comeBack() async throws {
        let batch = dead.remove(at: Int.random(in: 0..<dead.count, using: &random))
        gate.note("comes back with \(batch.record.words)")
        // Who has not begun begins late, which is refused once another has the batch.
        let holding = AttemptKey(batch: batch.id, attempt: batch.attempt)
        if plan.isAtMostOnce, !begun.contains(holding) {
            guard try await begin(batch) else { return }
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: try await unlessLost(batch) { try await $0.fail("too late") }
        case 1: try await unlessLost(batch) { try await $0.release() }
        case 2: try await keep(batch)
        default: try await unlessLost(batch) { try await $0.succeed(logging: "late") }
        }
    }

    /// Sends a heartbeat, which is not repeated beyond the lease: that may be over by then.
    private func keep(_ batch: Batch) async throws {
        do {
            try await unlessLost(batch) { try await $0.heartbeat() }
        } catch let error as TrancheError where error.code == .storeUnavailable {
            gate.note("gives its heartbeat up for \(batch.record.words)")
        }
    }

    private func unlessLost<R>(_ batch: Batch, _ end: (Batch) async throws -> R) async throws {
        do {
            _ = try await end(batch)
        } catch let error as TrancheError where error.isLoss {
            // Whether that is right was checked where it was said.
        }
    }
}
