import Foundation
import Tranche

extension MemoryTables {
    // MARK: What is held

    /// The budgets of a run, with what is held under each.
    func budgets(of key: RunKey?, now: Date) -> [Budget] {
        let meant = budgets.filter { budget in
            guard let key else { return true }
            let names = runBudgets[key] ?? []
            return switch budget.owner {
            case .name(let name): names.contains(name) || names.isEmpty && name == Budget.ofAll
            case .run(let run): run == key
            }
        }
        return meant.sorted { $0.place < $1.place }.map { budget in
            var budget = budget
            budget.held = use(of: budget.owner, now: now)
            return budget
        }
    }

    /// What is held under a budget: the batches that it let in and whose lease lasts.
    private func use(of owner: Budget.Owner, now: Date) -> BudgetUse {
        var use = BudgetUse()
        for entry in entries where entry.owner == owner {
            guard let batch = batch(entry.attempt.batch), batch.status == .running,
                batch.attempt == entry.attempt.attempt,
                batch.leaseExpiresAt.map({ $0 > now }) ?? false
            else { continue }
            use.batches += 1
            use.weight += batch.weight ?? 0
        }
        return use
    }

    /// Notes what the budgets of a run let in.
    mutating func note(_ handedOut: [AcquireOutcome.HandedOut], of key: RunKey, now: Date) {
        for budget in budgets(of: key, now: now) {
            for batch in handedOut {
                let attempt = AttemptKey(batch: batch.record.id, attempt: batch.record.attempt)
                entries.append(BudgetEntry(owner: budget.owner, attempt: attempt))
            }
        }
    }

    /// Notes which runs any budget limits, and what they hold.
    private mutating func limitRuns(now: Date) throws {
        for run in runs {
            let isLimited = !budgets(of: run.key, now: now).isEmpty
            try changeRun(run.key) { $0.isLimited = isLimited }
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

    // MARK: Changes

    mutating func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote,
        now: Date
    ) throws -> Budget? {
        let owner = Budget.Owner.name(name)
        let place = budgets.firstIndex { $0.owner == owner }
        if let place, change.isDone(on: budgets[place]) {
            return budgets(of: nil, now: now).first { $0.owner == owner }
        }
        if case .limits(let limits) = change {
            let old = place.map { budgets[$0].limits.text }
            if let place {
                budgets[place].limits = limits
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
        case .limits: break
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
        budgets.removeAll { $0.owner == owner }
        if batches == nil {
            entries.removeAll { $0.owner == owner }
        } else {
            budgets.append(Budget(owner, limits: BudgetLimits(batches: batches)))
        }
        try limitRuns(now: now)
        let (from, to) = (old.map { String($0) }, batches.map { String($0) })
        add(owner, "parallelism", from: from, to: to, note, now: now)
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

    private func unknownBudget(_ name: String) -> TrancheError {
        TrancheError(.unknownBudget, "there is no budget '\(name)'")
    }

    func changes(_ selection: ChangeSelection, limit: Int) -> [ChangeRecord] {
        let meant = changes.reversed().filter { change in
            switch selection {
            case .all: true
            case .of(let owner): change.owner == owner
            case .parallelism(let key): change.owner == .run(key) && change.what == "parallelism"
            }
        }
        return Array(meant.prefix(limit))
    }
}
