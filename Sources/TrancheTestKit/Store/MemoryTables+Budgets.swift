import Foundation
import Tranche

extension MemoryTables {
    // MARK: What is held

    private func isBudget(_ owner: Budget.Owner, of key: RunKey) -> Bool {
        let names = runBudgets[key] ?? []
        return switch owner {
        case .name(let name): names.contains(name) || names.isEmpty && name == Budget.ofAll
        case .run(let run): run == key
        }
    }

    /// The budgets of a run, with what is held under each.
    func budgets(of key: RunKey?, now: Date) -> [Budget] {
        let meant = budgets.filter { budget in
            key.map { isBudget(budget.owner, of: $0) } ?? true
        }
        return meant.sorted { $0.place < $1.place }.map { budget in
            var budget = budget
            budget.openUntil = openUntil(of: budget.owner)
            budget.claims = claims(on: budget.owner, now: now)
            for claim in budget.claims {
                budget.held.batches += claim.held.batches
                budget.held.weight += claim.held.weight
            }
            return budget
        }
    }

    /// The runs that hold something under a budget, or wait: batches that it let in and whose lease
    /// lasts.
    private func claims(on owner: Budget.Owner, now: Date) -> [BudgetClaim] {
        var claims: [RunKey: BudgetClaim] = [:]
        let claim = { (key: RunKey) in
            BudgetClaim(run: key, rank: run(key)?.rank ?? BudgetRank())
        }
        for entry in entries where entry.owner == owner {
            guard let batch = batch(entry.attempt.batch), batch.status == .running,
                batch.attempt == entry.attempt.attempt,
                batch.leaseExpiresAt.map({ $0 > now }) ?? false
            else { continue }
            claims[batch.key, default: claim(batch.key)].held.batches += 1
            claims[batch.key, default: claim(batch.key)].held.weight += batch.weight ?? 0
        }
        for (key, wait) in waits[owner] ?? [:] {
            var waiting = claims[key, default: claim(key)]
            waiting.wait = wait
            if waiting.wait(at: now) != nil { claims[key] = waiting }
        }
        return runs.compactMap { claims[$0.key] }
    }

    /// What the budgets of a run leave.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - limits: What limits it from its beginning, where it is new; `nil` for nothing.
    ///   - now: The time.
    /// - Returns: The allowance.
    /// - Throws: `TrancheError` `.unknownBudget`.
    func allowance(
        for run: RunRecord,
        beginningWith limits: RunLimits?,
        now: Date
    ) throws -> Allowance {
        var budgets = budgets(of: run.key, now: now)
        if let limits {
            if !limits.budgets.isEmpty {
                let all = self.budgets(of: nil, now: now)
                budgets = try Set(limits.budgets).map { name in
                    let known = all.first { $0.owner.name == name }
                    guard let known else { throw unknownBudget(name) }
                    return known
                }
            }
            if let most = limits.parallelism {
                budgets.append(Budget(.run(run.key), limits: BudgetLimits(batches: most)))
            }
        }
        for place in budgets.indices
        where !budgets[place].claims.contains(where: { $0.run == run.key }) {
            budgets[place].claims.append(BudgetClaim(run: run.key, rank: run.rank))
        }
        var allowance = Allowance(budgets, of: run.key, now: now)
        allowance.keys = (limits?.perKey ?? run.perKey).map {
            KeyAllowance(most: $0, held: heldKeys(of: run.key, now: now))
        }
        return allowance
    }

    /// Notes what the budgets of a run let in, or that it waits for one of them.
    mutating func note(_ outcome: AcquireOutcome, of acquire: Acquire) {
        let (key, now, allowance) = (acquire.run.key, acquire.now, acquire.allowance)
        switch outcome {
        case .batches(let handedOut):
            for place in budgets.indices where isBudget(budgets[place].owner, of: key) {
                let owner = budgets[place].owner
                for batch in handedOut {
                    let attempt = AttemptKey(batch: batch.record.id, attempt: batch.record.attempt)
                    entries.append(BudgetEntry(owner: owner, attempt: attempt))
                }
                endWait(of: key, for: owner, handedOut.map(\.record.worker), now: now)
            }
        case .none(.limited):
            guard let wait = allowance.wait, wait.owner.name != nil,
                let slot = acquire.request.slots.first(where: { !$0.isAhead })
            else { return }
            waits[wait.owner, default: [:]][key] = BudgetWait(
                for: wait.weight,
                after: claims(on: wait.owner, now: now).first { $0.run == key },
                by: slot.worker,
                now: now
            )
        case .none(.complete), .none(.waiting), .none(.unsettled):
            for owner in budgets.map(\.owner) { waits[owner]?[key] = nil }
        default: break
        }
    }

