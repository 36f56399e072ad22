package import FoundationEssentials

/// What the budgets of a run leave for it while an acquire is decided.
///
/// A batch is let in whole or not at all. What a due batch is refused is not given to a new one of
/// the same run, so that nothing is handed out any more once one was refused.
package struct Allowance: Sendable {
    private var budgets: [Budget]
    private let run: RunKey
    private let now: Date
    /// What was let in so far.
    package private(set) var admitted = BudgetUse()
    /// Why nothing more is handed out; `nil` while nothing was refused.
    package private(set) var refusal: NoBatchReason?
    /// The budget that alone refused a batch, and what it weighs: that is waited for.
    package private(set) var wait: (owner: Budget.Owner, weight: Double)?
    /// What is held of the keys of the run; `nil` where they are not limited.
    package var keys: KeyAllowance?
    /// Why a batch was passed over whose key is full; `nil` where none was.
    ///
    /// It holds back no batch of another key.
    package private(set) var keyRefusal: NoBatchReason?
    /// What each rate must have had left, for what was let in.
    package private(set) var tokensUsed: [Budget.Owner: Double] = [:]

    /// Makes an allowance.
    ///
    /// - Parameters:
    ///   - budgets: The budgets of the run; all must agree.
    ///   - run: The run.
    ///   - now: The inventory's time.
    package init(_ budgets: [Budget], of run: RunKey, now: Date) {
        // In the order of their names, that of a run last: which one is named does not depend on
        // the store.
        self.budgets = budgets.sorted { $0.place < $1.place }
        self.run = run
        self.now = now
    }

    /// Lets nothing more in: others were let in each time before this one was, or hold what it
    /// takes to be let in.
    ///
    /// - Parameter owners: The budgets, if known, that are in the way.
    package mutating func close(by owners: [Budget.Owner] = []) {
        let first = budgets.first { owners.contains($0.owner) } ?? budgets.first
        refusal = refusal ?? first.map { .limited(by: $0.owner.word, until: nil) }
    }

    /// Whether all budgets have room for a batch; it is not let in, and not waited for.
    package func hasRoom(forWeight weight: Double?) -> Bool {
        refusal == nil
            && budgets.allSatisfy { $0.refusal(of: weight ?? 0, for: run, now: now) == nil }
    }

    /// Lets a batch in, if all budgets have room for it.
    ///
    /// - Parameters:
    ///   - weight: What it weighs; unknown weighs nothing.
    ///   - key: The key of its items; `nil` for NULL, and where there are none.
    ///   - holdsPlace: Whether it is counted under its key already, as one whose lease has ended.
    /// - Returns: Whether it is let in.
    package mutating func admit(
        weight: Double?,
        key: String? = nil,
        holdsPlace: Bool = false
    ) -> Bool {
        if refusal != nil { return false }
        if passOver(key, isHeld: holdsPlace) { return false }
        let weight = weight ?? 0
        let refusals = budgets.compactMap { $0.refusal(of: weight, for: run, now: now) }
        if let first = refusals.first {
            refusal = .limited(by: first.owner.word, until: first.until)
            if refusals.count == 1, first.isWaitedFor { wait = (first.owner, weight) }
            return false
        }
        for place in budgets.indices {
            if let rate = budgets[place].limits.rate {
                let need = admitted.weight.addingClamped(min(weight, rate.burst))
                tokensUsed[budgets[place].owner] = need
            }
            budgets[place].letIn(weight, of: run, now: now)
        }
        admitted.add(weight)
        keys?.add(ItemKey(key), isHeld: holdsPlace)
        return true
    }

    /// Notes that a batch is passed over, if its key is full.
    private mutating func passOver(_ key: String?, isHeld: Bool) -> Bool {
        let key = ItemKey(key)
        guard keys?.isFull(key, forHeld: isHeld) ?? false else { return false }
        keyRefusal = keyRefusal ?? .limited(by: NoBatchReason.keyWord + key.words, until: nil)
        return true
    }
}

extension BudgetUse {
    package mutating func add(_ weight: Double) {
        batches += 1
        self.weight = self.weight.addingClamped(weight)
    }
}

extension Budget {
    /// Why a batch is not let in.
    fileprivate struct Refusal {
        let owner: Owner
        /// Until when, where that is known.
        var until: Date?
        /// Whether what others hold stands in the way, rather than somebody's word.
        var isWaitedFor = true
    }

