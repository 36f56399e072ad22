public import FoundationEssentials

/// A run as the inventory keeps it.
public struct RunRecord: Sendable, Hashable {
    /// The run's number in the inventory; 0 before it is kept.
    public var id: Int64
    /// The key of the run.
    public var key: RunKey
    /// The definition of the source, as canonical JSON; `nil` for an adopted run that no worker has
    /// acquired from yet.
    public var definition: String?
    /// The ids that the run may use.
    public var bounds: IDBounds
    /// The id up to which the run has passed; `nil` before the first.
    public var cursor: Int64?
    /// The id at which the last tile ends; `nil` before the first.
    public var tileEnd: Int64?
    /// How the run treats its batches.
    public var policy: RunPolicy
    /// Why nothing is handed out, when somebody paused the run.
    public var pauseReason: String?
    /// How many batches are handed out all the same before the pause begins; 0 for none.
    public var letThrough: Int
    /// When an item was first seen that was too little for a batch of `minWeight`.
    public var pendingSince: Date?
    /// How far ids may be handed out that nobody can still commit.
    package var settling: SettlingState
    /// When a gap is to be looked at next; `nil` when there is none.
    public var gapsDueAt: Date?
    /// How many gaps were given up because there were too many; they are left to the audit.
    public var droppedGaps: Int
    /// What is known of failures that are not the items'.
    package var outage: OutageGuard
    /// The ids at the root that a downstream backfill was limited to.
    public var rootIDs: IDBounds
    /// Whether other jobs take the run's batches as their items.
    public var isUpstream: Bool
    /// Where the audit goes on; `nil` at the beginning.
    public var auditPosition: AuditPosition?
    /// The state of the thing under the source's name.
    public var standing: SourceStanding
    /// The timeline of the inventory's server when batches were last handed out, as a number that
    /// no other server or database has; `nil` where it has none.
    package var timeline: Int64?
    /// When the run began.
    public var createdAt: Date
    /// Which set of budgets limits what is held of it at once, its own parallelism among them: 0
    /// for none, and another number after each change of the set.
    package var budgetSet: Int64
    /// How it ranks among those that share its budgets.
    public var rank: BudgetRank
    /// Maximum number of batches of one key that are held at once; `nil` for any number.
    public var perKey: Int?
    /// The author of the cancellation, and the reason; `nil` if the run is not cancelled.
    public var cancellation: RunCancellation?

    /// Makes a record.
    package init(
        id: Int64 = 0,
        key: RunKey,
        definition: String?,
        bounds: IDBounds,
        cursor: Int64? = nil,
        tileEnd: Int64? = nil,
        policy: RunPolicy,
        pauseReason: String? = nil,
        letThrough: Int = 0,
        pendingSince: Date? = nil,
        settling: SettlingState = SettlingState(),
        gapsDueAt: Date? = nil,
        droppedGaps: Int = 0,
        outage: OutageGuard = OutageGuard(),
        rootIDs: IDBounds = IDBounds(),
        isUpstream: Bool = false,
        auditPosition: AuditPosition? = nil,
        standing: SourceStanding = SourceStanding(),
        timeline: Int64? = nil,
        createdAt: Date,
        budgetSet: Int64 = 0,
        rank: BudgetRank = BudgetRank(),
        perKey: Int? = nil,
        cancellation: RunCancellation? = nil
    ) {
        self.id = id
        self.key = key
        self.definition = definition
        self.bounds = bounds
        self.cursor = cursor
        self.tileEnd = tileEnd
        self.policy = policy
        self.pauseReason = pauseReason
        self.letThrough = letThrough
        self.pendingSince = pendingSince
        self.settling = settling
        self.gapsDueAt = gapsDueAt
        self.droppedGaps = droppedGaps
        self.outage = outage
        self.rootIDs = rootIDs
        self.isUpstream = isUpstream
        self.auditPosition = auditPosition
        self.standing = standing
        self.timeline = timeline
        self.createdAt = createdAt
        self.budgetSet = budgetSet
        self.rank = rank
        self.perKey = perKey
        self.cancellation = cancellation
    }

    /// Whether a budget, or a parallelism of its own, limits what is held of it at once.
    public var isLimited: Bool { budgetSet != 0 }

    /// Why nothing is handed out because somebody paused the run; `nil` while something is.
    package var pauseInForce: String? { letThrough > 0 ? nil : pauseReason }

    /// How many batches may be handed out before a pause begins; `nil` for any number.
    package var mostBeforePause: Int? { pauseReason == nil ? nil : letThrough }

    /// Whether it is kept as history alone, as the run began anew: nothing of it is to be done,
    /// until somebody lets it go on.
    package var isFormer: Bool { pauseReason == RunKey.reasonOfFormer }

    /// Whether the cursor stands at the run's upper end.
    public var isAtEnd: Bool {
        guard let cursor, let upper = bounds.upper else { return false }
        return cursor >= upper
    }

    /// Moves the cursor on to where a tile ends, if it is not there yet.
    ///
    /// - Parameter end: Where the run's last tile ends; `nil` when it has none.
    package mutating func advance(toTileEnd end: Int64?) {
        guard let end else { return }
        cursor = max(cursor ?? end, end)
        tileEnd = max(tileEnd ?? end, end)
    }

