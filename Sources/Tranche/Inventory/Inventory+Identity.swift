import Synchronization

/// Whether what stands under a source's name is still what a run was begun with.
///
/// A process looks when it first asks for batches of a run, and then once a second. What it sees is
/// kept with the run, and compared there by the next process.
extension Inventory {
    /// Why a run is held because another thing stands under its source's name; `nil` when it is
    /// not.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - source: Its source.
    /// - Returns: The reason, with the way out.
    /// - Throws: The source's or the store's failure.
    func holdOfSource(_ key: RunKey, _ source: any MetaSource) async throws -> NoBatchReason? {
        guard let source = source as? any IdentifiedSource else { return nil }
        let now = stopwatch.elapsed
        let (watch, isDue) = watches.withLock { watches in
            let isDue = watches[key]?.isDue(at: now) ?? true
            // Of several tasks one looks; before the first look each does.
            if isDue { watches[key]?.begin(at: now) }
            return (watches[key], isDue)
        }
        if isDue {
            let looked = try await retrying { _ in try await look(key, source, watch, at: now) }
            return hold(of: key, looked.hold)
        }
        return hold(of: key, watch?.hold)
    }

    private func hold(of key: RunKey, _ reason: String?) -> NoBatchReason? {
        guard let reason else { return nil }
        let hold = NoBatchReason.held(reason: reason, until: nil)
        events?.note(hold, of: key)
        return hold
    }

    /// The mark of a run's source at the last look; `nil` where none was.
    func knownMark(of key: RunKey) -> String? {
        watches.withLock { $0[key]?.identity?.mark }
    }

    /// Whether a run is held for a source that was rewound, whose server a standby has taken the
    /// place of since the last look; the next one comes at once then.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - source: Its source.
    ///   - answer: The outcome of an acquire.
    ///   - known: The source's mark when that was asked for.
    /// - Returns: Whether it is, or was until another task or process looked meanwhile.
    /// - Throws: The source's or the store's failure.
    func isHeldForPromotion(
        _ key: RunKey,
        _ source: any MetaSource,
        _ answer: (batches: [Batch], reason: NoBatchReason),
        insteadOf known: String?
    ) async throws -> Bool {
        guard case .held(_, nil) = answer.reason, answer.batches.isEmpty,
            let source = source as? any IdentifiedSource
        else { return false }
        let mustLook = try await retrying { _ in
            guard let mark = try await source.mark(),
                let run = try await store.runs(RunSelection(key)).first
            else { return false }
            return run.standing.identity?.mark != known || isPromoted(source, mark, since: run)
        }
        if mustLook { watches.withLock { $0[key] = nil } }
        return mustLook
    }

    private func isPromoted(
        _ source: any IdentifiedSource,
        _ mark: String,
        since run: RunRecord
    ) -> Bool {
        guard let known = run.standing.identity?.mark, let from = source.timeline(in: known),
            let to = source.timeline(in: mark)
        else { return false }
        return from < to
    }

    /// Notes the outcome of an acquire: a worker without a batch reads the content that the next
    /// look is compared with.
    func noteHandOut(
        _ key: RunKey,
        _ source: any MetaSource,
        _ answer: (batches: [Batch], reason: NoBatchReason)
    ) async {
        events?.note(answer.batches.isEmpty ? answer.reason : nil, of: key)
        guard let source = source as? any IdentifiedSource,
            let watch = watches.withLock({ $0[key] })
        else { return }
        do {
            if !answer.batches.isEmpty {
                watches.withLock { $0[key]?.isStale = true }
                // A run that was made just now knows nothing yet.
                if !watch.isKnown { try await renew(key, source) }
                return
            }
            switch answer.reason {
            case .held(_, nil): try await noteRewinding(key, source)
            case .complete, .waiting, .stuck, .unsettled:
                if watch.isStale { try await renew(key, source) }
            case .paused, .cancelled, .held, .heldBack, .limited, .superseded: break
            }
        } catch {
            // The answer stands, and batches in hand are not to be lost; the next look notes what
            // this one could not.
        }
    }

