package import FoundationEssentials

/// A run, its batches, its gaps and its source.
package struct RunDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let state: String
    package let bounds: BoundsDocument
    package let cursor: Int64?
    package let paused: String?
    package let letThrough: Int
    package let policy: PolicyDocument
    package let totals: TotalsDocument
    package let nextDue: Date?
    package let lastSuccess: Date?
    package let weightPerSecond: Double?
    package let itemsPerSecond: Double?
    package let definition: RawJSON?
    package let createdAt: Date
    package let held: Hold?
    package let promotion: Promotion?
    package let gaps: GapCounts
    package let rootIDs: BoundsDocument
    package let risks: [SourceRisk]?
    package let cancelled: Cancellation?
    package let waitingFor: [Waiting]
    package let key: String?
    package let perKey: Int?
    package let backlog: Waits?
    package let lastHour: LastHour
    package let drainsIn: Drain?

    /// Makes the document of a run.
    package init(_ status: RunStatus) {
        let record = status.run
        job = record.key.job
        meta = record.key.metaTable
        run = record.key.run
        state = status.state.name
        bounds = BoundsDocument(record.bounds)
        cursor = record.cursor
        paused = record.pauseReason
        letThrough = record.mostBeforePause ?? 0
        policy = PolicyDocument(record.policy)
        totals = TotalsDocument(status.summary)
        nextDue = status.summary.nextDue
        lastSuccess = status.summary.lastSuccess
        weightPerSecond = status.summary.weightPerSecond
        itemsPerSecond = status.summary.itemsPerSecond
        definition = record.definition.map(RawJSON.init)
        createdAt = record.createdAt
        held = status.hold.map { Hold(reason: $0.reason, until: $0.until) }
        promotion = record.standing.promotion.map(Promotion.init)
        gaps = GapCounts(
            open: status.openGaps,
            closed: status.gaps.count - status.openGaps,
            dropped: record.droppedGaps,
            nextLook: record.gapsDueAt
        )
        rootIDs = BoundsDocument(record.rootIDs)
        risks = status.risks
        cancelled = record.cancellation.map {
            Cancellation(at: $0.at, by: $0.note.by, reason: $0.note.reason)
        }
        waitingFor = status.waits.map(Waiting.init)
        key = record.keyColumn
        perKey = record.perKey
        backlog = status.backlog.map(Waits.init)
        lastHour = LastHour(status.summary.lastHour)
        drainsIn = status.drains(hasWeights: record.source?.weight != nil).map(Drain.init)
    }

    /// What waits in the source.
    package struct Waits: Codable, Sendable, Hashable {
        package let items: Int
        package let weight: Double?
        package let isExact: Bool
        package let oldestAt: Date?

        init(_ backlog: Backlog) {
            items = backlog.items
            weight = backlog.hasWrongWeights ? nil : backlog.weight
            isExact = backlog.isExact
            oldestAt = backlog.oldestAt
        }

        enum CodingKeys: String, CodingKey {
            case items, weight
            case isExact = "is_exact"
            case oldestAt = "oldest_at"
        }
    }

    /// What ended in the last hour.
    package struct LastHour: Codable, Sendable, Hashable {
        package let batches: Int
        package let items: Int
        package let weight: Double
        package let seconds: Double
        package let failures: Int

        init(_ hour: RunSummary.Activity) {
            batches = hour.succeeded.batches
            items = hour.succeeded.items
            weight = hour.succeeded.weight
            seconds = hour.seconds
            failures = hour.failures
        }
    }

    /// How long it takes until nothing waits, in seconds.
    package struct Drain: Codable, Sendable, Hashable {
        package let shortest: Double
        package let longest: Double

        init(_ forecast: DrainForecast) {
            shortest = forecast.shortest
            longest = forecast.longest
        }

        enum CodingKeys: String, CodingKey {
            case shortest = "shortest_s"
            case longest = "longest_s"
        }
    }

    /// The author, time and reason of the cancellation.
    package struct Cancellation: Codable, Sendable, Hashable {
        package let at: Date
        package let by: String?
        package let reason: String?
    }

    /// That the run waits for room in a budget, or would; without a name it is the run's own.
    package struct Waiting: Codable, Sendable, Hashable {
        package let budget: String?
        package let since: Date?
        package let reason: String
        package let until: Date?

        init(_ waiting: RunStatus.Waiting) {
            budget = waiting.owner.name
            since = waiting.wait?.since
            reason = redacted(waiting.reason)
            until = waiting.closing?.until
        }
    }

    /// Why nothing is handed out of the run, and until when.
    package struct Hold: Codable, Sendable, Hashable {
        package let reason: String
        package let until: Date?
    }

    /// What was found when a standby took the place of the source's server.
    package struct Promotion: Codable, Sendable, Hashable {
        package let at: Date
        package let from: Int64
        package let to: Int64
        package let compared: Int
        package let missing: Int
        package let redone: Int

        init(_ promotion: SourcePromotion) {
            at = promotion.at
            from = promotion.from
            to = promotion.to
            compared = promotion.compared
            missing = promotion.missing
            redone = promotion.redone
        }
    }

    /// How many gaps the run has.
    package struct GapCounts: Codable, Sendable, Hashable {
        package let open: Int
        package let closed: Int
        package let dropped: Int
        package let nextLook: Date?

        enum CodingKeys: String, CodingKey {
            case open, closed, dropped
            case nextLook = "next_look"
        }
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, state, bounds, cursor, paused
        case letThrough = "let_through"
        case policy, totals
        case nextDue = "next_due"
        case lastSuccess = "last_success"
        case weightPerSecond = "weight_per_s"
        case itemsPerSecond = "items_per_s"
        case definition
        case createdAt = "created_at"
        case held, promotion, gaps
        case rootIDs = "root_ids"
        case risks, cancelled
        case waitingFor = "waiting_for"
        case key
        case perKey = "per_key"
        case backlog
        case lastHour = "last_hour"
        case drainsIn = "drains_in"
    }
}
