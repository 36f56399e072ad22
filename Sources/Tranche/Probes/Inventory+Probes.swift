package import FoundationEssentials
import Synchronization

extension Inventory {
    /// Reads probes, by name.
    ///
    /// - Parameter key: The run whose budgets they hold back; `nil` (the default) for all.
    /// - Returns: The probes with their last answers.
    /// - Throws: ``TrancheError`` of the store.
    public func probes(limiting key: RunKey? = nil) async throws -> [Probe] {
        try await retrying { _ in try await store.probes(limiting: key).probes }
    }

    /// Makes a probe, or replaces that of the same name.
    ///
    /// Nothing is handed out under its budget from now on until it was asked. A worker that
    /// acquires asks, if it can: see ``Configuration/probers``.
    ///
    /// - Parameters:
    ///   - probe: The probe; its state is that of one which was not asked yet.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.invalidArgument` for one that cannot be asked, or holds a
    ///   password; `.unknownBudget`, `.unknownRun`.
    public func setProbe(_ probe: Probe, reason: String? = nil) async throws {
        try probe.validate()
        let note = ChangeNote(by: configuration.worker, reason: reason)
        try await retrying { _ in try await store.set(probe, note) }
    }

    /// Removes a probe: it holds nothing back any more.
    ///
    /// - Throws: ``TrancheError`` `.unknownProbe` where there is none.
    public func removeProbe(_ name: String, reason: String? = nil) async throws {
        let note = ChangeNote(by: configuration.worker, reason: reason)
        try await retrying { _ in try await store.removeProbe(name, note) }
    }

    /// Asks a question, and keeps no answer.
    ///
    /// - Parameter probe: The probe.
    /// - Returns: The answer.
    /// - Throws: ``TrancheError`` `.invalidArgument` where this process cannot ask;
    ///   `.storeUnavailable` with the reason where it tried.
    public func ask(_ probe: Probe) async throws -> ProbeAnswer {
        try probe.validate()
        guard let prober = prober(of: probe) else {
            throw TrancheError(.invalidArgument, "this process cannot ask for '\(probe.question)'")
        }
        switch await attempt(probe, with: prober, at: Date()) {
        case .success(let answer): return answer
        case .failure(let failure):
            let words = "probe '\(probe.name)' cannot be asked: \(failure.reason)"
            throw TrancheError(.storeUnavailable, words)
        }
    }

    // MARK: - While work goes on

    /// Asks what is due of the probes that hold back a run, as far as this process knows of any.
    func askKnownProbes(of key: RunKey) async throws {
        guard areProbesDue(of: key) else { return }
        _ = try await askProbes(of: key)
    }

    /// Whether it is time for this process to ask a probe.
    func areProbesDue(of key: RunKey) -> Bool {
        let now = stopwatch.elapsed
        return probeWatches.withLock { $0[key]?.nextAt.map { $0 <= now } ?? false }
    }

    /// Finds out whether probes are what limits a run, and asks those that are due.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - reason: Why nothing was handed out.
    /// - Returns: The reason, as the probes tell it; `nil` where they let go on now.
    /// - Throws: ``TrancheError`` of the store; `CancellationError`.
    func lookForProbes(of key: RunKey, after reason: NoBatchReason) async throws -> NoBatchReason? {
        guard case .limited = reason else { return reason }
        let now = stopwatch.elapsed
        // A run that waits for room is limited again and again.
        let isNew = probeWatches.withLock { watches in
            if let last = watches[key]?.lookedAt, now - last < .seconds(1) { return false }
            watches[key, default: ProbeWatch()].lookedAt = now
            return true
        }
        guard isNew else { return reason }
        let known = try await askProbes(of: key)
        guard let holding = known.probes.first(where: { $0.isHolding(at: known.now) }) else {
            return known.haveOpened ? nil : reason
        }
        return .heldBack(
            by: holding.name,
            reason: holding.holdReason,
            until: holding.state.nextAt
        )
    }