    /// Why runs are held, or will be at their next acquires, because another thing stands under
    /// their source's name; nothing is written down.
    ///
    /// - Parameters:
    ///   - runs: Runs with one definition.
    ///   - source: Their source, opened by it.
    /// - Returns: For each run the reason, or `nil` in it when it is not held.
    /// - Throws: The source's or the store's failure.
    package func sourceHolds(
        of runs: [RunRecord],
        from source: any MetaSource
    ) async throws -> [RunKey: String?] {
        let none = Dictionary(runs.map { ($0.key, String?.none) }) { $1 }
        // Another definition is refused elsewhere.
        guard let source = source as? any IdentifiedSource, let first = runs.first,
            first.source.map({ $0.shared == source.definition.shared }) ?? true,
            let mark = try await source.mark()
        else { return none }
        var holds = none
        for run in runs where !run.isAtEnd {
            guard case .another(let what) = try await verdict(on: run, source, mark) else {
                continue
            }
            holds[run.key] = .some(reason(what, of: run))
        }
        return holds
    }

    /// Refuses to go on where another thing stands under a source's name than a run was begun with.
    func requireSameSource(_ key: RunKey, _ source: any MetaSource) async throws {
        guard case .held(let reason, _) = try await holdOfSource(key, source) else { return }
        throw TrancheError(.redefined, reason)
    }

    /// Forgets what is known of a run's source: the next acquire looks.
    func forgetSource(_ key: RunKey) {
        watches.withLock { $0[key] = nil }
        memory.forgetTime(of: key)
    }

    /// Forgets what is known of the sources of all runs.
    func forgetSources() {
        watches.withLock { $0 = [:] }
    }

    // MARK: - A look

    private func look(
        _ key: RunKey,
        _ source: any IdentifiedSource,
        _ watch: IdentityWatch?,
        at now: Duration
    ) async throws -> SourceStanding {
        guard let mark = try await source.mark() else { return SourceStanding() }
        outages.noteSourceAnswer()
        let isRenewing = watch?.isRenewalDue(at: now) ?? true
        if let watch, !isRenewing, !source.comparesAlways, watch.isSettled(by: mark) {
            return SourceStanding(identity: watch.identity)
        }
        guard var run = try await store.runs(RunSelection(key)).first else {
            try await requireNewName(key, source, mark)
            // What stands there is kept as soon as there is a run.
            keep(SourceStanding(), of: key, isKnown: false, isRenewed: false)
            return SourceStanding()
        }
        // Another definition is refused elsewhere.
        if let text = run.definition,
            try JSONText.decode(SourceDefinition.self, from: text).shared
                != source.definition.shared
        {
            return SourceStanding()
        }
        let known = run.standing
        var standing = known
        // Nothing more is handed out by a run that is at its end.
        var seen = run.isAtEnd ? .same : try await comparison(of: run, source, mark)
        if seen == .same {
            switch try await lookBack(run, source, mark) {
            case .sameTimeline: break
            case .overtaken: return try await look(key, source, watch, at: now)
            case .found(let promotion, let identity):
                standing.promotion = promotion
                standing.identity = identity
                // What the standby lacks was not rewound, whoever took it for that before.
                run.standing.promotion = promotion
            }
            if !run.isAtEnd { seen = try await verdictOnRewinding(run, source) }
        }
        switch seen {
        case .same:
            standing.hold = nil
            standing.rewoundTo = nil
            if !run.isAtEnd, isRenewing || standing.identity?.mark != mark {
                standing.identity = SourceIdentity(mark: mark, witness: try await source.witness())
            }
        case .open: standing.hold = nil
        case .another(let what): standing.hold = reason(what, of: run)
        }
        if standing != known {
            try await store.note(standing, insteadOf: known.identity?.mark, of: key)
        }
        keep(standing, of: key, isKnown: true, isRenewed: isRenewing && seen == .same)
        return standing
    }

    /// Refuses a run of a job that knows the same table by another name, whether it has both or was
    /// renamed: all would be handed out again.
    private func requireNewName(
        _ key: RunKey,
        _ source: any IdentifiedSource,
        _ mark: String
    ) async throws {
        let database = source.definition.database
        for name in try await source.otherNames() where name != key.metaTable {
            let known = RunSelection(metaTable: name, job: key.job)
            guard let run = try await store.runs(known, after: nil, limit: 1).first,
                run.source?.database == database
            else { continue }
            throw TrancheError(
                .redefined,
                "job '\(key.job)' is known on '\(name)', which is the table that "
                    + "'\(key.metaTable)' names: under that name all items would be handed out "
                    + "again. Name it '\(name)' (--meta), or give another job (--job)"
            )
        }
        // One page bounds what a new run of a job with very many costs.
        let others = try await store.runs(RunSelection(job: key.job), after: nil, limit: 100)
        for run in others
        where run.key.metaTable != key.metaTable && run.cursor != nil && !run.isFormer {
            let name = run.key.metaTable
            guard let known = run.standing.identity?.mark, run.source?.database == database,
                try await source.isRenamed(from: name, known, to: mark)
            else { continue }
            throw TrancheError(
                .redefined,
                "'\(key.metaTable)' is what job '\(key.job)' knows as '\(name)', which is gone: "
                    + "under the new name all items would be handed out again. Give the table its "
                    + "name back, or make a view '\(name)' of it, and name that (--meta); or give "
                    + "another job (--job)"
            )
        }
    }