    private mutating func endWait(
        of key: RunKey,
        for owner: Budget.Owner,
        _ workers: [String?],
        now: Date
    ) {
        guard let wait = waits[owner]?[key], wait.until > now else { return }
        waits[owner]?[key] = wait.afterLettingIn(workers, now: now)
    }

    /// Notes which runs any budget limits, and what they hold.
    mutating func limitRuns(now: Date) throws {
        for run in runs {
            let isLimited = !budgets(of: run.key, now: now).isEmpty
            try changeRun(run.key) { $0.budgetSet = isLimited ? 1 : 0 }
        }
        enterHeld(now: now)
    }

    /// Counts what is held of runs among what their budgets let in.
    private mutating func enterHeld(now: Date) {
        for run in runs {
            let held = batches(of: run.key).filter { $0.status == .running }
            for budget in budgets(of: run.key, now: now) {
                for batch in held {
                    let attempt = AttemptKey(batch: batch.id, attempt: batch.attempt)
                    let isKnown = entries.contains {
                        $0.owner == budget.owner && $0.attempt == attempt
                    }
                    if !isKnown {
                        entries.append(BudgetEntry(owner: budget.owner, attempt: attempt))
                    }
                }
            }
        }
    }

    /// Charges the rates of a run's budgets with what they let in.
    mutating func chargeRates(for acquire: Acquire) {
        for place in budgets.indices where isBudget(budgets[place].owner, of: acquire.run.key) {
            guard let rate = budgets[place].limits.rate else { continue }
            let full = BudgetTokens(count: rate.burst, at: acquire.now)
            var left = (budgets[place].tokens ?? full).grown(until: acquire.now, at: rate)
            left.count -= acquire.allowance.admitted.weight
            budgets[place].tokens = left
        }
    }

    // MARK: Changes