    /// Why a batch is not let in; `nil` where it may be.
    fileprivate func refusal(of asked: Double, for run: RunKey, now: Date) -> Refusal? {
        let closed = Refusal(owner: owner, isWaitedFor: false)
        if pauseReason != nil || limits.batches == 0 || limits.weight == 0 { return closed }
        // Whoever asks the probes tells more.
        if let openUntil, openUntil <= now { return closed }
        if let parking, parking.until > now {
            return Refusal(owner: owner, until: parking.until, isWaitedFor: false)
        }
        if let batches = limits.batches {
            let free = Double(batches - held.batches)
            let kept = first(of: Double(batches), { Double($0.batches) }, 1, run, now).count
            if free < 1 + Double(kept) { return Refusal(owner: owner) }
        }
        if let weight = limits.weight {
            let free = weight - held.weight
            let kept = first(of: weight, { $0.weight }, asked, run, now)
                .reduce(0) { $0 + min($1.weight, weight) }
            // One that is heavier than the budget goes alone.
            let isFull = held.batches > 0 && asked > free
            if isFull || kept > 0 && min(asked, weight) > free - kept {
                return Refusal(owner: owner)
            }
        }
        return limits.rate.flatMap { refusal(of: asked, for: run, at: $0, now: now) }
    }

    /// Why a rate does not let a batch in.
    private func refusal(
        of asked: Double,
        for run: RunKey,
        at rate: BudgetRate,
        now: Date
    ) -> Refusal? {
        let left = tokens?.grown(until: now, at: rate).count ?? rate.burst
        let missing = min(asked, rate.burst) - left
        if missing > 0 {
            let wait = min(missing / rate.perSecond, Self.aYear)
            return Refusal(owner: owner, until: now.addingTimeInterval(wait))
        }
        // Who comes next is a matter of turns, as with a single place.
        let kept = first(of: 1, { _ in 0 }, 1, run, now)
            .reduce(0) { $0 + min($1.weight, rate.burst) }
        return kept > 0 && -missing < kept ? Refusal(owner: owner) : nil
    }

    private static let aYear: TimeInterval = 31_536_000

    /// What those wait for who come before a run, and for whom that is to be left.
    private func first(
        of capacity: Double,
        _ amount: (BudgetUse) -> Double,
        _ need: Double,
        _ run: RunKey,
        _ now: Date
    ) -> [BudgetWait] {
        let own = claims.first { $0.run == run }
        let others = claims.filter { $0.run != run }
        let waiting = others.compactMap { claim in
            claim.wait(at: now).map { (claim: claim, wait: $0) }
        }
        if waiting.isEmpty { return [] }
        let isByWeight = amount(BudgetUse(weight: 1)) > 0
        let turn = BudgetTurn(
            of: capacity,
            asking: .init(
                run: run,
                rank: own?.rank ?? BudgetRank(),
                held: amount(own?.held ?? BudgetUse()),
                need: need,
                since: own?.wait(at: now)?.since ?? now
            ),
            waiting: waiting.map { claim, wait in
                .init(
                    run: claim.run,
                    rank: claim.rank,
                    held: amount(claim.held),
                    need: isByWeight ? wait.weight : 1,
                    since: wait.since
                )
            },
            besides: others.reduce(0) { sum, claim in
                claim.wait(at: now) == nil ? sum + amount(claim.held) : sum
            },
            now: now
        )
        let first = turn.first
        return waiting.filter { first.contains($0.claim.run) }.map(\.wait)
    }

    /// Counts a batch that was let in.
    fileprivate mutating func letIn(_ weight: Double, of run: RunKey, now: Date) {
        held.add(weight)
        if let place = claims.firstIndex(where: { $0.run == run }) {
            claims[place].held.add(weight)
        } else {
            claims.append(BudgetClaim(run: run, held: BudgetUse(batches: 1, weight: weight)))
        }
        guard let rate = limits.rate else { return }
        var left = tokens?.grown(until: now, at: rate) ?? BudgetTokens(count: rate.burst, at: now)
        left.count -= weight
        tokens = left
    }

    /// Its place among the budgets of a run.
    package var place: String {
        switch owner {
        case .name(let name): "name " + name
        case .run(let key): "run \(key)"
        }
    }
}

extension Budget.Owner {
    /// What stands for it in a reason.
    fileprivate var word: String { name ?? "parallelism" }
}