    /// Checks that a request means the same source and bounds as the run.
    ///
    /// - Parameters:
    ///   - asked: The definition asked for.
    ///   - text: Its canonical text, when it is known already.
    ///   - askedBounds: The bounds asked for.
    ///   - askedRootIDs: The ids at the root asked for.
    /// - Throws: ``TrancheError`` `.redefined`, saying what differs.
    public func requireSame(
        definition asked: SourceDefinition,
        text: String? = nil,
        bounds askedBounds: IDBounds,
        rootIDs askedRootIDs: IDBounds = IDBounds()
    ) throws {
        if let definition, try definition != text ?? asked.canonicalText {
            let known = try JSONText.decode(SourceDefinition.self, from: definition)
            if known.shared != asked.shared {
                throw TrancheError(
                    .redefined,
                    "\(key) is known with another definition (asked for: "
                        + (asked.shared.difference(to: known.shared) ?? "the same")
                        + "); use what it was begun with, or another job name"
                        + (known.commands(toBecome: asked, of: key).map { ", or \($0)" } ?? "")
                )
            }
            if let target = asked.target, let begun = known.target, target != begun {
                throw TrancheError(
                    .redefined,
                    "\(key) was begun with another target (asked for: \(target) instead of "
                        + "\(begun)); "
                        + "use what it was begun with, a run of another name, or another job name"
                )
            }
            try requireSame(known.time, asked.time)
            // These ids were found for the time, which is the same.
            if asked.time?.isBounded == true, rootIDs == askedRootIDs { return }
        } else if definition != nil, asked.time?.isBounded == true, rootIDs == askedRootIDs {
            return
        }
        if rootIDs != askedRootIDs {
            throw TrancheError(
                .redefined,
                "\(key) is known with the root ids \(rootIDs), asked for were \(askedRootIDs); "
                    + "use the same, or another run name"
            )
        }
        if bounds != askedBounds {
            let remedy =
                idsPassedOver(by: askedBounds) == nil
                ? "use the same, another run name, or 'tranche redefine \(key.commandOptions) "
                    + "--from \(end(askedBounds.lower)) --to \(end(askedBounds.upper))'"
                : "use the same, or another run name"
            throw TrancheError(
                .redefined,
                "\(key) is known with the bounds \(bounds), asked for were \(askedBounds); "
                    + remedy
            )
        }
    }

    /// Checks that a request goes by the same time as the run.
    private func requireSame(_ known: SourceTime?, _ asked: SourceTime?) throws {
        guard known != asked else { return }
        let remedy = "use the same, or another run name"
        guard let known else {
            throw TrancheError(
                .redefined,
                "\(key) was begun without a time column, and cannot go by one now: \(remedy)"
            )
        }
        throw TrancheError(
            .redefined,
            "\(key) goes by another time (\(known.words); asked for: \(asked?.words ?? "none")); "
                + remedy
        )
    }

    /// An end of bounds as `redefine` takes it.
    private func end(_ id: Int64?) -> String { id.map(String.init) ?? "''" }

    /// The text that the run's definition becomes, once a request for it was found to mean the
    /// same.
    ///
    /// - Parameters:
    ///   - asked: The definition asked for.
    ///   - text: Its canonical text, when it is known already.
    /// - Returns: The text; `nil` when the definition stays as it is.
    /// - Throws: What decoding the known text throws.
    public func newDefinition(
        _ asked: SourceDefinition,
        text: String? = nil
    ) throws -> String? {
        let text = try text ?? asked.canonicalText
        guard let definition else { return text }
        if definition == text { return nil }
        let known = try JSONText.decode(SourceDefinition.self, from: definition)
        let updated = known.updated(to: asked)
        return updated == known ? nil : try updated.canonicalText
    }

    /// Whether another definition of the source says that what stands under its name is another
    /// thing on purpose, which later looks are to start from.
    ///
    /// - Parameter source: The definition of the source.
    /// - Returns: Whether it does.
    /// - Throws: What decoding the known text throws.
    public func isMoved(by source: SourceDefinition) throws -> Bool {
        guard let definition else { return true }
        let known = try JSONText.decode(SourceDefinition.self, from: definition)
        return known.database != source.database || known.uid != source.uid
    }

    /// The text of the run's definition once its source is another; where its records go stays.
    ///
    /// - Parameters:
    ///   - source: The definition of the source.
    ///   - key: The run that is redefined, whose bounds of time may be others now; `nil` (the
    ///     default) where all runs keep theirs.
    /// - Returns: The text.
    /// - Throws: ``TrancheError`` `.invalidArgument` for another key column, and for a time whose
    ///   column, reading, zone or step is another; what decoding the known text throws.
    public func redefined(_ source: SourceDefinition, for key: RunKey? = nil) throws -> String {
        var source = source
        if let known = self.source, known.key != source.key {
            throw TrancheError(
                .invalidArgument,
                "the key column of \(self.key) is \(known.key ?? "none") and cannot become "
                    + "\(source.key ?? "none"), as its batches are cut by it: begin a job of "
                    + "another name. Nothing was changed"
            )
        }
        source.time = key == self.key ? try redefined(source.time) : self.source?.time
        source.target =
            try source.target
            ?? definition.flatMap {
                try JSONText.decode(SourceDefinition.self, from: $0).target
            }
        return try source.canonicalText
    }

    /// The time of the run with other bounds; where none is given, its own.
    private func redefined(_ asked: SourceTime?) throws -> SourceTime? {
        guard let asked, asked != source?.time else { return source?.time }
        let known = source?.time
        var bounded = asked
        (bounded.from, bounded.to) = (known?.from, known?.to)
        guard bounded == known else {
            throw TrancheError(
                .invalidArgument,
                "\(self.key) goes by \(known?.words ?? "ids alone") and cannot go by "
                    + "\(asked.words), as its batches are cut by it: begin a run of another name. "
                    + "Nothing was changed"
            )
        }
        return asked
    }
}