    mutating func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote,
        now: Date
    ) throws -> Budget? {
        let owner = Budget.Owner.name(name)
        let place = budgets.firstIndex { $0.owner == owner }
        let change = try change.resolved(on: place.map { budgets[$0] })
        if let place, change.isDone(on: budgets[place]) {
            return budgets(of: nil, now: now).first { $0.owner == owner }
        }
        if case .limits(let limits) = change {
            let old = place.map { budgets[$0].limits.text }
            if let place {
                budgets[place].limits = limits
                if limits.rate == nil { budgets[place].tokens = nil }
            } else {
                budgets.append(Budget(owner, limits: limits))
                try limitRuns(now: now)
            }
            add(owner, "limits", from: old, to: limits.text, note, now: now)
            return budgets(of: nil, now: now).first { $0.owner == owner }
        }
        guard let place else { throw unknownBudget(name) }
        let old = budgets[place]
        switch change {
        case .limits, .adjust, .replace: break
        case .pause(let reason):
            budgets[place].pauseReason = reason
            add(owner, "pause", from: old.pauseReason, to: reason, note, now: now)
        case .park(let time, let reason):
            let until = now.advanced(by: time)
            budgets[place].parking = BudgetParking(until: until, reason: reason)
            let text = "for \(time.seconds.plain) s"
            add(owner, "parked", from: old.parking?.until.utcText, to: text, note, now: now)
        case .unpark:
            budgets[place].parking = nil
            add(owner, "parked", from: old.parking?.until.utcText, to: nil, note, now: now)
        case .remove:
            if let key = runs.map(\.key).first(where: { runBudgets[$0]?.contains(name) ?? false }) {
                throw TrancheError(.invalidArgument, "\(key) refers to budget '\(name)'")
            }
            budgets.remove(at: place)
            entries.removeAll { $0.owner == owner }
            waits[owner] = nil
            probes = probes.filter { $0.value.owner != owner }
            try limitRuns(now: now)
            add(owner, "limits", from: old.limits.text, to: nil, note, now: now)
        }
        return budgets(of: nil, now: now).first { $0.owner == owner }
    }

    mutating func setBudgets(
        _ names: [String],
        of key: RunKey,
        _ note: ChangeNote,
        now: Date
    ) throws {
        guard run(key) != nil else { throw TrancheError(.unknownRun, "there is no \(key)") }
        for name in names where !budgets.contains(where: { $0.owner.name == name }) {
            throw unknownBudget(name)
        }
        let text = { (names: Set<String>) in
            names.isEmpty ? nil : names.sorted().joined(separator: " ")
        }
        let old = runBudgets[key] ?? []
        if old == Set(names) { return }
        runBudgets[key] = Set(names)
        for owner in budgets.map(\.owner) { waits[owner]?[key] = nil }
        try limitRuns(now: now)
        add(.run(key), "budgets", from: text(old), to: text(Set(names)), note, now: now)
    }

    mutating func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote,
        now: Date
    ) throws {
        guard run(key) != nil else { throw TrancheError(.unknownRun, "there is no \(key)") }
        let owner = Budget.Owner.run(key)
        let old = budgets.first { $0.owner == owner }?.limits.batches
        if old == batches { return }
        if let place = budgets.firstIndex(where: { $0.owner == owner }) {
            budgets[place].limits.batches = batches
        } else {
            budgets.append(Budget(owner, limits: BudgetLimits(batches: batches)))
        }
        removeOwnBudget(owner)
        try limitRuns(now: now)
        let (from, to) = (old.map { String($0) }, batches.map { String($0) })
        add(owner, "parallelism", from: from, to: to, note, now: now)
    }

    /// Limits a run that was just made.
    mutating func begin(
        _ key: RunKey,
        with limits: RunLimits,
        by worker: String?,
        now: Date
    ) throws {
        let note = ChangeNote(by: worker, reason: "the run began")
        if !limits.budgets.isEmpty { try setBudgets(limits.budgets, of: key, note, now: now) }
        if let most = limits.parallelism {
            try setParallelism(most, of: key, note, now: now)
        }
        if let most = limits.perKey { try setPerKey(most, of: key, note, now: now) }
        try changeRun(key) { $0.rank = limits.rank }
        for (what, value) in limits.rank.words {
            add(.run(key), what, from: nil, to: value, note, now: now)
        }
    }

    mutating func setRank(
        share: Double?,
        priority: Int?,
        of key: RunKey,
        _ note: ChangeNote,
        now: Date
    ) throws {
        guard let old = run(key)?.rank else {
            throw TrancheError(.unknownRun, "there is no \(key)")
        }
        if let share, share != old.share {
            try changeRun(key) { $0.rank.share = share }
            let (from, to) = (old.share.plain, share.plain)
            add(.run(key), "share", from: from, to: to, note, now: now)
        }
        if let priority, priority != old.priority {
            try changeRun(key) { $0.rank.priority = priority }
            let (from, to) = ("\(old.priority)", "\(priority)")
            add(.run(key), "priority", from: from, to: to, note, now: now)
        }
    }

    /// Keeps a change.
    mutating func add(
        _ owner: Budget.Owner,
        _ what: String,
        from old: String?,
        to new: String?,
        _ note: ChangeNote,
        now: Date
    ) {
        let record = ChangeRecord(
            id: Int64(changes.count) + 1,
            owner: owner,
            what: what,
            at: now,
            note: note,
            old: old,
            new: new
        )
        changes.append(record)
    }

    /// Keeps what somebody did with batches, as a change of each of their runs.
    mutating func keep(
        _ what: String,
        ofBatches ids: [Int64],
        _ note: ChangeNote?,
        now: Date
    ) {
        guard let note else { return }
        let found = ids.compactMap { batch($0) }
        for (key, batches) in Dictionary(grouping: found, by: \.key) {
            let words = ChangeRecord.words(ofBatches: batches.map(\.id))
            add(.run(key), what, from: nil, to: words, note, now: now)
        }
    }

    func unknownBudget(_ name: String) -> TrancheError {
        TrancheError(.unknownBudget, "there is no budget '\(name)'")
    }

    func changes(_ selection: ChangeSelection, before: Int64?, limit: Int) -> [ChangeRecord] {
        let meant = changes.reversed().filter { change in
            switch selection {
            case .all: true
            case .of(let owner): change.owner == owner
            case .parallelism(let key): change.owner == .run(key) && change.what == "parallelism"
            case .acts(let key):
                change.owner == .run(key) && ChangeRecord.acts.contains(change.what)
            }
        }
        return Array(meant.filter { $0.id < before ?? .max }.prefix(limit))
    }
}