    private func askProbes(
        of key: RunKey
    ) async throws -> (probes: [Probe], now: Date, haveOpened: Bool) {
        // Others of this process need not look meanwhile.
        probeWatches.withLock { $0[key]?.nextAt = nil }
        var (probes, now) = try await retrying { _ in try await store.probes(limiting: key) }
        let wereOpen = !probes.contains { $0.isHolding(at: now) }
        let asker = configuration.worker
        for place in probes.indices where probes[place].isDue(for: asker, at: now) {
            guard let prober = prober(of: probes[place]) else { continue }
            try await ask(&probes[place], with: prober, as: asker, at: now)
        }
        if let next = probes.map({ $0.nextTime(for: asker) ?? now }).min() {
            // Somebody may change a probe, or remove it.
            let wait = min(max(next.timeIntervalSince(now), 1), 60)
            let time = stopwatch.elapsed + .seconds(wait)
            probeWatches.withLock { $0[key, default: ProbeWatch()].nextAt = time }
        }
        let areOpen = !probes.contains { $0.isHolding(at: now) }
        return (probes, now, !wereOpen && areOpen)
    }

    private func prober(of probe: Probe) -> (any Prober)? {
        let own: [any Prober] = [WindowProber()]
        return (own + configuration.probers).first { $0.canAsk(probe.question) }
    }

    /// Asks one, unless somebody else does.
    private func ask(
        _ probe: inout Probe,
        with prober: any Prober,
        as asker: String,
        at now: Date
    ) async throws {
        let began = stopwatch.elapsed
        guard try await save(probe.claimed(at: now), of: &probe) else { return }
        let attempt = await attempt(probe, with: prober, at: now)
        try Task.checkCancellation()
        let then = now.addingTimeInterval((stopwatch.elapsed - began).seconds)
        let state =
            switch attempt {
            case .success(let answer): probe.answered(answer, to: asker, at: then)
            case .failure(let failure): probe.unreached(failure.reason, by: asker, at: then)
            }
        // Who was slower than its claim has been overtaken: the other's answer counts.
        _ = try await save(state, of: &probe)
    }

    private func save(_ state: ProbeState, of probe: inout Probe) async throws -> Bool {
        let name = probe.name
        guard try await retrying({ _ in try await store.save(state, ofProbe: name) }) else {
            return false
        }
        probe.state = state
        probe.state.version += 1
        return true
    }

    /// Why a probe was not answered.
    fileprivate struct Unreached: Error {
        let reason: String
    }

    /// Asks within the probe's time.
    private func attempt(
        _ probe: Probe,
        with prober: any Prober,
        at now: Date
    ) async -> Result<ProbeAnswer, Unreached> {
        let late = Unreached(reason: "no answer within \(probe.timeout.seconds.plain) s")
        let result = Mutex(Result<ProbeAnswer, Unreached>.failure(late))
        await configuration.clock.limit(to: probe.timeout) {
            do {
                let answer = try await prober.answer(to: probe.question, at: now)
                result.withLock { $0 = .success(answer) }
            } catch is CancellationError {
                // It took too long.
            } catch {
                let words = (error as? TrancheError)?.message ?? "\(error)"
                result.withLock { $0 = .failure(Unreached(reason: redacted(words))) }
            }
        }
        return result.withLock { $0 }
    }
}

/// What a process knows of the probes that hold back a run; by its stopwatch.
struct ProbeWatch: Sendable {
    /// When it is to ask them, where it knows of any.
    var nextAt: Duration?
    /// When it last looked whether probes limit the run.
    var lookedAt: Duration?
}

extension Probe {
    /// Whether it holds back, by what is known of its answers.
    package func isHolding(at now: Date) -> Bool { state.openUntil.map { $0 <= now } ?? true }

    /// Why it holds back: its last answer.
    var holdReason: String {
        let isAsked = state.isOpen != nil || !state.reason.isEmpty
        return isAsked ? state.reason : "was not asked yet"
    }

    /// That it holds back, and why.
    package var words: String { Self.words(of: name, holdReason) }

    /// That a probe of this name holds back, and why.
    static func words(of name: String, _ reason: String) -> String {
        "probe '\(name)' holds back: \(reason)"
    }
}