    private func verdict(
        on run: RunRecord,
        _ source: any IdentifiedSource,
        _ mark: String
    ) async throws -> SourceComparison {
        let verdict = try await comparison(of: run, source, mark)
        return verdict == .same ? try await verdictOnRewinding(run, source) : verdict
    }

    private func comparison(
        of run: RunRecord,
        _ source: any IdentifiedSource,
        _ mark: String
    ) async throws -> SourceComparison {
        guard let known = run.standing.identity, source.comparesAlways || known.mark != mark else {
            return .same
        }
        return try await source.compare(mark: mark, with: known, passed: run.cursor)
    }

    /// Whether rows have come under ids that were handed out and then gone.
    private func verdictOnRewinding(
        _ run: RunRecord,
        _ source: any MetaSource
    ) async throws -> SourceComparison {
        guard let rewoundTo = run.standing.rewoundTo, let cursor = run.cursor, rewoundTo < cursor,
            !(run.standing.promotion?.covers(rewoundTo, through: cursor) ?? false)
        else { return .same }
        guard let highest = try await source.highestID(), highest >= cursor else { return .open }
        let back = try await source.items(in: (rewoundTo + 1)...cursor, limit: 1)
        guard let first = back.first else { return .same }
        let seen = rewoundTo == .min ? "was empty" : "had \(rewoundTo) as its highest id"
        return .another(
            "\(seen) after ids up to \(cursor) had been handed out, and has id \(first.id) again "
                + "since"
        )
    }

    private func reason(_ what: String, of run: RunRecord) -> String {
        let passed =
            run.cursor.map { "ids up to \($0) are not handed out again" } ?? "it is not read"
        let command = "tranche redefine \(run.key.commandOptions)"
        return "'\(run.key.metaTable)' \(what); \(passed). If the content is new, "
            + "'\(command) --restart' begins anew; if it is what it was, '\(command) --same' goes on; "
            + "or put back what was there"
    }

    // MARK: - Keeping

    /// Reads the witness anew, and keeps it with the run.
    private func renew(_ key: RunKey, _ source: any IdentifiedSource) async throws {
        guard let mark = try await source.mark(),
            let run = try await store.runs(RunSelection(key)).first,
            run.standing.hold == nil,
            run.standing.identity.map({ $0.mark == mark }) ?? true
        else { return }
        var standing = run.standing
        standing.identity = SourceIdentity(mark: mark, witness: try await source.witness())
        if standing != run.standing {
            try await store.note(standing, insteadOf: run.standing.identity?.mark, of: key)
        }
        keep(standing, of: key, isKnown: true, isRenewed: true)
    }

    /// Keeps how far a source was rewound: what comes up to the cursor from now on is new.
    ///
    /// Not where a standby has taken its server's place since the last look, which may be another
    /// task's and under way: what it lacks is looked for then, and was not rewound.
    private func noteRewinding(_ key: RunKey, _ source: any IdentifiedSource) async throws {
        guard let run = try await store.runs(RunSelection(key)).first, run.standing.hold == nil,
            !run.isAtEnd
        else { return }
        let highest = try await source.highestID() ?? .min
        guard run.isRewound(to: highest), highest < run.standing.rewoundTo ?? .max else { return }
        // Read behind the highest id, so that it is not of an earlier server.
        if let mark = try await source.mark(), isPromoted(source, mark, since: run) { return }
        var standing = run.standing
        standing.rewoundTo = highest
        try await store.note(standing, insteadOf: run.standing.identity?.mark, of: key)
        keep(standing, of: key, isKnown: true, isRenewed: false)
    }

    private func keep(
        _ standing: SourceStanding,
        of key: RunKey,
        isKnown: Bool,
        isRenewed: Bool
    ) {
        let now = stopwatch.elapsed
        watches.withLock { watches in
            var watch = watches[key] ?? IdentityWatch(at: now)
            watch.take(standing, isKnown: isKnown, isRenewed: isRenewed, at: now)
            watches[key] = watch
        }
    }
}
