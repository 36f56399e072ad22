import Foundation
import Tranche

/// A store as one acquirer of a simulation uses it: each request is a step, and is checked.
struct SteppedStore: ForwardingStore {
    let base: any InventoryStore
    let gate: Gate
    let ledger: SimulationLedger

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        try await gate.pass("\(request)")
        gate.note("\(request)")
        return try await body()
    }

    func readsUnderLock(_ source: any MetaSource) -> Bool {
        base.readsUnderLock(SteppedSource.unwrapped(source))
    }

    func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        try await gate.pass("acquire")
        var answer: AcquireOutcome?
        do {
            return try await gate.lose("acquire") {
                let source = SteppedSource.unwrapped(source)
                let outcome = try await base.acquire(request, from: source, with: input)
                gate.note("acquire: \(outcome.words)")
                try await end(input.endings, answering: outcome)
                try ledger.repeatAnswer(of: gate.actor, outcome)
                switch outcome {
                case .batches(let batches):
                    for batch in batches { try ledger.handOut(batch.record) }
                case .none(let reason):
                    try ledger.check(reason, of: request.key.run)
                case .needsPlan, .needsGapCheck, .needsSplit, .needsEnding:
                    break
                }
                answer = outcome
                return outcome
            }
        } catch {
            if let answer { ledger.loseAnswer(of: gate.actor, answer) }
            throw error
        }
    }

    /// Notes what ended with an acquire.
    private func end(_ endings: [AttemptSuccess], answering outcome: AcquireOutcome) async throws {
        if case .needsEnding = outcome { return }
        for ending in endings {
            let selection = BatchSelection(ids: [ending.holding.batch])
            guard let record = try await base.batches(selection).first else {
                throw Violation("\(ending.holding.words) was ended with an acquire, and is gone")
            }
            gate.note("succeed \(ending.holding.words)")
            try ledger.end(ending.holding, as: record)
        }
    }

    func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        try await end(ending.holding, "succeed") {
            let record = try await base.succeed(ending)
            try ledger.end(ending.holding, as: record)
            return record
        }
    }

    func fail(_ holding: AttemptKey, with failure: BatchFailure) async throws -> BatchRecord {
        try await end(holding, failure.words) {
            let record = try await base.fail(holding, with: failure)
            try ledger.end(holding, as: record)
            if record.status == .split { ledger.noteDone(failure.parts, of: holding) }
            return record
        }
    }

    func release(_ holding: AttemptKey) async throws -> BatchRecord {
        try await end(holding, "release") {
            let record = try await base.release(holding)
            try ledger.end(holding, as: record)
            return record
        }
    }

    func heartbeat(_ holding: AttemptKey) async throws -> Date {
        try await end(holding, "heartbeat") {
            let leaseEnd = try await base.heartbeat(holding)
            try ledger.extend(holding, to: leaseEnd)
            return leaseEnd
        }
    }

    func begin(_ holding: AttemptKey, token: String) async throws -> Date {
        try await end(holding, "begin") {
            let leaseEnd = try await base.begin(holding, token: token)
            try ledger.begin(holding, token: token, until: leaseEnd)
            return leaseEnd
        }
    }

    func takeBackBegin(_ holding: AttemptKey, token: String) async throws {
        try await end(holding, "take back the begin") {
            try await base.takeBackBegin(holding, token: token)
            ledger.takeBackBegin(holding, token: token)
        }
    }

    func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try await gate.pass("split")
        return try await gate.lose("split") {
            let children = try await base.split(holding, into: parts, note)
            gate.note("split \(holding.words): \(children.map(\.words).joined(separator: ", "))")
            try ledger.split(holding, into: children)
            return children
        }
    }

    /// Makes a request that names an attempt; who is refused must have lost the batch, and must not
    /// have changed it.
    private func end<R>(
        _ holding: AttemptKey,
        _ what: String,
        _ body: () async throws -> R
    ) async throws -> R {
        try await gate.pass(what)
        let selection = BatchSelection(ids: [holding.batch])
        let before = ledger.isOutdated(holding) ? try await base.batches(selection) : nil
        do {
            return try await gate.lose("\(what) \(holding.words)") {
                let answer = try await body()
                gate.note("\(what) \(holding.words)")
                return answer
            }
        } catch let error as TrancheError where error.isLoss {
            gate.note("\(what) \(holding.words): batch lost")
            try ledger.lose(holding)
            if let before, try await base.batches(selection) != before {
                throw Violation("\(what) of \(holding.words) was refused, and changed the batch")
            }
            throw error
        }
    }
}

extension AttemptKey {
    /// Batch and attempt, such as `3/1`.
    var words: String { "\(batch)/\(attempt)" }
}

extension BatchRecord {
    /// Batch, attempt and ids, such as `3/1 late [5-7]`.
    var words: String {
        let ids = ids?.packed ?? "\(idStart)...\(idEnd)"
        return "\(id)/\(attempt) \(kind) \(status) [\(ids)]"
    }
}

extension AcquireOutcome {
    fileprivate var words: String {
        switch self {
        case .batches(let batches): batches.map(\.record.words).joined(separator: ", ")
        case .none(let reason): "none, \(reason)"
        case .needsPlan(let demand): "a plan after \(demand.cursor.map(String.init) ?? "-")"
        case .needsGapCheck(let gaps): "a look at \(gaps.map(\.words).joined(separator: ", "))"
        case .needsSplit(let batch, _): "a split of \(batch.words)"
        case .needsEnding: "the ends first"
        }
    }
}

extension Gap {
    fileprivate var words: String {
        "\(range)\(isOpen ? " open" : "")\(isExact ? "" : " coarse")"
    }
}

extension BatchFailure {
    /// What is asked for by it.
    fileprivate var words: String {
        if parts.isEmpty { return "fail" }
        return parts.contains(where: \.isDone) ? "succeed but for bad items" : "fail with bad items"
    }
}
